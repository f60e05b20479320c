package rolling

import (
	"quickstep/shared/choreo"
	"quickstep/shared/run"
)

func stillIn(capture, standing []run.Registration) bool {
	for _, c := range capture {
		found := false
		for _, s := range standing {
			found = found || (s.Group == c.Group && s.Port == c.Port)
		}
		if !found {
			return false
		}
	}
	return true
}

type groupTargets struct {
	arn     string
	targets []run.Description
}

// byGroup is the capture as calls: one a target group.
func byGroup(i *run.Instance) []groupTargets {
	var calls []groupTargets
	for _, c := range i.Capture { // sorted by group
		if n := len(calls); n == 0 || calls[n-1].arn != c.Group {
			calls = append(calls, groupTargets{arn: c.Group})
		}
		last := &calls[len(calls)-1]
		last.targets = append(last.targets, c.Of(i.ID))
	}
	return calls
}

// terminated is the outcome for an instance that somebody has ended while it was in our hands.
func terminated(i *run.Instance) instanceOutcome {
	i.Terminated = true
	return choreo.GiveUp[*run.Instance]("the instance was terminated while the run had it out of service")
}
