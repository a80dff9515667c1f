package bucket

import "strings"

// maxKey is the longest key there can be, in bytes, in S3 and in Google's store.
const maxKey = 1024

// folder gives the path of a folder its slash at the end, so that "foo" does
// not match "foobar/". The root stays "".
func folder(path string) string {
	if path == "" || strings.HasSuffix(path, "/") {
		return path
	}
	return path + "/"
}

// lastName is the last segment of a path, without the slash of a folder.
func lastName(path string) string {
	path = strings.TrimSuffix(path, "/")
	return path[strings.LastIndexByte(path, '/')+1:]
}

// sameETag compares ETags as different answers of one store write them: with
// quotes or without. A weak one ("W/") vouches for no bytes, yet the stores
// that send it do so in every answer.
func sameETag(a, b string) bool { return plainETag(a) == plainETag(b) }

func plainETag(s string) string {
	return strings.Trim(strings.TrimPrefix(s, "W/"), `"`)
}
