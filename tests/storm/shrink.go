package storm

import (
	"maps"
	"slices"
	"strings"

	"quickstep/tests/world"
)

// Shrink makes a scenario that breaks a rule smaller, as long as it still breaks the same one: fewer acts, no second request,
// fewer kinds of faults, fewer instances. It gives the smallest it finds within some hundred runs, and what that breaks.
func Shrink(s *Scenario, r Result) (*Scenario, Result) {
	rule := strings.Fields(r.Broken[0])[0]
	for smaller := true; smaller; {
		smaller = false
		for _, cut := range s.cuts() {
			small := s.again()
			cut(small)
			if found, err := Run(small); err == nil && len(found.Broken) > 0 && strings.HasPrefix(found.Broken[0], rule) {
				s, r, smaller = small, found, true
				break
			}
		}
	}
	return s, r
}

// again is the same scenario with its chance at the beginning.
func (s *Scenario) again() *Scenario {
	fresh := Draw(s.Seed)
	fresh.Machines, fresh.Groups, fresh.Acts = slices.Clone(s.Machines), s.Groups, slices.Clone(s.Acts)
	fresh.Request, fresh.Second, fresh.Rates = s.Request, s.Second, maps.Clone(s.Rates)
	fresh.Pace, fresh.Lag, fresh.Twice, fresh.Traced = s.Pace, s.Lag, s.Twice, s.Traced
	fresh.Late, fresh.Frozen, fresh.Strays = s.Late, s.Frozen, s.Strays
	fresh.Outside = s.Outside
	return fresh
}

// cuts are all ways to make the scenario one thing smaller.
func (s *Scenario) cuts() []func(*Scenario) {
	var cuts []func(*Scenario)
	for n := range s.Acts {
		cuts = append(cuts, func(s *Scenario) { s.Acts = slices.Delete(s.Acts, n, n+1) })
	}
	if s.Second != nil {
		cuts = append(cuts, func(s *Scenario) { s.Second = nil })
	}
	if s.Impostor {
		cuts = append(cuts, func(s *Scenario) { s.Impostor = false })
	}
	if s.Deleted != "" {
		cuts = append(cuts, func(s *Scenario) { s.Deleted = "" })
	}
	for _, f := range slices.Sorted(maps.Keys(s.Rates)) {
		cuts = append(cuts, func(s *Scenario) { delete(s.Rates, f) })
	}
	if s.Lag > 0 {
		cuts = append(cuts, func(s *Scenario) { s.Lag = 0 })
	}
	if s.Twice > 0 {
		cuts = append(cuts, func(s *Scenario) { s.Twice = 0 })
	}
	if s.Late > 0 {
		cuts = append(cuts, func(s *Scenario) { s.Late = 0 })
	}
	if s.Frozen > 0 {
		cuts = append(cuts, func(s *Scenario) { s.Frozen = 0 })
	}
	if s.Strays > 0 {
		cuts = append(cuts, func(s *Scenario) { s.Strays = 0 })
	}
	if s.Pace >= 0 {
		cuts = append(cuts, func(s *Scenario) { s.Pace = -1 })
	}
	if last := len(s.Machines) - 1; last > 0 && !slices.ContainsFunc(s.Acts, func(a Act) bool { return a.Who == last }) {
		cuts = append(cuts, func(s *Scenario) { s.Machines = s.Machines[:last] })
	}
	return cuts
}

// Missing lists what never occurred although every kind of it must: a storm that doesn't blow proves nothing.
func Missing(seen map[string]int) []string {
	want := []string{"runs", "left service", "left at the floor", "rebooted", "released", "stale reading", "delivered twice", "late message", "frozen",
		"begun with instances out", "two runs at once", "lease taken over", "told of a failure", "one failure too many", "resumed by control", "asked to reboot again",
		"letter given back", "ended done", "ended failed", "ended skipped", "asked for run-2", "registered by address", "back in a QUIC group",
		"told of a forger", "refused an id", "told that a run goes on", "done and unhealthy", "target group deleted"}
	for _, f := range world.Faults {
		want = append(want, "fault "+f.String())
	}
	want = append(append(append(want, commands...), others...), strays...)
	return slices.DeleteFunc(want, func(what string) bool { return seen[what] > 0 })
}
