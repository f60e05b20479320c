package world_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"quickstep/shared/run"
	"quickstep/tests/world"
)

// machine boots for 30 s from 2 s after the request on, its application takes 20 s more, its status checks 60 s.
func machine(id string) world.MachineSpec {
	return world.MachineSpec{
		ID: id, IP: "10.0.0." + id[2:], VPC: "vpc-1", Managed: true, Tags: map[string]string{"Name": "web/" + id},
		BootTime: 30 * time.Second, AppTime: 20 * time.Second, StatusTime: time.Minute,
	}
}

// answering asks at each second whether a machine answers, and gives when it begins and ends to.
func answering(w *world.World, id string, d time.Duration) (changes []time.Duration) {
	began, was := w.Now(), true
	for w.Now().Sub(began) < d {
		if is := w.Answers(id); is != was {
			changes, was = append(changes, w.Now().Sub(began)), is
		}
		w.Advance(time.Second)
	}
	return changes
}

func TestAMachineReboots(t *testing.T) {
	const s = time.Second
	for _, c := range []struct {
		name   string
		change func(*world.MachineSpec)
		calls  int
		want   []time.Duration // stops answering, answers, …
		boots  int
	}{
		{"as it should", func(*world.MachineSpec) {}, 1, []time.Duration{2 * s, 52 * s}, 1},
		{"once a call", func(*world.MachineSpec) {}, 2, []time.Duration{2 * s, 52 * s}, 2},
		{"and never returns", func(m *world.MachineSpec) { m.NeverReturns = true }, 1, []time.Duration{2 * s}, 1},
		{"twice", func(m *world.MachineSpec) { m.BootsTwice = 25 * s }, 1, []time.Duration{2 * s, 52 * s, 57 * s, 107 * s}, 2},
		{"late, because it hangs", func(m *world.MachineSpec) { m.IgnoresReboot = true }, 1, []time.Duration{240 * s, 290 * s}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			spec := machine("i-1")
			c.change(&spec)
			w.AddMachine(spec)
			first := w.BootID("i-1")
			for range c.calls {
				if err := w.EC2().Reboot(ctx, "i-1"); err != nil {
					t.Fatal(err)
				}
			}
			if got := answering(w, "i-1", 10*time.Minute); !slices.Equal(got, c.want) {
				t.Errorf("answers changed at %v, want %v", got, c.want)
			}
			if w.Boots("i-1") != c.boots || w.BootID("i-1") == first || w.MachineState("i-1") != "running" {
				t.Errorf("%d boots, boot id %s after %s", w.Boots("i-1"), w.BootID("i-1"), first)
			}
		})
	}
}

func TestARebootIsRefusedToWhatIsGone(t *testing.T) {
	w := newWorld(t)
	w.AddMachine(machine("i-1"))
	w.AddMachine(machine("i-2"))
	w.Terminate("i-1")
	w.Stop("i-2")
	for id, want := range map[string]error{"i-1": run.ErrGone, "i-2": run.ErrGone, "i-unknown": nil} {
		if err := w.EC2().Reboot(ctx, id); !errors.Is(err, want) {
			t.Errorf("reboot %s: %v, want %v", id, err, want)
		}
	}
}

func TestStatusChecksFollowTheBoot(t *testing.T) {
	w := newWorld(t)
	spec := machine("i-1")
	spec.Blind = 5 * time.Second
	w.AddMachine(spec)
	if err := w.EC2().Reboot(ctx, "i-1"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		at  time.Duration
		why string
	}{
		{0, ""},
		{6 * time.Second, ""},
		{8 * time.Second, "instance status impaired"},
		{33 * time.Second, "instance status initializing"},
		{92 * time.Second, ""},
	} {
		w.Advance(began.Add(c.at).Sub(w.Now()))
		s, err := w.EC2().Status(ctx, "i-1")
		if found := s.Finding(); err != nil || found.OK != (c.why == "") || found.Why != c.why {
			t.Errorf("after %s: %+v %v, want %q", c.at, found, err, c.why)
		}
	}
}

func TestMachinesAreSelectedByIDsAndTags(t *testing.T) {
	w := newWorld(t)
	for _, id := range []string{"i-3", "i-1", "i-2"} {
		w.AddMachine(machine(id))
	}
	for _, c := range []struct {
		name string
		s    run.Selection
		want []string
	}{
		{"ids, sorted, unknown ones left out", run.Selection{IDs: []string{"i-3", "i-1", "i-9"}}, []string{"i-1", "i-3"}},
		{"a tag with a wildcard", run.Selection{Tags: map[string]string{"Name": "web*"}}, []string{"i-1", "i-2", "i-3"}},
		{"one character of a tag", run.Selection{Tags: map[string]string{"Name": "w?b/i-2"}}, []string{"i-2"}},
		{"both narrow one another", run.Selection{IDs: []string{"i-1", "i-2"}, Tags: map[string]string{"Name": "*2"}}, []string{"i-2"}},
		{"a tag that nobody has", run.Selection{Tags: map[string]string{"Role": "*"}}, nil},
	} {
		machines, err := w.EC2().Machines(ctx, c.s)
		var ids []string
		for _, m := range machines {
			ids = append(ids, m.ID)
		}
		if err != nil || !slices.Equal(ids, c.want) {
			t.Errorf("%s: %v, %v", c.name, ids, err)
		}
	}
}

func TestATerminatedMachineIsShownForAWhile(t *testing.T) {
	w := newWorld(t)
	w.AddMachine(machine("i-1"))
	w.Terminate("i-1")
	for _, c := range []struct {
		after time.Duration
		want  string
	}{{0, "shutting-down"}, {time.Minute, "terminated"}, {2 * time.Hour, ""}} {
		w.Advance(began.Add(c.after).Sub(w.Now()))
		machines, err := w.EC2().Machines(ctx, run.Selection{IDs: []string{"i-1"}})
		state := ""
		if len(machines) > 0 {
			state = machines[0].State
		}
		if err != nil || state != c.want {
			t.Errorf("after %s: %q, %v", c.after, state, err)
		}
	}
}

func TestAStoppedMachineStartsAgain(t *testing.T) {
	w := newWorld(t)
	w.AddMachine(machine("i-1"))
	w.Stop("i-1")
	w.Advance(time.Minute)
	if w.MachineState("i-1") != "stopped" || w.Answers("i-1") {
		t.Errorf("it is %s", w.MachineState("i-1"))
	}
	w.StartAgain("i-1")
	w.Advance(2 * time.Minute)
	if w.MachineState("i-1") != "running" || !w.Answers("i-1") {
		t.Errorf("it is %s", w.MachineState("i-1"))
	}
}

func TestAReadingMayLagBehind(t *testing.T) {
	w := newWorld(t)
	w.AddMachine(machine("i-1"))
	w.Lag = func(world.Op) time.Duration { return 10 * time.Second }
	w.Stop("i-1")
	for _, want := range []string{"running", "stopping"} {
		machines, err := w.EC2().Machines(ctx, run.Selection{IDs: []string{"i-1"}})
		if err != nil || machines[0].State != want {
			t.Errorf("%+v, %v; want %s", machines, err, want)
		}
		w.Advance(15 * time.Second)
	}
}
