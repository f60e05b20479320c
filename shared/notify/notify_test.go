package notify_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

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
		Total: 12, Waiting: 6, Done: 4, Limit: 2, MaxErrors: 1}
}

// out left half an hour ago, from two target groups, was rebooted, and failed at this moment.
func out(step, reason string) *run.Instance {
	return &run.Instance{ID: instance, LeftAt: now.Add(-30 * time.Minute), RebootAskedAt: now.Add(-25 * time.Minute),
		Capture: []run.Registration{{Group: arn("web"), Port: 80, Healthy: true}, {Group: arn("web-admin"), Port: 8080, Healthy: true}},
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

func TestFailure(t *testing.T) {
	for _, c := range []struct {
		name string // the golden file's
		run  *run.Run
		i    func() *run.Instance
	}{
		{"failed out of service", open(), func() *run.Instance {
			return out(run.StepCheck, "not started after 30 checks: HTTP: no answer within 5s")
		}},
		{"failed after the run had stopped", stopped(failures(2), "2 failed, and maxErrors is 1"), func() *run.Instance {
			return out(run.StepAwait, "not healthy 10m after it rejoined: web port 80 is unhealthy (Target.Timeout)")
		}},
		{"terminated", open(), func() *run.Instance {
			i := out(run.StepCheck, "the instance was terminated while it was being rebooted")
			i.Terminated = true
			return i
		}},
		{"never rebooted, going back", open(), func() *run.Instance {
			i := out(run.StepReboot, "never drained: the instance is draining in target group web, port 80")
			i.RebootAskedAt = time.Time{}
			return i
		}},
		{"taken out by somebody else", open(), func() *run.Instance {
			i := out(run.StepAwait, "somebody else took it out of web port 80 after it had rejoined; it was left out there")
			i.BackAt = now
			return i
		}},
		{"never left", open(), func() *run.Instance {
			return &run.Instance{ID: instance, Failure: &run.Failure{Step: run.StepDrain, At: now,
				Reason: "describe instance i-0123456789abcdef0: UnauthorizedOperation: not authorized to perform ec2:DescribeInstances"}}
		}},
	} {
		t.Run(c.name, func(t *testing.T) { golden(t, notify.Failure(c.run, c.i())) })
	}
}

func TestRun(t *testing.T) {
	plan := &run.Plan{Request: run.Defaults(), Groups: map[string]run.GroupPlan{arn("web"): {Name: "web"}, arn("web-admin"): {Name: "web-admin"}},
		Alarms: []string{"web-5xx", "web-latency"}, Rules: []run.Rule{{Bus: "default", Name: "web-watch"}}}
	window := *plan
	window.Request.NotAfter, window.Request.MinHealthy = now.Add(2*time.Hour), run.Amount{N: 75, Percent: true}
	const few = run.Duration(12 * time.Minute)
	done := func(change func(*run.Run)) *run.Run {
		r := open()
		r.Done, r.Waiting, r.OutFor, r.Longest = 12, 0, run.Duration(36*time.Minute), run.Longest{Instance: instance, For: run.Duration(4*time.Minute + 10*time.Second)}
		if change != nil {
			change(r)
		}
		return r
	}
	for _, c := range []struct {
		name string // the golden file's
		note notify.Note
	}{
		{"refused", notify.Refused("web", `{"fleet":"web","scheduled":"2026-01-05T04:00:00Z","maxChecks":0}`, now,
			&run.FieldError{Field: "maxChecks", Problem: "0 is out of bounds", Want: "give 1 to 1000"})},
		{"started", notify.Started(open(), plan, nil)},
		{"started with a window and a remark", notify.Started(open(), &window,
			[]string{"maxErrors 2 can't be used up by instances that fail out of service: each keeps one of the 2 tokens"})},
		{"ended, all done", notify.Ended(done(nil), now, nil, nil, 0)},
		{"ended with failures", notify.Ended(stopped(done(func(r *run.Run) { r.Done, r.Failed, r.Skipped, r.Waiting, r.OutFor = 4, 2, 1, 5, few }), "2 failed, and maxErrors is 1"), now,
			[]string{"i-0aaaaaaaaaaaaaaa0 OUT OF SERVICE, at check: not started after 30 checks: HTTP: no answer within 5s", "i-0bbbbbbbbbbbbbbb0 at drain: AccessDenied"},
			[]string{"i-0ccccccccccccccc0: somebody took the instance out of its target groups"}, 0)},
		{"ended, cancelled", notify.Ended(stopped(done(func(r *run.Run) { r.Done, r.Skipped, r.Waiting, r.OutFor = 4, 2, 6, few }), "cancelled by an operator"), now,
			nil, []string{"i-0aaaaaaaaaaaaaaa0: cancelled by an operator", "i-0bbbbbbbbbbbbbbb0: cancelled by an operator"}, 0)},
		{"ended, with more than a person reads", notify.Ended(done(func(r *run.Run) { r.Done, r.Skipped = 0, 12; r.OutFor, r.Longest = 0, run.Longest{} }), now,
			nil, []string{"i-0aaaaaaaaaaaaaaa0: the instance is stopped"}, 11)},
		{"not started", notify.Ended(stopped(&run.Run{ID: "web-2026-01-05", Fleet: "web", Began: now.Add(-20 * time.Minute)},
			"it could not begin: the alarms could not be muted: AccessDenied"), now, nil, nil, 0)},
		{"trouble", notify.Trouble("web-2026-01-05", "web", run.StepFinishing, "enable rule web-watch: AccessDenied: not authorized to perform events:EnableRule", now)},
	} {
		t.Run(c.name, func(t *testing.T) { golden(t, c.note) })
	}
}

// TestSubject: SNS takes fewer than 100 characters of ASCII, in one line.
func TestSubject(t *testing.T) {
	r := open()
	r.Fleet, r.Total, r.Failed = "web-production-eu-west", 1000, 100
	for name, note := range map[string]notify.Note{
		"failure": notify.Failure(r, out(run.StepRejoin, "x")),
		"refused": notify.Refused(r.Fleet, "{}", now, errors.New("x")),
		"started": notify.Started(r, &run.Plan{Request: run.Defaults()}, nil),
		"ended":   notify.Ended(r, now, nil, nil, 0),
		"trouble": notify.Trouble(run.RunID(strings.Repeat("f", 64), "a schedule's"), r.Fleet, run.StepFinishing, "x", now),
	} {
		if strings.ContainsFunc(note.Subject, func(c rune) bool { return c < ' ' || c > '~' }) || note.Subject == "" || len(note.Subject) > 99 {
			t.Errorf("%s: SNS doesn't take the subject %q, of %d characters", name, note.Subject, len(note.Subject))
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
