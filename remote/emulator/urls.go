package emulator

import (
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"path"
)

// signedURLs signs one URL of a file for each disposition: what a browser
// shall do with it is part of what is signed.
func (s *Server) signedURLs(c *call, dispositions ...string) ([]string, error) {
	e, tree, err := s.readable(c)
	if err != nil {
		return nil, err
	}
	name := c.URL.Query().Get("path")
	if name == "" {
		return nil, bad("path is required")
	}
	if _, err := tree.Stat(name); errors.Is(err, fs.ErrNotExist) && !c.quirks.SignMissing {
		return nil, refuse(http.StatusNotFound, "file %q not found", name)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var signed []string
	for _, d := range dispositions {
		query := url.Values{"response-content-disposition": {d + "; filename*=UTF-8''" + url.PathEscape(path.Base(name))}}
		u, err := s.access.sign(s.storeURL(), e.ID+"/"+name, query, s.urlLifetime())
		if err != nil {
			return nil, err
		}
		signed = append(signed, u)
	}
	return signed, nil
}

// storeURL is where clients reach the store.
func (s *Server) storeURL() string {
	if s.cfg.S3Name != nil {
		return s.cfg.S3Name()
	}
	return s.S3URL()
}

func (s *Server) fileURLs(c *call) (any, error) {
	if c.quirks.OldURLs {
		return nil, refuse(http.StatusNotFound, "not found")
	}
	u, err := s.signedURLs(c, "attachment", "inline")
	if err != nil {
		return nil, err
	}
	return map[string]string{"download_url": u[0], "view_url": u[1]}, nil
}

// downloadURL is the call of old servers.
func (s *Server) downloadURL(c *call) (any, error) {
	if c.quirks.NoOldURLs {
		return nil, refuse(http.StatusNotFound, "not found")
	}
	u, err := s.signedURLs(c, "attachment")
	if err != nil {
		return nil, err
	}
	return map[string]string{"url": u[0]}, nil
}
