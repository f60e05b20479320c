package probe_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"quickstep/shared/probe"
	"quickstep/shared/run"
)

// app is an application whose path says how it answers.
func app(t *testing.T) http.Handler {
	t.Helper()
	over := make(chan struct{})
	t.Cleanup(func() { close(over) })
	mux := http.NewServeMux()
	mux.HandleFunc("/up", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "all systems żółw") })
	mux.HandleFunc(
		"/starting",
		func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) },
	)
	mux.HandleFunc(
		"/moved",
		func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/up", http.StatusFound) },
	)
	mux.HandleFunc("/lost", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	mux.HandleFunc("/slow", func(_ http.ResponseWriter, r *http.Request) { wait(r, over) })
	mux.HandleFunc("/slow-body", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "a beginning")
		_ = http.NewResponseController(w).Flush()
		wait(r, over)
	})
	mux.HandleFunc("/large", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "early"+strings.Repeat("x", probe.MaxBody-9)+"edge"+"late")
	})
	return mux
}

func wait(r *http.Request, over <-chan struct{}) {
	select {
	case <-r.Context().Done():
	case <-over:
	}
}

var network probe.Net

func TestHTTP(t *testing.T) {
	server := httptest.NewServer(app(t))
	defer server.Close()
	const unreadable = "are no status codes of 200 to 599"
	for _, c := range []struct {
		name, path, codes, text string
		timeout                 time.Duration
		ok                      bool
		why                     string // a part of it
	}{
		{"the code is the one", "/up", "200", "", 0, true, ""},
		{"no code given means 200", "/up", "", "", 0, true, ""},
		{"the code is one of several", "/moved", "200, 302", "", 0, true, ""},
		{"the code is in a range", "/up", "404,200-299", "", 0, true, ""},
		{"the code is another", "/starting", "200-299,404", "", 0, false, "status 503, not 200-299,404"},
		{"a redirect isn't followed", "/moved", "200", "", 0, false, "status 302, not 200"},
		{"the text is in the body", "/up", "200", "żółw", 0, true, ""},
		{"the text isn't in the body", "/up", "200", "ready", 0, false, `status 200, but "ready" isn't in the body`},
		{"the text is at the end of the first MiB", "/large", "200", "edge", 0, true, ""},
		{"the text comes after the first MiB", "/large", "200", "late", 0, false, `"late" isn't in the body`},
		{"the text comes before the body hangs", "/slow-body", "200", "beginning", 500 * time.Millisecond, true, ""},
		{"the body hangs before the text comes", "/slow-body", "200", "end", 50 * time.Millisecond, false, "no answer within 50ms"},
		{"a body that nobody asked for may hang", "/slow-body", "200", "", time.Minute, true, ""},
		{"there is no answer in time", "/slow", "200", "", 50 * time.Millisecond, false, "no answer within 50ms"},
		{"the connection breaks", "/lost", "200", "", 0, false, "EOF"},
		{"the codes are words", "/up", "OK", "", 0, false, unreadable},
		{"the codes end in nothing", "/up", "200,", "", 0, false, unreadable},
		{"the range is upside down", "/up", "299-200", "", 0, false, unreadable},
		{"the code isn't HTTP", "/up", "20", "", 0, false, unreadable},
		{"the code is of an answer that isn't the last", "/up", "100-299", "", 0, false,
			unreadable},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := network.HTTP(
				t.Context(),
				run.HTTPProbe{URL: server.URL + c.path, Codes: c.codes, Text: c.text, Timeout: c.timeout},
			)
			if got.OK != c.ok || !strings.Contains(got.Why, c.why) || got.OK && got.Why != "" {
				t.Errorf("got %+v", got)
			}
			if got.Down != (c.path == "/slow" || c.path == "/lost") { // whoever answers is up
				t.Errorf("shown down: %t", got.Down)
			}
		})
	}
}

func TestHTTPOfWhatIsNotThere(t *testing.T) {
	for name, c := range map[string]struct{ url, why string }{
		"nobody listens":       {"http://" + unused(t) + "/", "connection refused"},
		"the URL is malformed": {"http://[::1/", "can't be asked"},
		"there is no URL":      {"", "unsupported protocol"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := network.HTTP(t.Context(), run.HTTPProbe{URL: c.url}); got.OK ||
				!strings.Contains(got.Why, c.why) ||
				got.Down != (c.why == "connection refused") {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestHTTPSNeedsNoCertificateForTheAddress(t *testing.T) {
	server := httptest.NewTLSServer(app(t))
	defer server.Close()
	if got := network.HTTP(t.Context(), run.HTTPProbe{URL: server.URL + "/up", Codes: "200"}); !got.OK {
		t.Error(got.Why)
	}
}

func TestEachProbeIsAConnectionOfItsOwn(t *testing.T) {
	var connections atomic.Int32
	server := httptest.NewUnstartedServer(app(t))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	for range 3 {
		if got := network.HTTP(t.Context(), run.HTTPProbe{URL: server.URL + "/up", Text: "żółw"}); !got.OK {
			t.Fatal(got.Why)
		}
	}
	if n := connections.Load(); n != 3 {
		t.Errorf("%d connections", n)
	}
}

func TestTheCallersContextEndsAProbe(t *testing.T) {
	server := httptest.NewServer(app(t))
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if got := network.HTTP(ctx, run.HTTPProbe{URL: server.URL + "/slow", Timeout: time.Minute}); got.OK || got.Down ||
		got.Why != "the check was broken off" {
		t.Errorf("HTTP: got %+v", got)
	}
	if got := network.TCP(ctx, server.Listener.Addr().String(), time.Minute); got.OK || got.Down ||
		got.Why != "the check was broken off" {
		t.Errorf("TCP: got %+v", got)
	}
}

func TestTCP(t *testing.T) {
	server := httptest.NewServer(app(t))
	defer server.Close()
	for name, c := range map[string]struct {
		address string
		timeout time.Duration
		ok      bool
		why     string
	}{
		"somebody listens":             {server.Listener.Addr().String(), 0, true, ""},
		"nobody listens":               {unused(t), 0, false, "connection refused"},
		"the address has no port":      {"127.0.0.1", 0, false, "missing port"},
		"the time is too short for it": {server.Listener.Addr().String(), time.Nanosecond, false, "no answer within 1ns"},
	} {
		t.Run(name, func(t *testing.T) {
			got := network.TCP(t.Context(), c.address, c.timeout)
			if got.OK != c.ok || !strings.Contains(got.Why, c.why) || got.Down == (c.ok || c.why == "missing port") {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// unused is an address on which nobody listens any more.
func unused(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
