package bucket

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"codeoceanfs/remote/fault"
	"codeoceanfs/remote/transport"
)

// OpenRange returns a body of exactly n bytes from off of the version o of an
// object, or an error, which may come with any Read: [fault.ErrStale] when the
// object is another version now. The body is for one goroutine; it ends with
// ctx, and must be closed.
func (s *Store) OpenRange(ctx context.Context, loc Location, o Object, off, n int64) (io.ReadCloser, error) {
	b, err := s.bucket(loc)
	if err != nil {
		return nil, err
	}
	if off < 0 || n < 0 || off > o.Size-n {
		return nil, &fault.Error{
			Op: opRead, Path: b.name + "/" + o.Key, Kind: fault.ErrInvalid,
			Err: fmt.Errorf("%d bytes at %d of %d", n, off, o.Size),
		}
	}
	if n == 0 {
		return http.NoBody, nil // a store has no range for it
	}
	return transport.Resume(ctx, off, n, func(ctx context.Context, off, n int64) (io.ReadCloser, error) {
		return b.open(ctx, o, off, n)
	}, &s.data), nil
}

// open makes one attempt at a range. The answer's body is used only when its
// status, range, length and ETag are those that were asked for.
func (b *bucket) open(ctx context.Context, o Object, off, n int64) (body io.ReadCloser, err error) {
	in := &s3.GetObjectInput{
		Bucket: &b.name, Key: &o.Key,
		Range: aws.String(transport.RangeHeader(off, n)),
	}
	if o.ETag != "" {
		in.IfMatch = aws.String(`"` + plainETag(o.ETag) + `"`)
	} else if !o.Modified.IsZero() {
		in.IfUnmodifiedSince = aws.Time(o.Modified.Add(time.Second)) // the header has whole ones
	}
	err = b.call(ctx, opRead, o.Key, func(ctx context.Context, c *s3.Client) error {
		out, err := c.GetObject(ctx, in)
		if err != nil {
			return err
		}
		resp := *awsmiddleware.GetRawResponse(out.ResultMetadata).(*smithyhttp.Response).Response
		resp.Body = out.Body
		if err := checkVersion(out, o); err != nil {
			_ = out.Body.Close()
			return err
		}
		if err := transport.CheckRange(&resp, off, n, o.Size); err != nil {
			_ = out.Body.Close()
			return err
		}
		body = transport.Body(&resp, off, n, o.Size)
		return nil
	})
	return body, err
}

// checkVersion compares an answer with the object that was listed. Not every
// store heeds If-Match, and not every proxy knows what it stored. What has no
// ETag has its time.
func checkVersion(out *s3.GetObjectOutput, o Object) error {
	got := aws.ToString(out.ETag)
	switch {
	case o.ETag == "" && out.LastModified != nil && !o.Modified.IsZero() && out.LastModified.Sub(o.Modified).Abs() >= time.Second:
		return &fault.Error{Kind: fault.ErrStale, Err: fmt.Errorf("it is of %v, and was of %v", out.LastModified, o.Modified)}
	case o.ETag == "", sameETag(got, o.ETag):
		return nil
	case got == "":
		return &fault.Error{Kind: fault.ErrMalformed, Err: fmt.Errorf("an answer without the object's ETag")}
	}
	return &fault.Error{Kind: fault.ErrStale, Err: fmt.Errorf("its ETag is %s, and was %s", got, o.ETag)}
}
