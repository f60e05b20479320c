package contract

import (
	"context"
	"testing"
	"time"

	"quickstep/shared/run"
)

// Probes is how an application is asked over the network.
type Probes interface {
	HTTP(ctx context.Context, p run.HTTPProbe) run.Finding
	TCP(ctx context.Context, address string, timeout time.Duration) run.Finding
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
		got := f.Port.HTTP(t.Context(), run.HTTPProbe{URL: url, Codes: c.codes, Timeout: 5 * time.Second})
		if got.OK != c.want || (got.Why == "") != c.want || got.Down {
			t.Errorf("status %d, codes %s: %+v", c.status, c.codes, got)
		}
	}
}

func probeText(t *testing.T, f ProbesFixture) {
	url, _ := f.Serves(t, 200, `{"status":"UP"}`)
	for text, want := range map[string]bool{"": true, "UP": true, `"status":"UP"`: true, "DOWN": false, "up": false} {
		got := f.Port.HTTP(t.Context(), run.HTTPProbe{URL: url, Codes: "200", Text: text, Timeout: 5 * time.Second})
		if got.OK != want || (got.Why == "") != want || got.Down {
			t.Errorf("text %q: %+v", text, got)
		}
	}
}

func probeRefused(t *testing.T, f ProbesFixture) {
	f.neither(t, f.Refuses)
	if got := f.Port.TCP(t.Context(), f.Refuses, time.Second); got.OK || !got.Down || got.Why == "" {
		t.Errorf("TCP: %+v", got)
	}
}

func probeSilent(t *testing.T, f ProbesFixture) { f.neither(t, f.Silent) }

func (f ProbesFixture) neither(t *testing.T, address string) {
	t.Helper()
	got := f.Port.HTTP(t.Context(), run.HTTPProbe{URL: "http://" + address + "/", Codes: "200", Timeout: 500 * time.Millisecond})
	if got.OK || !got.Down || got.Why == "" {
		t.Errorf("HTTP: %+v", got)
	}
}

func probeTCP(t *testing.T, f ProbesFixture) {
	_, address := f.Serves(t, 500, "")
	if got := f.Port.TCP(t.Context(), address, 5*time.Second); !got.OK || got.Why != "" {
		t.Errorf("%+v", got)
	}
}
