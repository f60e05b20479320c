// Package cloud is the only place where this project talks to AWS.
//
// It holds the configuration that all clients share; beneath it is one package per AWS service, so
// that a function links only the services whose packages it imports. Each turns the SDK's answers
// into the values and the errors of package run, and marks by package awserr which failures pass by
// themselves.
//
// No call outlives its caller: each is bounded by its context and, where that has no deadline, by the limits below.
package cloud

import (
	"context"
	"net"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// The limits of one call. At worst it takes three attempts and two waits between them: 34 seconds. The waits are
// short because what still fails then is tried again by the queue, with nobody being paid for waiting.
const (
	// Attempts is how often a call is tried; 3 is the SDK's own standard.
	Attempts = 3
	// MaxBackoff is the longest wait between two attempts; the SDK's 20 seconds are most of a Lambda's timeout.
	MaxBackoff = 2 * time.Second
	// DialTimeout bounds connecting. Within a Region that takes milliseconds; a packet that was lost is sent again
	// after one second and once more after three.
	DialTimeout = 3 * time.Second
	// AttemptTimeout bounds one attempt, from connecting to the last byte of the answer. The slowest calls used here,
	// pages of a thousand instances, take one to three seconds.
	AttemptTimeout = 10 * time.Second
)

// MustLoad reads the Region, the credentials and the endpoints from the environment, where Lambda
// puts them. It panics if one of the first two is missing, since nothing works without. The SDK's
// own loader would look in files and ask other services as well; that is more than a megabyte of a
// function.
func MustLoad() aws.Config {
	cfg := aws.Config{
		Region: must("AWS_REGION"),
		Credentials: credentials.NewStaticCredentialsProvider(must("AWS_ACCESS_KEY_ID"), must("AWS_SECRET_ACCESS_KEY"),
			os.Getenv("AWS_SESSION_TOKEN")), // Lambda never changes them while a process lives
		HTTPClient:    client(),
		Retryer:       retryer,
		ConfigSources: []any{endpoints{}},
	}
	if url := os.Getenv("AWS_ENDPOINT_URL"); url != "" {
		cfg.BaseEndpoint = &url
	}
	return cfg
}

func must(variable string) string {
	value := os.Getenv(variable)
	if value == "" {
		panic("cloud: the environment has no " + variable)
	}
	return value
}

// endpoints are those of single services: AWS_ENDPOINT_URL_EC2 and its like, in the SDKs' own spelling.
type endpoints struct{}

// GetServiceBaseEndpoint is what the SDK's clients ask a configuration's sources for.
func (endpoints) GetServiceBaseEndpoint(_ context.Context, service string) (url string, found bool, err error) {
	url = os.Getenv("AWS_ENDPOINT_URL_" + strings.ToUpper(strings.ReplaceAll(service, " ", "_")))
	return url, url != "", nil
}

func client() *http.BuildableClient {
	return http.NewBuildableClient().
		WithTimeout(AttemptTimeout).
		WithDialerOptions(func(d *net.Dialer) { d.Timeout = DialTimeout })
}

func retryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = Attempts
		o.MaxBackoff = MaxBackoff
	})
}
