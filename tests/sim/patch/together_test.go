package patch_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"quickstep/shared/report"
	"quickstep/tests/sim"
	"quickstep/tests/sim/simtest"
	"quickstep/tests/world"
)

// served is a fleet in target groups, of which every second instance needs a reboot.
func served(t *testing.T, size int) *sim.Fleet {
	f := sim.On(simtest.Loaded(t, simtest.ByHand()), 1)
	t.Cleanup(f.Close)
	f.AddGroups("web", "api")
	for n := 1; n <= size; n++ {
		f.Add(
			world.MachineSpec{ID: sim.ID(n), Managed: true, Tags: map[string]string{"Patch Group": "web"}},
			"web:8080",
			"api:9090",
		)
		patches := simtest.Five()
		if n%2 == 0 {
			patches = patches[3:]
		}
		f.SetPatches(sim.ID(n), &report.State{Baseline: "pb-1", Operation: "Install", Ended: sim.Began}, patches)
	}
	f.AddNode(report.Node{ID: elsewhere, Online: true}, map[string]string{"Patch Group": "web"})
	f.SetPatches(elsewhere, &report.State{Baseline: "pb-1", Operation: "Install", Ended: sim.Began}, simtest.Five())
	f.AddWindow(simtest.Ordinary())
	simtest.Settle(f, 1, "web", "api")
	return f
}

// The report names who needs a reboot, and gives the event to start a run for them: given to start, it is that run.
func TestTheEventInTheReportStartsTheRunThatRebootsThem(t *testing.T) {
	f := served(t, 6)
	m := named(t, f)
	want := []string{sim.ID(1), sim.ID(3), sim.ID(5), elsewhere}
	if got := m.reboots(); !slices.Equal(got, want) || m.Totals.Reboot != 4 {
		t.Fatalf("a reboot is needed by %v, want %v", got, want)
	}
	event := m.Rows.Reboots[0].Event
	simtest.Holds(t, simtest.Only(t, f).Text, string(event), "quickstep-start")
	out, err := f.Invoke(t.Context(), "start", event)
	if err != nil {
		t.Fatalf("start refuses %s: %v", event, err)
	}
	var answer struct{ Run string }
	if err := json.Unmarshal(out, &answer); err != nil || answer.Run == "" {
		t.Fatalf("start answers %s, %v", out, err)
	}
	if err := f.Run(f.Over, 12*time.Hour); err != nil {
		t.Fatal(err)
	}
	f.Advance(16 * time.Minute) // for messages that were on their way
	simtest.CountsOf(t, f, answer.Run, 3, 0, 0)
	for n := 1; n <= 6; n++ {
		if boots := f.Boots(sim.ID(n)); boots != n%2 {
			t.Errorf("%s was rebooted %d times", sim.ID(n), boots)
		}
	}
	for _, b := range f.Watch.End() {
		t.Error(b)
	}
}

// A window's name may be what no fleet's name can be.
func TestTheEventIsOneThatStartTakesWhateverTheWindowIsCalled(t *testing.T) {
	for _, name := range []string{"web", "...", "---", "_9", "9_", strings.Repeat("w", 128), strings.Repeat("-", 128), "-" + strings.Repeat("w.", 60), ".web.", "web_-."} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := served(t, 2)
			f.ChangeWindow(simtest.Window, func(w *world.WindowSpec) { w.Name = name })
			m := named(t, f)
			if out, err := f.Invoke(t.Context(), "start", m.Rows.Reboots[0].Event); err != nil {
				t.Errorf("start refuses %s: %s %v", m.Rows.Reboots[0].Event, out, err)
			}
		})
	}
	t.Run("of instances that were named there is no window", func(t *testing.T) {
		f := served(t, 2)
		simtest.Survey(t, f, simtest.All{"instanceIds": []string{sim.ID(1), sim.ID(2)}})
		simtest.Reported(t, f, time.Hour)
		m := parsed(t, simtest.Sent(f))
		if out, err := f.Invoke(t.Context(), "start", m.Rows.Reboots[0].Event); err != nil {
			t.Errorf("start refuses %s: %s %v", m.Rows.Reboots[0].Event, out, err)
		}
	})
}

// An instance that is stopped, or gone before somebody reads the report, doesn't keep the others from their reboot.
func TestTheEventIsTakenAlthoughSomeOfItsInstancesAreDown(t *testing.T) {
	for _, c := range []struct {
		name          string
		before, after func(f *sim.Fleet)
	}{
		{"stopped before the report", func(f *sim.Fleet) { f.Stop(sim.ID(3)) }, nil},
		{"terminated before the report", func(f *sim.Fleet) { f.Terminate(sim.ID(3)) }, nil},
		{"stopped afterwards", nil, func(f *sim.Fleet) { f.Stop(sim.ID(3)) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := served(t, 4)
			f.ChangeWindow(
				simtest.Window,
				func(w *world.WindowSpec) { w.Tasks = []report.Task{simtest.Install(chosen("InstanceIds", f.IDs...))} },
			)
			if c.before != nil {
				c.before(f)
				f.Advance(5 * time.Minute)
			}
			m := named(t, f)
			if c.after != nil {
				c.after(f)
				f.Advance(5 * time.Minute)
			}
			if out, err := f.Invoke(t.Context(), "start", m.Rows.Reboots[0].Event); err != nil {
				t.Errorf("start refuses %s: %s %v", m.Rows.Reboots[0].Event, out, err)
			}
		})
	}
}

// Start takes as many instances in one event as it gets: a large fleet's are several events, which name each once.
func TestTheEventsOfALargeFleetNameEachInstanceOnce(t *testing.T) {
	f := simtest.Patched(t, 1000, simtest.ByHand(), nil)
	f.KeepLog = false
	m := named(t, f)
	seen := map[string]int{}
	for n, r := range m.Rows.Reboots {
		var event struct {
			Fleet       string
			InstanceIDs []string
		}
		if err := json.Unmarshal(r.Event, &event); err != nil || !slices.Equal(event.InstanceIDs, r.Instances) {
			t.Errorf("event %d is %.100s, %v", n+1, r.Event, err)
		}
		for _, id := range event.InstanceIDs {
			seen[id]++
		}
		if n > 0 {
			continue
		}
		if _, err := f.Invoke(t.Context(), "start", r.Event); err != nil {
			t.Errorf("start refuses it: %v", err)
		}
	}
	if len(seen) != 1000 || slices.Max(slices.Collect(maps.Values(seen))) != 1 {
		t.Errorf("%d instances are in %d events", len(seen), len(m.Rows.Reboots))
	}
}

// Nobody needs a reboot: nothing is said of it.
func TestAReportWithoutARebootNamesNoEvent(t *testing.T) {
	f := simtest.Patched(
		t,
		3,
		simtest.ByHand(),
		func(_ int, _ *world.MachineSpec, _ *report.State, p *[]report.Patch) { *p = simtest.Numbered(3) },
	)
	if m := named(t, f); len(m.Rows.Reboots) > 0 || m.Totals.Reboot > 0 {
		t.Errorf("the report says %v", m.Rows.Reboots)
	}
	if text := simtest.Only(t, f).Text; strings.Contains(text, "Need a reboot") {
		t.Error(fmt.Sprint("its text speaks of it: ", text))
	}
}
