package run

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Answer is what the gate says to an instance that is about to leave service.
type Answer string

// Answers of the gate.
const (
	Go   Answer = "go"
	Wait Answer = "wait" // ask again later
	Park Answer = "park" // wait until somebody nudges: the run is paused
	Skip Answer = "skip" // leave the instance as it is, for good
)

// Verdict is an answer with its reason.
type Verdict struct {
	Answer  Answer
	Reason  string
	Refused []string // groups whose floor refused
	Stop    bool     // the reason holds for every instance to come as well
	// Own says that the instance waits for itself: the gate isn't closed, and the run's patience isn't
	// used up by it.
	Own bool
}

// InitialPatience is how long the gate waits for an instance's own targets to get through their
// first health checks. The slowest have ten of them, five minutes apart at most
// (HealthyThresholdCount, HealthCheckIntervalSeconds), but a registration needs a single one:
// whoever is initial for longer has no load balancer that checks it, or a broken one.
const InitialPatience = 10 * time.Minute

// Gate is what the gate sees of the world at one moment.
type Gate struct {
	Now     time.Time
	Run     *Run
	Plan    *Plan
	Quiet   MuteState
	Me      *Instance
	Machine *Machine    // nil: EC2 doesn't know the instance any more
	Holders []*Instance // of tokens of this run, in their order; me among them
	Out     []Out       // failed out of service, in any run
	Targets map[string][]Target
	// Marked says that me is marked as leaving: the second look, which doesn't count those that
	// aren't.
	Marked bool
}

// Registrations lists where an instance is registered now, by what the look has read; also under
// one of its addresses, in a group that then isn't of the plan.
func (l *Gate) Registrations() []Registration {
	machine := Machine{ID: l.Me.ID}
	if l.Machine != nil {
		machine = *l.Machine
	}
	finder := NewFinder(nil, machine) // what is in notOurs wasn't read
	var in []Registration
	for arn, targets := range l.Targets {
		for _, t := range targets {
			if t.Registered() && finder.Contains(t.ID) {
				in = append(in, Registration{Group: arn, Port: t.Port, Healthy: t.Healthy(),
					QUICServerID: t.QUICServerID})
			}
		}
	}
	slices.SortFunc(in, func(a, b Registration) int {
		if a.Group != b.Group {
			return strings.Compare(a.Group, b.Group)
		}
		return a.Port - b.Port
	})
	return in
}

// Decide asks every condition, the final ones first.
func (l *Gate) Decide() Verdict {
	if v := l.final(); v.Answer != Go {
		return v
	}
	if !l.Run.Paused.IsZero() {
		return Verdict{Answer: Park, Reason: "the run is paused since " + l.Run.Paused.UTC().Format(time.RFC3339)}
	}
	if !l.Plan.Request.Mute.Empty() {
		switch {
		case l.Quiet.Since.IsZero() || !l.Quiet.Since.After(l.Run.Resumed):
			return Verdict{Answer: Wait, Reason: "alarms and rules aren't muted yet"}
		case !l.Quiet.Until.IsZero() && !l.Now.Before(l.Quiet.Until):
			return Verdict{Answer: Wait, Reason: "the mute of the alarms has run out and wasn't prolonged"}
		}
	}
	if v := l.initial(); v.Answer != Go {
		return v
	}
	return l.floor()
}

// initial waits for the first health checks of the instance's own targets: captured in the middle
// of them, it would count as unhealthy before, and nobody would wait for its health when it comes
// back.
func (l *Gate) initial() Verdict {
	since := l.Me.InitialSince
	if !l.Me.LeftAt.IsZero() || (!since.IsZero() && l.Now.Sub(since) >= InitialPatience) {
		return Verdict{Answer: Go}
	}

	for _, arn := range slices.Sorted(maps.Keys(l.Targets)) {
		for _, t := range l.Targets[arn] {
			if t.ID == l.Me.ID && t.Initial() {
				return Verdict{Answer: Wait, Own: true, Reason: fmt.Sprintf(
					"its first health checks in target group %s, port %d, aren't over", ShortARN(arn), t.Port)}
			}
		}
	}
	return Verdict{Answer: Go}
}

func (l *Gate) final() Verdict {
	skip := func(reason string) Verdict { return Verdict{Answer: Skip, Reason: reason} }
	if l.Run.Stopped != "" {
		return skip(l.Run.Stopped)
	}
	if l.Machine == nil {
		return skip("the instance doesn't exist any more")
	}
	if l.Machine.State != "running" {
		return skip("the instance is " + l.Machine.State)
	}
	standing := l.Registrations()
	if len(standing) == 0 && len(l.Me.Groups) > 0 {
		return skip("no target group holds the instance any more")
	}
	for _, r := range standing {
		if _, ok := l.Plan.Groups[r.Group]; !ok {
			return skip(fmt.Sprintf("the instance was registered in target group %s after the run had started, "+
				"which this run hasn't locked", ShortARN(r.Group)))
		}
	}
	if why := l.unprobed(standing); why != "" {
		return skip(why)
	}
	if after := l.Plan.Request.NotAfter; !after.IsZero() {
		if takes := l.Plan.Takes(l.Run); l.Now.Add(takes).After(after) {
			return Verdict{Answer: Skip, Stop: true,
				Reason: fmt.Sprintf("the window closes at %s, and an instance takes about %s",
					after.UTC().Format(time.RFC3339), Span(takes))}
		}
	}
	return Verdict{Answer: Go}
}

// unprobed says why a check that was asked for could make no probe, and so would never pass.
func (l *Gate) unprobed(standing []Registration) string {
	c := l.Plan.Request.Check
	switch {
	case c.HTTP == nil && c.TCP == nil:
		return ""
	case l.Machine.Host() == "":
		return "the instance has no private address that a check could probe"
	case c.HTTP == nil || c.HTTP.Port != 0:
		return ""
	}
	for _, r := range standing {
		if l.Plan.Groups[r.Group].Health.HTTP() {
			return ""
		}
	}
	return "the instance is in no target group with an HTTP health check any more, so check.http has no port to probe"
}

// floor asks whether every target group of the instance keeps its floor of healthy targets without
// it, without all that have left or are leaving, and, in the first look, without those before it
// that may be about to.
func (l *Gate) floor() Verdict {
	standing := l.Registrations()
	mine := make([]string, 0, len(standing))
	for _, r := range standing {
		mine = append(mine, r.Group)
	}
	absent := l.absent(mine)
	v := Verdict{Answer: Go}
	for _, arn := range slices.Compact(mine) {
		healthy := 0
		for _, t := range l.Targets[arn] {
			if t.Healthy() && !absent[t.ID] {
				healthy++
			}
		}
		if g := l.Plan.Groups[arn]; healthy < g.Floor {
			v.Answer = Wait
			v.Refused = append(v.Refused, arn)
			v.Reason = fmt.Sprintf(
				"target group %s must keep %s, and has %d besides this one and those that are out or ahead of it",
				g.Name, Count(g.Floor, "healthy target"), healthy)
		}
	}
	return v
}

func (l *Gate) absent(mine []string) map[string]bool {
	absent := map[string]bool{l.Me.ID: true}
	for _, o := range l.Out {
		absent[o.Instance] = true
	}
	before := true
	for _, h := range l.Holders {
		switch {
		case h.ID == l.Me.ID:
			before = false
		case h.Absent():
			absent[h.ID] = true
		case before && !l.Marked && h.Step == StepDrain && h.Shares(mine) && !l.heldBackElsewhere(h, mine):
			absent[h.ID] = true
		}
	}
	return absent
}

// heldBackElsewhere says that the holder's last look was refused by a group in which I don't stand:
// it isn't about to leave.
func (l *Gate) heldBackElsewhere(h *Instance, mine []string) bool {
	return slices.ContainsFunc(h.Refused, func(g string) bool { return !slices.Contains(mine, g) })
}
