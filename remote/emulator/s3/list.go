package s3

import (
	"cmp"
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"

	"codeoceanfs/remote/emulator/files"
	"codeoceanfs/remote/emulator/sigv4"
)

// maxKeys is how much S3 puts on one page.
const maxKeys = 1000

// page is one page of a listing, in either version of the call.
type page struct {
	version2                         bool
	bucket, prefix, delimiter, after string
	token                            string // version 2's, as it was sent
	encode                           bool
	max                              int
	items                            []files.Item
	truncated                        bool
}

func listObjects(w http.ResponseWriter, r *http.Request, b Bucket) error {
	p, err := readPage(r.URL.Query(), b.Name)
	if err != nil {
		return err
	}
	if err := p.fill(b.Objects); err != nil {
		return err
	}
	return writeXML(w, p.write)
}

func readPage(q url.Values, bucket string) (*page, error) {
	p := &page{
		version2: q.Get("list-type") == "2", bucket: bucket,
		prefix: q.Get("prefix"), delimiter: q.Get("delimiter"), max: maxKeys,
	}
	invalid := func(message, name string) error {
		return problem(http.StatusBadRequest, "InvalidArgument", message, "ArgumentName", name, "ArgumentValue", q.Get(name))
	}
	if s := q.Get("max-keys"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 0 {
			return nil, invalid("Provided max-keys not an integer or within integer range", "max-keys")
		}
		p.max = min(n, maxKeys)
	}
	switch q.Get("encoding-type") {
	case "":
	case "url":
		p.encode = true
	default:
		return nil, invalid("Invalid Encoding Method specified in Request", "encoding-type")
	}
	if !p.version2 {
		p.after = q.Get("marker")
		return p, nil
	}
	p.after = q.Get("start-after")
	if q.Has("continuation-token") {
		p.token = q.Get("continuation-token")
		last, err := base64.RawURLEncoding.DecodeString(p.token)
		if err != nil || len(last) == 0 {
			return nil, invalid("The continuation token provided is incorrect", "continuation-token")
		}
		p.after = string(last)
	}
	return p, nil
}

// fill takes one item more than the page holds, to know whether there is more.
func (p *page) fill(t files.Tree) error {
	if p.max == 0 {
		return nil
	}
	return t.Walk(p.prefix, p.delimiter, p.after, func(i files.Item) bool {
		if len(p.items) == p.max {
			p.truncated = true
			return false
		}
		p.items = append(p.items, i)
		return true
	})
}

// name is a key as this page writes it.
func (p *page) name(s string) string {
	if p.encode {
		return sigv4.EscapePath(s)
	}
	return s
}

func (p *page) write(x *xmlWriter) {
	x.open("ListBucketResult")
	x.element("Name", p.bucket)
	x.element("Prefix", p.name(p.prefix))
	last := ""
	if p.truncated {
		last = p.items[len(p.items)-1].Key
	}
	if p.version2 {
		x.optional("StartAfter", p.name(p.startAfter()))
		x.optional("ContinuationToken", p.token)
		x.optional("NextContinuationToken", base64.RawURLEncoding.EncodeToString([]byte(last)))
		x.element("KeyCount", strconv.Itoa(len(p.items)))
	} else {
		x.element("Marker", p.name(p.after))
		if p.delimiter != "" { // else the last key serves, and S3 says nothing
			x.optional("NextMarker", p.name(last))
		}
	}
	x.element("MaxKeys", strconv.Itoa(p.max))
	x.optional("Delimiter", p.name(p.delimiter))
	if p.encode {
		x.element("EncodingType", "url")
	}
	x.element("IsTruncated", strconv.FormatBool(p.truncated))
	for _, i := range p.items {
		if !i.Prefix {
			x.open("Contents")
			x.element("Key", p.name(i.Key))
			x.time("LastModified", i.Modified)
			x.optional("ETag", i.ETag)
			x.element("Size", strconv.FormatInt(i.Size, 10))
			x.element("StorageClass", cmp.Or(i.Storage, "STANDARD"))
			x.close("Contents")
		}
	}
	for _, i := range p.items {
		if i.Prefix {
			x.open("CommonPrefixes")
			x.element("Prefix", p.name(i.Key))
			x.close("CommonPrefixes")
		}
	}
	x.close("ListBucketResult")
}

// startAfter is only told on a listing's first page.
func (p *page) startAfter() string {
	if p.token != "" {
		return ""
	}
	return p.after
}

func (e *Endpoint) listBuckets(w http.ResponseWriter, who *sigv4.Claim) error {
	if who == nil {
		return problem(http.StatusForbidden, "AccessDenied", "Access Denied")
	}
	return writeXML(w, func(x *xmlWriter) {
		x.open("ListAllMyBucketsResult")
		x.open("Owner")
		x.element("ID", who.AccessKey)
		x.element("DisplayName", who.AccessKey)
		x.close("Owner")
		x.open("Buckets")
		for _, b := range e.Store.Buckets() {
			if b.Unlisted {
				continue
			}
			x.open("Bucket")
			x.element("Name", b.Name)
			x.time("CreationDate", b.Created)
			x.close("Bucket")
		}
		x.close("Buckets")
		x.close("ListAllMyBucketsResult")
	})
}

func writeLocation(w http.ResponseWriter, b Bucket) error {
	region := b.Region
	if region == "us-east-1" {
		region = "" // the region before there were regions
	}
	return writeXML(w, func(x *xmlWriter) { x.element("LocationConstraint", region) })
}
