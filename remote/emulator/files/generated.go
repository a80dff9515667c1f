package files

// Generated describes files that exist by their description only: one, or as
// many as Count says. It is part of asset.json and bucket.json.
type Generated struct {
	// Path is the file's path. With Count it is a format with one %d for each
	// number, zero padded so that numbers and names sort alike: "c%02d/f%05d".
	Path string `json:"path"`
	// Count is how many values each number of Path takes, from 0 up.
	Count []int `json:"count,omitempty"`
	// Size of each file in bytes.
	Size int64 `json:"size,omitempty"`
	// Text, when not empty, is the content, and Size its length.
	Text string `json:"text,omitempty"`
	// Seed names the content. Empty means the file's own full name, see
	// [NewGenerated]; another seed is another version of the file.
	Seed string `json:"seed,omitempty"`
	// Modified in unix seconds; 0 is the time the tree is given.
	Modified int64 `json:"modified,omitempty"`
}
