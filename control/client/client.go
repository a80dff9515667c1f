// Package client makes requests of a mount that runs, by writing the files of
// its control directory, for people who prefer commands to files.
package client

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"codeoceanfs/control/request"
)

// Result is what a request's file says of it, as far as it is needed here.
type Result struct {
	Error string `json:"error"`
	Hint  string `json:"hint"`
	Asset struct {
		ID   string `json:"id"`
		Path string `json:"path"`
	} `json:"asset"`
	Raw []byte `json:"-"`
}

// Key is a name for a request that has none. What must not be carried out twice
// has one made of what it says, so that the same request has it again. Any other
// has one of its own each time: to archive what was archived before, and taken
// out since, is something to do.
func Key(verb request.Verb, body []byte) string {
	sum := sha256.Sum256(body)
	key := hex.EncodeToString(sum[:8])
	if verb != request.Create && verb != request.Transfer {
		key += "-" + strings.ToLower(rand.Text()[:12])
	}
	return key
}

// Read reads a request from a file, or from standard input, which is "-". An
// asset's directory stands for the request that names it and says no more.
func Read(point, file string) ([]byte, error) {
	from := os.Stdin
	if file != "-" {
		id, err := assetID(point, file)
		if err == nil {
			return json.Marshal(map[string]string{"id": id})
		}
		if info, statErr := os.Stat(file); errors.Is(err, errInside) && (statErr != nil || info.IsDir()) {
			return nil, err
		}
		f, err := os.Open(file)
		if errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("%s is no file, and %w", file, noAsset(point, file))
		}
		if err != nil {
			return nil, fmt.Errorf("read the request: %w", err)
		}
		defer f.Close()
		from = f
	}
	// One byte more than there may be is enough for the mount to refuse it.
	body, err := io.ReadAll(io.LimitReader(from, request.MaxBody+1))
	if err != nil {
		return nil, fmt.Errorf("read the request: %w", err)
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, errors.New("the request is empty: it is a JSON object")
	}
	return body, nil
}

// checkMount says what is wrong with a place where no requests can be made.
func checkMount(point string) error {
	if _, err := os.Stat(filepath.Join(point, "control", "status.json")); err != nil {
		return fmt.Errorf("%s is no mount of codeoceanfs, or not yours: %w", point, err)
	}
	if _, err := os.Stat(filepath.Join(point, "control", "wait")); err != nil {
		return fmt.Errorf("the mount at %s takes no requests: it is read-only", point)
	}
	return nil
}

// Submit makes a request of the mount at point. It returns when it is carried
// out, or has failed; the error says why.
func Submit(point string, verb request.Verb, key string, body []byte) (*Result, error) {
	if err := checkMount(point); err != nil {
		return nil, err
	}
	// The mount says so too, and where the key is taken only in errors.jsonl.
	if _, err := request.Decode(verb, body); err != nil {
		return nil, err
	}
	name := filepath.Join(point, "control", string(verb), key)
	err := write(name+".json", body)
	r, resultErr := read(name + ".result.json")
	switch {
	case errors.Is(err, os.ErrExist):
		return r, fmt.Errorf("%s is the key of another request: use another --key, or remove %s.json", key, name)
	case err != nil && r != nil && r.Error != "":
		err = errors.New(r.Error)
		if r.Hint != "" {
			err = fmt.Errorf("%w: %s", err, r.Hint)
		}
		return r, err
	case err != nil:
		return r, err
	}
	return r, resultErr
}

func write(name string, body []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if _, err = f.Write(body); err != nil {
		_ = f.Close() // which says the same
		return err
	}
	return f.Close()
}

func read(name string) (*Result, error) {
	raw, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	r := &Result{Raw: raw}
	if err := json.Unmarshal(raw, r); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return r, nil
}
