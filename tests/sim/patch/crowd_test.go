//go:build !race

// Fleets of a thousand, hundreds of windows or megabytes of messages: the race detector makes them twenty times as
// slow, and has nothing to find, for handlers run one at a time here. make test runs them without it.

package patch_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/patch"
	"quickstep/shared/report"
	"quickstep/tests/sim"
	"quickstep/tests/sim/simtest"
	"quickstep/tests/world"
)

// Taking turns doesn't make anybody forget what keeps failing.
func TestOfManyReportsThatMayNotBeSentPeopleAreToldOfEach(t *testing.T) {
	for _, n := range []int{1, 5, 20} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			f := simtest.Patched(t, 1, map[string]string{}, nil)
			f.KeepLog = false
			others(f, n-1, simtest.Opens)
			f.Refuse = func(op world.Op) error { return map[bool]error{true: errDenied}[op.Name == "Announce"] }
			f.Advance(simtest.Opens - time.Hour)
			if got := len(f.Published("alarm")); got != n {
				t.Errorf("people were told %d times of %d reports", got, n)
			}
			if calls := f.Count("sns.Announce"); calls > 40*n {
				t.Errorf("it was tried %d times", calls)
			}
		})
	}
}

// One missing permission is one mail, however many windows it is about; the next day it is said again.
func TestWhatASurveyCantDoIsOneMailADay(t *testing.T) {
	f := simtest.Patched(t, 1, map[string]string{}, nil)
	f.KeepLog = false
	others(f, 60, simtest.Opens)
	f.Refuse = func(op world.Op) error { return map[bool]error{true: errDenied}[op.Name == "Tasks"] }
	f.Advance(simtest.Opens - time.Hour)
	alarms := f.Published("alarm")
	if len(alarms) != 1 {
		t.Fatalf("%d alarms", len(alarms))
	}
	simtest.Holds(t, alarms[0].Subject, "61 maintenance windows")
	simtest.Holds(t, alarms[0].Text, "w0", "w59", "web-patches", "not authorized")
}

// What is told once a day is the same thing: another is told at once.
func TestAnotherReasonIsToldOnTheSameDay(t *testing.T) {
	f := simtest.Patched(t, 2, map[string]string{}, nil)
	f.Refuse = func(op world.Op) error {
		return map[bool]error{true: errDenied}[op.Name == "Tasks" && op.Function == "survey" && f.Now().Before(sim.Began.Add(16*time.Hour))]
	}
	f.After(15*time.Hour+30*time.Minute, func() {
		f.ChangeWindow(
			simtest.Window,
			func(w *world.WindowSpec) { w.Zone, w.Layout = "America/Newzone", "2006-01-02T15:04" },
		)
	})
	f.Advance(20 * time.Hour)
	alarms := f.Published("alarm")
	if len(alarms) != 2 {
		t.Fatalf("%d alarms", len(alarms))
	}
	simtest.Holds(t, alarms[0].Text, "not authorized")
	simtest.Holds(t, alarms[1].Text, "Newzone")
}

// By hand, the same request with the same id goes on where the time was up.
func TestARequestByHandGoesOnWhereItsTimeWasUp(t *testing.T) {
	f := simtest.Patched(t, 1, simtest.ByHand(), nil)
	f.KeepLog = false
	const n = 400
	others(f, n, simtest.Opens)
	f.Pace = func(op world.Op) time.Duration {
		return map[bool]time.Duration{true: time.Second, false: 20 * time.Millisecond}[op.Service == "ssm"]
	}
	tries := 0
	for ; tries < 4; tries++ {
		if _, err := f.Call("survey", simtest.All{"id": "x", "windowPrefix": "w"}); err == nil {
			break
		}
		f.Advance(2 * time.Minute)
	}
	f.Advance(time.Hour)
	if got := len(simtest.Sent(f)); got != n+1 || tries > 2 {
		t.Errorf("%d of %d windows were reported after %d tries", got, n+1, tries)
	}
}

// A deployment may change what the request leaves to the stack: it is the same request all the same.
func TestTheSameRequestAfterADeploymentIsTheSame(t *testing.T) {
	f := simtest.Patched(t, 2, simtest.ByHand(), nil)
	simtest.Survey(t, f, simtest.All{"id": "a", "windowIds": []string{simtest.Window}})
	deps := choreo.Deps{Ledger: f.Table(), Queues: f.Queues("survey"), Now: f.Now, Lease: time.Minute}
	deployed := patch.Survey{
		Deps:       deps,
		Windows:    f.SSM(),
		Executions: f.SSM(),
		Managed:    f.SSM(),
		EC2:        f.EC2(),
		Groups:     f.ResourceGroups(),
		Settings: report.Settings{
			States:     []string{report.Missing},
			Lead:       48 * time.Hour,
			StaleAfter: simtest.Day,
			Deadline:   2 * time.Hour,
		},
	}
	answer, err := deployed.Request(t.Context(), "another", []byte(`{"windowIds": ["`+simtest.Window+`"], "id": "a"}`))
	if err != nil || !strings.Contains(fmt.Sprint(answer), "under way") {
		t.Errorf("it is answered with %v, %v", answer, err)
	}
}

// However long its function can do nothing: a report is made when it can again, if it is worth something then.
func TestAReportOutlivesANightInWhichNothingWorks(t *testing.T) {
	for _, function := range []string{"survey", "report"} {
		for _, c := range []struct{ hours, reports int }{{3, 1}, {12, 1}, {48, 0}} {
			t.Run(fmt.Sprintf("%s, %d hours", function, c.hours), func(t *testing.T) {
				t.Parallel()
				f := simtest.Patched(t, 3, simtest.ByHand(), nil)
				simtest.Survey(t, f, simtest.All{"windowIds": []string{simtest.Window}})
				f.Refuse = func(op world.Op) error {
					broken := op.Function == function && op.Service == "dynamodb" &&
						f.Now().Before(sim.Began.Add(time.Duration(c.hours)*time.Hour))
					return map[bool]error{true: errDenied}[broken]
				}
				simtest.Reported(t, f, 72*time.Hour)
				if got := len(simtest.Sent(f)); got != c.reports {
					t.Errorf("%d reports", got)
				}
				if c.reports > 0 {
					return
				}
				simtest.Told(t, f, "alarm", "NO patch report", "opened")
				alarms := f.Published("alarm")
				if at := alarms[len(alarms)-1].At.Sub(sim.Began); at > simtest.Opens+2*time.Hour { // whoever could say so is dead until later
					t.Errorf("people were told %s after the window had opened", at-simtest.Opens)
				}
			})
		}
	}
}

// A survey that takes minutes takes none of its scans' time, and none of their distances.
func TestASlowSurveyCostsItsScansNothing(t *testing.T) {
	for _, c := range []struct {
		size     int
		pace     time.Duration
		deadline string
	}{{1000, 10 * time.Second, "10m"}, {4500, 2 * time.Second, "1h"}} { // of the latter, the last messages hop
		f := simtest.Patched(t, c.size, simtest.ByHand(), nil)
		f.KeepLog = false
		most := busiest(f)
		f.Pace = func(op world.Op) time.Duration {
			return map[bool]time.Duration{true: c.pace}[op.Function == "survey" && op.Name == "States"]
		}
		if m := named(t, f, simtest.All{"deadline": c.deadline}); m.Totals.Gaps > 0 || most() > 12 {
			t.Errorf("%d instances: %d gaps; %d calls in one second", c.size, m.Totals.Gaps, most())
		}
	}
}

// A throttled ledger is waited for as Systems Manager is.
func TestAThrottledLedgerMakesNoGaps(t *testing.T) {
	f := simtest.Patched(t, 3, simtest.ByHand(), nil)
	f.Fault = func(op world.Op) world.Fault {
		slow := op.Function == "scan" && op.Name == "Get" && !strings.HasPrefix(op.Subject, "I#") &&
			f.Now().Before(sim.Began.Add(55*time.Minute))
		return map[bool]world.Fault{true: world.Throttle}[slow]
	}
	simtest.Survey(t, f, simtest.All{"windowIds": []string{simtest.Window}, "deadline": "3h"})
	simtest.Reported(t, f, 6*time.Hour)
	if m := parsed(t, simtest.Sent(f)); m.Totals.Gaps > 0 || f.Count("fault.Throttle") == 0 {
		t.Errorf("%d gaps, %d throttles", m.Totals.Gaps, f.Count("fault.Throttle"))
	}
}

// Trouble that is over is forgotten: what comes then is told anew, and one throttle costs seconds.
func TestTroubleThatIsOverIsForgotten(t *testing.T) {
	f := simtest.Patched(
		t,
		4,
		simtest.ByHand(),
		func(n int, _ *world.MachineSpec, _ *report.State, patches *[]report.Patch) {
			*patches = simtest.Numbered(800 * n)
		},
	)
	f.KeepLog = false
	once := false
	f.Fault = func(op world.Op) world.Fault {
		if op.Name == "Announce" && len(simtest.Sent(f)) == 3 && !once {
			once = true
			return world.Throttle
		}
		return world.None
	}
	f.Refuse = func(op world.Op) error {
		return map[bool]error{true: errDenied}[op.Name == "Announce" && f.Now().Before(sim.Began.Add(20*time.Minute))]
	}
	simtest.Survey(t, f, simtest.All{"windowIds": []string{simtest.Window}})
	f.Advance(3 * time.Hour)
	notes := simtest.Sent(f)
	if len(notes) < 5 || !once {
		t.Fatalf("%d parts", len(notes))
	}
	if took := notes[len(notes)-1].At.Sub(notes[0].At); took > 5*time.Minute {
		t.Errorf("from the first part to the last it took %s", took)
	}
	if got := len(f.Published("alarm")); got != 1 {
		t.Errorf("%d alarms", got)
	}
}

// A remark that a survey has made is kept whatever became of its first try.
func TestTheRemarkThatThereIsNoFirstReportIsKept(t *testing.T) {
	f := simtest.Patched(t, 3, map[string]string{"PatchAfter": "true"}, nil)
	whileDenied(f, 0, simtest.Opens+5*time.Hour)
	f.Advance(simtest.Opens + 40*time.Hour)
	simtest.Holds(t, simtest.Only(t, f).Text, "there is no first report to compare with")
}

// However late the scans begin, and whatever was lost on the way, they aren't all at work at once: others need the
// API too.
func TestScansKeepTheirPaceWhateverGoesWrong(t *testing.T) {
	const size = 1000
	for _, c := range []struct {
		name  string
		spoil func(f *sim.Fleet)
	}{
		{"the survey is throttled for half an hour at its last instances", func(f *sim.Fleet) {
			f.Fault = func(op world.Op) world.Fault {
				late := op.Function == "survey" && op.Name == "States" && f.Count("ssm.States") >= size/50-2
				return map[bool]world.Fault{true: world.Throttle}[late && f.Now().Before(sim.Began.Add(30*time.Minute))]
			}
		}},
		{"every queue is purged when the scans have begun", func(f *sim.Fleet) { f.After(10*time.Second, f.PurgeAll) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := simtest.Patched(t, size, simtest.ByHand(), nil)
			f.KeepLog = false
			most := busiest(f)
			c.spoil(f)
			m := named(t, f)
			if n := most(); n > 10 || m.Totals.Gaps > 0 || m.Totals.Instances != size {
				t.Errorf("%d calls in one second; %d gaps of %d", n, m.Totals.Gaps, m.Totals.Instances)
			}
		})
	}
}

// SNS takes an address off its list that gets more than ten e-mails a second.
func TestManyWindowsAtOnceAreReportedOneAfterTheOther(t *testing.T) {
	f := simtest.Patched(t, 30, map[string]string{"PatchAfter": "true"}, nil)
	for k := range 30 {
		w := simtest.Ordinary()
		w.ID, w.Name = fmt.Sprintf("mw-0123456789abcd%03d", k), fmt.Sprintf("w%d", k)
		w.Tasks = []report.Task{simtest.Install(chosen("InstanceIds", sim.ID(k+1)))}
		w.Executions = []time.Time{sim.Began.Add(simtest.Opens)}
		f.AddWindow(w)
	}
	f.Advance(simtest.Opens + 6*time.Hour)
	per := map[int64]int{}
	for _, n := range simtest.Sent(f) {
		if per[n.At.Unix()]++; per[n.At.Unix()] > 10 {
			t.Fatalf("more than ten messages in the second of %s", n.At)
		}
	}
	if len(simtest.Sent(f)) != 62 {
		t.Errorf("%d reports were sent", len(simtest.Sent(f)))
	}
}
