package window

import (
	"math/rand/v2"
	"testing"
)

// BenchmarkCoreWindow is what the rules of reading ahead cost each read: of one
// stream, of as many as are followed in turns, and of none.
func BenchmarkCoreWindow(b *testing.B) {
	const blocks, limit = 8192, 1024
	rng := rand.New(rand.NewPCG(1, 1))
	for name, at := range map[string]func(i int64) int64{
		"sequence": func(i int64) int64 { return i % blocks },
		"streams":  func(i int64) int64 { return (i%maxStreams)*(blocks/maxStreams) + i/maxStreams%(blocks/maxStreams) },
		"anywhere": func(int64) int64 { return rng.Int64N(blocks) },
	} {
		b.Run(name, func(b *testing.B) {
			w, i := New(blocks), int64(0)
			b.ReportAllocs()
			for b.Loop() {
				from := at(i)
				i++
				w.Read(Span{From: from, To: from + 1}, Ready)
				if next, ok := w.Next(limit, 0); ok {
					w.Started(next)
				}
			}
		})
	}
}
