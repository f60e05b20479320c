// Package probe asks an application over the network whether it has started, the way a load balancer's health check
// does: one request or one connection, a new one each time, from inside the VPC.
//
// A probe doesn't fail: whatever goes wrong is a reason not to be ready yet.
package probe

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"quickstep/shared/input"
	"quickstep/shared/run"
)

const (
	// DefaultTimeout bounds a probe that names no timeout; it is the default of a target group's health check.
	DefaultTimeout = 5 * time.Second
	// MaxBody is how much of an answer is searched for a text, in bytes.
	MaxBody = 1 << 20

	defaultCodes = "200" // the default of a target group's matcher
)

// Net looks at applications over the network.
type Net struct{}

// HTTP sends one GET request. It is ok if the answer has one of the codes and, if a text is asked for, the text in
// the first MaxBody of its body; if not, why says what came instead. Redirects are answers like any other and
// aren't followed. Certificates aren't verified, as a target group's health check doesn't verify them: instances
// are asked by their address, to which no certificate is issued.
func (Net) HTTP(ctx context.Context, p run.HTTPProbe) run.Finding {
	accepted, err := input.ParseCodes(cmp.Or(p.Codes, defaultCodes))
	if err != nil {
		return run.Finding{Why: err.Error()}
	}
	timeout := bound(p.Timeout)
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(limited, http.MethodGet, p.URL, http.NoBody)
	if err != nil {
		return run.Finding{Why: fmt.Sprintf("%q can't be asked: %v", p.URL, reason(err))}
	}
	request.Header.Set("User-Agent", "Quickstep")
	answer, err := client().Do(request)
	if err != nil {
		return unanswered(ctx, timeout, err)
	}
	defer answer.Body.Close()
	if !accepted.Has(answer.StatusCode) {
		return run.Finding{Why: fmt.Sprintf("status %d, not %s", answer.StatusCode, accepted)}
	}
	if p.Text == "" {
		return run.Finding{OK: true}
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, MaxBody))
	switch {
	case bytes.Contains(body, []byte(p.Text)):
		return run.Finding{OK: true}
	case err != nil: // it has begun to answer
		return run.Finding{Why: unanswered(ctx, timeout, err).Why}
	}
	return run.Finding{Why: fmt.Sprintf("status %d, but %q isn't in the body", answer.StatusCode, p.Text)}
}

// TCP opens one connection to an address, such as 10.0.0.1:5432, and closes it. It is ok if the connection came
// about.
func (Net) TCP(ctx context.Context, address string, timeout time.Duration) run.Finding {
	timeout = bound(timeout)
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var d net.Dialer
	connection, err := d.DialContext(limited, "tcp", address)
	if err != nil {
		return unanswered(ctx, timeout, err)
	}
	_ = connection.Close() // what matters is that it was there
	return run.Finding{OK: true}
}

// client is a new one each time: a kept connection would prove that the old process was there, not the new one. It
// goes straight to the instance, whatever proxy the environment names.
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

// unanswered tells a slow application from a caller that ran out of time, and both from a server
// that answers something else: that one is up, and so is the machine.
func unanswered(caller context.Context, timeout time.Duration, err error) run.Finding {
	var network net.Error
	switch {
	case caller.Err() != nil:
		return run.Finding{Why: "the check was broken off"}
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return run.Finding{Down: true, Why: fmt.Sprintf("no answer within %s", timeout)}
	}
	var dial *net.OpError
	var malformed *net.AddrError
	down := errors.As(err, &dial) || errors.Is(err, io.EOF)
	return run.Finding{Down: down && !errors.As(err, &malformed), Why: reason(err).Error()}
}

// reason leaves out the method and the URL, which whoever reads it knows.
func reason(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
