package sim_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"quickstep/shared/run"
	"quickstep/tests/sim"
	"quickstep/tests/world"
)

// calls are the calls of a kind that a function made and that took effect.
func calls(f *sim.Fleet, kind string) (found []world.Op) {
	for _, op := range f.Log() {
		if op.Service+"."+op.Name == kind && op.Happened {
			found = append(found, op)
		}
	}
	return found
}

// when is when something first happened to a subject; zero: never.
func when(f *sim.Fleet, kind, subject string) time.Time {
	for _, op := range calls(f, kind) {
		if op.Subject == subject {
			return op.At
		}
	}
	return time.Time{}
}

// moves are the calls that take instances out, put them back, or reboot them, of a given instance.
func moves(f *sim.Fleet, kind, id string) (found []world.Op) {
	for _, op := range calls(f, kind) {
		if op.Function != "" && (op.Subject == id || strings.Contains(op.Detail, id)) {
			found = append(found, op)
		}
	}
	return found
}

// rebooted checks how often machines went down.
func rebooted(t testing.TB, f *sim.Fleet, times int, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if f.Boots(id) != times {
			t.Errorf("%s was rebooted %d times, not %d", id, f.Boots(id), times)
		}
	}
}

// peak watches how many instances were out at the same time at most.
func peak(f *sim.Fleet) *int {
	most := new(int)
	f.Also(func(world.Op) { *most = max(*most, f.Watch.Out()) })
	return most
}

// once calls do when the first call of a kind has taken effect.
func once(f *sim.Fleet, kind string, do func(world.Op)) {
	done := false
	f.Also(func(op world.Op) {
		if !done && op.Function != "" && op.Happened && op.Service+"."+op.Name == kind {
			done = true
			f.After(0, func() { do(op) })
		}
	})
}

func control(t testing.TB, f *sim.Fleet, command, id string) all {
	t.Helper()
	c := all{"command": command}
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

func address(id, port string) run.Address {
	n, _ := strconv.Atoi(port)
	return run.Address{ID: id, Port: n}
}
