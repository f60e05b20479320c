package loadenv

import (
	"bufio"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// backend counts the connections that it gets, and answers each in its way.
func backend(t *testing.T, answer string) (address string, connections *atomic.Int64) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	connections = &atomic.Int64{}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			connections.Add(1)
			_, _ = http.ReadRequest(bufio.NewReader(c))
			_, _ = c.Write([]byte(answer))
			_ = c.Close()
		}
	}()
	return l.Addr().String(), connections
}

func through(b *Balancer) (status int, body string) {
	w := httptest.NewRecorder()
	b.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", http.NoBody))
	return w.Code, strings.TrimSpace(w.Body.String())
}

func TestBalancer(t *testing.T) {
	well, wellAsked := backend(t, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
	ill, illAsked := backend(t, "")
	shut := httptest.NewServer(http.NotFoundHandler())
	gone := shut.Listener.Addr().String()
	shut.Close()
	const rounds = 20

	t.Run("it sends requests to all targets in turn", func(t *testing.T) {
		other, otherAsked := backend(t, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
		b := NewBalancer(func() []string { return []string{well, other} })
		for range rounds {
			if status, body := through(b); status != 200 || body != "hi" {
				t.Fatalf("%d %q", status, body)
			}
		}
		if wellAsked.Load() != rounds/2 || otherAsked.Load() != rounds/2 {
			t.Errorf("%d and %d requests of %d", wellAsked.Load(), otherAsked.Load(), rounds)
		}
	})
	t.Run("it never tries again, neither there nor elsewhere", func(t *testing.T) {
		for _, c := range []struct {
			target, why string
			asked       *atomic.Int64
		}{
			{gone, "the target refused the connection", nil},
			{ill, "the target broke off in the middle of the request", illAsked},
		} {
			before := wellAsked.Load()
			b := NewBalancer(func() []string { return []string{well, c.target} })
			failed := 0
			for range rounds {
				if status, body := through(b); status != 200 {
					failed++
					if status != http.StatusBadGateway || body != c.why {
						t.Fatalf("%d %q, want 502 %q", status, body, c.why)
					}
				}
			}
			if well := wellAsked.Load() - before; failed != rounds/2 || well != rounds/2 {
				t.Errorf("%s: %d of %d requests failed, and %d reached the other target", c.why, failed, rounds, well)
			}
			if c.asked != nil && c.asked.Load() != rounds/2 {
				t.Errorf("%s: it was asked %d times for %d requests", c.why, c.asked.Load(), rounds/2)
			}
		}
	})
	t.Run("it answers 503 when nobody is registered and healthy", func(t *testing.T) {
		if status, _ := through(NewBalancer(func() []string { return nil })); status != http.StatusServiceUnavailable {
			t.Errorf("%d", status)
		}
	})
}

func TestAsk(t *testing.T) {
	for name, c := range map[string]struct{ answer, reason string }{
		"the right answer":       {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nweb 1", ""},
		"another one's answer":   {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nweb 2", "the answer is another request's"},
		"half an answer":         {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwe", "the answer broke off"},
		"a load balancer's fear": {"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 3\r\n\r\nwhy", "status 502: why"},
	} {
		t.Run(name, func(t *testing.T) {
			address, _ := backend(t, c.answer)
			if reason := ask(t.Context(), http.DefaultClient, "http://"+address, "web 1"); reason != c.reason {
				t.Errorf("%q, want %q", reason, c.reason)
			}
		})
	}
	t.Run("no answer", func(t *testing.T) {
		address, _ := backend(t, "")
		if reason := ask(t.Context(), http.DefaultClient, "http://"+address, "web 1"); !strings.HasPrefix(
			reason,
			"no answer",
		) {
			t.Errorf("%q", reason)
		}
	})
}
