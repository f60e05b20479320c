package world_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"quickstep/shared/run"
	"quickstep/tests/world"
)

const web = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/1"

func group() world.GroupSpec {
	return world.GroupSpec{
		ARN: web, Name: "web", VPC: "vpc-1", Delay: time.Minute,
		Interval: 10 * time.Second, HealthyThreshold: 3, UnhealthyThreshold: 2, Attached: true,
	}
}

// serving is a group in which i-1 has stood on port 80 for long, and i-2 doesn't stand.
func serving(t *testing.T, change ...func(*world.GroupSpec)) *world.World {
	w := newWorld(t)
	spec := group()
	for _, c := range change {
		c(&spec)
	}
	w.AddGroup(spec)
	w.AddMachine(machine("i-1"))
	w.AddMachine(machine("i-2"))
	w.Place(web, "i-1", 80)
	return w
}

// states are the targets of the group as the port shows them.
func states(t *testing.T, w *world.World) string {
	t.Helper()
	targets, err := w.Targets().Targets(ctx, web)
	if err != nil {
		t.Fatal(err)
	}
	s := ""
	for _, target := range targets {
		s += fmt.Sprintf("%s %s ", target.Address, target.State)
	}
	return s
}

func at(id string, port int) []run.Description {
	return []run.Description{{Address: run.Address{ID: id, Port: port}}}
}

func done(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestATargetDrainsForTheWholeDelay(t *testing.T) {
	w := serving(t)
	done(t, w.Targets().Deregister(ctx, web, at("i-1", 80)))
	for _, want := range []string{"i-1:80 draining ", "i-1:80 draining ", ""} {
		if got := states(t, w); got != want {
			t.Errorf("after %s: %q, want %q", w.Now().Sub(began), got, want)
		}
		if len(w.Routable(web)) != 0 {
			t.Error("it gets new requests")
		}
		w.Advance(30 * time.Second)
	}
	done(t, w.Targets().Deregister(ctx, web, at("i-1", 80))) // absent: nothing to do
}

func TestATargetIsHealthyAfterItsFirstCheck(t *testing.T) {
	w := serving(t)
	done(t, w.Targets().Register(ctx, web, at("i-2", 80)))
	for _, want := range []string{"initial", "initial", "healthy"} {
		if got := states(t, w); got != "i-1:80 healthy i-2:80 "+want+" " {
			t.Errorf("after %s: %q, want %s", w.Now().Sub(began), got, want)
		}
		w.Advance(5 * time.Second)
	}
}

func TestAPortIsPartOfATargetsIdentity(t *testing.T) {
	w := serving(t)
	w.Place(web, "i-1", 8080)
	done(t, w.Targets().Deregister(ctx, web, at("i-1", 81)))
	if got := states(t, w); got != "i-1:80 healthy i-1:8080 healthy " {
		t.Error(got)
	}
	done(t, w.Targets().Deregister(ctx, web, at("i-1", 8080)))
	if got := states(t, w); got != "i-1:80 healthy i-1:8080 draining " {
		t.Error(got)
	}
}

func TestARegistrationTakesBackALeaving(t *testing.T) {
	w := serving(t)
	done(t, w.Targets().Deregister(ctx, web, at("i-1", 80)))
	w.Advance(time.Second)
	done(t, w.Targets().Register(ctx, web, at("i-1", 80)))
	w.Advance(5 * time.Minute)
	if got := states(t, w); got != "i-1:80 healthy " {
		t.Error(got)
	}
}

func TestHealthFollowsTheApplication(t *testing.T) {
	w := serving(t)
	var changes []string
	last := ""
	observe := func(d time.Duration) {
		for end := w.Now().Add(d); w.Now().Before(end); w.Advance(time.Second) {
			if state := w.TargetsOf(web)[0].State; state != last {
				changes, last = append(changes, fmt.Sprintf("%s %s", w.Now().Sub(began), state)), state
			}
		}
	}
	observe(5 * time.Second)
	w.Break("i-1")
	observe(25 * time.Second)
	w.Mend("i-1")
	observe(30 * time.Second)
	if want := []string{"0s healthy", "20s unhealthy", "50s healthy"}; !slices.Equal(changes, want) {
		t.Errorf("%v, want %v", changes, want)
	}
}

func TestATargetThatNeverAnswersGoesFromInitialToUnhealthy(t *testing.T) {
	w := serving(t)
	w.Break("i-2")
	done(t, w.Targets().Register(ctx, web, at("i-2", 80)))
	w.Advance(19 * time.Second)
	if got := w.TargetsOf(web)[1].State; got != "initial" {
		t.Error(got)
	}
	w.Advance(time.Second)
	if got := w.TargetsOf(web)[1]; got.State != "unhealthy" || got.Reason == "" {
		t.Error(got)
	}
}

func TestHealthIsTheSameHoweverOftenItIsRead(t *testing.T) {
	story := func(read bool) string {
		w := serving(t)
		w.After(31*time.Second, func() { w.Break("i-1") })
		w.After(95*time.Second, func() { w.Mend("i-1") })
		w.After(117*time.Second, func() { w.Break("i-1") })
		w.After(122*time.Second, func() { w.Mend("i-1") })
		for range 200 {
			if read {
				w.TargetsOf(web)
			}
			w.Advance(time.Second)
		}
		return states(t, w)
	}
	if a, b := story(true), story(false); a != b {
		t.Errorf("%q and %q", a, b)
	}
}

func TestTargetHealthMayLagBehind(t *testing.T) {
	for name, change := range map[string]func(w *world.World){
		"draining": func(w *world.World) { w.DeregisterByHand(web, run.Address{ID: "i-1", Port: 80}) },
		"unused":   func(w *world.World) { w.Stop("i-1") },
	} {
		w := serving(t)
		w.Lag = func(world.Op) time.Duration { return 10 * time.Second }
		change(w)
		for _, want := range []string{"healthy", name} {
			if got := states(t, w); got != "i-1:80 "+want+" " {
				t.Errorf("after %s: %q, want %s", w.Now().Sub(began), got, want)
			}
			w.Advance(15 * time.Second)
		}
	}
}

func TestAGroupWithoutALoadBalancerUsesNoTarget(t *testing.T) {
	w := serving(t, func(g *world.GroupSpec) { g.Attached = false })
	if target := w.TargetsOf(web)[0]; target.State != "unused" || !target.Registered() {
		t.Errorf("%+v", target)
	}
	done(t, w.Targets().Deregister(ctx, web, at("i-1", 80)))
	if got := states(t, w); got != "" {
		t.Error(got)
	}
}

func TestAStoppedMachineIsUnusedAndATerminatedOneLeaves(t *testing.T) {
	w := serving(t)
	w.Place(web, "i-2", 80)
	w.Stop("i-1")
	w.Terminate("i-2")
	w.Advance(time.Minute)
	if got := states(t, w); got != "i-1:80 unused " {
		t.Error(got)
	}
}

func TestOnlyRunningMachinesOfTheVPCAreRegistered(t *testing.T) {
	w := serving(t)
	foreign := machine("i-3")
	foreign.VPC = "vpc-2"
	w.AddMachine(foreign)
	w.Stop("i-2")
	for _, id := range []string{"i-2", "i-3", "i-unknown"} {
		if err := w.Targets().Register(ctx, web, at(id, 80)); !errors.Is(err, run.ErrGone) {
			t.Errorf("%s: %v", id, err)
		}
	}
	if err := w.Targets().Register(ctx, web, at("i-1", 0)); err == nil {
		t.Error("a target without a port")
	}
}

func TestAGroupMayBeGone(t *testing.T) {
	w := serving(t)
	w.RemoveGroup(web)
	if _, err := w.Targets().Targets(ctx, web); !errors.Is(err, run.ErrNoGroup) {
		t.Error(err)
	}
	if groups, err := w.Targets().Groups(context.Background()); err != nil || len(groups) != 0 {
		t.Error(groups, err)
	}
}

func TestTheLogOfARebootNamesTheGroupsThatCouldStillSendTraffic(t *testing.T) {
	for _, c := range []struct {
		name     string
		protocol string
		wait     time.Duration
		leave    bool
		exposed  bool
	}{
		{"registered", "HTTP", 0, false, true},
		{"draining behind an application load balancer", "HTTP", 0, true, false},
		{"just left a network load balancer", "TCP", 119 * time.Second, true, true},
		{"left it two minutes ago", "TCP", 120 * time.Second, true, false},
	} {
		w := serving(t, func(g *world.GroupSpec) { g.Protocol = c.protocol })
		if c.leave {
			w.DeregisterByHand(web, run.Address{ID: "i-1", Port: 80})
		}
		w.Advance(c.wait)
		done(t, w.EC2().Reboot(ctx, "i-1"))
		log := w.Log()
		if last := log[len(log)-1]; last.Name != "Reboot" || (len(last.Exposed) > 0) != c.exposed {
			t.Errorf("%s: %+v", c.name, last)
		}
	}
}
