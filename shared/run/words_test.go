package run_test

import (
	"testing"
	"time"

	"quickstep/shared/run"
)

func TestSpan(t *testing.T) {
	for _, c := range []struct {
		d    time.Duration
		want string
	}{
		{0, "0s"},
		{400 * time.Millisecond, "0s"},
		{1600 * time.Millisecond, "2s"},
		{10 * time.Second, "10s"},
		{time.Minute, "1m"},
		{10 * time.Minute, "10m"},
		{10*time.Minute + 10*time.Second, "10m10s"},
		{time.Hour, "1h"},
		{20 * time.Hour, "20h"},
		{time.Hour + 10*time.Minute, "1h10m"},
		{2*time.Hour + 5*time.Second, "2h0m5s"},
		{-5 * time.Minute, "-5m"},
	} {
		if got := run.Span(c.d); got != c.want {
			t.Errorf("Span(%s) = %s, want %s", c.d, got, c.want)
		}
		if back, err := time.ParseDuration(run.Span(c.d)); err != nil ||
			back != c.d.Round(time.Second) {
			t.Errorf("%s doesn't mean %s: %s, %v", run.Span(c.d), c.d, back, err)
		}
	}
}
