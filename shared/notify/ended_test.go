package notify_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"quickstep/shared/input"
	"quickstep/shared/notify"
	"quickstep/shared/run"
)

// over is a run of twelve that are done.
func over(change func(*run.Run)) *run.Run {
	r := open()
	r.Done, r.Waiting, r.OutFor, r.Longest = 12, 0, input.Duration(
		36*time.Minute,
	), run.Longest{
		Instance: instance,
		For:      input.Duration(4*time.Minute + 10*time.Second),
	}
	if change != nil {
		change(r)
	}
	return r
}

func TestEnded(t *testing.T) {
	const few = input.Duration(12 * time.Minute)
	begun := func() *run.Run {
		return &run.Run{ID: "web-2026-01-05", Fleet: "web", Began: now.Add(-20 * time.Minute)}
	}
	prepared := begun()
	prepared.Total, prepared.Waiting = 12, 12
	quiet := &run.Plan{Request: run.Defaults()}
	for _, c := range []struct {
		name string // the golden file's
		run  *run.Run
		plan *run.Plan
		rows notify.Rows
	}{
		{"ended, all done", over(nil), plan(), notify.Rows{}},
		{"ended, nothing muted", over(nil), quiet, notify.Rows{}},
		{"ended with failures", stopped(over(func(r *run.Run) { r.Done, r.Failed, r.Skipped, r.Waiting, r.OutFor = 4, 2, 1, 5, few }), "2 failed, and maxErrors is 1"), plan(),
			notify.Rows{Failures: []string{"i-0aaaaaaaaaaaaaaa0 OUT OF SERVICE, at check: not started after 30 checks: HTTP: no answer within 5s",
				"i-0bbbbbbbbbbbbbbb0 at drain: AccessDenied"}, Out: 1,
				Skips: []string{"i-0ccccccccccccccc0: no target group holds the instance any more"}}},
		{"ended, cancelled", stopped(over(func(r *run.Run) { r.Done, r.Skipped, r.Waiting, r.OutFor = 4, 2, 6, few }), "cancelled by an operator"), plan(),
			notify.Rows{Skips: []string{"i-0aaaaaaaaaaaaaaa0: cancelled by an operator", "i-0bbbbbbbbbbbbbbb0: cancelled by an operator"}}},
		{"ended with a rest, every token held", over(func(r *run.Run) { r.Done, r.Failed, r.Waiting, r.Limit, r.OutFor = 10, 1, 1, 1, 3*few }), plan(),
			notify.Rows{Failures: []string{"i-0aaaaaaaaaaaaaaa0 OUT OF SERVICE, at check: not started after 30 checks: HTTP: no answer within 5s"}, Out: 1}},
		{"ended, with more than a person reads", over(func(r *run.Run) { r.Done, r.Skipped = 0, 12; r.OutFor, r.Longest = 0, run.Longest{} }), plan(),
			notify.Rows{Skips: []string{"i-0aaaaaaaaaaaaaaa0: the instance is stopped"}, More: 11}},
		{"ended, with one more than a person reads", over(func(r *run.Run) { r.Done, r.Skipped = 10, 2 }), plan(),
			notify.Rows{Skips: []string{"i-0aaaaaaaaaaaaaaa0: the instance is stopped"}, More: 1}},
		{"ended, one unhealthy as before", over(func(r *run.Run) { r.Unhealthy = 1 }), plan(),
			notify.Rows{Unhealthy: []string{instance + ": web port 80 is unhealthy (Target.Timeout)"}}},
		{"ended, one released since", over(func(r *run.Run) { r.Done, r.Failed = 11, 1 }), plan(),
			notify.Rows{Failures: []string{instance + " out of service until it was released or seen back, at check: OUT OF SERVICE"}}},
		{"not started", stopped(begun(), "it could not begin: the alarms could not be muted: AccessDenied"), plan(), notify.Rows{}},
		{"not started, with a rest", stopped(prepared, "it could not begin: the alarms could not be muted: AccessDenied"), plan(), notify.Rows{}},
		{"not started, nothing muted", stopped(begun(), "cancelled by an operator"), quiet, notify.Rows{}},
	} {
		t.Run(c.name, func(t *testing.T) { golden(t, notify.Ended(c.run, c.plan, now, c.rows)) })
	}
}

func TestDeleted(t *testing.T) {
	if text := notify.Deleted(nil); text != "" {
		t.Errorf("without a deleted alarm: %q", text)
	}
	many := make([]string, 23)
	for n := range many {
		many[n] = fmt.Sprintf("web-%02d", n)
	}
	text := notify.Deleted(many)
	if !strings.HasPrefix(text, "\nDeleted during the run, and so no longer muted:\n  web-00\n") ||
		!strings.HasSuffix(text, "  web-19\n  and 3 more\n") {
		t.Errorf("of 23: %q", text)
	}
}
