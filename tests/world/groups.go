package world

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"time"

	"quickstep/shared/run"
)

// networkTail is how long an NLB keeps sending new connections to a target after its deregistration.
const networkTail = 120 * time.Second

// GroupSpec is a target group.
type GroupSpec struct {
	ARN, Name, VPC     string
	Protocol           string // HTTP if empty
	TargetType         string // instance if empty
	Health             run.HealthCheck
	Delay              time.Duration // of deregistration; AWS's own default is 300 s, here zero is zero
	Interval           time.Duration // between health checks; 30 s if zero
	HealthyThreshold   int           // checks that pass before an unhealthy target is healthy; 5 if zero
	UnhealthyThreshold int           // checks that fail before a target is unhealthy; 2 if zero
	Attached           bool          // to a load balancer; otherwise all of its targets are unused
	// UnhealthyDraining is how long a target that has become unhealthy is unhealthy.draining first: the attribute
	// target_health_state.unhealthy.draining_interval_seconds of a Network Load Balancer's group.
	UnhealthyDraining time.Duration
}

type group struct {
	GroupSpec
	targets []*target // that are or were registered, sorted
}

// target is an instance and a port in a group, and how it stood there.
type target struct {
	run.Address
	group   *group
	machine *machine // whose address it is, in a group of type ip
	stays   []stay
	seen    history[bool] // answers to HealthProbe, if there is one
	steady  steady
}

// stay is the time from a registration to its end.
type stay struct {
	from    time.Time
	leaving time.Time // deregistered; zero: not
	gone    time.Time // when the deregistration delay was over
	quic    string    // server id, in a QUIC group
}

// AddGroup adds a target group without targets.
func (w *World) AddGroup(spec GroupSpec) {
	if w.groups[spec.ARN] != nil {
		panic(fmt.Sprintf("world: there is a target group %s already", spec.ARN))
	}
	spec.Protocol = cmp.Or(spec.Protocol, "HTTP")
	spec.TargetType = cmp.Or(spec.TargetType, "instance")
	spec.Interval = cmp.Or(spec.Interval, 30*time.Second)
	spec.HealthyThreshold = cmp.Or(spec.HealthyThreshold, 5)
	spec.UnhealthyThreshold = cmp.Or(spec.UnhealthyThreshold, 2)
	g := &group{GroupSpec: spec}
	w.groups[spec.ARN] = g
	if !w.clock.virtual() {
		w.After(spec.Interval, func() { w.probeTargets(g) })
	}
}

// RemoveGroup deletes a target group.
func (w *World) RemoveGroup(arn string) {
	w.happen(Op{Service: "hand", Name: "RemoveGroup", Subject: arn})
	for _, t := range w.group(arn).targets {
		t.machine.targets = slices.DeleteFunc(t.machine.targets, func(other *target) bool { return other == t })
	}
	delete(w.groups, arn)
	w.removed[arn] = true
}

// ChangeGroup changes a target group's settings; its ARN stays.
func (w *World) ChangeGroup(arn string, change func(*GroupSpec)) {
	g := w.group(arn)
	change(&g.GroupSpec)
	for _, t := range g.targets {
		t.steady = steady{}
	}
}

// Place registers a target as if that had been done long ago: it is healthy if its machine answers. In a
// group of type ip, id is an address. In a QUIC group, it gets a server id that nobody else has.
func (w *World) Place(arn, id string, port int) {
	a := run.Address{ID: id, Port: port}
	w.byHand(arn, a).register(w.now.Add(-24*time.Hour), w.serverID(arn, a))
}

// RegisterByHand registers a target the way somebody else would.
func (w *World) RegisterByHand(arn string, a run.Address) {
	w.happen(Op{Service: "hand", Name: "Register", Subject: arn, Detail: a.String()})
	w.byHand(arn, a).register(w.now, w.serverID(arn, a))
}

func (w *World) byHand(arn string, a run.Address) *target {
	g := w.group(arn)
	m := w.whose(g, a.ID)
	if m == nil {
		panic(fmt.Sprintf("world: nobody is %s, which is to be registered in %s", a.ID, arn))
	}
	return g.target(m, a)
}

// whose is the machine that a target of the group stands for; nil if there is none.
func (w *World) whose(g *group, id string) *machine {
	if g.TargetType == "ip" {
		return w.owner(g.VPC, id)
	}
	return w.machines[id]
}

// QUIC says that the group's targets have server ids.
func (g GroupSpec) QUIC() bool { return g.Protocol == "QUIC" || g.Protocol == "TCP_QUIC" }

// serverID makes a new server id, if the group needs one.
func (w *World) serverID(arn string, a run.Address) string {
	if !w.group(arn).QUIC() {
		return ""
	}
	w.servers++
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %s %d", arn, a, w.servers))
	return fmt.Sprintf("0x%x", sum[:8])
}

// DeregisterByHand takes a target out the way somebody else would.
func (w *World) DeregisterByHand(arn string, a run.Address) {
	w.happen(Op{Service: "hand", Name: "Deregister", Subject: arn, Detail: a.String()})
	w.group(arn).deregister(a, w.now)
}

func (w *World) group(arn string) *group {
	g, ok := w.groups[arn]
	if !ok {
		panic(fmt.Sprintf("world: there is no target group %s, only %v", arn, slices.Sorted(maps.Keys(w.groups))))
	}
	return g
}

// find is a target's place in the order, and whether it has ever been there.
func (g *group) find(a run.Address) (int, bool) {
	return slices.BinarySearchFunc(g.targets, a, func(t *target, a run.Address) int {
		return cmp.Or(cmp.Compare(t.ID, a.ID), cmp.Compare(t.Port, a.Port))
	})
}

func (g *group) target(m *machine, a run.Address) *target {
	i, ok := g.find(a)
	if !ok {
		t := &target{Address: a, group: g, machine: m}
		g.targets = slices.Insert(g.targets, i, t)
		m.targets = append(m.targets, t)
	}
	return g.targets[i]
}

// deregister begins a target's leaving. One that isn't there stays away.
func (g *group) deregister(a run.Address, now time.Time) {
	i, ok := g.find(a)
	if !ok || !g.targets[i].registered(now) {
		return
	}
	t := g.targets[i]
	s := t.last()
	s.leaving, s.gone = now, now.Add(g.Delay)
	if !g.Attached {
		s.gone = now // nobody sends it anything that it would have to finish
	}
	t.steady = steady{}
}

// register begins a stay, unless there is one. It takes back a leaving that isn't over.
func (t *target) register(now time.Time, quic string) {
	if !t.registered(now) {
		t.stays = append(t.stays, stay{from: now, quic: quic})
		if len(t.seen) > 0 { // what real probes found in an earlier stay says nothing about this one
			t.seen = nil
			t.seen.add(now, false)
		}
		t.steady = steady{}
	}
}

// remove ends a target's stay without a delay.
func (t *target) remove(now time.Time) {
	if s := t.last(); s != nil && (s.leaving.IsZero() || now.Before(s.gone)) {
		if s.leaving.IsZero() {
			s.leaving = now
		}
		s.gone = now
		t.steady = steady{}
	}
}

func (t *target) last() *stay {
	if len(t.stays) == 0 {
		return nil
	}
	return &t.stays[len(t.stays)-1]
}

func (t *target) registered(now time.Time) bool {
	s := t.stayAt(now)
	return s != nil && (s.leaving.IsZero() || now.Before(s.leaving))
}

// stayAt is the latest stay that had begun at a time.
func (t *target) stayAt(at time.Time) *stay {
	for i := len(t.stays) - 1; i >= 0; i-- {
		if !at.Before(t.stays[i].from) {
			return &t.stays[i]
		}
	}
	return nil
}
