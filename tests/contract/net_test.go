package contract_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"quickstep/shared/probe"
	"quickstep/tests/contract"
)

// TestProbesOfTheNetwork runs the suite of probes on real connections.
func TestProbesOfTheNetwork(t *testing.T) {
	contract.ExerciseProbes(t, func(t *testing.T) contract.ProbesFixture {
		return contract.ProbesFixture{Port: probe.Net{}, Serves: serve, Refuses: closed(t), Silent: silent(t)}
	})
}

func serve(t *testing.T, status int, body string) (url, address string) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if status >= 300 && status < 400 {
			w.Header().Set("Location", "/elsewhere")
		}
		w.WriteHeader(status)
		if status != http.StatusNoContent {
			_, _ = fmt.Fprint(w, body)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL + "/health", strings.TrimPrefix(s.URL, "http://")
}

// closed is the address of a listener that isn't there any more.
func closed(t *testing.T) string {
	t.Helper()
	l := listen(t)
	_ = l.Close()
	return l.Addr().String()
}

// silent takes connections and says nothing.
func silent(t *testing.T) string {
	t.Helper()
	l := listen(t)
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String()
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}
