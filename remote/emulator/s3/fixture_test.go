package s3_test

import (
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"go.uber.org/goleak"

	"codeoceanfs/remote/emulator/files"
	"codeoceanfs/remote/emulator/s3"
	"codeoceanfs/remote/emulator/sigv4"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// oddKeys are what S3 takes and no file system does, and what encoders trip on.
var oddKeys = []string{
	"a b+c%d&e=f?g#h;i", "ü/日本/e\u0301", "a//b", "/a", "dir/", "dir/x", "dir", "..", "../up", "./x",
	"~(1)!*'$,:@", "tab\there", "new\nline", `quo"te<>&`, strings.Repeat("long", 200),
}

var modified = time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)

func tree() files.Tree {
	all := []files.File{files.Bytes("empty", modified, nil), files.Bytes("digits", modified, []byte("0123456789"))}
	for _, key := range oddKeys {
		all = append(all, files.Bytes("odd/"+key, modified, []byte(key)))
	}
	for i := range 25 {
		all = append(all, files.Bytes(fmt.Sprintf("many/d%02d/f", i), modified, []byte("x")))
	}
	return files.Memory(all...)
}

// fixture is a store of one bucket of each kind.
type fixture struct {
	options s3.Options
	revoked bool
	more    files.Tree // of one more bucket, which anybody may read
}

func (f *fixture) all() []s3.Bucket {
	all := []s3.Bucket{
		{Name: "private", Region: "eu-central-1", Objects: tree()},
		{Name: "public", Region: "us-west-2", Public: true, Objects: tree()},
		{Name: "theirs", Region: "us-east-1", Keys: []string{"AKIAOTHER"}, Objects: tree()},
		{Name: "hidden", Region: "us-east-1", Unlisted: true, Objects: tree()},
		{Name: "guarded", Region: "us-east-1", Unlisted: true, Guarded: true, Objects: tree()},
		{Name: "unread", Region: "us-east-1", Unread: []string{"dig", "no"}, Objects: tree()},
	}
	if f.more != nil {
		all = append(all, s3.Bucket{Name: "more", Region: "eu-central-1", Public: true, Objects: f.more})
	}
	return all
}

func (f *fixture) Bucket(name string) (s3.Bucket, bool) {
	for _, b := range f.all() {
		if b.Name == name {
			return b, true
		}
	}
	return s3.Bucket{}, false
}

func (f *fixture) Buckets() []s3.Bucket { return f.all() }

func (f *fixture) Key(access string) (s3.Key, bool) {
	return s3.Key{Key: sigv4.Key{Access: access, Secret: "secret"}, Revoked: f.revoked}, access == "AKIATEST"
}

func (f *fixture) Options() s3.Options { return f.options }

// start serves the fixture and returns a client of the SDK for it.
func start(t *testing.T, f *fixture, options ...func(*awss3.Options)) (*awss3.Client, string) {
	t.Helper()
	server := httptest.NewServer(&s3.Endpoint{Store: f})
	t.Cleanup(server.Close)
	options = append([]func(*awss3.Options){func(o *awss3.Options) {
		o.HTTPClient = server.Client()
		o.BaseEndpoint = aws.String(server.URL)
		o.UsePathStyle = true
		o.Region = "eu-central-1"
		o.Retryer = aws.NopRetryer{}
		o.Credentials = credentials.NewStaticCredentialsProvider("AKIATEST", "secret", "")
	}}, options...)
	return awss3.New(awss3.Options{}, options...), server.URL
}

// answered is the S3 code of an error, with the status where HEAD has no code.
func answered(err error) string {
	var api smithy.APIError
	var status interface{ HTTPStatusCode() int }
	switch {
	case err == nil:
		return ""
	case errors.As(err, &api) && api.ErrorCode() != "" && !strings.HasPrefix(api.ErrorCode(), "UnknownError"):
		return api.ErrorCode()
	case errors.As(err, &status):
		return fmt.Sprint(status.HTTPStatusCode())
	}
	return err.Error()
}

func read(t *testing.T, c *awss3.Client, in *awss3.GetObjectInput) (string, string, error) {
	t.Helper()
	out, err := c.GetObject(t.Context(), in)
	if err != nil {
		return "", "", err
	}
	defer out.Body.Close()
	b, err := io.ReadAll(out.Body)
	return string(b), aws.ToString(out.ContentRange), err
}
