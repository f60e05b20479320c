package sim_test

import (
	"testing"
	"time"

	"quickstep/tests/sim"
	"quickstep/tests/world"
)

func TestR9ASecondRunOnWhatIsUnderARunIsRefused(t *testing.T) {
	for _, c := range []struct {
		name   string
		second func(*sim.Fleet) all
		field  string
	}{
		{"the same fleet", func(*sim.Fleet) all { return all{"id": "run-2"} }, ""},
		{"the same fleet, other instances", func(f *sim.Fleet) all { return all{"id": "run-2", "tags": nil, "instanceIds": f.IDs[4:]} }, "fleet"},
		{"the same target group", func(*sim.Fleet) all {
			return all{"id": "run-2", "fleet": "other", "tags": nil, "targetGroupArns": []string{sim.Group("web")}}
		}, "targetGroupArns"},
		{"an instance that shares a target group", func(f *sim.Fleet) all {
			return all{"id": "run-2", "fleet": "other", "tags": nil, "instanceIds": []string{sim.ID(20)}}
		}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := fleet(t, 3)
			f.AddGroups("side")
			f.Add(world.MachineSpec{ID: sim.ID(20)}, "api:90", "side:90")
			f.Add(world.MachineSpec{ID: sim.ID(21)}, "side:90")
			settle(f, 1, "web", "api", "side")
			begin(t, f, all{"tags": nil, "instanceIds": f.IDs[:3]})
			until(t, f, "nobody left", time.Hour, func() bool { return f.Watch.Out() > 0 })
			before := len(f.Partitions())
			_, err := f.Ask(c.second(f))
			if err == nil || !containsAll(err.Error(), "run-1", c.field) {
				t.Errorf("the answer was %v; it should name %s and run-1", err, c.field)
			}
			if after := len(f.Partitions()); after != before {
				t.Errorf("the ledger had %d partitions, now %d", before, after)
			}
			finish(t, f, 6*time.Hour)
			counts(t, f, 3, 0, 0)
			f.Watch.NextRun()
			begin(t, f, c.second(f)) // now it can
			finish(t, f, 6*time.Hour)
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
			f := empty(t, 1)
			for n := 1; n <= 3; n++ {
				f.Add(world.MachineSpec{ID: sim.ID(n), BootTime: 6 * time.Minute})
			}
			begin(t, f, all{"tags": nil, "instanceIds": f.IDs[:2]})
			f.Advance(wait)
			_, err := f.Ask(all{"id": "run-2", "fleet": "other", "tags": nil, "instanceIds": f.IDs})
			if err != nil {
				if !containsAll(err.Error(), "run-1", "instanceIds") {
					t.Errorf("the refusal is %v", err)
				}
				return
			}
			finish(t, f, 12*time.Hour)
			for _, id := range f.IDs {
				asked := moves(f, "ec2.Reboot", id)
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

func TestR9AnInstanceOfARunThatJoinsAnotherFleetsGroupIsSkippedThere(t *testing.T) {
	f := empty(t, 1)
	f.AddGroups("one", "two")
	for n := 1; n <= 3; n++ {
		f.Add(world.MachineSpec{ID: sim.ID(n)}, "one:80")
		f.Add(world.MachineSpec{ID: sim.ID(10 + n)}, "two:80")
	}
	settle(f, 1, "one", "two")
	f.Watch.Tokens = 2
	begin(t, f, all{"fleet": "one", "tags": nil, "targetGroupArns": []string{sim.Group("one")}})
	begin(t, f, all{"id": "run-2", "fleet": "two", "tags": nil, "targetGroupArns": []string{sim.Group("two")}})
	until(t, f, "nobody left", time.Minute, func() bool { return f.Watch.Out() == 2 })
	f.RegisterByHand(sim.Group("two"), address(sim.ID(3), "80")) // a group that run-1 hasn't locked
	finish(t, f, 12*time.Hour)
	counts(t, f, 2, 0, 1)
	countsOf(t, f, "run-2", 3, 0, 0)
	rebooted(t, f, 0, sim.ID(3))
}

func TestR9AskingTwiceIsOneRun(t *testing.T) {
	f := fleet(t, 3)
	begin(t, f, nil)
	begin(t, f, nil)
	f.Advance(10 * time.Minute)
	begin(t, f, nil)
	finish(t, f, 6*time.Hour)
	counts(t, f, 3, 0, 0)
	rebooted(t, f, 1, f.IDs...)
	begin(t, f, nil) // long over
	f.Advance(time.Hour)
	rebooted(t, f, 1, f.IDs...)
}

func TestR9TwoRunsThatBeginAtTheSameTime(t *testing.T) {
	for seed := range uint64(10) {
		f := seeded(t, seed, 4)
		f.Pace = func(world.Op) time.Duration { return time.Duration(1+f.Count("elb.Targets")%5) * 20 * time.Millisecond }
		for _, id := range []string{"run-1", "run-2"} {
			f.InvokeAsync("start", []byte(`{"id":"`+id+`","fleet":"`+id+`","tags":{"Role":"web"}}`))
		}
		f.Advance(10 * time.Second)
		finish(t, f, 12*time.Hour)
		rebooted(t, f, 1, f.IDs...)
		told(t, f, "alarm", "run-") // the one that was refused
	}
}
