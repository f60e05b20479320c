package loadenv

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"sync/atomic"
	"syscall"
	"time"
)

// Balancer is the load balancer of one target group: it sends each request to the next target that is registered
// and healthy, once. What becomes of it there is the client's answer.
type Balancer struct {
	// routable are the addresses of the targets that get new requests, asked for each of them.
	routable func() []string
	turn     atomic.Uint64
	proxy    *httputil.ReverseProxy
}

type targetKey struct{}

// NewBalancer makes a load balancer that takes no requests yet.
func NewBalancer(routable func() []string) *Balancer {
	b := &Balancer{routable: routable}
	b.proxy = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme = "http"
			r.Out.URL.Host, _ = r.In.Context().Value(targetKey{}).(string)
		},
		// A kept connection that has died would make net/http try again by itself: each request gets its own.
		Transport: &http.Transport{
			DisableKeepAlives:  true,
			DisableCompression: true,
			DialContext:        (&net.Dialer{Timeout: patience}).DialContext,
		},
		ErrorHandler: badGateway,
		ErrorLog:     log.New(io.Discard, "", 0),
	}
	return b
}

func (b *Balancer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	targets := b.routable()
	if len(targets) == 0 {
		http.Error(w, "no target is registered and healthy", http.StatusServiceUnavailable)
		return
	}
	target := targets[b.turn.Add(1)%uint64(len(targets))]
	b.proxy.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), targetKey{}, target)))
}

// badGateway says in words what the target did, for the client counts failures by them.
func badGateway(w http.ResponseWriter, _ *http.Request, err error) {
	why := err.Error()
	var network net.Error
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		why = "the target refused the connection"
	case errors.Is(err, io.EOF),
		errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, syscall.ECONNRESET),
		errors.Is(err, syscall.EPIPE):
		why = "the target broke off in the middle of the request"
	case errors.As(err, &network) && network.Timeout():
		why = "the target didn't answer in time"
	}
	http.Error(w, why, http.StatusBadGateway)
}

// Listen lets the balancer take requests on a port of its own, which it never leaves.
func (b *Balancer) Listen(ctx context.Context) (url string, end func(), err error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, fmt.Errorf("open a port for a load balancer: %w", err)
	}
	h := &http.Server{Handler: b, ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = h.Serve(l) }() // ends with Close
	return "http://" + l.Addr().String(), func() { _ = h.Close() }, nil
}
