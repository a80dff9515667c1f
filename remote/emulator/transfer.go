package emulator

import (
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"codeoceanfs/remote/emulator/files"
)

// awsTarget is a place in a bucket, as create and transfer name it.
type awsTarget struct {
	AWS *struct {
		Bucket       string `json:"bucket"`
		Prefix       string `json:"prefix"`
		EndpointName string `json:"endpoint_name"`
	} `json:"aws"`
}

func (s *Server) transfer(c *call) (any, error) {
	e, err := s.asset(c, viewer)
	if err != nil {
		return nil, err
	}
	if !c.user.Admin {
		return nil, refuse(http.StatusForbidden, "forbidden: only admins can transfer data assets")
	}
	var body struct {
		Target awsTarget `json:"target"`
		Force  bool      `json:"force"`
	}
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	to := body.Target.AWS
	switch {
	case to == nil:
		return nil, bad("target: aws is required")
	case to.Bucket == "":
		return nil, bad("target: aws: bucket is required")
	case to.Prefix == "":
		return nil, bad("target: aws: prefix is required")
	case e.Type == "combined":
		return nil, bad("data asset %s is combined: it has no files of its own", e.ID)
	case e.stateAt(c.now) != "ready":
		return nil, bad("data asset %s is not ready", e.ID)
	case e.InReleasePipeline && !body.Force:
		return nil, bad("data asset %s is used by a release pipeline: force is required", e.ID)
	}
	if err := s.checkEndpoint("target: aws: endpoint_name", to.EndpointName); err != nil {
		return nil, err
	}
	s.jobs.after(s.cfg.DraftTime, func() { s.move(e, to.Bucket, to.Prefix) })
	return nil, nil
}

// move is the transfer itself.
func (s *Server) move(e *entry, bucketName, prefix string) {
	tree, from, err := s.source(e)
	if err == nil {
		err = s.copyToBucket(tree, from, bucketName, prefix)
	}
	if s.jobs.ctx.Err() != nil {
		return // closing: the asset stays where it is
	}
	_, changed := s.change(e.ID, func(e *entry) error {
		if err != nil {
			e.TransferError = err.Error()
			return nil
		}
		e.TransferError, e.LastTransferred = "", secondsOf(time.Now())
		e.SourceBucket = &SourceBucket{Origin: "aws", Bucket: bucketName, Prefix: prefix, External: true}
		e.Generate, e.copied = nil, nil
		return nil
	})
	if err == nil && changed == nil && e.folder != "" {
		changed = os.RemoveAll(filepath.Join(e.folder, "files"))
	}
	if changed != nil {
		s.log.Error("transfer not finished", "asset", e.ID, "error", changed)
	}
}

// copyToBucket puts the files of a folder of t below a prefix of a bucket.
func (s *Server) copyToBucket(t files.Tree, folder, bucketName, prefix string) error {
	prefix = strings.Trim(prefix, "/")
	b, ok := s.buckets.get(bucketName)
	if !ok {
		return bad("bucket %q does not exist", bucketName)
	}
	if prefix != "" && !fs.ValidPath(prefix) {
		return bad("prefix %q is not a folder", prefix)
	}
	if s.buckets.dir != "" {
		return files.Copy(s.jobs.ctx, filepath.Join(s.buckets.path(b.Name), "objects", filepath.FromSlash(prefix)), t, folder)
	}
	snapshot, err := files.Snapshot(t, folder)
	if err != nil {
		return err
	}
	if prefix != "" {
		snapshot = files.At(prefix, snapshot)
	}
	return s.buckets.add(b.Name, snapshot)
}
