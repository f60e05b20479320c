// Package s3 is the bucket in which full reports are kept.
package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/s3"

	"quickstep/shared/cloud/awserr"
)

// Bucket is one S3 bucket.
type Bucket struct {
	client       *api.Client
	name, region string
}

// New makes a client for the bucket; it calls nothing yet, and PutObject alone later: the sessions
// of directory buckets, the only other call that is linked with it, are off.
func New(cfg aws.Config, bucket string) Bucket {
	plain := func(o *api.Options) { o.DisableS3ExpressSessionAuth = aws.Bool(true) }
	return Bucket{api.NewFromConfig(awserr.Watch(cfg), plain), bucket, cfg.Region}
}

// consoles are where people look at buckets, by how the Region's name begins.
var consoles = []struct{ regions, host string }{
	{"cn-", "console.amazonaws.cn"}, {"us-gov-", "console.amazonaws-us-gov.com"}, {"", "console.aws.amazon.com"},
}

// Link is where a person who may read them finds the objects whose keys begin with prefix: a page of the AWS
// console.
func (b Bucket) Link(prefix string) string {
	query := url.Values{"region": {b.region}, "prefix": {prefix}}.Encode()
	for _, c := range consoles {
		if strings.HasPrefix(b.region, c.regions) {
			return "https://" + c.host + "/s3/buckets/" + b.name + "?" + query
		}
	}
	return ""
}

// Put writes an object, in the place of one that has the key; 5 GB at most. Encryption and expiry are the bucket's.
func (b Bucket) Put(ctx context.Context, key, contentType string, body []byte) error {
	if key == "" {
		return fmt.Errorf("put an object into bucket %s: %w", b.name, errors.New("it has no key"))
	}
	_, err := b.client.PutObject(ctx, &api.PutObjectInput{
		Bucket: &b.name, Key: &key, ContentType: &contentType,
		Body: bytes.NewReader(body), ContentLength: aws.Int64(int64(len(body))),
	})
	if err != nil {
		return fmt.Errorf("put %s into bucket %s: %w", key, b.name, awserr.Mark(err))
	}
	return nil
}
