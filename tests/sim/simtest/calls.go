package simtest

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"quickstep/shared/run"
	"quickstep/tests/sim"
	"quickstep/tests/world"
)

// Calls are the calls of a kind that a function made and that took effect.
func Calls(f *sim.Fleet, kind string) (found []world.Op) {
	for _, op := range f.Log() {
		if op.Service+"."+op.Name == kind && op.Happened {
			found = append(found, op)
		}
	}
	return found
}

// When is when something first happened to a subject; zero: never.
func When(f *sim.Fleet, kind, subject string) time.Time {
	for _, op := range Calls(f, kind) {
		if op.Subject == subject {
			return op.At
		}
	}
	return time.Time{}
}

// Moves are the calls that take instances out, put them back, or reboot them, of a given instance.
func Moves(f *sim.Fleet, kind, id string) (found []world.Op) {
	for _, op := range Calls(f, kind) {
		if op.Function != "" && (op.Subject == id || strings.Contains(op.Detail, id)) {
			found = append(found, op)
		}
	}
	return found
}

// Rebooted checks how often machines went down.
func Rebooted(t testing.TB, f *sim.Fleet, times int, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if f.Boots(id) != times {
			t.Errorf("%s was rebooted %d times, not %d", id, f.Boots(id), times)
		}
	}
}

// Peak watches how many instances were out at the same time at most.
func Peak(f *sim.Fleet) *int {
	most := new(int)
	f.Also(func(world.Op) { *most = max(*most, f.Watch.Out()) })
	return most
}

// Once calls do when the first call of a kind has taken effect.
func Once(f *sim.Fleet, kind string, do func(world.Op)) {
	done := false
	f.Also(func(op world.Op) {
		if !done && op.Function != "" && op.Happened && op.Service+"."+op.Name == kind {
			done = true
			f.After(0, func() { do(op) })
		}
	})
}

// Control gives control a command about a run, or for release about an instance.
func Control(t testing.TB, f *sim.Fleet, command, id string) All {
	t.Helper()
	c := All{"command": command}
	if command == "release" {
		c["instance"] = id
	} else {
		c["run"] = id
	}
	answer, err := f.Call("control", c)
	if err != nil {
		t.Fatalf("%s %s: %v", command, id, err)
	}
	return answer
}

// Address is an address and its port.
func Address(id, port string) run.Address {
	n, _ := strconv.Atoi(port)
	return run.Address{ID: id, Port: n}
}
