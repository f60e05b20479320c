//go:build !race

// Fleets of a thousand, hundreds of windows or megabytes of messages: the race detector makes them twenty times as
// slow, and has nothing to find, for handlers run one at a time here. make test runs them without it.

package patch_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"quickstep/shared/report"
	"quickstep/tests/sim"
	"quickstep/tests/sim/simtest"
	"quickstep/tests/world"
)

// others adds n windows like the ordinary one that open at a time; each patches the first instance.
func others(f *sim.Fleet, n int, at time.Duration) {
	for k := range n {
		w := simtest.Ordinary()
		w.ID, w.Name = fmt.Sprintf("mw-0123456789abc%04d", k), fmt.Sprintf("w%d", k)
		w.Tasks = []report.Task{simtest.Install(chosen("InstanceIds", sim.ID(1)))}
		w.Executions = []time.Time{sim.Began.Add(at)}
		f.AddWindow(w)
	}
}

// One survey has five minutes; what it doesn't get to, the next one does.
func TestAThousandWindowsAreAllReported(t *testing.T) {
	f := simtest.Patched(t, 1, map[string]string{}, nil)
	f.KeepLog = false
	const n = 400
	others(f, n, simtest.Opens)
	f.Pace = func(op world.Op) time.Duration {
		return map[bool]time.Duration{true: time.Second, false: 20 * time.Millisecond}[op.Service == "ssm"]
	}
	f.Advance(simtest.Opens)
	windows := map[string]bool{}
	for _, note := range simtest.Sent(f) {
		windows[parsedOne(t, note).Window.ID] = true
	}
	if len(windows) != n+1 {
		t.Errorf("%d of %d windows were reported", len(windows), n+1)
	}
}

// What was reported costs a read an hour, not another look at the window's tasks.
func TestAWindowIsLookedAtOnce(t *testing.T) {
	f := simtest.Patched(t, 1, map[string]string{"PatchLead": "336h"}, nil)
	f.KeepLog = false
	others(f, 50, 300*time.Hour)
	f.Advance(10 * simtest.Day)
	if n := f.Count("ssm.Tasks"); n > 2*52+2 { // by the schedule, and by the report
		t.Errorf("tasks were listed %d times for 52 reports", n)
	}
	if len(simtest.Sent(f)) != 52 {
		t.Errorf("%d reports were sent", len(simtest.Sent(f)))
	}
}

// All windows may open in a few minutes, when the stack is new.
func TestWindowsThatOpenSoonAreReportedBefore(t *testing.T) {
	f := simtest.Patched(t, 1, simtest.ByHand(), nil)
	f.KeepLog = false
	others(f, 200, 10*time.Minute)
	simtest.Survey(t, f, simtest.All{"scheduled": f.Now().Format(time.RFC3339)})
	f.Advance(time.Hour)
	if n := len(simtest.Sent(f)); n != 200 {
		t.Errorf("%d of 200 windows were reported", n)
	}
	simtest.Quiet(t, f)
}

// What is wrong with one window is told once a day, and keeps nobody else's report from being made.
func TestAWindowThatCantBeReadIsToldOnceADay(t *testing.T) {
	for _, c := range []struct {
		name   string
		spoil  func(f *sim.Fleet)
		reason string
	}{
		{"its time zone isn't known, and its next execution time has no offset", func(f *sim.Fleet) {
			f.ChangeWindow("mw-0123456789abc0000", func(w *world.WindowSpec) { w.Zone, w.Layout = "America/Newzone", "2006-01-02T15:04" })
		}, "America/Newzone"},
		{"its tasks may not be read", func(f *sim.Fleet) {
			f.Refuse = func(op world.Op) error {
				return map[bool]error{true: errDenied}[op.Name == "Tasks" && strings.Contains(op.Subject, "mw-0123456789abc0000")]
			}
		}, "not authorized"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := simtest.Patched(t, 2, map[string]string{}, nil)
			others(f, 1, simtest.Opens)
			c.spoil(f)
			f.Advance(simtest.Opens)
			alarms := f.Published("alarm")
			if len(alarms) < 1 || len(alarms) > 2 {
				t.Errorf("%d alarms in a day and a half", len(alarms))
			}
			for _, a := range alarms {
				simtest.Holds(t, a.Text, c.reason, "w0", "once a day")
			}
			if m := parsed(t, simtest.Sent(f)); m.Window.ID != simtest.Window {
				t.Errorf("the report is about %s", m.Window.ID)
			}
		})
	}
}

// An offset says it all: a zone that is newer than this code is only for people to read.
func TestATimeZoneThatIsntKnownNeedntBe(t *testing.T) {
	f := simtest.Patched(t, 2, map[string]string{}, nil)
	f.ChangeWindow(simtest.Window, func(w *world.WindowSpec) { w.Zone = "America/Newzone" })
	f.Advance(simtest.Opens)
	if m := parsed(t, simtest.Sent(f)); !m.Window.Opens.Equal(sim.Began.Add(simtest.Opens)) {
		t.Errorf("it opens at %s", m.Window.Opens)
	}
	simtest.Quiet(t, f)
}

// What passes by itself is tried again at once, although something else is wrong that doesn't.
func TestAWindowThatIsGoneHidesNoThrottle(t *testing.T) {
	f := simtest.Patched(t, 2, map[string]string{"PatchWindowIds": simtest.Window + "," + strange}, nil)
	n := 0
	f.Fault = func(op world.Op) world.Fault {
		if op.Function == "survey" && op.Service == "dynamodb" && op.Name == "Write" && n == 0 &&
			f.Now().After(sim.Began.Add(12*time.Hour)) {
			n++
			return world.Throttle
		}
		return world.None
	}
	f.Advance(simtest.Opens)
	if at := simtest.Only(t, f).At; at.After(sim.Began.Add(13*time.Hour+10*time.Minute)) || n != 1 {
		t.Errorf("the report came at %s", at)
	}
	for _, a := range f.Published("alarm") {
		simtest.Holds(t, a.Text, strange)
	}
}

func TestAPrefixThatNoWindowHasIsToldOnceADay(t *testing.T) {
	f := simtest.Patched(t, 1, map[string]string{"PatchWindowPrefix": "wbe-"}, nil)
	f.Advance(50 * time.Hour)
	alarms := f.Published("alarm")
	if len(alarms) != 3 || len(simtest.Sent(f)) > 0 {
		t.Fatalf("%d alarms, %d reports", len(alarms), len(simtest.Sent(f)))
	}
	simtest.Holds(t, alarms[0].Text, `"wbe-"`, "the stack's parameter PatchWindowPrefix")
}
