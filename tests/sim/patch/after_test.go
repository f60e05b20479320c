package patch_test

import (
	"testing"
	"time"

	"quickstep/shared/report"
	"quickstep/tests/sim"
	"quickstep/tests/sim/simtest"
	"quickstep/tests/world"
)

// thing is a patch in a state.
func thing(name, state string, installed time.Time) report.Patch {
	return report.Patch{
		KB:             name,
		Title:          name + " title",
		Severity:       "Important",
		Classification: "Security",
		State:          state,
		Installed:      installed,
	}
}

// Each case is one patch before and after the window, and how the second report tells it; empty: not at all.
func TestTheSecondReportTellsWhatCameOfEachPatch(t *testing.T) {
	opened := sim.Began.Add(simtest.Opens)
	during, before := opened.Add(time.Hour), opened.Add(-30*simtest.Day)
	none := time.Time{}
	for _, c := range simtest.Some([]struct {
		name          string
		first, second *report.Patch
		want          string
	}{
		{"announced and installed", ptr(thing("a", report.Missing, none)), ptr(thing("a", report.Installed, during)), "installed"},
		{"failed before, now installed", ptr(thing("a", report.Failed, none)), ptr(thing("a", report.Installed, during)), "installed"},
		{"installed, and only the day of it is known", ptr(thing("a", report.Missing, none)), ptr(thing("a", report.Installed, opened.Truncate(simtest.Day))), "installedUndetermined"},
		{"installed, and no time of it is known", ptr(thing("a", report.Missing, none)), ptr(thing("a", report.InstalledOther, none)), "installedUndetermined"},
		{"announced, and installed by hand before the window opened", ptr(thing("a", report.Missing, none)), ptr(thing("a", report.Installed, opened.Add(-time.Second))), "installedBefore"},
		{"announced, and installed when the window opened", ptr(thing("a", report.Missing, none)), ptr(thing("a", report.Installed, opened)), "installed"},
		{"failed before, and installed by hand before the window opened", ptr(thing("a", report.Failed, none)), ptr(thing("a", report.InstalledOther, opened.Add(-time.Hour))), "installedBefore"},
		{"announced, and installed by an execution before, without a reboot", ptr(thing("a", report.Missing, none)), ptr(thing("a", report.InstalledPendingReboot, opened.Add(-time.Hour))), "pendingBefore"},
		{"not announced, and installed by hand before the window opened", nil, ptr(thing("a", report.Installed, opened.Add(-time.Hour))), ""},
		{"not announced, and installed by an execution before, without a reboot", nil, ptr(thing("a", report.InstalledPendingReboot, opened.Add(-time.Hour))), "pendingBefore"},
		{"not announced, installed, and only the day of it is known", nil, ptr(thing("a", report.Installed, opened.Truncate(simtest.Day))), "installedUndetermined"},
		{"not announced, installed, and no time of it is known: any system is full of such", nil, ptr(thing("a", report.Installed, none)), ""},
		{"it waited for a reboot, and was installed once more", ptr(thing("a", report.InstalledPendingReboot, before)), ptr(thing("a", report.Installed, during)), "installed"},
		{"announced, and it waits for a reboot", ptr(thing("a", report.Missing, none)), ptr(thing("a", report.InstalledPendingReboot, during)), "pendingReboot"},
		{"announced, and it failed", ptr(thing("a", report.Missing, none)), ptr(thing("a", report.Failed, none)), "failed"},
		{"announced, and still missing", ptr(thing("a", report.Missing, none)), ptr(thing("a", report.Missing, none)), "missing"},
		{"announced, and not listed any more", ptr(thing("a", report.Missing, none)), nil, "notListed"},
		{"not announced, and installed meanwhile", nil, ptr(thing("a", report.Installed, during)), "notAnnounced"},
		{"not announced, and missing now: it came out meanwhile", nil, ptr(thing("a", report.Missing, none)), "missing"},
		{"not announced, and waiting for a reboot", nil, ptr(thing("a", report.InstalledPendingReboot, during)), "pendingReboot"},
		{"installed long ago: it is none of this window's", ptr(thing("a", report.Installed, before)), ptr(thing("a", report.Installed, before)), ""},
		{"it waited for a reboot in the first report, and is installed now", ptr(thing("a", report.InstalledPendingReboot, before)), ptr(thing("a", report.Installed, before)), "installedBefore"},
		{"it waited for a reboot in the first report, and still does", ptr(thing("a", report.InstalledPendingReboot, before)), ptr(thing("a", report.InstalledPendingReboot, before)), "stillPending"},
	}) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := simtest.Patched(
				t,
				1,
				simtest.ByHand(),
				func(_ int, _ *world.MachineSpec, _ *report.State, patches *[]report.Patch) { *patches = list(c.first) },
			)
			simtest.Survey(t, f, simtest.All{"windowIds": []string{simtest.Window}, "after": true})
			f.Advance(simtest.Opens + time.Hour)
			f.SetPatches(
				sim.ID(1),
				&report.State{Baseline: "pb-1", Operation: "Install", Ended: during},
				list(c.second),
			)
			f.Advance(3 * time.Hour)
			simtest.Reported(t, f, time.Hour)
			notes := simtest.Sent(f)
			if len(notes) != 2 {
				t.Fatalf("%d reports were sent, want two", len(notes))
			}
			m := parsed(t, notes[1:])
			if m.Phase != "after" || m.First != parsed(t, notes[:1]).Report {
				t.Errorf("the second report is %s, compared with %q", m.Phase, m.First)
			}
			got := m.of(sim.ID(1))
			if n := len(got[c.want]); (c.want != "" && n != 1) || (c.want == "" && len(got) > 0) || len(got) > 1 {
				t.Errorf("it is told as %v, want %q", got, c.want)
			}
			simtest.Quiet(t, f)
		})
	}
}

func ptr[T any](v T) *T { return &v }

func list(p *report.Patch) []report.Patch {
	if p == nil {
		return nil
	}
	return []report.Patch{*p}
}

func TestTheSecondReportComesOnceAfterTheWindowHasClosed(t *testing.T) {
	f := simtest.Patched(t, 3, map[string]string{"PatchAfter": "true"}, nil)
	f.Advance(4 * simtest.Day)
	notes := simtest.Sent(f)
	if len(notes) != 2 {
		t.Fatalf("%d reports were sent, want two", len(notes))
	}
	closes := sim.Began.Add(simtest.Opens + 3*time.Hour)
	if at := notes[1].At; at.Before(closes) || at.After(closes.Add(2*time.Hour)) {
		t.Errorf("the second was sent at %s; the window closed at %s", at, closes)
	}
	if a := notes[1].Attributes; a["phase"] != "after" {
		t.Errorf("its attributes are %v", a)
	}
	simtest.Quiet(t, f)
}

// Instances that vanished during the window are told, for the first report has announced them.
func TestTheSecondReportIsAboutTheInstancesOfTheFirst(t *testing.T) {
	f := simtest.Patched(t, 4, simtest.ByHand(), nil)
	simtest.Survey(t, f, simtest.All{"windowIds": []string{simtest.Window}, "after": true})
	f.Advance(simtest.Opens)
	f.Terminate(sim.ID(2))
	f.ChangeMachine(sim.ID(3), func(m *world.MachineSpec) { m.Managed = false })
	f.AddMachine(world.MachineSpec{ID: sim.ID(9), Managed: true, Tags: map[string]string{"Patch Group": "web"}})
	f.Advance(5 * time.Hour)
	m := parsed(t, simtest.Sent(f)[1:])
	each := m.each()
	if len(each) != 4 || each[sim.ID(2)] == "" || each[sim.ID(3)] == "" {
		t.Errorf("it tells of %q", each)
	}
	simtest.Quiet(t, f)
}

// A first report that nobody could make doesn't keep the second from telling what was done.
func TestASecondReportWithoutAFirstSaysSo(t *testing.T) {
	f := simtest.Patched(t, 2, simtest.ByHand(), nil)
	simtest.Survey(t, f, simtest.All{"windowIds": []string{simtest.Window}, "after": true})
	f.Throttled = func(function string) bool {
		return function != "triage" && f.Now().Before(sim.Began.Add(simtest.Opens+time.Hour))
	}
	f.Advance(simtest.Opens + time.Hour)
	outcome(f)
	f.Advance(6 * time.Hour)
	simtest.Holds(t, simtest.Only(t, f).Text, "no first report")
	simtest.Told(t, f, "alarm", "NO patch report of window web-patches")
	if m := parsed(t, simtest.Sent(f)); m.Phase != "after" || len(m.each()) != 2 {
		t.Errorf("the report (%s) tells of %v", m.Phase, m.each())
	}
	simtest.Settled(t, f)
}

// The survey function's outage before the second report is due lets its waiting message end as a dead letter. What
// it is given back for is the wait, not the report.
func TestASecondReportIsNeverMadeBeforeTheWindowHasClosed(t *testing.T) {
	for _, outage := range []time.Duration{time.Hour, 4 * time.Hour, 20 * time.Hour} {
		t.Run(outage.String(), func(t *testing.T) {
			f := simtest.Patched(t, 2, simtest.ByHand(), nil)
			simtest.Survey(t, f, simtest.All{"windowIds": []string{simtest.Window}, "after": true})
			f.Advance(time.Hour)
			f.Throttled = func(function string) bool {
				return function == "survey" && f.Now().Before(sim.Began.Add(time.Hour+outage))
			}
			f.Advance(simtest.Opens + 3*time.Hour)
			outcome(f)
			f.Advance(4 * time.Hour)
			notes := simtest.Sent(f)
			if len(notes) != 2 || notes[1].At.Before(sim.Began.Add(simtest.Opens+3*time.Hour)) {
				for _, n := range notes {
					t.Errorf("sent at %s: %s", n.At, n.Subject)
				}
			}
			simtest.Quiet(t, f)
		})
	}
}
