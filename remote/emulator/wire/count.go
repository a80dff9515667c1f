package wire

// Count is what one route has seen.
type Count struct {
	Requests int64 // answered or under way
	Bytes    int64 // of bodies sent
	Peak     int64 // most requests under way at one time
}
