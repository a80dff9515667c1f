package bucket

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"
)

// newClient builds the SDK's client for one way to ask this bucket.
//
// Of the SDK it keeps the protocol, the signature, and the correction of a
// clock that is off. Retries are ours, see [transport.Retry]: they know about
// ranges, budgets and outages. Checksums of the SDK's own are off where they are
// optional: they cover whole objects only, and would cost a header with each
// range and a pass over the bytes.
func (b *bucket) newClient(w way) *s3.Client {
	o := s3.Options{
		Region:                     w.region,
		UsePathStyle:               b.place.endpoint != "",
		Credentials:                aws.AnonymousCredentials{},
		HTTPClient:                 b.http,
		Retryer:                    aws.NopRetryer{},
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired,
		Logger:                     logging.Nop{},
		// A record names buckets; what else a name could select is not for it.
		DisableMultiRegionAccessPoints: true,
		DisableS3ExpressSessionAuth:    aws.Bool(true),
	}
	if b.place.endpoint != "" {
		o.BaseEndpoint = aws.String(b.place.endpoint)
	}
	if w.signed {
		o.Credentials = aws.CredentialsProviderFunc(b.retrieve)
	}
	o.APIOptions = append(o.APIOptions, dropAcceptEncoding)
	if name, version, ok := strings.Cut(b.store.cfg.Agent, "/"); ok {
		o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
			return awsmiddleware.AddUserAgentKeyValue(name, version)(stack)
		})
	}
	return s3.New(o)
}

// dropAcceptEncoding takes out of the SDK what makes it sign that header, which
// proxies and Google's store change on the way. Nothing is unpacked by anybody:
// see [transport.New].
func dropAcceptEncoding(stack *middleware.Stack) error {
	const id = "DisableAcceptEncodingGzip"
	if _, ok := stack.Finalize.Get(id); !ok {
		return nil
	}
	_, err := stack.Finalize.Remove(id)
	return err
}
