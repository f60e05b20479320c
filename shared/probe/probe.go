// Package probe asks an application over the network whether it has started, the way a load balancer's health check
// does: one request or one connection, a new one each time, from inside the VPC.
//
// A probe doesn't fail: whatever goes wrong is a reason not to be ready yet.
package probe

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"quickstep/shared/run"
)

const (
	// DefaultTimeout bounds a probe that names no timeout; it is the default of a target group's health check.
	DefaultTimeout = 5 * time.Second
	// MaxBody is how much of an answer is searched for a text, in bytes.
	MaxBody = 1 << 20
)

// Net looks at applications over the network.
type Net struct{}

// HTTP sends one GET request. It is ok if the answer has one of the codes and, if a text is asked for, the text in the
// first MaxBody of its body; if not, why says what came instead. Redirects are answers like any other and aren't
// followed. Certificates aren't verified, as a target group's health check doesn't verify them: instances are asked by
// their address, to which no certificate is issued.
func (Net) HTTP(ctx context.Context, p run.HTTPProbe) (ok bool, why string) {
	accepted, err := parseCodes(p.Codes)
	if err != nil {
		return false, err.Error()
	}
	timeout := bound(p.Timeout)
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(limited, http.MethodGet, p.URL, http.NoBody)
	if err != nil {
		return false, fmt.Sprintf("%q can't be asked: %v", p.URL, reason(err))
	}
	request.Header.Set("User-Agent", "Quickstep")
	answer, err := client().Do(request)
	if err != nil {
		return false, unanswered(ctx, timeout, err)
	}
	defer answer.Body.Close()
	if !accepted.has(answer.StatusCode) {
		return false, fmt.Sprintf("status %d, not %s", answer.StatusCode, accepted)
	}
	if p.Text == "" {
		return true, ""
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, MaxBody))
	switch {
	case bytes.Contains(body, []byte(p.Text)):
		return true, ""
	case err != nil:
		return false, unanswered(ctx, timeout, err)
	}
	return false, fmt.Sprintf("status %d, but %q isn't in the body", answer.StatusCode, p.Text)
}

// TCP opens one connection to an address, such as 10.0.0.1:5432, and closes it. It is ok if the connection came about.
func (Net) TCP(ctx context.Context, address string, timeout time.Duration) (ok bool, why string) {
	timeout = bound(timeout)
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var d net.Dialer
	connection, err := d.DialContext(limited, "tcp", address)
	if err != nil {
		return false, unanswered(ctx, timeout, err)
	}
	_ = connection.Close() // what matters is that it was there
	return true, ""
}

// client is a new one each time: a kept connection would prove that the old process was there, not the new one. It goes
// straight to the instance, whatever proxy the environment names.
func client() *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			DisableKeepAlives:      true,
			MaxResponseHeaderBytes: MaxBody,
			TLSClientConfig:        &tls.Config{InsecureSkipVerify: true},
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func bound(timeout time.Duration) time.Duration {
	if timeout <= 0 {
		return DefaultTimeout
	}
	return timeout
}

// unanswered tells a slow application from a caller that ran out of time.
func unanswered(caller context.Context, timeout time.Duration, err error) string {
	switch {
	case caller.Err() != nil:
		return "the check was broken off"
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("no answer within %s", timeout)
	}
	return reason(err).Error()
}

// reason leaves out the method and the URL, which whoever reads it knows.
func reason(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
