package patch_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"quickstep/tests/sim/simtest"

	"quickstep/shared/report"
	"quickstep/tests/sim"
	"quickstep/tests/world"
)

// repeating is a window that has opened with a period for two days, and goes on to.
func repeating(t *testing.T, parameters map[string]string, period time.Duration) *sim.Fleet {
	t.Helper()
	return recurring(t, parameters, period, period/4, func(w *world.WindowSpec) {
		w.Hours, w.Executions = 1, nil
		for at := sim.Began.Add(-2 * simtest.Day); at.Before(sim.Began.Add(6 * simtest.Day)); at = at.Add(period) {
			w.Executions = append(w.Executions, at)
		}
	})
}

// Four openings a day are reported each; a day has five of a window that opens every five hours.
func TestAWindowThatOpensFourTimesADayIsReportedEachTime(t *testing.T) {
	for _, c := range []struct {
		period time.Duration
		want   int // reports in three days
		once   bool
	}{
		{6 * time.Hour, 12, false},
		{5 * time.Hour, 3, true},
	} {
		t.Run(c.period.String(), func(t *testing.T) {
			t.Parallel()
			f := repeating(t, map[string]string{"PatchLead": "2h"}, c.period)
			f.Advance(simtest.Day)
			before := len(simtest.Sent(f))
			f.Advance(3 * simtest.Day)
			notes := simtest.Sent(f)[before:]
			if len(notes) < c.want-1 || len(notes) > c.want+1 {
				t.Errorf("%d reports were sent in three days, want %d", len(notes), c.want)
			}
			for _, n := range notes {
				if strings.Contains(n.Text, "more often than four times a day") != c.once {
					t.Errorf("reported once a day, want %t:\n%s", c.once, n.Text)
				}
			}
		})
	}
}

// An hourly survey asks nothing about a window whose report of the day was begun before.
func TestAWindowThatIsReportedOnceADayCostsNothingMoreThatDay(t *testing.T) {
	f := repeating(t, nil, 5*time.Minute)
	f.Advance(12 * time.Hour)
	calls := map[string]int{}
	f.AfterEffect = func(op world.Op) { calls[op.Service+" "+op.Name]++ }
	f.Advance(6 * time.Hour)
	if n := calls["ssm Executions"] + calls["ssm Tasks"]; n > 0 {
		t.Errorf("six surveys made %d calls about it: %v", n, calls)
	}
}

func TestAReportOnceADayThatIsNotDoneSaysByWhen(t *testing.T) {
	f := repeating(t, nil, 30*time.Minute)
	f.Refuse = func(op world.Op) error {
		return map[bool]error{true: errDenied}[op.Name == "Targets"]
	}
	f.Advance(6 * time.Hour)
	alarms := f.Published("alarm")
	text := ""
	for _, n := range alarms {
		if strings.Contains(n.Subject, "NO patch report") {
			text = n.Text
		}
	}
	simtest.Holds(t, text, "it wasn't done by 2026-01-05T")
}

// A task that isn't known, aimed at the same instances as the one that installs.
func TestTheInstancesOfATaskThatIsNotKnownCanBeInTheReport(t *testing.T) {
	f := tasked(t, simtest.ByHand(), ownTask("Acme-Check"), simtest.Install(registered()...))
	if m := named(t, f); len(m.each()) != 2 {
		t.Errorf("it tells of %v", m.each())
	}
	text := simtest.Only(t, f).Text
	simtest.Holds(t, text, "runs document Acme-Check, which isn't known")
	if strings.Contains(text, "its instances aren't in this report") {
		t.Errorf("they are:\n%s", text)
	}
}

func TestAWindowWithAnotherTaskThatReboots(t *testing.T) {
	install := simtest.Install(registered()...)
	install.Parameters = map[string][]string{"RebootOption": {"NoReboot"}}
	for _, document := range []string{"AWS-RestartEC2Instance", "Acme-Restart", "AWS-StopEC2Instance"} {
		restart := report.Task{Name: "restart", Document: document, Type: report.Automation,
			Parameters: map[string][]string{"InstanceId": {"{{TARGET_ID}}"}}, Targets: registered()}
		f := tasked(t, simtest.ByHand(), install, restart)
		named(t, f)
		if text := simtest.Only(t, f).Text; strings.Contains(text, "doesn't reboot") {
			t.Errorf("%s: it may\n%s", document, text)
		}
	}
}

// PatchDocuments takes no Lambda function.
func TestOfALambdaFunctionNobodyIsSentToPatchDocuments(t *testing.T) {
	f := tasked(t, nil, report.Task{Name: "patch-web", Type: report.Lambda,
		Document: "arn:aws:lambda:us-east-1:1:function:patch", Targets: registered()})
	f.Advance(2 * simtest.Day)
	alarms := f.Published("alarm")
	if len(alarms) != 1 {
		t.Fatalf("%d alarms", len(alarms))
	}
	simtest.Holds(t, alarms[0].Text, "PatchWindowIds")
	if strings.Contains(alarms[0].Text, "PatchDocuments") {
		t.Errorf("it says\n%s", alarms[0].Text)
	}
}

// What a later execution has installed isn't this one's.
func TestASecondReportThatIsAskedForLaterSaysSo(t *testing.T) {
	f := simtest.Patched(t, 2, nil, nil)
	f.ChangeWindow(simtest.Window, func(w *world.WindowSpec) { w.Executions = openings(simtest.Day, 3) })
	f.Advance(simtest.Opens - time.Hour)
	first := parsedOne(t, simtest.Only(t, f)).Report
	at := sim.Began.Add(simtest.Opens + simtest.Day + time.Hour) // the next execution
	f.At(at, func() {
		for n := range 2 {
			f.SetPatches(sim.ID(n+1), &report.State{Baseline: "pb-1", Operation: "Install", Ended: f.Now()},
				[]report.Patch{thing("later", report.Installed, f.Now().Add(-time.Minute))})
		}
	})
	f.Advance(at.Add(12 * time.Hour).Sub(f.Now()))
	answer := secondOf(t, f, first, nil)
	f.Advance(time.Hour)
	for _, n := range simtest.Sent(f) {
		if m := parsedOne(t, n); m.Report == answer["report"] {
			t.Log(n.Subject)
			simtest.Holds(t, n.Text, "it was made 34h after the window had closed: what later executions, or people")
			return
		}
	}
	t.Error("it wasn't sent")
}

// The second report of a window that was chosen is about its instances, whoever asks for it.
func TestASecondReportByHandOfAChosenWindowWithoutInstancesOfItsFirst(t *testing.T) {
	f := tasked(t, simtest.ByHand(), ownTask("Acme-Patch"))
	f.Refuse = func(op world.Op) error {
		return map[bool]error{true: errDenied}[op.Name == "Targets"]
	}
	id := begin(t, f, nil)
	f.Advance(time.Minute)
	cancel(t, f, id)
	f.Refuse = nil
	f.Advance(simtest.Opens + 4*time.Hour)
	secondOf(t, f, id, nil)
	f.Advance(time.Hour)
	if m := parsed(t, simtest.Sent(f)); len(m.each()) != 2 {
		t.Errorf("it tells of %v: %s", m.each(), fmt.Sprint(m.Remarks))
	}
}

// scanned is a fleet that was scanned after its window had closed, and still waits for reboots.
func scanned(f *sim.Fleet, at time.Time) {
	f.At(at, func() {
		for n := range 2 {
			f.SetPatches(sim.ID(n+1), &report.State{Baseline: "pb-1", Operation: "Scan", Ended: f.Now()},
				[]report.Patch{thing("kernel", report.InstalledPendingReboot, sim.Began.Add(-7*simtest.Day)),
					thing("openssl", report.Missing, time.Time{})})
		}
	})
}

// Instances wait for a reboot because the window hasn't run, or hasn't ended.
func TestNothingIsOddIfTheWindowHasNotRun(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(w *world.WindowSpec)
		says   string
	}{
		{"no execution", func(w *world.WindowSpec) {
			w.Outcomes = map[time.Time]report.Execution{w.Executions[0]: {Status: report.ExecutionNone}}
		}, "no installation seen"},
		{"it isn't over", func(w *world.WindowSpec) { w.Takes = 6 * time.Hour },
			"isn't over (IN_PROGRESS): what it still installs is told as missing here"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := simtest.Patched(t, 2, map[string]string{"PatchAfter": "true"}, nil)
			f.ChangeWindow(simtest.Window, func(w *world.WindowSpec) {
				w.Executions = w.Executions[:1]
				c.change(w)
			})
			scanned(f, sim.Began.Add(simtest.Opens+2*time.Hour))
			f.Advance(simtest.Opens + 5*time.Hour)
			notes := simtest.Sent(f)
			if len(notes) != 2 {
				t.Fatalf("%d reports were sent", len(notes))
			}
			text := notes[1].Text
			simtest.Holds(t, text, c.says)
			if strings.Contains(text, "is odd") || strings.Contains(text, "although the window reboots") {
				t.Errorf("it is not:\n%s\n%s", notes[1].Subject, text)
			}
		})
	}
}

// The window was moved while its survey was half done, and is moved back: what it found then is old.
func TestAWindowThatIsMovedAndMovedBackIsReportedAsItIsThen(t *testing.T) {
	f := simtest.Patched(t, 60, map[string]string{"PatchLead": "48h"}, nil)
	denied := true
	f.Refuse = func(op world.Op) error {
		return map[bool]error{true: errDenied}[denied && op.Name == "States" && op.Subject == sim.ID(51)]
	}
	opens := sim.Began.Add(simtest.Opens)
	f.Advance(100 * time.Minute)
	f.ChangeWindow(
		simtest.Window,
		func(w *world.WindowSpec) { w.Executions = []time.Time{opens.Add(20 * simtest.Day)} },
	)
	f.Advance(5 * time.Hour)
	if n := len(f.Docs("REPORTS")); n > 0 {
		t.Fatalf("%d reports are under way", n)
	}
	if n := len(f.Docs("REPORT#mw-0123456789abcdef0-20260106T1400Z")); n != 50 {
		t.Fatalf("%d of its scans were left, want 50", n)
	}
	f.Terminate(sim.ID(2))
	denied = false
	for n := range 60 {
		f.SetPatches(sim.ID(n+1), &report.State{Baseline: "pb-2", Operation: "Scan", Ended: f.Now()},
			[]report.Patch{thing("later", report.Missing, time.Time{})})
	}
	f.ChangeWindow(simtest.Window, func(w *world.WindowSpec) { w.Executions = []time.Time{opens} })
	f.Advance(6 * time.Hour)
	note := simtest.Only(t, f)
	if strings.Contains(note.Text, "pb-0123456789abcdef0") {
		t.Errorf("it tells of old scans:\n%s", note.Text[:min(len(note.Text), 3000)])
	}
	if each := parsedOne(t, note).each(); len(each) != 59 {
		t.Errorf("it tells of %d instances, want the 59 that there are", len(each))
	}
}

// Half of it is installed when the second report is made: the subject says that more may come.
func TestASecondReportOfAnExecutionThatIsNotOver(t *testing.T) {
	f := simtest.Patched(t, 2, map[string]string{"PatchAfter": "true"}, nil)
	f.ChangeWindow(simtest.Window, func(w *world.WindowSpec) {
		w.Executions, w.Takes = w.Executions[:1], 6*time.Hour
	})
	f.At(sim.Began.Add(simtest.Opens+2*time.Hour), func() {
		at := f.Now().Add(-time.Minute)
		f.SetPatches(sim.ID(1), &report.State{Baseline: "pb-1", Operation: "Install", Ended: f.Now()},
			[]report.Patch{thing("openssl", report.Installed, at)})
	})
	f.Advance(simtest.Opens + 5*time.Hour)
	notes := simtest.Sent(f)
	if len(notes) != 2 {
		t.Fatalf("%d reports were sent", len(notes))
	}
	simtest.Holds(t, notes[1].Subject, "web-patches closed, not over")
	simtest.Holds(t, notes[1].Text, "isn't over (IN_PROGRESS): what it still installs is told as missing here")
	simtest.Quiet(t, f)
}

// Instances are scanned one after the other: their ages differ by minutes.
func TestInstancesScannedWithinAnHourAreToldTogether(t *testing.T) {
	for phase, lines := range map[string]string{
		"stale":      "40 of 40 instances: last scan 10h ago:",
		"notPatched": "40 of 40 instances: nothing was heard since the window opened: last scan 2 days ago:",
	} {
		f := simtest.Patched(t, 40, simtest.ByHand("PatchStaleAfter", "2h"),
			func(n int, _ *world.MachineSpec, state *report.State, _ *[]report.Patch) {
				state.Ended = sim.Began.Add(-10*time.Hour - time.Duration(n)*time.Minute)
			})
		var text string
		if phase == "stale" {
			named(t, f)
			text = simtest.Only(t, f).Text
		} else {
			begin(t, f, simtest.All{"after": true})
			f.Advance(simtest.Opens + 4*time.Hour)
			text = simtest.Sent(f)[1].Text
		}
		simtest.Holds(t, text, lines)
	}
}
