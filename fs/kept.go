package fs

import (
	"strconv"
	"time"

	"codeoceanfs/remote"
)

// What never changes is kept on disk beside the bytes of files, for the next
// mount: the listings of internal assets, and when the platform gave their data
// last, so that a right that was taken away shows as soon as without a remount.
// What is in somebody's bucket is never kept: it is listed again.
//
// All of it is kept under the user that the mount began with. Once the token was
// replaced, which may have made it another's, nothing is read or kept any more.

func listingValue(s *source, dir string) string { return "listing\x00" + listingKey(s, dir) }

func accessValue(s *source) string { return "access\x00" + s.Version() }

// keeps reports whether what the platform says of s is kept on disk.
func (t *tree) keeps(s *source) bool { return s.Immutable() && t.dep.API.TokenChanges() == 0 }

// keptListing is the listing that this mount or another has kept, or nil.
func (t *tree) keptListing(s *source, dir string) *remote.Listing {
	if !t.keeps(s) || !t.access.known(s.asset.ID) && !t.restoreAccess(s) {
		return nil
	}
	raw, ok := t.cache.Value(listingValue(s, dir))
	if !ok {
		return nil
	}
	l, err := remote.DecodeListing(dir, raw)
	if err != nil || !t.settled(s, l) {
		return nil // of another version of this program
	}
	return l
}

// keepListing keeps a listing, if it can never change.
func (t *tree) keepListing(s *source, dir string, l *remote.Listing) {
	if t.keeps(s) && t.settled(s, l) {
		t.cache.KeepValue(listingValue(s, dir), l.Encode)
	}
}

// keepAccess keeps that the platform has given the data of s now, or refused it.
func (t *tree) keepAccess(s *source, refused error) {
	switch {
	case !t.keeps(s):
	case refused != nil:
		t.cache.DropValue(accessValue(s))
	case t.access.keepNow(s.asset.ID):
		now := strconv.AppendInt(nil, time.Now().Unix(), 10)
		t.cache.KeepValue(accessValue(s), func() []byte { return now })
	}
}

// restoreAccess takes over what another mount has heard, if this one has not
// heard anything, and reports whether that was yes. Nobody waits for a question
// whose time has come meanwhile.
func (t *tree) restoreAccess(s *source) bool {
	raw, ok := t.cache.Value(accessValue(s))
	if !ok {
		return false
	}
	sec, err := strconv.ParseInt(string(raw), 10, 64)
	heard, now := time.Unix(sec, 0), time.Now()
	if err != nil || heard.After(now.Add(time.Minute)) {
		return false // by a clock that was wrong
	}
	until := heard.Add(recheckAccess)
	if until.Before(now) {
		until = now
	}
	t.access.restore(s.asset.ID, until)
	return true
}

// keepName keeps how people call an asset, which is nowhere else on disk: it is
// for those who look at what the disk holds.
func (t *tree) keepName(s *source) {
	user, asset, ok := remote.OwnerOf(s.Version())
	if !ok || t.dep.API.TokenChanges() > 0 {
		return
	}
	if _, done := t.named.LoadOrStore(s.Version(), true); done {
		return
	}
	name := remote.KeptName{Host: t.dep.API.Host(), Name: s.asset.Asset.Name, Type: string(s.asset.Type)}
	t.cache.KeepValue(remote.NameKey(user, asset), name.Encode)
}
