package patch_test

import (
	"fmt"
	"testing"
	"time"

	"quickstep/shared/report"
	"quickstep/tests/sim"
	"quickstep/tests/sim/simtest"
	"quickstep/tests/world"
)

// whileDenied lets survey list no instances until a permission is mended.
func whileDenied(f *sim.Fleet, from, mended time.Duration) {
	f.Refuse = func(op world.Op) error {
		at := f.Now().Sub(sim.Began)
		return map[bool]error{true: errDenied}[op.Function == "survey" && op.Service == "ec2" && at >= from && at < mended]
	}
}

// Whatever the lead is, and whichever report it is: what couldn't be begun is begun once it can be, and people knew
// in time.
func TestAReportWhoseInstancesCantBeListedIsMadeOnceTheyCan(t *testing.T) {
	closed := simtest.Opens + 3*time.Hour
	for _, c := range []struct {
		name         string
		lead         string
		from, mended time.Duration
	}{
		{"a first report, ten hours before the window opens", "24h", 0, simtest.Opens - 10*time.Hour},
		{"a first report with a short lead", "3h", 0, simtest.Opens - 110*time.Minute},
		{"a first report, in the last quarter of an hour", "3h", 0, simtest.Opens - 12*time.Minute},
		{"a second report, five minutes late", "24h", closed, closed + 35*time.Minute},
		{"a second report, half a day late", "24h", closed, closed + 12*time.Hour},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := simtest.Patched(t, 3, map[string]string{"PatchAfter": "true", "PatchLead": c.lead}, nil)
			whileDenied(f, c.from, c.mended)
			f.Advance(simtest.Opens + 40*time.Hour)
			phases := map[string]int{}
			for _, n := range simtest.Sent(f) {
				phases[parsedOne(t, n).Phase]++
			}
			if phases["before"] != 1 || phases["after"] != 1 {
				t.Errorf("the reports are %v", phases)
			}
			alarms := f.Published("alarm")
			if len(alarms) != 1 {
				t.Fatalf("people were told %d times", len(alarms))
			}
			simtest.Holds(t, alarms[0].Subject, "trouble")
			simtest.Holds(t, alarms[0].Text, "not authorized", "every hour")
			simtest.Settled(t, f)
		})
	}
}

// The time that a survey has lost is none of its scans': they have what the request gives them, from when they are
// begun.
func TestASurveyThatCrashedHalfWayCostsItsScansNoTime(t *testing.T) {
	f := simtest.Patched(t, 60, simtest.ByHand(), nil)
	once := false
	f.Fault = func(op world.Op) world.Fault {
		if op.Function == "survey" && op.Name == "States" && f.Count("ssm.States") >= 1 && !once {
			once = true
			return world.CrashBefore
		}
		return world.None
	}
	if m := named(t, f, simtest.All{"deadline": "5m"}); m.Totals.Gaps > 0 || m.Totals.Instances != 60 || !once {
		t.Errorf("%d of %d instances are gaps", m.Totals.Gaps, m.Totals.Instances)
	}
}

func TestAScanThatCrashedHasAnotherTryHoweverShortTheDeadlineIs(t *testing.T) {
	f := simtest.Patched(t, 3, simtest.ByHand(), nil)
	once := false
	f.Fault = func(op world.Op) world.Fault {
		if op.Name == "Patches" && op.Subject == sim.ID(1) && !once {
			once = true
			return world.CrashBefore
		}
		return world.None
	}
	if m := named(t, f, simtest.All{"deadline": "5m"}); m.Totals.Gaps > 0 || !once {
		t.Errorf("%d gaps", m.Totals.Gaps)
	}
}

// Throttles come back later for as long as there is time: the deadline is the bound, no number of tries.
func TestAnInstanceIsReadAgainUntilTheDeadline(t *testing.T) {
	for _, c := range []struct {
		fault world.Fault
		lasts time.Duration
		gaps  int
	}{{world.Throttle, 55 * time.Minute, 0}, {world.ServerError, 2 * time.Hour, 0}, {world.Throttle, 4 * time.Hour, 1}} {
		t.Run(fmt.Sprintf("%s for %s", c.fault, c.lasts), func(t *testing.T) {
			t.Parallel()
			f := simtest.Patched(t, 3, simtest.ByHand(), nil)
			f.Fault = func(op world.Op) world.Fault {
				return map[bool]world.Fault{true: c.fault}[op.Name == "Patches" && op.Subject == sim.ID(1) && f.Now().Before(sim.Began.Add(c.lasts))]
			}
			simtest.Survey(t, f, simtest.All{"windowIds": []string{simtest.Window}, "deadline": "3h"})
			simtest.Reported(t, f, 6*time.Hour)
			m := parsed(t, simtest.Sent(f))
			if m.Totals.Gaps != c.gaps || f.Count("ssm.Patches") > 60 {
				t.Errorf(
					"%d gaps after %s and %d calls",
					m.Totals.Gaps,
					simtest.Sent(f)[0].At.Sub(sim.Began),
					f.Count("ssm.Patches"),
				)
			}
			for _, g := range m.Rows.Gaps {
				simtest.Holds(t, g.Reason, "before the deadline", "rate exceeded")
			}
		})
	}
}

// busiest is the most calls of DescribeInstancePatches within a second.
func busiest(f *sim.Fleet) func() int {
	per := map[int64]int{}
	f.Also(func(op world.Op) {
		if op.Name == "Patches" {
			per[f.Now().Unix()]++
		}
	})
	return func() (most int) {
		for _, n := range per {
			most = max(most, n)
		}
		return most
	}
}

// A window that was named by its id is about what its own tasks are aimed at, whatever document they run.
func TestAWindowThatIsNamedCountsWhateverItsTasksAre(t *testing.T) {
	f := simtest.Patched(t, 3, simtest.ByHand(), nil)
	f.ChangeWindow(simtest.Window, func(w *world.WindowSpec) {
		w.Targets = nil
		w.Tasks = []report.Task{
			{Document: "Corp-Patch", Targets: []report.Target{chosen("InstanceIds", sim.ID(1), sim.ID(2))}},
		}
	})
	if m := named(t, f); m.Totals.Instances != 2 {
		t.Errorf("it tells of %d instances", m.Totals.Instances)
	}
}

func TestAWindowWithoutTargetsSaysSo(t *testing.T) {
	f := simtest.Patched(t, 3, simtest.ByHand(), nil)
	f.ChangeWindow(
		simtest.Window,
		func(w *world.WindowSpec) { w.Targets, w.Tasks = nil, []report.Task{simtest.Install()} },
	)
	if m := named(t, f); m.Totals.Instances != 0 {
		t.Errorf("it tells of %d instances", m.Totals.Instances)
	}
	simtest.Holds(t, simtest.Only(t, f).Text, "none of the window's patch tasks has a target")
}
