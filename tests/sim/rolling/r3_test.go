package rolling_test

import (
	"testing"
	"time"

	"quickstep/tests/sim/simtest"

	"quickstep/shared/run"
	"quickstep/tests/sim"
	"quickstep/tests/world"
)

// network adds an NLB's target group.
func network(f *sim.Fleet, name string, delay time.Duration) {
	f.ARNs = append(f.ARNs, sim.Group(name))
	f.AddGroup(
		world.GroupSpec{
			ARN:              sim.Group(name),
			Name:             name,
			VPC:              sim.VPC,
			Protocol:         "TCP",
			Delay:            delay,
			Interval:         10 * time.Second,
			HealthyThreshold: 2,
			Attached:         true,
			Health:           run.HealthCheck{Protocol: "TCP", Port: "traffic-port"},
		},
	)
}

// gap is the time from an instance's first deregistration to its first reboot.
func gap(t *testing.T, f *sim.Fleet, id string) time.Duration {
	t.Helper()
	left, asked := simtest.Moves(f, "elb.Deregister", id), simtest.Moves(f, "ec2.Reboot", id)
	if len(left) == 0 || len(asked) == 0 {
		t.Fatalf("%s left %d times, was rebooted %d times", id, len(left), len(asked))
	}
	return asked[0].At.Sub(left[len(left)-1].At)
}

func TestR3NoRebootBeforeTheLongestDeregistrationDelay(t *testing.T) {
	for _, c := range []struct {
		name     string
		web, nlb time.Duration
		tcp      bool
		want     time.Duration
	}{
		{"five minutes", 5 * time.Minute, 0, false, 5 * time.Minute},
		{"an NLB without a delay", 30 * time.Second, 0, true, 2 * time.Minute},
		{"an NLB with half a minute", 10 * time.Second, 30 * time.Second, true, 2 * time.Minute},
		{"an NLB with ten minutes", 10 * time.Second, 10 * time.Minute, true, 10 * time.Minute},
		{"an hour, beyond what SQS can delay", time.Hour, 0, false, time.Hour},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := simtest.Empty(t, 1)
			f.AddGroups("web")
			f.ChangeGroup(sim.Group("web"), func(g *world.GroupSpec) { g.Delay = c.web })
			places := []string{"web:80"}
			if c.tcp {
				network(f, "nlb", c.nlb)
				places = append(places, "nlb:443")
			}
			f.Add(world.MachineSpec{ID: sim.ID(1)}, places...)
			f.Add(world.MachineSpec{ID: sim.ID(2)}, places...)
			simtest.Settle(f, 1, "web")
			simtest.Begin(t, f, nil)
			simtest.Finish(t, f, 12*time.Hour)
			simtest.Counts(t, f, 2, 0, 0)
			for _, id := range f.IDs {
				if d := gap(t, f, id); d < c.want || d > c.want+2*time.Minute {
					t.Errorf("%s was rebooted %s after it left, not %s", id, d, c.want)
				}
			}
		})
	}
}

func TestR3WhoIsRegisteredAgainByHandIsNotRebooted(t *testing.T) {
	for _, after := range []time.Duration{0, 10 * time.Second, time.Minute, 119 * time.Second, 2 * time.Minute} {
		t.Run(after.String(), func(t *testing.T) {
			f := simtest.Fleet(t, 3)
			simtest.Once(f, "elb.Deregister", func(world.Op) {
				f.After(after, func() { f.RegisterByHand(sim.Group("api"), simtest.Address(sim.ID(1), "9090")) })
			})
			simtest.Begin(t, f, simtest.All{"maxErrors": 3})
			simtest.Finish(t, f, 12*time.Hour)
			s, err := f.Status("run-1")
			if err != nil || s.Done+s.Failed+s.Skipped != 3 {
				t.Errorf("%+v, %v", s, err)
			}
			for _, op := range simtest.Calls(f, "world.reboots") {
				if len(op.Exposed) > 0 {
					t.Errorf("%s went down while %v could send it traffic", op.Subject, op.Exposed)
				}
			}
		})
	}
}

func TestR3WhoIsAlwaysRegisteredAgainIsNeverRebooted(t *testing.T) {
	f := simtest.Fleet(t, 3)
	f.Also(func(op world.Op) {
		if op.Service == "elb" && op.Name == "Deregister" && op.Happened && op.Function != "" &&
			op.Subject == sim.Group("api") {
			f.After(5*time.Second, func() { f.RegisterByHand(sim.Group("api"), simtest.Address(sim.ID(1), "9090")) })
		}
	})
	simtest.Begin(t, f, simtest.All{"maxErrors": 3, "tags": nil, "instanceIds": []string{sim.ID(1)}})
	simtest.Finish(t, f, 24*time.Hour)
	simtest.Rebooted(t, f, 0, sim.ID(1))
	s, err := f.Status("run-1")
	if err != nil || s.Done != 0 || s.Failed+s.Skipped != 1 {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestR3ADrainThatNeverEndsFailsAndGoesBack(t *testing.T) {
	f := simtest.Fleet(t, 3)
	simtest.Begin(t, f, nil)
	simtest.Until(t, f, "nobody is about to leave", time.Minute, func() bool { return f.Depth("drain") > 0 })
	f.ChangeGroup(sim.Group("api"), func(g *world.GroupSpec) { g.Delay = 60 * time.Hour })
	simtest.Finish(t, f, 6*time.Hour)
	simtest.Counts(t, f, 0, 1, 2)
	simtest.Rebooted(t, f, 0, f.IDs...)
	simtest.FailedBecause(t, f, sim.ID(1), "reboot", false, "drain")
	simtest.Told(t, f, "alarm", sim.ID(1), "drain", "run-1")
}

func TestR3NobodyIsRebootedAgainAfterARejoin(t *testing.T) {
	f := simtest.Fleet(t, 3, map[int]world.MachineSpec{2: {Managed: true, BootTime: 3 * time.Minute}})
	f.Duplicate = func(string) bool { return true }
	simtest.Begin(t, f, simtest.All{"maxConcurrency": 2})
	simtest.Finish(t, f, 12*time.Hour)
	simtest.Counts(t, f, 3, 0, 0)
	simtest.Rebooted(t, f, 1, f.IDs...)
}

func TestR3AStaleReadingOfTargetHealthDoesntLetAnybodyGoEarly(t *testing.T) {
	f := simtest.Fleet(t, 3)
	f.Lag = func(world.Op) time.Duration { return 10 * time.Second }
	simtest.Begin(t, f, nil)
	simtest.Finish(t, f, 12*time.Hour)
	simtest.Counts(t, f, 3, 0, 0)
}
