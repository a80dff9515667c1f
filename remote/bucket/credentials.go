package bucket

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"
	"golang.org/x/sync/singleflight"

	"codeoceanfs/remote/fault"
)

const (
	// findTime bounds the search for credentials. Where they are on the machine
	// it takes a millisecond, from a sign-on service or a role a second or two.
	findTime = 8 * time.Second
	// findTries is how often something that does offer credentials is asked. The
	// SDK's own retries are off: they would make five seconds of the address that
	// nobody answers at.
	findTries = 2
	// findAgain is how long "there are none" is believed: somebody who signs in
	// while the mount is up shall not have to mount again.
	findAgain = 30 * time.Second
	// renewAgain is the time between two tries with credentials that are refused.
	renewAgain = 10 * time.Second
	// renewAhead is how long before their end credentials are renewed: well
	// above the time between signing a request and its arrival.
	renewAhead = 30 * time.Second
)

// errNoCredentials means that nothing on this machine offers credentials, as
// opposed to something that offers them and failed.
var errNoCredentials = errors.New("no credentials were found")

// chain is where the credentials of one profile come from: the environment, the
// configuration files, a sign-on, a container's or an instance's role, in the
// order of all AWS tools. It is an aws.CredentialsProvider.
//
// The last in that order, the instance's role, is asked over the network at an
// address that exists on EC2 only. Elsewhere that costs seconds, so once it had
// nothing to say it is not asked again.
type chain struct {
	profile string
	flight  singleflight.Group

	mu       sync.Mutex // guards what follows
	provider aws.CredentialsProvider
	err      error     // why there is no provider
	asked    time.Time // when err was found out
	renewed  time.Time // when provider was last dropped
	noRole   bool      // the instance's role was asked for, in vain
}

// Retrieve implements aws.CredentialsProvider. Its error is errNoCredentials,
// or says which provider failed and why.
func (c *chain) Retrieve(ctx context.Context) (aws.Credentials, error) {
	c.mu.Lock()
	provider, err, recent := c.provider, c.err, time.Since(c.asked) < findAgain
	c.mu.Unlock()
	switch {
	case provider != nil:
		ctx, cancel := context.WithTimeout(ctx, findTime)
		defer cancel()
		return ask(ctx, provider)
	case err != nil && recent:
		return aws.Credentials{}, err
	}
	return once(ctx, &c.flight, "", findTime, c.find)
}

// find looks for a provider, and keeps it if it has credentials.
func (c *chain) find(ctx context.Context) (aws.Credentials, error) {
	c.mu.Lock()
	noRole := c.noRole
	c.mu.Unlock()

	var creds aws.Credentials
	cfg, err := c.load(ctx, noRole)
	if err != nil {
		err = spare(err)
	} else if creds, err = ask(ctx, cfg.Credentials); errors.Is(err, errNoCredentials) {
		noRole = true
	}

	c.mu.Lock()
	defer c.mu.Unlock()
	c.err, c.asked, c.noRole = err, time.Now(), noRole
	if err == nil {
		c.provider = cfg.Credentials
	}
	return creds, err
}

// ask has a provider for credentials. Its error is errNoCredentials when it is
// the instance's role, which is last in the order, and there is none.
func ask(ctx context.Context, provider aws.CredentialsProvider) (creds aws.Credentials, err error) {
	for range findTries {
		creds, err = provider.Retrieve(ctx)
		var op *smithy.OperationError
		switch {
		case err == nil:
			return creds, nil
		case errors.As(err, &op) && op.ServiceID == imds.ServiceID:
			return aws.Credentials{}, errNoCredentials
		case ctx.Err() != nil:
			return aws.Credentials{}, fmt.Errorf("AWS credentials could not be had in time: %w", ctx.Err())
		}
	}
	return aws.Credentials{}, fmt.Errorf("AWS credentials could not be had: %w", spare(err))
}

// renew drops credentials that a store says are over: the files, and whoever
// gave them, are asked again. It reports whether there is hope: many requests
// find out together, and some credentials are over for good. Used is when the
// ones that failed were used.
func (c *chain) renew(used time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.renewed.After(used) {
		return true // by another request
	}
	if time.Since(c.renewed) < renewAgain {
		return false
	}
	c.provider, c.err, c.renewed = nil, nil, time.Now()
	return true
}

// region is the region that the machine's AWS configuration names, or "".
func (c *chain) region(ctx context.Context) string {
	cfg, err := c.load(ctx, true)
	if err != nil {
		return ""
	}
	return cfg.Region
}

// load reads the environment and the configuration files. It asks nobody.
func (c *chain) load(ctx context.Context, noRole bool) (aws.Config, error) {
	role := imds.ClientDefaultEnableState // which AWS_EC2_METADATA_DISABLED decides
	if noRole {
		role = imds.ClientDisabled
	}
	return config.LoadDefaultConfig(ctx,
		config.WithSharedConfigProfile(c.profile),
		config.WithEC2IMDSClientEnableState(role),
		config.WithRetryer(func() aws.Retryer { return aws.NopRetryer{} }),
		config.WithLogger(logging.Nop{}),
		config.WithCredentialsCacheOptions(func(o *aws.CredentialsCacheOptions) { o.ExpiryWindow = renewAhead }),
	)
}

// spare cuts an error of the SDK to one line of a bearable length, without a
// URL. Its cause is dropped: kinds that a provider's own calls had are not the
// bucket's.
func spare(err error) error {
	text := err.Error()
	var u *url.Error
	if errors.As(err, &u) {
		text = strings.Replace(text, u.Error(), u.Err.Error(), 1)
	}
	return errors.New(short(text))
}

// short makes one line, of a length for a log, of what others wrote.
func short(text string) string {
	const most = 300
	text = strings.Join(strings.Fields(fault.Redact(text)), " ")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}
