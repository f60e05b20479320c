package rolling_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"quickstep/tests/sim/simtest"

	"quickstep/tests/sim"
	"quickstep/tests/world"
)

// believed checks R5 of the first instance: what put it back came after the operating system had really come up
// anew.
func believed(t *testing.T, f *sim.Fleet, ids ...string) {
	t.Helper()
	for _, id := range ids {
		up, back := simtest.When(f, "world.is up", id), simtest.Moves(f, "elb.Register", id)
		if up.IsZero() || len(back) == 0 {
			t.Errorf("%s was up at %s, put back %d times", id, up, len(back))
		} else if back[0].At.Before(up) {
			t.Errorf("%s was put back at %s, it had booted at %s", id, back[0].At, up)
		}
	}
}

func TestR5AFleetIsRebootedOneByOne(t *testing.T) {
	f := simtest.Fleet(t, 4)
	simtest.Begin(t, f, nil)
	simtest.Finish(t, f, 2*time.Hour)
	simtest.Counts(t, f, 4, 0, 0)
	simtest.Rebooted(t, f, 1, f.IDs...)
	believed(t, f, f.IDs...)
}

func TestR5HabitsOfMachines(t *testing.T) {
	slow := 9 * time.Minute
	for _, c := range []struct {
		name  string
		spec  world.MachineSpec
		proof string
	}{
		{"managed", world.MachineSpec{Managed: true}, "required"},
		{"managed, Windows", world.MachineSpec{Managed: true, Windows: true}, "required"},
		{"managed, the proof is off", world.MachineSpec{Managed: true}, "off"},
		{"managed, slow", world.MachineSpec{Managed: true, BootTime: slow}, "whenManaged"},
		{"slow", world.MachineSpec{BootTime: slow}, "off"},
		{"the application is slow", world.MachineSpec{AppTime: slow}, "whenManaged"},
		{"the status checks are slow", world.MachineSpec{Managed: true, StatusTime: slow}, "whenManaged"},
		{"the status checks are blind", world.MachineSpec{Blind: 3 * time.Minute, BootTime: 4 * time.Minute}, "whenManaged"},
		{"it goes down late", world.MachineSpec{RebootLag: 3 * time.Minute}, "whenManaged"},
		{"it goes down late, managed", world.MachineSpec{RebootLag: 3 * time.Minute, Managed: true}, "whenManaged"},
		{"it hangs", world.MachineSpec{IgnoresReboot: true}, "whenManaged"},
		{"it hangs, managed", world.MachineSpec{IgnoresReboot: true, Managed: true}, "whenManaged"},
		{"it hangs, the proof is off", world.MachineSpec{IgnoresReboot: true, Managed: true}, "off"},
		{"it hangs and tells no boot", world.MachineSpec{IgnoresReboot: true, Managed: true, NoBootID: true}, "whenManaged"},
		{"it tells no boot", world.MachineSpec{Managed: true, NoBootID: true}, "whenManaged"},
		{"it boots twice", world.MachineSpec{BootsTwice: 90 * time.Second}, "whenManaged"},
		{"it boots twice, managed", world.MachineSpec{BootsTwice: 90 * time.Second, Managed: true}, "whenManaged"},
		{"it boots twice, soon", world.MachineSpec{BootsTwice: 5 * time.Second, Managed: true, BootTime: 2 * time.Minute}, "required"},
		{"it is up at once", world.MachineSpec{BootTime: time.Second, RebootLag: time.Millisecond}, "whenManaged"},
		{"it is up at once, managed", world.MachineSpec{BootTime: time.Second, RebootLag: time.Millisecond, Managed: true}, "required"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := simtest.Fleet(t, 3, map[int]world.MachineSpec{1: c.spec, 2: {Managed: true}, 3: {Managed: true}})
			simtest.Begin(t, f, simtest.All{"proof": c.proof, "maxChecks": 60})
			simtest.Finish(t, f, 6*time.Hour)
			simtest.Counts(t, f, 3, 0, 0)
			believed(t, f, f.IDs...)
		})
	}
}

func TestR5ASlowBootTakesManyChecks(t *testing.T) {
	f := simtest.Fleet(t, 2, map[int]world.MachineSpec{1: {BootTime: 20 * time.Minute}})
	simtest.Begin(t, f, simtest.All{"maxChecks": 90})
	simtest.Finish(t, f, 6*time.Hour)
	simtest.Counts(t, f, 2, 0, 0)
	if n := len(simtest.Moves(f, "ec2.Status", sim.ID(1))); n < 50 {
		t.Errorf("%d checks", n)
	}
}

func TestR5ARebootThatNeverComesBackFailsAfterMaxChecks(t *testing.T) {
	for _, managed := range []bool{false, true} {
		t.Run(fmt.Sprint("managed ", managed), func(t *testing.T) {
			f := simtest.Fleet(t, 3, map[int]world.MachineSpec{1: {NeverReturns: true, Managed: managed}})
			simtest.Begin(t, f, simtest.All{"maxErrors": 1})
			simtest.Finish(t, f, 6*time.Hour, sim.ID(1))
			simtest.Counts(t, f, 0, 1, 2)
			simtest.FailedBecause(t, f, sim.ID(1), "check", true)
			if n := len(simtest.Moves(f, "elb.Register", sim.ID(1))); n > 0 {
				t.Errorf("it was put back %d times", n)
			}
			simtest.Told(t, f, "alarm", sim.ID(1), "run-1", "web", "release", "8080", "9090")
			if n := len(simtest.Moves(f, "ec2.Status", sim.ID(1))); n > 35 {
				t.Errorf("%d checks, maxChecks is 30", n)
			}
		})
	}
}

func TestR5ChecksOfTheApplication(t *testing.T) {
	http := func(more simtest.All) simtest.All { return simtest.All{"http": more} }
	for _, c := range []struct {
		name  string
		check simtest.All
		spec  world.MachineSpec
		why   string // it never passes
	}{
		{"http as the target groups have it", http(simtest.All{}), world.MachineSpec{}, ""},
		{"http with everything", http(simtest.All{"port": 8080, "path": "/ready", "codes": "200-299", "text": "fine"}), world.MachineSpec{Status: 204, Body: "all is fine"}, ""},
		{"http, another code", http(simtest.All{"path": "/ready", "codes": "200"}), world.MachineSpec{Status: 503}, "503"},
		{"http, another text", http(simtest.All{"text": "fine"}), world.MachineSpec{Body: "oh no"}, "fine"},
		{"tcp", simtest.All{"tcp": simtest.All{"port": 22}}, world.MachineSpec{AppTime: 7 * time.Minute}, ""},
		{"lambda", simtest.All{"lambda": simtest.All{"function": "ready-web"}}, world.MachineSpec{}, ""},
		{"lambda that says no", simtest.All{"lambda": simtest.All{"function": "ready-never"}}, world.MachineSpec{}, "the cache is cold"},
		{"lambda that doesn't exist", simtest.All{"lambda": simtest.All{"function": "ready-nobody"}}, world.MachineSpec{}, "ready-nobody"},
		{"all of them", simtest.All{"ec2": true, "http": simtest.All{}, "tcp": simtest.All{"port": 80}, "lambda": simtest.All{"function": "ready-web"}}, world.MachineSpec{StatusTime: 4 * time.Minute}, ""},
		{"all of them, one says no", simtest.All{"ec2": true, "http": simtest.All{}, "tcp": simtest.All{"port": 80}, "lambda": simtest.All{"function": "ready-never"}}, world.MachineSpec{}, "the cache is cold"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := simtest.Fleet(t, 2, map[int]world.MachineSpec{1: c.spec, 2: c.spec})
			asked := 0
			f.SetCheck("ready-web", func(json.RawMessage) (bool, string) { asked++; return asked > 3, "it warms up" })
			f.SetCheck("ready-never", func(json.RawMessage) (bool, string) { return false, "the cache is cold" })
			simtest.Begin(t, f, simtest.All{"check": c.check})
			if c.why == "" {
				simtest.Finish(t, f, 6*time.Hour)
				simtest.Counts(t, f, 2, 0, 0)
				believed(t, f, f.IDs...)
				return
			}
			simtest.Finish(t, f, 6*time.Hour, sim.ID(1))
			simtest.Counts(t, f, 0, 1, 1)
			simtest.FailedBecause(t, f, sim.ID(1), "check", true, c.why)
		})
	}
}

func TestR5AnApplicationThatBreaksNeverPasses(t *testing.T) {
	f := simtest.Fleet(t, 2)
	simtest.Once(f, "ec2.Reboot", func(world.Op) { f.Break(sim.ID(1)) })
	simtest.Begin(t, f, simtest.All{"check": simtest.All{"http": simtest.All{"path": "/health"}}})
	simtest.Finish(t, f, 6*time.Hour, sim.ID(1))
	simtest.Counts(t, f, 0, 1, 1)
	simtest.FailedBecause(t, f, sim.ID(1), "check", true, "refused")
}

func TestR5WhoWasUnhealthyBeforeNeedntBeHealthy(t *testing.T) {
	f := simtest.Fleet(t, 3)
	f.Break(sim.ID(2))
	f.Watch.Forget(sim.ID(2)) // it isn't healthy anywhere
	f.Advance(5 * time.Minute)
	simtest.Begin(t, f, nil)
	simtest.Finish(t, f, 6*time.Hour, sim.ID(2))
	simtest.Counts(t, f, 3, 0, 0)
	if len(f.Standing("web", sim.ID(2))) != 1 || len(f.Standing("api", sim.ID(2))) != 1 {
		t.Error("it isn't back where it was")
	}
	if !strings.Contains(f.BootID(sim.ID(2)), "-") {
		t.Error("it isn't up")
	}
}

func TestR5InstancesWithoutTargetGroupAreRebootedInPlace(t *testing.T) {
	f := simtest.Empty(t, 1)
	for n := 1; n <= 3; n++ {
		f.Add(world.MachineSpec{ID: sim.ID(n), Managed: n == 2})
	}
	simtest.Begin(t, f, simtest.All{"tags": nil, "instanceIds": f.IDs})
	simtest.Finish(t, f, 6*time.Hour)
	simtest.Counts(t, f, 3, 0, 0)
	simtest.Rebooted(t, f, 1, f.IDs...)
	if n := f.Count("elb.Deregister") + f.Count("elb.Register"); n > 0 {
		t.Errorf("%d calls changed target groups", n)
	}
}

func TestR5AnInstanceThatWasAskedTwiceIsntFailedForWaiting(t *testing.T) {
	f := simtest.Fleet(
		t,
		2,
		map[int]world.MachineSpec{1: {Managed: true, RebootLag: 90 * time.Second}, 2: {Managed: true}},
	)
	calls := 0
	f.Fault = func(op world.Op) world.Fault {
		if op.Service == "ec2" && op.Name == "Reboot" && op.Subject == sim.ID(1) {
			if calls++; calls == 1 {
				return world.ReplyLost
			}
		}
		return world.None
	}
	simtest.Begin(t, f, simtest.All{"proof": "required", "maxChecks": 6})
	simtest.Finish(t, f, 6*time.Hour)
	simtest.Counts(t, f, 2, 0, 0)
}
