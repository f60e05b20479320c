package patch_test

import (
	"slices"
	"testing"
	"time"

	"quickstep/shared/report"
	"quickstep/tests/sim"
	"quickstep/tests/sim/simtest"
	"quickstep/tests/world"
)

// every has a patch in each state, and a second one that waits for a reboot.
func every() (all []report.Patch) {
	for n, state := range []string{report.Missing, report.Failed, report.Installed, report.InstalledOther, report.InstalledPendingReboot, report.InstalledRejected,
		report.NotApplicable, report.AvailableSecurity, report.InstalledPendingReboot} {
		p := simtest.Numbered(9)[n]
		p.State = state
		all = append(all, p)
	}
	return all
}

func TestStatesThatAreAskedForAndPendingRebootsAreReported(t *testing.T) {
	for _, c := range []struct {
		name       string
		parameters []string
		event      []string
		want       []string
	}{
		{"missing and failed, if nobody says otherwise", nil, nil, []string{report.Missing, report.Failed}},
		{"those that the parameters name", []string{"PatchStates", "Missing"}, nil, []string{report.Missing}},
		{"those that the request names", []string{"PatchStates", "Missing"}, []string{report.Failed}, []string{report.Failed}},
		{"only those that wait for a reboot", nil, []string{report.InstalledPendingReboot}, nil},
		{"what is installed", nil, []string{report.Installed, report.InstalledOther, report.InstalledRejected}, []string{report.Installed, report.InstalledOther, report.InstalledRejected}},
		{"what isn't for the instance, or not approved", nil, []string{report.NotApplicable, report.AvailableSecurity}, []string{report.NotApplicable, report.AvailableSecurity}},
		{"a state twice", nil, []string{report.Missing, report.Missing}, []string{report.Missing}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := simtest.Patched(
				t,
				1,
				simtest.ByHand(c.parameters...),
				func(_ int, _ *world.MachineSpec, _ *report.State, patches *[]report.Patch) { *patches = every() },
			)
			event := simtest.All{}
			if c.event != nil {
				event["states"] = c.event
			}
			m := named(t, f, event)
			m.mustHold(t, sim.ID(1), slices.DeleteFunc(every(), func(p report.Patch) bool {
				return !slices.Contains(c.want, p.State) && p.State != report.InstalledPendingReboot
			}))
			if !slices.Equal(m.reboots(), []string{sim.ID(1)}) || m.Totals.Reboot != 1 ||
				m.Totals.Found["pendingReboot"] != 2 {
				t.Errorf(
					"a reboot is needed by %v, %d patches wait for it",
					m.reboots(),
					m.Totals.Found["pendingReboot"],
				)
			}
			simtest.Quiet(t, f)
		})
	}
}

// Each case makes something of an instance's state or of its patches, and says how it is flagged.
func TestWhatIsOddAboutAnInstanceIsFlagged(t *testing.T) {
	for _, c := range []struct {
		name   string
		event  simtest.All
		change func(spec *world.MachineSpec, state *report.State, patches *[]report.Patch)
		flags  string
		text   string
	}{
		{"nothing", nil, nil, "", "Lists, and the instances"},
		{"it was never scanned", nil, func(_ *world.MachineSpec, s *report.State, p *[]report.Patch) { s.Baseline, *p = "", nil }, "neverScanned", "no patch state: what is missing isn't known"},
		{"it isn't managed", nil, func(m *world.MachineSpec, _ *report.State, _ *[]report.Patch) { m.Managed = false }, "notManaged", "not managed by Systems Manager"},
		{"its scan is eight days old", nil, func(_ *world.MachineSpec, s *report.State, _ *[]report.Patch) {
			s.Ended = sim.Began.Add(-8 * simtest.Day)
		}, "stale", "8 days"},
		{"its scan is seven days old to the second", nil, func(_ *world.MachineSpec, s *report.State, _ *[]report.Patch) {
			s.Ended = sim.Began.Add(-7*simtest.Day + 10*time.Second)
		}, "", "Lists, and the instances"},
		{"its scan is older than the request wants", simtest.All{"staleAfter": "2h"}, nil, "stale", "3h"},
		{"its scan is younger than the request wants", simtest.All{"staleAfter": "720h"}, func(_ *world.MachineSpec, s *report.State, _ *[]report.Patch) {
			s.Ended = sim.Began.Add(-8 * simtest.Day)
		}, "", "Lists, and the instances"},
		{"it has no patches", nil, func(_ *world.MachineSpec, _ *report.State, p *[]report.Patch) { *p = nil }, "", "nothing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := simtest.Patched(
				t,
				2,
				simtest.ByHand(),
				func(n int, spec *world.MachineSpec, state *report.State, patches *[]report.Patch) {
					if n == 1 && c.change != nil {
						c.change(spec, state, patches)
					}
				},
			)
			if c.event != nil && c.event["staleAfter"] == "30d" {
				c.event["staleAfter"] = "720h"
			}
			m := named(t, f, c.event)
			if got := m.each()[sim.ID(1)]; got != c.flags {
				t.Errorf("it is flagged %q, want %q", got, c.flags)
			}
			simtest.Holds(t, simtest.Only(t, f).Text, c.text)
			simtest.Quiet(t, f)
		})
	}
}

// Systems Manager counts what waits for a reboot in the patch state as well, which may be all that can be read.
func TestAnInstanceNeedsARebootIfItsStateSaysSo(t *testing.T) {
	f := simtest.Patched(
		t,
		2,
		simtest.ByHand(),
		func(n int, _ *world.MachineSpec, state *report.State, patches *[]report.Patch) {
			if n == 2 {
				state.PendingReboot, *patches = 3, nil
			} else {
				*patches = (*patches)[:1]
			}
		},
	)
	if m := named(t, f); !slices.Equal(m.reboots(), []string{sim.ID(2)}) {
		t.Errorf("a reboot is needed by %v", m.reboots())
	}
	simtest.Quiet(t, f)
}

func TestASummaryCountsPatchesAndInstancesBySeverity(t *testing.T) {
	f := simtest.Patched(
		t,
		3,
		simtest.ByHand(),
		func(n int, _ *world.MachineSpec, _ *report.State, patches *[]report.Patch) {
			*patches = (*patches)[n-1:] // the first has all five, the third the last three
		},
	)
	m := named(t, f)
	var got []any
	for _, s := range m.Severities {
		got = append(got, s.Severity, s.Patches, s.Instances)
	}
	if want := []any{"Critical", 1, 1, "Important", 1, 2, "Medium", 1, 3, "", 1, 3}; !slices.Equal(got, want) {
		t.Errorf("by severity: %v, want %v", got, want)
	}
	for n, want := range []struct {
		title     string
		instances int
	}{{simtest.Five()[0].Title, 1}, {simtest.Five()[1].Title, 2}, {simtest.Five()[3].Title, 3}, {simtest.Five()[4].Title, 3}, {simtest.Five()[2].Title, 3}} {
		if p := m.Rows.Patches[n]; p.Title != want.title || p.Instances != want.instances {
			t.Errorf(
				"patch %d is %s on %d instances, want %s on %d",
				n,
				p.Title,
				p.Instances,
				want.title,
				want.instances,
			)
		}
	}
	for _, p := range m.Rows.Patches {
		if p.Title == simtest.Five()[0].Title && p.CVEs != simtest.Five()[0].CVEs {
			t.Errorf("its CVEs are %q", p.CVEs)
		}
	}
}

// What can't be read may need a reboot all the same, and is told as fully as what can.
func TestAGapNeedsARebootIfItsStateSaysSo(t *testing.T) {
	f := simtest.Patched(
		t,
		3,
		simtest.ByHand(),
		func(n int, _ *world.MachineSpec, state *report.State, patches *[]report.Patch) {
			*patches = nil
			if n != 1 {
				state.PendingReboot, state.Ended = 2, sim.Began.Add(-30*simtest.Day)
			}
		},
	)
	f.Stop(sim.ID(3))
	f.Advance(10 * time.Minute)
	denied(f, sim.ID(2), sim.ID(3))
	m := named(t, f)
	if !slices.Equal(m.reboots(), []string{sim.ID(2)}) {
		t.Errorf("a reboot is needed by %v", m.reboots())
	}
	g := m.Rows.Gaps[0]
	if g.Scan == nil || g.Scan.Baseline == "" || !slices.Equal(g.Flags, []string{"stale"}) {
		t.Errorf("the gap is told as %+v", g)
	}
	simtest.Holds(t, simtest.Only(t, f).Text, "one instance at a time", "mutes nothing", "the tag that allows reboots")
}

// The states that were asked for are what the subject counts.
func TestASubjectCountsTheStatesThatWereAskedFor(t *testing.T) {
	for _, state := range []string{report.AvailableSecurity, report.InstalledPendingReboot, report.Installed, report.NotApplicable} {
		f := simtest.Patched(
			t,
			3,
			simtest.ByHand(),
			func(_ int, _ *world.MachineSpec, _ *report.State, p *[]report.Patch) {
				*p = simtest.Numbered(7)
				for k := range *p {
					(*p)[k].State = state
				}
			},
		)
		named(t, f, simtest.All{"states": []string{state}})
		simtest.Holds(t, simtest.Only(t, f).Text, "7 patches "+state+" on 3 of 3 instances.")
		simtest.Holds(t, simtest.Only(t, f).Subject, "7 patches "+state+" on 3 of 3")
	}
}
