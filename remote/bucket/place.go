package bucket

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"codeoceanfs/remote/fault"
)

// place is a store, and the hosts that may see a signature made for it.
type place struct {
	endpoint string // URL asked path style; "" is AWS, the host by region
	gcp      bool   // Google's store at its own address
	allowed  func(*url.URL) bool
	via      http.RoundTripper
}

const gcpHost = "storage.googleapis.com"

// awsHost are the names of S3 in AWS's partitions. The form matters: other
// names in these domains belong to AWS's customers.
var awsHost = regexp.MustCompile(`^(.+\.)?s3\.[a-z0-9-]+\.` +
	`(amazonaws\.com|amazonaws\.com\.cn|amazonaws\.eu|c2s\.ic\.gov|sc2s\.sgov\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)$`)

// place finds the store of a bucket. What an asset's record says chooses only
// between AWS and Google; all other addresses are the configuration's.
func (s *Store) place(rule Rule, gcp bool) (place, error) {
	if raw := cmp.Or(rule.Endpoint, s.cfg.Endpoint); raw != "" {
		u, err := parseEndpoint(raw)
		if err != nil {
			return place{}, err
		}
		return place{endpoint: u.String(), via: s.local, allowed: func(to *url.URL) bool {
			return to.Scheme == u.Scheme && to.Host == u.Host
		}}, nil
	}
	if gcp {
		return place{endpoint: "https://" + gcpHost, gcp: true, via: s.public, allowed: func(to *url.URL) bool {
			return to.Scheme == "https" && to.Host == gcpHost
		}}, nil
	}
	return place{via: s.public, allowed: isAWS}, nil
}

func isAWS(to *url.URL) bool {
	return to.Scheme == "https" && awsHost.MatchString(to.Host)
}

func parseEndpoint(raw string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimRight(raw, "/"))
	switch {
	case err != nil, u.Host == "", u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("S3 endpoint %q is not a URL like https://host", redactUser(raw))
	case u.User != nil, u.RawQuery != "", u.Fragment != "":
		return nil, fmt.Errorf("S3 endpoint %q: give scheme, host and path only", redactUser(raw))
	}
	return u, nil
}

// redactUser drops what may be a password.
func redactUser(raw string) string {
	if i := strings.LastIndexByte(raw, '@'); i >= 0 {
		return "…" + raw[i:]
	}
	return raw
}

// Names of buckets and regions become part of a host's name, and come from
// records and answers. Old buckets in us-east-1 have capitals and underscores.
var (
	bucketName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]$`)
	regionName = regexp.MustCompile(`^[a-z]{2}[a-z0-9-]{1,30}$`)
)

func checkBucket(name string) error {
	if !bucketName.MatchString(name) || strings.Contains(name, "..") {
		return &fault.Error{Op: "use bucket", Kind: fault.ErrRefused, Err: fmt.Errorf("%q is no bucket's name", name)}
	}
	return nil
}

// check looks for what could never work, while there is somebody to tell.
func (cfg Config) check() error {
	if cfg.Endpoint != "" {
		if _, err := parseEndpoint(cfg.Endpoint); err != nil {
			return err
		}
	}
	for name, rule := range cfg.Buckets {
		switch {
		case rule.Endpoint != "":
			if _, err := parseEndpoint(rule.Endpoint); err != nil {
				return fmt.Errorf("bucket %s: %w", name, err)
			}
		case rule.Region != "" && !regionName.MatchString(rule.Region):
			return fmt.Errorf("bucket %s: %q is not a region", name, rule.Region)
		}
		if rule.Anonymous && rule.Profile != "" {
			return fmt.Errorf("bucket %s: give a profile or anonymous, not both", name)
		}
		if err := checkBucket(name); err != nil {
			return err
		}
	}
	return nil
}
