package fs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"codeoceanfs/remote"
	"codeoceanfs/remote/api"
	"codeoceanfs/remote/catalog"
	"codeoceanfs/remote/fault"
)

// source is where the data of one asset comes from, as its record has it now.
type source struct {
	remote.Files
	asset catalog.Entry
}

// source finds the data of an asset. An asset whose data cannot be read yet, or
// never, or not any more, is refused with the reason.
func (t *tree) source(ctx context.Context, id string) (*source, error) {
	asset, err := t.dep.Catalog.ByID(ctx, id)
	if err != nil {
		return nil, err
	}
	refused := func(why string) error {
		return &fault.Error{Op: "open the data", Asset: id, Kind: fault.ErrRefused, Err: errors.New(why)}
	}
	switch {
	case asset.State == api.Draft:
		return nil, refused("the asset is a draft: its files are still being copied, and appear by themselves")
	case asset.State == api.Failed && asset.FailureReason != "":
		return nil, refused(fmt.Sprintf("the asset's creation failed: %s", asset.FailureReason))
	case asset.State == api.Failed:
		return nil, refused("the asset's creation failed")
	}
	s := &source{t.dep.Files(asset.Asset), asset}
	if err := t.checkAccess(ctx, s); err != nil {
		return nil, err
	}
	return s, nil
}

// maxAge is how old a listing of the source may be; 0 is any age.
func (t *tree) maxAge(s *source) time.Duration {
	if s.Immutable() {
		return 0
	}
	return t.cfg.Refresh
}

// timeout is how long the kernel may keep what the source answered.
func (t *tree) timeout(s *source) time.Duration {
	if s.Immutable() {
		return forever
	}
	return t.cfg.Refresh
}

func listingKey(s *source, dir string) string { return s.Version() + "\x00" + dir }

// list reads the folder dir of an asset, whole, once for all who ask.
func (t *tree) list(ctx context.Context, s *source, dir string) (*remote.Listing, error) {
	for {
		l, err := t.listSome(ctx, s, dir, 0)
		if !errors.Is(err, remote.ErrLong) { // else it was begun for somebody who does not need it that much
			return l, err
		}
	}
}

// listSome is list for a folder of at most so many entries; 0 is any number. One
// that has more, or may not be listed, is noted for find, also when nobody waits
// for the answer any more.
func (t *tree) listSome(ctx context.Context, s *source, dir string, most int) (*remote.Listing, error) {
	return t.listBy(ctx, s, dir, func(ctx context.Context) (*remote.Listing, error) {
		l, err := s.List(ctx, dir, most)
		if errors.Is(err, remote.ErrLong) || fault.IsRefusal(err) {
			t.asked.more(listingKey(s, dir))
		}
		return l, err
	})
}

// listBy is list with another way to read the folder.
func (t *tree) listBy(ctx context.Context, s *source, dir string, read func(context.Context) (*remote.Listing, error)) (*remote.Listing, error) {
	key := listingKey(s, dir)
	load := func(ctx context.Context) (*remote.Listing, error) {
		t.keepName(s)
		if l := t.keptListing(s, dir); l != nil {
			count, examples := l.Hidden()
			t.hidden.set(s.asset.ID, dir, count, examples)
			return l, nil
		}
		token := t.dep.API.TokenChanges()
		l, err := read(ctx)
		if errors.Is(err, fault.ErrInvalid) && s.asset.Type == api.Combined {
			// Some deployments list no combined asset, and this one's record
			// does not say what it holds.
			return nil, fmt.Errorf("the record names no contained assets: %w: %w", fault.ErrRefused, err)
		}
		if s.Immutable() && (err == nil || fault.IsRefusal(err)) {
			err = t.noteAccess(s, token, err)
		}
		if err != nil {
			return nil, err
		}
		count, examples := l.Hidden()
		t.hidden.set(s.asset.ID, dir, count, examples)
		t.asked.forget(key)
		t.keepListing(s, dir, l)
		return l, nil
	}
	l, err := t.listings.Get(ctx, key, t.maxAge(s), load)
	if err == nil && s.Immutable() && !t.settled(s, l) {
		return t.listings.Get(ctx, key, t.cfg.Refresh, load)
	}
	return l, err
}

// settled reports whether a listing can never change. An asset that has just
// become ready may show no files for a while, and some platforms list a folder
// as empty that they do not find, so an empty listing is not believed for long,
// unless the record says that there are no files.
func (t *tree) settled(s *source, l *remote.Listing) bool {
	return s.Immutable() && (l.Len() > 0 || s.asset.Files == 0)
}

// listed reports whether the folder was listed, however long ago.
func (t *tree) listed(s *source, dir string) bool {
	_, ok := t.listings.Peek(listingKey(s, dir), 0)
	return ok
}
