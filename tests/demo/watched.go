package main

import (
	"slices"

	"quickstep/shared/run"
	"quickstep/tests/world"
)

// watched is what was seen from AWS's side, effect by effect, beside what sim.Watch checks.
type watched struct {
	out    int            // the most instances that were missing in a target group at the same time
	fewest map[string]int // healthy targets, by target group
	alarms int            // how often fewHosts went into ALARM
	loud   []string       // what wasn't muted when it should have been, or the other way round
}

func (s *watched) see(f *fleet, op world.Op) {
	switch op.Service {
	case "elb", "world": // a target came or went, or an instance's health may have changed
		s.count(f)
	case "ec2":
		if op.Name != "Reboot" {
			return
		}
		for _, wrong := range f.muted() {
			if !slices.Contains(s.loud, wrong) {
				s.loud = append(s.loud, wrong)
			}
		}
	}
}

func (s *watched) count(f *fleet) {
	if s.fewest == nil {
		s.fewest = map[string]int{}
	}
	registered := map[string]int{} // target groups, by instance
	for _, arn := range f.ARNs {
		healthy := 0
		for _, t := range f.TargetsOf(arn) {
			if t.Registered() {
				registered[t.ID]++
			}
			if t.Healthy() {
				healthy++
			}
		}
		name := run.ShortARN(arn)
		if before, known := s.fewest[name]; !known || healthy < before {
			s.fewest[name] = healthy
		}
	}
	out := 0
	for _, id := range f.IDs {
		if registered[id] < len(f.ARNs) {
			out++
		}
	}
	s.out = max(s.out, out)
}
