package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"codeoceanfs/remote/fault"
)

// Get returns one asset's record. fault.ErrNotExist means that there is none.
func (c *Client) Get(ctx context.Context, id string) (*Asset, error) {
	return c.asset(ctx, &call{op: "get the record", method: http.MethodGet, path: assetPath(id), asset: id})
}

// Create makes an asset and returns its record, in general a draft. It is sent
// once: when its answer is lost, the error is fault.ErrUnknown, and a search
// must tell whether the asset is there.
func (c *Client) Create(ctx context.Context, req CreateRequest) (*Asset, error) {
	return c.asset(ctx, &call{
		op: "create asset", method: http.MethodPost, path: []string{"data_assets"},
		body: req, unsafe: true,
	})
}

// Update changes a record and returns it as it is then. It sends the whole
// record, changes over what is there now: the platform does not say what it
// does with fields that are missing.
func (c *Client) Update(ctx context.Context, id string, req UpdateRequest) (*Asset, error) {
	current, err := c.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	merged, err := merge(current, req)
	if err != nil {
		return nil, &fault.Error{Op: "update asset", Asset: id, Kind: fault.ErrInvalid, Err: err}
	}
	var answer json.RawMessage
	err = c.do(ctx, &call{
		op: "update asset", method: http.MethodPut, path: assetPath(id), body: merged, asset: id,
	}, func(body io.Reader, _ http.Header) (err error) {
		answer, err = io.ReadAll(body)
		return err
	})
	if err != nil {
		return nil, err
	}
	if a, err := DecodeAsset(answer); err == nil {
		return a, nil
	}
	return c.Get(ctx, id) // it answered with nothing, which is a success too
}

// merge gives the whole record that Update sends.
func merge(current *Asset, req UpdateRequest) (map[string]any, error) {
	tags := current.Tags
	if req.Tags != nil {
		tags = *req.Tags
	}
	if tags == nil {
		tags = []string{} // [] and not null
	}
	merged := map[string]any{
		"name": or(req.Name, current.Name), "description": or(req.Description, current.Description),
		"mount": or(req.Mount, current.Mount), "tags": tags,
	}
	metadata := map[string]json.RawMessage{}
	if len(current.CustomMetadata) > 0 {
		if err := decodeInto(current.CustomMetadata, &metadata); err != nil {
			return nil, fmt.Errorf("custom metadata of the record: %w", err)
		}
	}
	if metadata == nil { // it was null
		metadata = map[string]json.RawMessage{}
	}
	for key, value := range req.CustomMetadata {
		if string(value) == "null" {
			delete(metadata, key)
		} else {
			metadata[key] = value
		}
	}
	if len(metadata) > 0 || req.CustomMetadata != nil {
		merged["custom_metadata"] = metadata
	}
	return merged, nil
}

func or(s *string, otherwise string) string {
	if s != nil {
		return *s
	}
	return otherwise
}

// Archive archives an asset, or takes it out of the archive.
func (c *Client) Archive(ctx context.Context, id string, archive bool) error {
	return c.decode(ctx, &call{
		op: "archive asset", method: http.MethodPatch, path: assetPath(id, "archive"),
		query: url.Values{"archive": {strconv.FormatBool(archive)}}, asset: id,
	}, nil)
}

// Permissions returns who may do what with an asset.
func (c *Client) Permissions(ctx context.Context, id string) (*Permissions, error) {
	p := new(Permissions)
	err := c.decode(ctx, &call{
		op: "get permissions", method: http.MethodGet, path: assetPath(id, "permissions"), asset: id,
	}, p)
	if err != nil {
		return nil, err
	}
	return p, nil
}

// SetPermissions replaces an asset's permissions by p.
func (c *Client) SetPermissions(ctx context.Context, id string, p Permissions) error {
	if p.Users == nil {
		p.Users = []UserPermission{}
	}
	if p.Groups == nil {
		p.Groups = []GroupPermission{}
	}
	return c.decode(ctx, &call{
		op: "set permissions", method: http.MethodPost, path: assetPath(id, "permissions"), body: p, asset: id,
	}, nil)
}

// Delete deletes an asset, which the platform allows only for an archived one.
func (c *Client) Delete(ctx context.Context, id string) error {
	err := c.decode(ctx, &call{
		op: "delete asset", method: http.MethodDelete, path: assetPath(id), asset: id,
	}, nil)
	// After an attempt whose answer was lost, a 404 says that it had worked.
	var e *fault.Error
	if errors.As(err, &e) && e.Kind == fault.ErrNotExist && e.Attempts > 1 {
		return nil
	}
	return err
}

// Transfer moves an asset's files to another bucket, in the background: watch
// LastTransferred and TransferError. Only administrators may. It is sent once;
// fault.ErrUnknown means that its answer was lost.
func (c *Client) Transfer(ctx context.Context, id string, req TransferRequest) error {
	return c.decode(ctx, &call{
		op: "transfer asset", method: http.MethodPost, path: assetPath(id, "transfer"),
		body: req, asset: id, unsafe: true,
	}, nil)
}

// asset makes a call that answers with a record.
func (c *Client) asset(ctx context.Context, k *call) (*Asset, error) {
	a := new(Asset)
	if err := c.decode(ctx, k, a); err != nil {
		return nil, err
	}
	return a, nil
}

func assetPath(id string, more ...string) []string {
	return append([]string{"data_assets", id}, more...)
}
