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

// What isn't known is never told as "nothing".
func TestASubjectNeverSaysNothingWhereNothingIsKnown(t *testing.T) {
	for _, c := range []struct {
		name   string
		fields simtest.All
		change func(n int, m *world.MachineSpec, s *report.State, p *[]report.Patch)
		want   string
	}{
		{"never scanned", nil, func(_ int, _ *world.MachineSpec, s *report.State, p *[]report.Patch) { s.Baseline, *p = "", nil }, "nothing known of 10 instances"},
		{"not managed", nil, func(_ int, m *world.MachineSpec, _ *report.State, _ *[]report.Patch) { m.Managed = false }, "nothing known of 10 instances"},
		{"some never scanned, the others up to date", nil, func(n int, _ *world.MachineSpec, s *report.State, p *[]report.Patch) {
			if *p = nil; n > 7 {
				s.Baseline = ""
			}
		}, "nothing to install on 7 of 10 instances, 3 not known"},
		{"Missing wasn't asked for", simtest.All{"states": []string{"NotApplicable"}}, nil, "nothing NotApplicable on 10 instances"},
		{"up to date", nil, func(_ int, _ *world.MachineSpec, _ *report.State, p *[]report.Patch) { *p = nil }, "nothing to install on 10 instances"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := simtest.Patched(t, 10, simtest.ByHand(), c.change)
			event := simtest.All{"windowIds": []string{simtest.Window}}
			for name, value := range c.fields {
				event[name] = value
			}
			simtest.Survey(t, f, event)
			simtest.Reported(t, f, time.Hour)
			brief := strings.Replace(c.want, " instances, ", ", ", 1)
			if got := simtest.Only(t, f); !strings.Contains(got.Subject, brief+", web") ||
				!strings.Contains(got.Text, c.want+".") {
				t.Errorf("the subject is %q, want %q", got.Subject, c.want)
			}
		})
	}
}

// Two systems may say different things of one patch: the worse counts, on all instances.
func TestAPatchIsAsSevereAsTheWorstSays(t *testing.T) {
	f := simtest.Patched(t, 2, simtest.ByHand(), func(n int, _ *world.MachineSpec, _ *report.State, p *[]report.Patch) {
		q := report.Patch{
			KB:             "openssl",
			Title:          "openssl:3.0",
			State:          report.Missing,
			Severity:       "Critical",
			Classification: "Security",
		}
		if n == 1 {
			q.State, q.Severity, q.Classification = report.InstalledPendingReboot, "", ""
		}
		*p = []report.Patch{q}
	})
	named(t, f)
	simtest.Holds(t, simtest.Only(t, f).Text, "Severity: 1 Critical patch on 1 instance", "Critical     openssl")
	if got := simtest.Only(t, f).Attributes["severity"]; got != "Critical" {
		t.Errorf("the severity is %v", got)
	}
}

// Of an instance that the survey saw managed, and whose patches can't be had, nobody knows what it lacks.
func TestAnInstanceThatSystemsManagerLosesMeanwhileIsAGap(t *testing.T) {
	f := simtest.Patched(t, 2, simtest.ByHand(), nil)
	f.Fault = func(op world.Op) world.Fault {
		if op.Name == "States" {
			f.ChangeMachine(sim.ID(2), func(m *world.MachineSpec) { m.Managed = false })
		}
		return world.None
	}
	m := named(t, f)
	if m.Totals.Gaps != 1 || m.Rows.Gaps[0].Instance != sim.ID(2) {
		t.Errorf("the gaps are %v", m.Rows.Gaps)
	}
}

// A first survey that gave up half-way has listed some instances: they aren't all.
func TestASecondReportAfterAHalfFirstIsAboutAllInstances(t *testing.T) {
	f := simtest.Patched(t, 120, simtest.ByHand(), nil)
	f.KeepLog = false
	simtest.Survey(t, f, simtest.All{"windowIds": []string{simtest.Window}, "after": true})
	n := 0
	f.Fault = func(op world.Op) world.Fault {
		if op.Name == "States" && op.Function == "survey" && f.Now().Before(sim.Began.Add(simtest.Opens)) {
			if n++; n > 1 {
				return world.Throttle
			}
		}
		return world.None
	}
	f.Advance(simtest.Opens + 8*time.Hour)
	m := parsed(t, simtest.Sent(f))
	if m.Phase != report.After || len(m.each()) != 120 {
		t.Errorf("the report (%s) tells of %d instances", m.Phase, len(m.each()))
	}
	simtest.Holds(t, simtest.Sent(f)[0].Text, "no first report")
}

// What the first report couldn't read can't have been announced, nor not announced.
func TestASecondReportDoesNotCompareWithAGap(t *testing.T) {
	f := simtest.Patched(t, 2, simtest.ByHand(), nil)
	denied := true
	f.Refuse = func(op world.Op) error {
		if denied && op.Name == "Patches" && op.Subject == sim.ID(2) {
			return errDenied
		}
		return nil
	}
	simtest.Survey(t, f, simtest.All{"windowIds": []string{simtest.Window}, "after": true})
	f.Advance(simtest.Opens + time.Hour)
	denied = false
	done := simtest.Five()
	for k := range done {
		done[k].State, done[k].Installed = report.Installed, f.Now()
	}
	for n := 1; n <= 2; n++ {
		f.SetPatches(sim.ID(n), &report.State{Baseline: "pb-1", Operation: "Install", Ended: f.Now()}, done)
	}
	f.Advance(7 * time.Hour)
	second := simtest.Sent(f)[len(simtest.Sent(f))-1]
	m := parsedOne(t, second)
	if m.Totals.Found["notAnnounced"] > 0 || m.Totals.Found["installed"] != 2*len(done) {
		t.Errorf("it is told as %v", m.Totals.Found)
	}
	simtest.Holds(t, second.Text, sim.ID(2)+" (web-2): the first report couldn't read it")
}
