package contract

import (
	"context"
	"testing"
	"time"

	"quickstep/shared/run"
)

// Probes is how an application is asked over the network.
type Probes interface {
	HTTP(ctx context.Context, p run.HTTPProbe) (ok bool, why string)
	TCP(ctx context.Context, address string, timeout time.Duration) (ok bool, why string)
}

// ProbesFixture is a network.
type ProbesFixture struct {
	Port Probes
	// Serves starts an application that answers every HTTP request, and gives its URL and its address.
	Serves func(t *testing.T, status int, body string) (url, address string)
	// Refuses is an address where nothing listens; Silent is one that takes the connection, or not even that, and
	// never answers a request. Empty: that can't be had.
	Refuses, Silent string
}

// ExerciseProbes tests probes.
func ExerciseProbes(t *testing.T, open func(t *testing.T) ProbesFixture) {
	t.Helper()
	exercise(t, open, []part[ProbesFixture]{
		{"the codes decide", probeCodes},
		{"the text must be in the body", probeText},
		{"an application that isn't there isn't ok, and it is said why", probeRefused},
		{"one that never answers isn't ok once the time is up", probeSilent},
		{"a connection is enough for TCP", probeTCP},
	})
}

func probeCodes(t *testing.T, f ProbesFixture) {
	for _, c := range []struct {
		status int
		codes  string
		want   bool
	}{
		{200, "200", true}, {204, "200", false}, {204, "200-299", true}, {302, "200,302", true}, {301, "200,302", false},
		{503, "200-399", false}, {503, "503", true}, {404, "200-299,400-499", true}, {302, "200", false},
	} {
		url, _ := f.Serves(t, c.status, "body")
		good, why := f.Port.HTTP(t.Context(), run.HTTPProbe{URL: url, Codes: c.codes, Timeout: 5 * time.Second})
		if good != c.want || (why == "") != c.want {
			t.Errorf("status %d, codes %s: %t, %q", c.status, c.codes, good, why)
		}
	}
}

func probeText(t *testing.T, f ProbesFixture) {
	url, _ := f.Serves(t, 200, `{"status":"UP"}`)
	for text, want := range map[string]bool{"": true, "UP": true, `"status":"UP"`: true, "DOWN": false, "up": false} {
		good, why := f.Port.HTTP(t.Context(), run.HTTPProbe{URL: url, Codes: "200", Text: text, Timeout: 5 * time.Second})
		if good != want || (why == "") != want {
			t.Errorf("text %q: %t, %q", text, good, why)
		}
	}
}

func probeRefused(t *testing.T, f ProbesFixture) {
	f.neither(t, f.Refuses)
	if good, why := f.Port.TCP(t.Context(), f.Refuses, time.Second); good || why == "" {
		t.Errorf("TCP: %t, %q", good, why)
	}
}

func probeSilent(t *testing.T, f ProbesFixture) { f.neither(t, f.Silent) }

func (f ProbesFixture) neither(t *testing.T, address string) {
	t.Helper()
	if good, why := f.Port.HTTP(t.Context(), run.HTTPProbe{URL: "http://" + address + "/", Codes: "200", Timeout: 500 * time.Millisecond}); good || why == "" {
		t.Errorf("HTTP: %t, %q", good, why)
	}
}

func probeTCP(t *testing.T, f ProbesFixture) {
	_, address := f.Serves(t, 500, "")
	if good, why := f.Port.TCP(t.Context(), address, 5*time.Second); !good || why != "" {
		t.Errorf("%t, %q", good, why)
	}
}
