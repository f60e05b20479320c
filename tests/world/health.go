package world

import (
	"time"

	"quickstep/shared/run"
)

// steady remembers that a target is healthy, and will be until its machine changes.
type steady struct {
	since   time.Time
	version int
}

// state is what DescribeTargetHealth shows; empty: the target isn't there. Nothing happens for the sake of a health check:
// what the checks have found is computed from the times at which the target came and its machine's answers changed.
func (t *target) state(at time.Time) (state, reason string) {
	if t.isSteady(at) {
		return "healthy", ""
	}
	s := t.stayAt(at)
	switch {
	case s == nil || (!s.gone.IsZero() && !at.Before(s.gone)):
		return "", ""
	case !s.leaving.IsZero() && !at.Before(s.leaving):
		return "draining", "Target.DeregistrationInProgress"
	case t.machine.states.at(at) != "running":
		return "unused", "Target.InvalidState"
	case !t.group.Attached:
		return "unused", "Target.NotInUse"
	}
	answers := t.machine.answers
	if len(t.seen) > 0 {
		answers = t.seen
	}
	state = t.group.health(s.from, at, answers)
	if d := t.group.UnhealthyDraining; state == "unhealthy" && d > 0 &&
		t.group.health(s.from, at.Add(-d), answers) != "unhealthy" {
		return "unhealthy.draining", reasons["unhealthy"]
	}
	if state == "healthy" && t.staysSo(s, at) {
		t.steady = steady{since: at, version: t.machine.version}
	}
	return state, reasons[state]
}

var reasons = map[string]string{
	"initial":   "Elb.RegistrationInProgress",
	"unhealthy": "Target.FailedHealthChecks",
}

// staysSo says that nothing has happened since a time, which may be past, that ends or will end a target's health.
func (t *target) staysSo(s *stay, at time.Time) bool {
	m := t.machine
	return len(t.seen) == 0 && s == t.last() && s.leaving.IsZero() && m.states.last() == "running" &&
		m.answers.last() && !at.Before(m.answers[len(m.answers)-1].from)
}

func (t *target) isSteady(at time.Time) bool {
	return !t.steady.since.IsZero() && t.steady.version == t.machine.version && !at.Before(t.steady.since)
}

// health follows the checks of a target that was registered at from. They come at every interval after that. One that
// passes makes a new target healthy; later changes need as many in a row as the group's thresholds say.
func (g *group) health(from, at time.Time, answers history[bool]) string {
	state := "initial"
	var passing bool
	row := 0
	for i, a := range answers {
		begin, end := a.from, at
		last := i == len(answers)-1 || answers[i+1].from.After(at)
		if !last {
			end = answers[i+1].from
		}
		n := g.checks(from, end, last) - g.checks(from, begin, false)
		if n > 0 {
			if a.is != passing {
				passing, row = a.is, 0
			}
			row += n
			state = g.verdict(state, passing, row)
		}
		if last {
			break
		}
	}
	return state
}

// checks is how many checks there are from a registration until a time, which counts or not.
func (g *group) checks(from, until time.Time, inclusive bool) int {
	if !until.After(from) {
		return 0
	}
	passed := until.Sub(from)
	if !inclusive {
		passed--
	}
	return int(passed / g.Interval)
}

func (g *group) verdict(state string, passing bool, row int) string {
	switch {
	case passing && (state == "initial" || row >= g.HealthyThreshold):
		return "healthy"
	case !passing && row >= g.UnhealthyThreshold:
		return "unhealthy"
	}
	return state
}

// TargetsOf are the targets of a group as they are now, sorted by id and port; none of one that was deleted.
func (w *World) TargetsOf(arn string) []run.Target { return w.TargetsAt(arn, w.now) }

// TargetsAt are the targets of a group as they were.
func (w *World) TargetsAt(arn string, at time.Time) []run.Target {
	if w.removed[arn] {
		return nil
	}
	return w.group(arn).at(at)
}

func (g *group) at(at time.Time) []run.Target {
	all := make([]run.Target, 0, len(g.targets))
	for _, t := range g.targets {
		if state, reason := t.state(at); state != "" {
			all = append(all, run.Target{Address: t.Address, State: state, Reason: reason,
				QUICServerID: t.stayAt(at).quic})
		}
	}
	return all
}

// Routable are the targets to which a load balancer sends new requests: registered and healthy.
func (w *World) Routable(arn string) []run.Address {
	var all []run.Address
	for _, t := range w.group(arn).targets {
		if state, _ := t.state(w.now); state == "healthy" {
			all = append(all, t.Address)
		}
	}
	return all
}

// Exposed are the groups (ARN) that could send a machine new traffic: those in which it is registered, whatever its health,
// and the groups of network load balancers that it left less than two minutes ago.
func (w *World) Exposed(id string) []string {
	var all []string
	for _, t := range w.machine(id).targets {
		if t.registered(w.now) || t.inTail(w.now) {
			all = append(all, t.group.ARN)
		}
	}
	return all
}

func (t *target) inTail(now time.Time) bool {
	s := t.last()
	network := run.Group{Protocol: t.group.Protocol}.Network()
	return network && s != nil && !s.leaving.IsZero() && now.Sub(s.leaving) < networkTail
}

// probeTargets asks HealthProbe about each target of a group, outside of Do, and does so again after the interval.
func (w *World) probeTargets(g *group) {
	w.After(g.Interval, func() { w.probeTargets(g) })
	if w.HealthProbe == nil {
		return
	}
	for _, t := range g.targets {
		if !t.registered(w.now) {
			continue
		}
		w.working.Go(func() {
			answers := w.HealthProbe(t.machine.spec.ID, t.Port)
			w.Do(func() { t.seen.add(w.now, answers) })
		})
	}
}
