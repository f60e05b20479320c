package notify_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"quickstep/shared/input"
	"quickstep/shared/notify"
	"quickstep/shared/run"
)

var update = flag.Bool("update", false, "write the golden files")

var now = time.Date(2026, 1, 5, 4, 0, 0, 0, time.UTC)

const instance = "i-0123456789abcdef0"

func arn(name string) string {
	return "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/" + name + "/0123456789abcdef"
}

func open() *run.Run {
	return &run.Run{ID: "web-2026-01-05", Fleet: "web", Began: now.Add(-time.Hour), Opened: now.Add(-55 * time.Minute),
		Total: 12, Waiting: 6, Done: 4, Limit: 2, MaxErrors: 1, Tokens: []run.Token{{Instance: instance}, {Instance: "i-0fedcba9876543210"}}}
}

// out left half an hour ago, from two target groups, was rebooted, and failed at this moment.
func out(step, reason string) *run.Instance {
	return &run.Instance{ID: instance, LeftAt: now.Add(-30 * time.Minute), RebootAskedAt: now.Add(-25 * time.Minute),
		Capture: []run.Registration{
			{Group: arn("web"), Port: 80, Healthy: true},
			{Group: arn("web-admin"), Port: 8080, Healthy: true},
		},
		Failure: &run.Failure{Step: step, Reason: reason, At: now}}
}

func stopped(r *run.Run, reason string) *run.Run {
	r.Stop(now, reason)
	return r
}

// failures is a run of which so many have failed.
func failures(n int) *run.Run {
	r := open()
	r.Failed = n
	return r
}

// plan mutes two alarms and a rule.
func plan() *run.Plan {
	return &run.Plan{
		Request: run.Defaults(),
		Groups:  map[string]run.GroupPlan{arn("web"): {Name: "web"}, arn("web-admin"): {Name: "web-admin"}},
		Alarms:  []string{"web-5xx", "web-latency"},
		Rules:   []run.Rule{{Bus: "default", Name: "web-watch"}},
	}
}

func TestRun(t *testing.T) {
	plan := plan()
	window := *plan
	window.Request.NotAfter, window.Request.MinHealthy = now.Add(2*time.Hour), input.Amount{N: 75,
		Percent: true}
	for _, c := range []struct {
		name string // the golden file's
		note notify.Note
	}{
		{"refused", notify.Refused("web", `{"fleet":"web","scheduled":"2026-01-05T04:00:00Z","maxChecks":0}`, now,
			input.Refuse("maxChecks", "give 1 to 1000",
				"0 is out of bounds"))},
		{"started", notify.Started(open(), plan, nil)},
		{"started, with one of everything", notify.Started(&run.Run{ID: "web-2026-01-05", Fleet: "web", Total: 1, Limit: 1},
			&run.Plan{Request: run.Defaults(), Groups: map[string]run.GroupPlan{arn("web"): {Name: "web"}}}, nil)},
		{"started with a window and a remark", notify.Started(open(), &window,
			[]string{"maxErrors 2 can't be used up by instances that fail out of service: each keeps a token, of which the run has 2"})},
		{"trouble", notify.Trouble("web-2026-01-05", "web", run.StepFinishing, "enable rule web-watch: AccessDenied: not authorized to perform events:EnableRule", now)},
		{"trouble while it works", notify.Trouble("web-2026-01-05", "web", run.StepOpen, "mute 2 alarms: AccessDenied (since 2026-01-05T03:00:00Z; the alarms stay muted until 2026-01-05T03:20:00Z)", now)},
	} {
		t.Run(c.name, func(t *testing.T) { golden(t, c.note) })
	}
}

// TestSubject: SNS takes fewer than 100 characters of ASCII, in one line. However long the names, what happened
// stands before the cut, and a usual name stands there as a whole.
func TestSubject(t *testing.T) {
	long, schedules := strings.Repeat("f", 64), run.RunID(strings.Repeat("f", 64), "a schedule's")
	for _, names := range []struct{ fleet, run string }{{"web-production-eu-west", "web-2026-01-05"}, {"web", schedules}, {long, strings.Repeat("r", 64)}} {
		r := open()
		r.ID, r.Fleet, r.Total, r.Done, r.Failed, r.Waiting = names.run, names.fleet, 1000, 1000, 0, 0
		bad, rest, never := *r, *r, *r
		bad.Failed, rest.Skipped, never.Opened = 1000, 1000, time.Time{}
		for verdict, note := range map[string]notify.Note{
			instance + " FAILED at rejoin":     notify.Failure(r, out(run.StepAwait, "x")),
			"scheduled reboot refused":         notify.Refused(r.Fleet, "{}", now, errors.New("x")),
			"reboot of 1000 instances begins":  notify.Started(r, &run.Plan{Request: run.Defaults()}, nil),
			"all done, reboot of fleet":        notify.Ended(r, plan(), now, notify.Rows{}),
			"1000 FAILED, reboot of fleet":     notify.Ended(&bad, plan(), now, notify.Rows{}),
			"1000 skipped, reboot of fleet":    notify.Ended(&rest, plan(), now, notify.Rows{}),
			"NOT STARTED, reboot of fleet":     notify.Ended(&never, plan(), now, notify.Rows{}),
			"run " + r.ID + " has trouble at ": notify.Trouble(r.ID, r.Fleet, run.StepStarting, "x", now), // the longest
		} {
			if strings.ContainsFunc(note.Subject, func(c rune) bool { return c < ' ' || c > '~' }) {
				t.Errorf("SNS doesn't take the subject %q", note.Subject)
			}
			if !strings.HasPrefix(note.Subject, "Quickstep: "+verdict) {
				t.Errorf("the subject %q doesn't say %q first", note.Subject, verdict)
			}
			if len(note.Subject) > 99 {
				t.Errorf("the subject %q has %d characters", note.Subject, len(note.Subject))
			}
			if len(r.Fleet) < 30 && !strings.HasSuffix(note.Subject, r.Fleet) &&
				!strings.Contains(note.Subject, r.Fleet+" ") &&
				!strings.Contains(note.Subject, r.ID) {
				t.Errorf("the subject %q has lost the names", note.Subject)
			}
		}
	}
}

// golden compares a note with the file of the test's name.
func golden(t *testing.T, note notify.Note) {
	t.Helper()
	_, name, _ := strings.Cut(t.Name(), "/")
	file := filepath.Join("testdata", strings.NewReplacer("_", "-", ",", "").Replace(name)+".txt")
	got := note.Subject + "\n\n" + note.Text
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s (go test -update, if it is right)\n--- got\n%s--- want\n%s", file, got, want)
	}
}
