package rolling_test

import (
	"testing"
	"time"

	"quickstep/tests/sim/simtest"

	"quickstep/tests/sim"
	"quickstep/tests/world"
)

func TestR9ASecondRunOnWhatIsUnderARunIsRefused(t *testing.T) {
	for _, c := range []struct {
		name   string
		second func(*sim.Fleet) simtest.All
		field  string
	}{
		{"the same fleet", func(*sim.Fleet) simtest.All { return simtest.All{"id": "run-2"} }, ""},
		{"the same fleet, other instances", func(f *sim.Fleet) simtest.All {
			return simtest.All{"id": "run-2", "tags": nil, "instanceIds": f.IDs[4:]}
		}, "fleet"},
		{"the same target group", func(*sim.Fleet) simtest.All {
			return simtest.All{"id": "run-2", "fleet": "other", "tags": nil, "targetGroupArns": []string{sim.Group("web")}}
		}, "targetGroupArns"},
		{"an instance that shares a target group", func(f *sim.Fleet) simtest.All {
			return simtest.All{"id": "run-2", "fleet": "other", "tags": nil, "instanceIds": []string{sim.ID(20)}}
		}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := simtest.Fleet(t, 3)
			f.AddGroups("side")
			f.Add(world.MachineSpec{ID: sim.ID(20)}, "api:90", "side:90")
			f.Add(world.MachineSpec{ID: sim.ID(21)}, "side:90")
			simtest.Settle(f, 1, "web", "api", "side")
			simtest.Begin(t, f, simtest.All{"tags": nil, "instanceIds": f.IDs[:3]})
			simtest.Until(t, f, "nobody left", time.Hour, func() bool { return f.Watch.Out() > 0 })
			before := len(f.Partitions())
			_, err := f.Ask(c.second(f))
			if err == nil || !simtest.ContainsAll(err.Error(), "run-1", c.field) {
				t.Errorf("the answer was %v; it should name %s and run-1", err, c.field)
			}
			if after := len(f.Partitions()); after != before {
				t.Errorf("the ledger had %d partitions, now %d", before, after)
			}
			simtest.Finish(t, f, 6*time.Hour)
			simtest.Counts(t, f, 3, 0, 0)
			f.Watch.NextRun()
			simtest.Begin(t, f, c.second(f)) // now it can
			simtest.Finish(t, f, 6*time.Hour)
			s, err := f.Status("run-2")
			if err != nil || s.Ended.IsZero() || s.Done == 0 || s.Failed > 0 {
				t.Errorf("run-2: %+v, %v", s, err)
			}
		})
	}
}

func TestR9AnInstanceWithoutTargetGroupIsInOneRunAtATime(t *testing.T) {
	for _, wait := range []time.Duration{0, 90 * time.Second} {
		t.Run(wait.String(), func(t *testing.T) {
			f := simtest.Empty(t, 1)
			for n := 1; n <= 3; n++ {
				f.Add(world.MachineSpec{ID: sim.ID(n), BootTime: 6 * time.Minute})
			}
			simtest.Begin(t, f, simtest.All{"tags": nil, "instanceIds": f.IDs[:2]})
			f.Advance(wait)
			_, err := f.Ask(simtest.All{"id": "run-2", "fleet": "other", "tags": nil, "instanceIds": f.IDs})
			if err != nil {
				if !simtest.ContainsAll(err.Error(), "run-1", "instanceIds") {
					t.Errorf("the refusal is %v", err)
				}
				return
			}
			simtest.Finish(t, f, 12*time.Hour)
			for _, id := range f.IDs {
				asked := simtest.Moves(f, "ec2.Reboot", id)
				for n := 1; n < len(asked); n++ {
					if d := asked[n].At.Sub(asked[n-1].At); d < 6*time.Minute {
						t.Errorf("%s was rebooted twice within %s", id, d)
					}
				}
			}
			s, err := f.Status("run-2")
			if err != nil || s.Ended.IsZero() || s.Failed > 0 || s.Done+s.Skipped != 3 {
				t.Errorf("run-2: %+v, %v", s, err)
			}
		})
	}
}

func TestR9AnInstanceThatJoinsAnotherFleetsGroupIsSkipped(t *testing.T) {
	f := simtest.Empty(t, 1)
	f.AddGroups("one", "two")
	for n := 1; n <= 3; n++ {
		f.Add(world.MachineSpec{ID: sim.ID(n)}, "one:80")
		f.Add(world.MachineSpec{ID: sim.ID(10 + n)}, "two:80")
	}
	simtest.Settle(f, 1, "one", "two")
	f.Watch.Tokens = 2
	simtest.Begin(t, f, simtest.All{"fleet": "one", "tags": nil, "targetGroupArns": []string{sim.Group("one")}})
	simtest.Begin(
		t,
		f,
		simtest.All{"id": "run-2", "fleet": "two", "tags": nil, "targetGroupArns": []string{sim.Group("two")}},
	)
	simtest.Until(t, f, "nobody left", time.Minute, func() bool { return f.Watch.Out() == 2 })
	f.RegisterByHand(sim.Group("two"), simtest.Address(sim.ID(3), "80")) // a group that run-1 hasn't locked
	simtest.Finish(t, f, 12*time.Hour)
	simtest.Counts(t, f, 2, 0, 1)
	simtest.CountsOf(t, f, "run-2", 3, 0, 0)
	simtest.Rebooted(t, f, 0, sim.ID(3))
}

func TestR9AskingTwiceIsOneRun(t *testing.T) {
	f := simtest.Fleet(t, 3)
	simtest.Begin(t, f, nil)
	simtest.Begin(t, f, nil)
	f.Advance(10 * time.Minute)
	simtest.Begin(t, f, nil)
	simtest.Finish(t, f, 6*time.Hour)
	simtest.Counts(t, f, 3, 0, 0)
	simtest.Rebooted(t, f, 1, f.IDs...)
	simtest.Begin(t, f, nil) // long over
	f.Advance(time.Hour)
	simtest.Rebooted(t, f, 1, f.IDs...)
}

func TestR9TwoRunsThatBeginAtTheSameTime(t *testing.T) {
	for seed := range uint64(10) {
		f := simtest.Seeded(t, seed, 4)
		f.Pace = func(world.Op) time.Duration { return time.Duration(1+f.Count("elb.Targets")%5) * 20 * time.Millisecond }
		for _, id := range []string{"run-1", "run-2"} {
			f.InvokeAsync("start", []byte(`{"id":"`+id+`","fleet":"`+id+`","tags":{"Role":"web"}}`))
		}
		f.Advance(10 * time.Second)
		simtest.Finish(t, f, 12*time.Hour)
		simtest.Rebooted(t, f, 1, f.IDs...)
		simtest.Told(t, f, "alarm", "run-") // the one that was refused
	}
}
