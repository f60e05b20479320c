package rolling_test

import (
	"strings"
	"testing"
	"time"

	"quickstep/tests/sim/simtest"

	"quickstep/tests/sim"
	"quickstep/tests/world"
)

func TestR4AnInstanceTwiceInAGroupComesBackOnBothPorts(t *testing.T) {
	f := simtest.Empty(t, 1)
	f.AddGroups("web")
	for n := 1; n <= 3; n++ {
		f.Add(world.MachineSpec{ID: sim.ID(n)}, "web:8080", "web:8081")
	}
	simtest.Settle(f, 2, "web")
	simtest.Begin(t, f, simtest.All{"minHealthy": 2})
	simtest.Finish(t, f, 4*time.Hour)
	simtest.Counts(t, f, 3, 0, 0)
	for _, id := range f.IDs {
		if places := f.Standing("web", id); len(places) != 2 {
			t.Errorf("%s came back as %v", id, places)
		}
	}
}

func TestR4EveryGroupIsFoundNamedOrNot(t *testing.T) {
	f := simtest.Empty(t, 1)
	f.AddGroups("web", "api", "admin", "other")
	for n := 1; n <= 3; n++ {
		f.Add(world.MachineSpec{ID: sim.ID(n)}, "web:80", "api:81", "admin:82")
	}
	f.Add(world.MachineSpec{ID: sim.ID(4)}, "other:80")
	simtest.Settle(f, 1, "web", "api", "admin", "other")
	simtest.Begin(t, f, simtest.All{"tags": nil, "targetGroupArns": []string{sim.Group("web")}})
	simtest.Finish(t, f, 4*time.Hour)
	simtest.Counts(t, f, 3, 0, 0)
	simtest.Rebooted(t, f, 0, sim.ID(4))
}

func TestR4ATargetTakenOutWhileAwayComesBackAsCaptured(t *testing.T) {
	f := simtest.Fleet(t, 3)
	simtest.Begin(t, f, nil)
	simtest.Until(t, f, "nobody was rebooted", time.Hour, func() bool { return f.Count("ec2.Reboot") == 1 })
	f.DeregisterByHand(sim.Group("api"), simtest.Address(sim.ID(1), "9090")) // it is out already: nothing to see
	simtest.Finish(t, f, 4*time.Hour)
	simtest.Counts(t, f, 3, 0, 0)
}

func TestR4ATargetTakenOutAfterTheRejoinStaysOut(t *testing.T) {
	f := simtest.Fleet(t, 3)
	rejoins := 0
	f.Also(func(op world.Op) {
		if op.Service == "elb" && op.Name == "Register" && op.Happened && op.Function != "" {
			if rejoins++; rejoins == 2 {
				f.After(2*time.Second, func() {
					f.DeregisterByHand(sim.Group("api"), simtest.Address(sim.ID(1), "9090"))
					f.Watch.Forget(sim.ID(1))
				})
			}
		}
	})
	simtest.Begin(t, f, simtest.All{"maxErrors": 1})
	simtest.Finish(t, f, 6*time.Hour, sim.ID(1))
	simtest.Counts(t, f, 2, 1, 0)
	if places := f.Standing("api", sim.ID(1)); len(places) > 0 {
		t.Errorf("it was put back: %v", places)
	}
	if places := f.Standing("web", sim.ID(1)); len(places) != 1 {
		t.Errorf("in the other group it stands as %v", places)
	}
	simtest.Told(t, f, "alarm", sim.ID(1), "somebody else", "api")
}

func TestR4ATargetThatWasTakenOutBeforeStaysOut(t *testing.T) {
	f := simtest.Fleet(t, 3)
	f.DeregisterByHand(sim.Group("api"), simtest.Address(sim.ID(2), "9090"))
	f.Advance(time.Second) // still draining
	f.Watch.Settle()
	simtest.Begin(t, f, nil)
	simtest.Finish(t, f, 6*time.Hour)
	simtest.Counts(t, f, 3, 0, 0)
	if places := f.Standing("api", sim.ID(2)); len(places) > 0 {
		t.Errorf("it was put in: %v", places)
	}
}

func TestR4WhatLeavesBeforeItsTurnStaysOut(t *testing.T) {
	f := simtest.Fleet(t, 3)
	simtest.Begin(t, f, nil)
	simtest.Until(t, f, "nobody left", time.Hour, func() bool { return f.Count("elb.Deregister") == 2 })
	f.DeregisterByHand(sim.Group("api"), simtest.Address(sim.ID(3), "9090"))
	f.Watch.Forget(sim.ID(3))
	simtest.Finish(t, f, 6*time.Hour, sim.ID(3))
	if places := f.Standing("api", sim.ID(3)); len(places) > 0 {
		t.Errorf("it was put back: %v", places)
	}
}

func TestR4AnInstanceTerminatedHalfWayFailsAlone(t *testing.T) {
	for _, at := range []string{"elb.Deregister", "ec2.Reboot", "elb.Register"} {
		t.Run("after "+at, func(t *testing.T) {
			f := simtest.Fleet(t, 4)
			simtest.Once(f, at, func(world.Op) { f.Terminate(sim.ID(1)); f.Watch.Forget(sim.ID(1)) })
			simtest.Begin(t, f, simtest.All{"maxErrors": 1})
			simtest.Finish(t, f, 12*time.Hour, sim.ID(1))
			simtest.Counts(t, f, 3, 1, 0)
			simtest.Told(t, f, "alarm", sim.ID(1), "terminated", "run-1")
		})
	}
}

func TestR4AnInstanceThatIsStoppedBeforeItsTurnIsSkipped(t *testing.T) {
	f := simtest.Fleet(t, 3)
	simtest.Begin(t, f, nil)
	f.Stop(sim.ID(3))
	simtest.Finish(t, f, 6*time.Hour, sim.ID(3))
	simtest.Counts(t, f, 2, 0, 1)
	simtest.Told(t, f, "report", "ended", sim.ID(3), "stopped")
}

func TestR4ARejoinThatNeverGetsHealthyFails(t *testing.T) {
	f := simtest.Fleet(t, 3)
	simtest.Once(f, "ec2.Reboot", func(world.Op) { f.Break(sim.ID(1)) })
	simtest.Begin(t, f, simtest.All{"rejoinTimeout": "10m"})
	simtest.Finish(t, f, 6*time.Hour, sim.ID(1))
	simtest.Counts(t, f, 0, 1, 2)
	s, _ := f.Status("run-1")
	if len(s.Failures) != 1 || !strings.Contains(s.Failures[0].Reason, "healthy") {
		t.Errorf("%+v", s.Failures)
	}
	simtest.Told(t, f, "alarm", sim.ID(1), "healthy")
}

func TestR4AGroupThatIsDeletedWhileAnInstanceIsOut(t *testing.T) {
	f := simtest.Fleet(t, 3)
	f.AfterEffect = nil // the watch can't look at a group that is gone
	simtest.Once(f, "ec2.Reboot", func(world.Op) { f.RemoveGroup(sim.Group("api")) })
	simtest.Begin(t, f, simtest.All{"maxErrors": 3})
	simtest.Until(t, f, "the run isn't over", 12*time.Hour, f.Over)
	s, err := f.Status("run-1")
	if err != nil || s.Done+s.Failed+s.Skipped != 3 || s.Ended.IsZero() {
		t.Errorf("%+v, %v", s, err)
	}
	for _, id := range f.IDs {
		if len(f.Standing("web", id)) != 1 && s.Failed == 0 {
			t.Errorf("%s doesn't stand in the other group, and nothing failed", id)
		}
	}
}

func TestR4ATargetThatWasUnusedNeedntBeHealthy(t *testing.T) {
	f := simtest.Empty(t, 1)
	f.AddGroups("web", "spare")
	f.ChangeGroup(sim.Group("spare"), func(g *world.GroupSpec) { g.Attached = false })
	for n := 1; n <= 3; n++ {
		f.Add(world.MachineSpec{ID: sim.ID(n)}, "web:80", "spare:81")
	}
	simtest.Settle(f, 1, "web")
	simtest.Begin(t, f, simtest.All{"minHealthy": 1})
	simtest.Finish(t, f, 6*time.Hour, f.IDs...) // none of them is healthy everywhere, ever
	s, err := f.Status("run-1")
	if err != nil || s.Ended.IsZero() || s.Done+s.Skipped != 3 {
		t.Errorf("%+v, %v", s, err)
	}
	for _, id := range f.IDs {
		if len(f.Standing("web", id)) != 1 || len(f.Standing("spare", id)) != 1 {
			t.Errorf("%s isn't back where it was", id)
		}
	}
}
