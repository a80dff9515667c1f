package remote

import (
	"encoding/json"
	"strings"
)

// OwnerOf is whose and which asset's data a key of an [Object], or a
// [Files.Version], stands for: the user as a hash, and the asset's id.
func OwnerOf(key string) (user, asset string, ok bool) {
	parts := strings.SplitN(key, "\x00", 3)
	if len(parts) < 3 || parts[0] == "" || parts[1] == "" {
		return "", "", false
	}
	return parts[0], parts[1], true
}

// KeptName is what people call an asset, kept for those who look at what the
// disk holds.
type KeptName struct {
	Host string `json:"host"` // the deployment's
	Name string `json:"name"`
	Type string `json:"type"`
}

// NameKey is what the KeptName of an asset is kept under.
func NameKey(user, asset string) string { return "name\x00" + user + "\x00" + asset }

// Encode gives the name in a form that DecodeName reads.
func (n KeptName) Encode() []byte {
	raw, _ := json.Marshal(n) // of texts alone: it cannot fail
	return raw
}

// DecodeName reads what Encode gave.
func DecodeName(raw []byte) (n KeptName, err error) {
	err = json.Unmarshal(raw, &n)
	return n, err
}
