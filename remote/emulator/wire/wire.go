// Package wire is the network the emulator puts between itself and its
// clients: it is slow, it counts, and it breaks when told to.
package wire

import "time"

// Shape is how slow the network is. The zero value is as fast as the machine.
type Shape struct {
	// Latency is added before the first byte of every answer.
	Latency time.Duration
	// ConnRate bounds each connection, in bytes a second; 0 is no bound.
	ConnRate int64
	// TotalRate bounds all connections together, in bytes a second.
	TotalRate int64
}
