package bucket_test

import (
	"fmt"
	"testing"

	"codeoceanfs/remote/bucket"
)

// What each operation costs in requests, the first of a mount and later ones.
func TestCosts(t *testing.T) {
	objects := map[string]fakeObject{"p/dir/x": object("x"), "p/file": object(noise(1000))}
	for i := range 2500 {
		objects[fmt.Sprintf("p/many/%05d", i)] = object("x")
	}
	loc := bucket.Location{Bucket: "lab", Prefix: "p"}
	file := bucket.Object{Key: "p/file", Size: 1000, ETag: objects["p/file"].etag}
	ask := func(t *testing.T, err error) {
		if err != nil {
			t.Error(err)
		}
	}
	for _, op := range []struct {
		name string
		run  func(t *testing.T, s *bucket.Store)
		warm int
	}{
		{"list of 2,500 keys", func(t *testing.T, s *bucket.Store) {
			all, err := list(t.Context(), s, loc, "many")
			if err != nil || len(all) != 2500 {
				t.Error(len(all), err)
			}
		}, 3},
		{"stat of a file", func(t *testing.T, s *bucket.Store) { _, err := s.Stat(t.Context(), loc, "file"); ask(t, err) }, 2},
		{"stat of a file, known to be one", func(t *testing.T, s *bucket.Store) { _, err := s.StatFile(t.Context(), loc, "file"); ask(t, err) }, 1},
		{"stat of a folder", func(t *testing.T, s *bucket.Store) { _, err := s.Stat(t.Context(), loc, "many"); ask(t, err) }, 2},
		{"stat of a folder, known to be one", func(t *testing.T, s *bucket.Store) { _, err := s.Stat(t.Context(), loc, "many/"); ask(t, err) }, 1},
		{"stat of a missing name", func(t *testing.T, s *bucket.Store) {
			if _, err := s.Stat(t.Context(), loc, "gone"); err == nil {
				t.Error("found")
			}
		}, 2},
		{"read of a range", func(t *testing.T, s *bucket.Store) { _, err := read(t.Context(), s, loc, file, 10, 100); ask(t, err) }, 1},
	} {
		// To know a bucket costs one request, and one in another region than the
		// first guess one more. What is refused at first was asked in vain.
		for name, c := range map[string]struct {
			public   bool
			region   string
			learning int
		}{
			"public":           {true, "us-east-1", 1},
			"public elsewhere": {true, "eu-west-3", 2},
			"private":          {false, "us-east-1", 1},
		} {
			t.Run(op.name+"/"+name, func(t *testing.T) {
				withKeys(t)
				f := newFake(t, map[string]*fakeBucket{"lab": {public: c.public, region: c.region, objects: objects}})
				s := onAWS(t, f)
				op.run(t, s)
				s.Idle()
				cold := f.requests("")
				f.reset()
				op.run(t, s)
				s.Idle()
				if warm := f.requests(""); cold != op.warm+c.learning || warm != op.warm {
					t.Errorf("%d requests cold, %d warm; want %d and %d", cold, warm, op.warm+c.learning, op.warm)
				}
			})
		}
	}
}

// BenchmarkRead is the work of this client for one small range; the fake's own
// work is in it.
func BenchmarkRead(b *testing.B) {
	data := noise(32 << 10)
	f := newFake(b, map[string]*fakeBucket{"lab": {public: true, objects: map[string]fakeObject{"file": object(data)}}})
	s, err := bucket.New(bucket.Config{Endpoint: f.URL})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	o := bucket.Object{Key: "file", Size: int64(len(data)), ETag: f.buckets["lab"].objects["file"].etag}
	b.SetBytes(o.Size)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := read(b.Context(), s, bucket.Location{Bucket: "lab"}, o, 0, o.Size); err != nil {
			b.Fatal(err)
		}
	}
}
