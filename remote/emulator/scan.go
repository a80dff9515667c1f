package emulator

import (
	"os"
	"path/filepath"
	"time"
)

// rescanPause is how often, at most, a search looks for changes that were made
// by hand in the assets directory.
const rescanPause = time.Second

// rescan takes in folders that came, went or changed. The first call reads all
// and fails for a bad one; later calls log it, and go on with what they had.
func (s *Server) rescan(first bool) error {
	if s.cfg.Data == "" {
		return nil
	}
	s.changes.Lock()
	defer s.changes.Unlock()
	if !first && time.Since(s.scanned) < rescanPause {
		return nil
	}
	s.scanned = time.Now()
	began := s.scanned // of drafts that come now
	if first {
		began = s.began
	}
	dir := filepath.Join(s.cfg.Data, "assets")
	names, err := subfolders(dir)
	if err != nil {
		return err
	}
	had := make(map[string]*entry)
	for _, e := range s.shelf.all() {
		if e.folder != "" {
			had[e.folder] = e
		}
	}
	failed := func(name string, err error) error {
		if !first {
			s.log.Warn("asset not read", "folder", name, "error", err)
			return nil
		}
		return err
	}
	var fresh []*entry
	for _, name := range names {
		folder := filepath.Join(dir, name)
		if old := had[folder]; old != nil {
			info, err := os.Stat(filepath.Join(folder, "asset.json"))
			if err != nil || info.ModTime().Equal(old.stamp) {
				delete(had, folder)
				continue
			}
		}
		e, err := s.readAsset(folder, began)
		if err != nil {
			delete(had, folder)
			if err := failed(name, err); err != nil {
				return err
			}
			continue
		}
		fresh = append(fresh, e)
	}
	for _, e := range fresh { // all are read now: one may name another
		old, name := had[e.folder], filepath.Base(e.folder)
		delete(had, e.folder)
		if err := s.settle(e, fresh); err != nil {
			if err := failed(name, err); err != nil {
				return err
			}
			continue
		}
		if other, ok := s.shelf.get(e.ID); ok && other.folder != e.folder {
			if first {
				s.log.Warn("two folders hold one asset", "id", e.ID, "folders", []string{filepath.Base(other.folder), name})
			}
			continue
		}
		if old != nil && old.ID != e.ID {
			s.shelf.remove(0, old.ID)
		}
		s.shelf.put(s.quirksNow().IndexLag, e)
	}
	for _, gone := range had {
		s.shelf.remove(s.quirksNow().IndexLag, gone.ID)
	}
	return nil
}
