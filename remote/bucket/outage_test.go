package bucket_test

import (
	"errors"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"codeoceanfs/remote/bucket"
	"codeoceanfs/remote/fault"
)

// unplugged is a network that leads nowhere.
type unplugged struct{ asked atomic.Int64 }

func (u *unplugged) RoundTrip(*http.Request) (*http.Response, error) {
	u.asked.Add(1)
	return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
}

// A store that is down costs whoever asks first some seconds, and those after
// it nothing: `ls dataset/*` ends. Reads wait for it for as long as they would
// wait alone, and not each anew.
func TestStoreIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := &unplugged{}
		s, err := bucket.New(bucket.Config{Endpoint: "http://127.0.0.1:9", Transport: u})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		begin := time.Now()
		for _, name := range []string{"first", "second", "third"} {
			_, err := list(t.Context(), s, bucket.Location{Bucket: name}, "")
			if !errors.Is(err, fault.ErrUnreachable) || !strings.Contains(err.Error(), "127.0.0.1:9") ||
				!strings.Contains(err.Error(), "connection refused") || strings.Contains(err.Error(), "\n") {
				t.Errorf("error is %v", err)
			}
		}
		for range 100 {
			_, err := s.Stat(t.Context(), bucket.Location{Bucket: "fourth"}, "a/b")
			if !errors.Is(err, fault.ErrUnreachable) {
				t.Errorf("error is %v", err)
			}
		}
		if took := time.Since(begin); took > 16*time.Second {
			t.Errorf("3 listings and 100 stats took %v", took)
		}
		for range 3 {
			_, err := read(t.Context(), s, bucket.Location{Bucket: "first"}, bucket.Object{Key: "k", Size: 9}, 0, 9)
			if !errors.Is(err, fault.ErrUnreachable) {
				t.Errorf("error is %v", err)
			}
		}
		if took := time.Since(begin); took < 55*time.Second || took > 75*time.Second {
			t.Errorf("3 reads ended %v after the store went down", took)
		}
	})
}
