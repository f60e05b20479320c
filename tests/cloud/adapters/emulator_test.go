//go:build e2e

package adapters_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"quickstep/tests/cloud/emulator"
	"quickstep/tests/cloud/standin"
	"quickstep/tests/world"
)

func TestMain(m *testing.M) {
	if err := emulator.Loopback(endpoint()); err != nil {
		fmt.Fprintln(os.Stderr, "EMULATOR:", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func endpoint() string { return os.Getenv("EMULATOR") }

// config reaches the emulator.
func config() aws.Config { return emulator.Config(endpoint()) }

var names atomic.Int64

// fresh is a name that nothing bears yet.
func fresh(prefix string) string { return fmt.Sprintf("%s-%d", prefix, names.Add(1)) }

// must ends the test if something that a fixture needs can't be had.
func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// through reaches the emulator by a handler of ours.
func through(t *testing.T, h http.Handler) aws.Config {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return emulator.Config(s.URL)
}

// beside reaches the emulator by the stand-in, as deployed functions do.
func beside(t *testing.T, w *world.World) aws.Config {
	t.Helper()
	return through(t, standin.New(w, must[*url.URL](t)(url.Parse(endpoint()))))
}
