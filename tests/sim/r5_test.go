package sim_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"quickstep/tests/sim"
	"quickstep/tests/world"
)

// believed checks R5 of the first instance: what put it back came after the operating system had really come up anew.
func believed(t *testing.T, f *sim.Fleet, ids ...string) {
	t.Helper()
	for _, id := range ids {
		up, back := when(f, "world.is up", id), moves(f, "elb.Register", id)
		if up.IsZero() || len(back) == 0 {
			t.Errorf("%s was up at %s, put back %d times", id, up, len(back))
		} else if back[0].At.Before(up) {
			t.Errorf("%s was put back at %s, it had booted at %s", id, back[0].At, up)
		}
	}
}

func TestR5AFleetIsRebootedOneByOne(t *testing.T) {
	f := fleet(t, 4)
	begin(t, f, nil)
	finish(t, f, 2*time.Hour)
	counts(t, f, 4, 0, 0)
	rebooted(t, f, 1, f.IDs...)
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
			f := fleet(t, 3, map[int]world.MachineSpec{1: c.spec, 2: {Managed: true}, 3: {Managed: true}})
			begin(t, f, all{"proof": c.proof, "maxChecks": 60})
			finish(t, f, 6*time.Hour)
			counts(t, f, 3, 0, 0)
			believed(t, f, f.IDs...)
		})
	}
}

func TestR5ASlowBootTakesManyChecks(t *testing.T) {
	f := fleet(t, 2, map[int]world.MachineSpec{1: {BootTime: 20 * time.Minute}})
	begin(t, f, all{"maxChecks": 90})
	finish(t, f, 6*time.Hour)
	counts(t, f, 2, 0, 0)
	if n := len(moves(f, "ec2.Status", sim.ID(1))); n < 50 {
		t.Errorf("%d checks", n)
	}
}

func TestR5ARebootThatNeverComesBackFailsAfterMaxChecks(t *testing.T) {
	for _, managed := range []bool{false, true} {
		t.Run(fmt.Sprint("managed ", managed), func(t *testing.T) {
			f := fleet(t, 3, map[int]world.MachineSpec{1: {NeverReturns: true, Managed: managed}})
			begin(t, f, all{"maxErrors": 1})
			finish(t, f, 6*time.Hour, sim.ID(1))
			counts(t, f, 0, 1, 2)
			failedBecause(t, f, sim.ID(1), "check", true)
			if n := len(moves(f, "elb.Register", sim.ID(1))); n > 0 {
				t.Errorf("it was put back %d times", n)
			}
			told(t, f, "alarm", sim.ID(1), "run-1", "web", "release", "8080", "9090")
			if n := len(moves(f, "ec2.Status", sim.ID(1))); n > 35 {
				t.Errorf("%d checks, maxChecks is 30", n)
			}
		})
	}
}

func TestR5ChecksOfTheApplication(t *testing.T) {
	http := func(more all) all { return all{"http": more} }
	for _, c := range []struct {
		name  string
		check all
		spec  world.MachineSpec
		why   string // it never passes
	}{
		{"http as the target groups have it", http(all{}), world.MachineSpec{}, ""},
		{"http with everything", http(all{"port": 8080, "path": "/ready", "codes": "200-299", "text": "fine"}), world.MachineSpec{Status: 204, Body: "all is fine"}, ""},
		{"http, another code", http(all{"path": "/ready", "codes": "200"}), world.MachineSpec{Status: 503}, "503"},
		{"http, another text", http(all{"text": "fine"}), world.MachineSpec{Body: "oh no"}, "fine"},
		{"tcp", all{"tcp": all{"port": 22}}, world.MachineSpec{AppTime: 7 * time.Minute}, ""},
		{"lambda", all{"lambda": all{"function": "ready-web"}}, world.MachineSpec{}, ""},
		{"lambda that says no", all{"lambda": all{"function": "ready-never"}}, world.MachineSpec{}, "the cache is cold"},
		{"lambda that doesn't exist", all{"lambda": all{"function": "ready-nobody"}}, world.MachineSpec{}, "ready-nobody"},
		{"all of them", all{"ec2": true, "http": all{}, "tcp": all{"port": 80}, "lambda": all{"function": "ready-web"}}, world.MachineSpec{StatusTime: 4 * time.Minute}, ""},
		{"all of them, one says no", all{"ec2": true, "http": all{}, "tcp": all{"port": 80}, "lambda": all{"function": "ready-never"}}, world.MachineSpec{}, "the cache is cold"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := fleet(t, 2, map[int]world.MachineSpec{1: c.spec, 2: c.spec})
			asked := 0
			f.SetCheck("ready-web", func(json.RawMessage) (bool, string) { asked++; return asked > 3, "it warms up" })
			f.SetCheck("ready-never", func(json.RawMessage) (bool, string) { return false, "the cache is cold" })
			begin(t, f, all{"check": c.check})
			if c.why == "" {
				finish(t, f, 6*time.Hour)
				counts(t, f, 2, 0, 0)
				believed(t, f, f.IDs...)
				return
			}
			finish(t, f, 6*time.Hour, sim.ID(1))
			counts(t, f, 0, 1, 1)
			failedBecause(t, f, sim.ID(1), "check", true, c.why)
		})
	}
}

func TestR5AnApplicationThatBreaksNeverPasses(t *testing.T) {
	f := fleet(t, 2)
	once(f, "ec2.Reboot", func(world.Op) { f.Break(sim.ID(1)) })
	begin(t, f, all{"check": all{"http": all{"path": "/health"}}})
	finish(t, f, 6*time.Hour, sim.ID(1))
	counts(t, f, 0, 1, 1)
	failedBecause(t, f, sim.ID(1), "check", true, "refused")
}

func TestR5WhoWasUnhealthyBeforeNeedntBeHealthy(t *testing.T) {
	f := fleet(t, 3)
	f.Break(sim.ID(2))
	f.Watch.Forget(sim.ID(2)) // it isn't healthy anywhere
	f.Advance(5 * time.Minute)
	begin(t, f, nil)
	finish(t, f, 6*time.Hour, sim.ID(2))
	counts(t, f, 3, 0, 0)
	if len(f.Standing("web", sim.ID(2))) != 1 || len(f.Standing("api", sim.ID(2))) != 1 {
		t.Error("it isn't back where it was")
	}
	if !strings.Contains(f.BootID(sim.ID(2)), "-") {
		t.Error("it isn't up")
	}
}

func TestR5InstancesWithoutTargetGroupAreRebootedWithoutDrainAndRejoin(t *testing.T) {
	f := empty(t, 1)
	for n := 1; n <= 3; n++ {
		f.Add(world.MachineSpec{ID: sim.ID(n), Managed: n == 2})
	}
	begin(t, f, all{"tags": nil, "instanceIds": f.IDs})
	finish(t, f, 6*time.Hour)
	counts(t, f, 3, 0, 0)
	rebooted(t, f, 1, f.IDs...)
	if n := f.Count("elb.Deregister") + f.Count("elb.Register"); n > 0 {
		t.Errorf("%d calls changed target groups", n)
	}
}

func TestR5AnInstanceThatWasAskedTwiceIsntFailedForWaiting(t *testing.T) {
	f := fleet(t, 2, map[int]world.MachineSpec{1: {Managed: true, RebootLag: 90 * time.Second}, 2: {Managed: true}})
	calls := 0
	f.Fault = func(op world.Op) world.Fault {
		if op.Service == "ec2" && op.Name == "Reboot" && op.Subject == sim.ID(1) {
			if calls++; calls == 1 {
				return world.ReplyLost
			}
		}
		return world.None
	}
	begin(t, f, all{"proof": "required", "maxChecks": 6})
	finish(t, f, 6*time.Hour)
	counts(t, f, 2, 0, 0)
}
