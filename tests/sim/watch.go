package sim

import (
	"fmt"
	"slices"
	"strings"

	"quickstep/shared/run"
	"quickstep/tests/world"
)

// Watch checks the rules of the design after every effect. It reads AWS's state and the effects, never the product's own
// values: what a run may do stands in the request that the test made.
type Watch struct {
	// Tokens and Floor are what the request allows; a test that asks for more than the defaults says so here.
	Tokens int
	Floor  map[string]int // by ARN
	// Broken is every rule that was broken, and when.
	Broken []string
	// Left counts how often instances left service.
	Left map[string]int

	fleet *Fleet
	home  map[string][]place // where each instance stood at first
	out   map[string]bool    // out of service by our doing
	rebooted,
	rejoined map[string]bool
}

type place struct {
	group   string
	address run.Address
}

func watch(f *Fleet) *Watch {
	w := &Watch{Tokens: 1, Floor: map[string]int{}, Left: map[string]int{}, fleet: f, home: map[string][]place{}, out: map[string]bool{},
		rebooted: map[string]bool{}, rejoined: map[string]bool{}}
	f.AfterEffect = w.after
	return w
}

// Settle notes where every instance stands now: that is how it must come back.
func (w *Watch) Settle() {
	w.home = map[string][]place{}
	for _, arn := range w.fleet.ARNs {
		for _, t := range w.fleet.TargetsOf(arn) {
			if t.Registered() {
				w.home[t.ID] = append(w.home[t.ID], place{arn, t.Address})
			}
		}
	}
}

func (w *Watch) broken(rule string, op world.Op, format string, args ...any) {
	w.Broken = append(w.Broken, fmt.Sprintf("%s: %s, by %s", rule, fmt.Sprintf(format, args...), op))
}

func (w *Watch) after(op world.Op) {
	if op.Function == "" || !op.Happened {
		return
	}
	switch op.Service + "." + op.Name {
	case "elb.Deregister":
		w.deregistered(op)
	case "elb.Register":
		for id := range w.home {
			if w.rebooted[id] && w.standing(id) > 0 {
				w.rejoined[id] = true
			}
		}
	case "ec2.Reboot":
		w.reboot(op)
	}
	for id := range w.out {
		if w.serves(id) {
			delete(w.out, id)
		}
	}
}

// deregistered checks R1 and R2 for whoever has just left.
func (w *Watch) deregistered(op world.Op) {
	for id, places := range w.home {
		if w.out[id] || w.standing(id) == len(places) || !w.was(id, op.Subject) {
			continue
		}
		w.out[id] = true
		w.Left[id]++
		if len(w.out) > w.Tokens {
			w.broken("R1", op, "%d are out, and the run has %d tokens", len(w.out), w.Tokens)
		}
		for _, p := range places {
			if healthy := w.healthy(p.group); healthy < w.Floor[p.group] {
				w.broken("R2", op, "%s leaves %s with %d healthy targets, its floor is %d", id, run.ShortARN(p.group), healthy, w.Floor[p.group])
			}
		}
	}
}

// reboot checks R3, and R1 for those in no target group.
func (w *Watch) reboot(op world.Op) {
	id := op.Subject
	if len(op.Exposed) > 0 {
		w.broken("R3", op, "%v can still send it new traffic", op.Exposed)
	}
	if w.rejoined[id] {
		w.broken("R3", op, "it was rebooted again after it had rejoined")
	}
	if !w.out[id] && len(w.home[id]) > 0 {
		w.broken("R1", op, "it was rebooted without having left")
	}
	w.rebooted[id] = true
}

func (w *Watch) was(id, group string) bool {
	return slices.ContainsFunc(w.home[id], func(p place) bool { return p.group == group })
}

// standing is in how many of its places an instance is registered.
func (w *Watch) standing(id string) int {
	n := 0
	for _, p := range w.home[id] {
		if slices.ContainsFunc(w.fleet.TargetsOf(p.group), func(t run.Target) bool { return t.Address == p.address && t.Registered() }) {
			n++
		}
	}
	return n
}

// healthy counts a group's targets that serve and aren't about to be out.
func (w *Watch) healthy(group string) int {
	n := 0
	for _, t := range w.fleet.TargetsOf(group) {
		if t.Healthy() && !w.out[t.ID] {
			n++
		}
	}
	return n
}

// serves says that an instance is registered and healthy wherever it was.
func (w *Watch) serves(id string) bool {
	for _, p := range w.home[id] {
		if !slices.ContainsFunc(w.fleet.TargetsOf(p.group), func(t run.Target) bool { return t.Address == p.address && t.Healthy() }) {
			return false
		}
	}
	return true
}

// End checks what must hold when all is over: instances are where they were unless they are said to have failed, locks
// are free, nothing is muted, no message is left.
func (w *Watch) End(failed ...string) []string {
	broken := slices.Clone(w.Broken)
	f := w.fleet
	for id := range w.home {
		if !slices.Contains(failed, id) && !w.serves(id) {
			broken = append(broken, fmt.Sprintf("R4/R5: %s isn't back where it was", id))
		}
	}
	for _, pk := range f.Partitions() {
		switch {
		case strings.HasPrefix(pk, "LOCK#i-") && slices.Contains(failed, strings.TrimPrefix(pk, "LOCK#")):
		case strings.HasPrefix(pk, "MUTE#") && !f.held(pk):
		case strings.HasPrefix(pk, "LOCK#"), strings.HasPrefix(pk, "MUTE#"), pk == "ACTIVE":
			broken = append(broken, "R6/R7: the ledger still has "+pk)
		}
	}
	for name, status := range f.MuteRules() {
		broken = append(broken, fmt.Sprintf("R6: alarm mute rule %s is %s", name, status))
	}
	for name := range f.Stack.Queues {
		if n := f.Depth(name); n > 0 && name != "last" {
			broken = append(broken, fmt.Sprintf("R8: %d messages are left in queue %s", n, name))
		}
	}
	return broken
}
