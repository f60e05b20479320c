package patch_test

import (
	"strings"
	"testing"
	"time"

	"quickstep/shared/report"
	"quickstep/tests/sim"
	"quickstep/tests/sim/simtest"
	"quickstep/tests/world"
)

// secondly makes both reports of a fleet, which the change makes another between them, and gives the second.
func secondly(t *testing.T, f *sim.Fleet, change func()) (world.Note, form) {
	t.Helper()
	simtest.Survey(t, f, simtest.All{"windowIds": []string{simtest.Window}, "after": true})
	f.Advance(simtest.Opens + time.Hour)
	change()
	f.Advance(3 * time.Hour)
	simtest.Reported(t, f, time.Hour)
	notes := simtest.Sent(f)
	if len(notes) != 2 {
		t.Fatalf("%d reports were sent, want two", len(notes))
	}
	return notes[1], parsed(t, notes[1:])
}

// patchedAt makes the patches of an instance others, as an installation or a scan at a time has found them.
func patchedAt(f *sim.Fleet, n int, operation string, at time.Time, patches ...report.Patch) {
	f.SetPatches(sim.ID(n), &report.State{Baseline: "pb-1", Operation: operation, Ended: at}, patches)
}

// Each case is what an instance has before and after the window, and what is told of it. Systems Manager may tell
// another title of what is installed, or none.
func TestThePatchIsTheSameWhateverItsTitle(t *testing.T) {
	opened := sim.Began.Add(simtest.Opens)
	during := opened.Add(time.Hour)
	titled := func(title, state string, at time.Time) report.Patch {
		return report.Patch{KB: "KB1", Title: title, Severity: "Critical", State: state, Installed: at}
	}
	var never time.Time
	for _, c := range []struct {
		name          string
		before, after []report.Patch
		found         map[string]int
	}{
		{"its title is gone", []report.Patch{titled("Update", report.Missing, never)}, []report.Patch{titled("", report.InstalledOther, opened.Truncate(simtest.Day))}, map[string]int{"installedUndetermined": 1}},
		{"its title came", []report.Patch{titled("", report.Missing, never)}, []report.Patch{titled("Update", report.Installed, during)}, map[string]int{"installed": 1}},
		{"its title is another, and it has one alone", []report.Patch{titled("Update", report.Missing, never)}, []report.Patch{titled("Aktualisierung", report.Installed, during)}, map[string]int{"installed": 1}},
		{"its title is another, and the date isn't known", []report.Patch{titled("Update", report.Missing, never)}, []report.Patch{titled("Aktualisierung", report.Installed, never)}, map[string]int{"installedUndetermined": 1}},
		{"it has two versions, and one is installed", []report.Patch{titled("1", report.Missing, never), titled("2", report.Missing, never)},
			[]report.Patch{titled("1", report.Installed, during), titled("2", report.Missing, never)}, map[string]int{"installed": 1, "missing": 1}},
		{"an older version was installed long ago", []report.Patch{titled("2", report.Missing, never)},
			[]report.Patch{titled("1", report.Installed, opened.Add(-90*simtest.Day)), titled("2", report.Installed, during)}, map[string]int{"installed": 1}},
		{"installed by others, hours before the opening", nil, []report.Patch{titled("1", report.Installed, opened.Add(-10*time.Hour))}, map[string]int{}},
		{"installed on the day of the opening, which is all that is known", nil, []report.Patch{titled("1", report.Installed, opened.Truncate(simtest.Day))}, map[string]int{"installedUndetermined": 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := simtest.Patched(
				t,
				1,
				simtest.ByHand(),
				func(_ int, _ *world.MachineSpec, _ *report.State, p *[]report.Patch) { *p = c.before },
			)
			_, m := secondly(t, f, func() { patchedAt(f, 1, "Install", during, c.after...) })
			for _, as := range []string{"installed", "installedUndetermined", "installedBefore", "missing", "notListed", "notAnnounced"} {
				if m.Totals.Found[as] != c.found[as] {
					t.Errorf("found %v, want %v", m.Totals.Found, c.found)
				}
			}
			simtest.Quiet(t, f)
		})
	}
}

// What an instance lacks that is terminated, or lost to Systems Manager, nobody knows: nothing of it is "not
// listed".
func TestWhatIsLostIsNotToldAsNotListed(t *testing.T) {
	f := simtest.Patched(t, 3, simtest.ByHand(), nil)
	note, m := secondly(t, f, func() {
		f.Terminate(sim.ID(2))
		f.ChangeMachine(sim.ID(3), func(m *world.MachineSpec) { m.Managed = false })
		patchedAt(f, 1, "Install", f.Now(), simtest.Five()...)
	})
	if m.Totals.Found["notListed"] > 0 || note.Attributes["unknown"] != 2 {
		t.Errorf("found %v, attributes %v", m.Totals.Found, note.Attributes)
	}
	simtest.Holds(t, note.Text, "2 not known")
}

func TestAnInstanceThatTheFirstReportKnewNothingOfIsNotCompared(t *testing.T) {
	for name, change := range map[string]func(*world.MachineSpec, *report.State){
		"Systems Manager didn't manage it when":  func(m *world.MachineSpec, _ *report.State) { m.Managed = false },
		"it had never been scanned when":         func(_ *world.MachineSpec, s *report.State) { s.Baseline = "" },
		"it had never been scanned when the fir": func(_ *world.MachineSpec, s *report.State) { s.Ended = time.Time{} },
	} {
		t.Run(name, func(t *testing.T) {
			f := simtest.Patched(
				t,
				1,
				simtest.ByHand(),
				func(_ int, m *world.MachineSpec, s *report.State, p *[]report.Patch) {
					*p = nil
					change(m, s)
				},
			)
			note, m := secondly(t, f, func() {
				f.ChangeMachine(sim.ID(1), func(m *world.MachineSpec) { m.Managed = true })
				patchedAt(f, 1, "Install", f.Now(), thing("a", report.Installed, f.Now()))
			})
			if m.Totals.Found["installed"] != 1 || m.Totals.Found["notAnnounced"] > 0 ||
				m.each()[sim.ID(1)] != "notCompared" {
				t.Errorf("found %v; it is flagged %v", m.Totals.Found, m.each())
			}
			simtest.Holds(t, note.Text, name)
		})
	}
}

// A scan of the day hides nothing: what counts is whether anything was installed.
func TestAWindowThatNeverOpenedIsSaidEverywhere(t *testing.T) {
	for _, c := range []struct {
		name      string
		operation string
		patches   []report.Patch
		silent    bool
	}{
		{"only a scan ran", "Scan", simtest.Five(), true},
		{"an installation ran", "Install", simtest.Five(), false},
		{"a scan ran after something was installed", "Scan", []report.Patch{thing("a", report.Installed, sim.Began.Add(simtest.Opens+time.Minute))}, false},
	} {
		f := simtest.Patched(t, 2, simtest.ByHand(), nil)
		note, m := secondly(t, f, func() {
			for n := 1; n <= 2; n++ {
				patchedAt(f, n, c.operation, f.Now(), c.patches...)
			}
		})
		for what, text := range map[string]string{"subject": note.Subject, "text": note.Text, "remarks": strings.Join(m.Remarks, " ")} {
			if got := strings.Contains(text, "no installation") && strings.Contains(text, "seen"); got != c.silent {
				t.Errorf("%s: its %s says so: %t\n%.300s", c.name, what, got, text)
			}
		}
	}
}

func TestWithoutAFirstReportNothingIsCompared(t *testing.T) {
	f := simtest.Patched(t, 2, simtest.ByHand(), nil)
	simtest.Survey(t, f, simtest.All{"windowIds": []string{simtest.Window}, "after": true})
	f.Throttled = func(function string) bool {
		return function != "triage" && f.Now().Before(sim.Began.Add(simtest.Opens+time.Hour))
	}
	f.Advance(simtest.Opens + time.Hour)
	outcome(f)
	f.Advance(6 * time.Hour)
	m := parsed(t, simtest.Sent(f))
	if text := simtest.Only(t, f).Text; strings.Contains(text, "Compared:") || strings.Count(text, "Note:") != 1 ||
		m.First != "" {
		t.Errorf("it is compared with %q:\n%s", m.First, text)
	}
	for id, flags := range m.each() {
		if strings.Contains(flags, "notCompared") {
			t.Errorf("%s is flagged %s", id, flags)
		}
	}
}
