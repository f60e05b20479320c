// Package cloudtest is an AWS endpoint on loopback: tests of the adapters see each request as it goes over the wire
// and choose each answer, among them the ways in which AWS fails.
package cloudtest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// Call is one request, whatever the service's protocol.
type Call struct {
	Operation string     // such as "DescribeTargetHealth"
	Path      string     // of the URL
	Form      url.Values // of the query protocols
	Body      []byte
}

// JSON is the body as an object, empty if it isn't one.
func (c Call) JSON() map[string]any {
	var v map[string]any
	if json.Unmarshal(c.Body, &v) != nil {
		return map[string]any{}
	}
	return v
}

// Answer is what comes back.
type Answer struct {
	Status int // 0 is 200
	Header map[string]string
	Body   string
	Lost   bool // the connection breaks before the first byte of the answer
	Cut    bool // the connection breaks after half of Body
	Hang   bool // there is no answer for as long as the caller waits
}

// Wire records the requests that were made to it.
type Wire struct {
	Config aws.Config // its endpoint; three attempts, with no wait between them

	mu    sync.Mutex
	calls []Call
	done  chan struct{}
}

// Serve answers each request by calling answer, one at a time, until the test ends.
func Serve(t testing.TB, answer func(Call) Answer) *Wire {
	t.Helper()
	w := &Wire{done: make(chan struct{})}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		call := read(r)
		w.mu.Lock()
		w.calls = append(w.calls, call)
		a := answer(call)
		w.mu.Unlock()
		w.write(rw, r, a)
	}))
	t.Cleanup(func() { close(w.done); server.Close() })
	client := server.Client()
	// a connection that is reused while it closes costs a second attempt
	client.Transport.(*http.Transport).DisableKeepAlives = true
	w.Config = aws.Config{
		Region:       "eu-west-1",
		BaseEndpoint: aws.String(server.URL),
		Credentials:  credentials.NewStaticCredentialsProvider("AKIAEXAMPLE", "example", ""),
		HTTPClient:   client,
		Retryer:      retryer,
	}
	return w
}

// Calls are the requests so far.
func (w *Wire) Calls() []Call {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]Call(nil), w.calls...)
}

// Operations are the names of the requests so far.
func (w *Wire) Operations() []string {
	var names []string
	for _, c := range w.Calls() {
		names = append(names, c.Operation)
	}
	return names
}

func retryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.Backoff = retry.BackoffDelayerFunc(noDelay)
		o.RateLimiter = ratelimit.None
	})
}

func read(r *http.Request) Call {
	c := Call{Path: r.URL.Path}
	c.Body, _ = io.ReadAll(r.Body)
	switch target := r.Header.Get("X-Amz-Target"); {
	case target != "":
		c.Operation = target[strings.LastIndex(target, ".")+1:]
	case strings.Contains(c.Path, "/operation/"):
		c.Operation = c.Path[strings.LastIndex(c.Path, "/")+1:]
	case strings.HasSuffix(c.Path, "/invocations"):
		c.Operation = "Invoke"
	default:
		c.Form, _ = url.ParseQuery(string(c.Body))
		c.Operation = c.Form.Get("Action")
	}
	return c
}

func (w *Wire) write(rw http.ResponseWriter, r *http.Request, a Answer) {
	switch {
	case a.Hang:
		select {
		case <-r.Context().Done():
		case <-w.done:
		}
		return
	case a.Lost:
		panic(http.ErrAbortHandler)
	}
	for name, value := range a.Header {
		rw.Header().Set(name, value)
	}
	if a.Status != 0 {
		rw.WriteHeader(a.Status)
	}
	if !a.Cut {
		_, _ = io.WriteString(rw, a.Body)
		return
	}
	_, _ = io.WriteString(rw, a.Body[:len(a.Body)/2])
	_ = http.NewResponseController(rw).Flush()
	panic(http.ErrAbortHandler)
}
