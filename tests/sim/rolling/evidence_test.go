package rolling_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"quickstep/tests/sim/simtest"

	"quickstep/shared/run"
	"quickstep/tests/sim"
	"quickstep/tests/world"
)

// itemOf is an instance's item.
func itemOf(f *sim.Fleet, id string) (i run.Instance) {
	if d, ok := f.Doc("RUN#run-1", "I#"+id); ok {
		_ = json.Unmarshal(d.Body, &i) // what can't be read is empty
	}
	return i
}

// TestAFastBootWithoutABootIDIsSeen: it took five minutes when looks came after a minute only.
func TestAFastBootWithoutABootIDIsSeen(t *testing.T) {
	for name, boot := range map[string]time.Duration{"15s": 15 * time.Second, "40s": 40 * time.Second, "75s": 75 * time.Second} {
		for _, check := range []simtest.All{{"tcp": simtest.All{"port": 8080}}, {"http": simtest.All{}}, {"ec2": true, "http": simtest.All{}}} {
			t.Run(name, func(t *testing.T) {
				f := simtest.Fleet(
					t,
					3,
					map[int]world.MachineSpec{1: {BootTime: boot}, 2: {BootTime: boot}, 3: {BootTime: boot}},
				)
				began := f.Now()
				simtest.Begin(t, f, simtest.All{"check": check, "proof": "off"})
				simtest.Finish(t, f, 6*time.Hour)
				simtest.Counts(t, f, 3, 0, 0)
				believed(t, f, f.IDs...)
				s, _ := f.Status("run-1")
				if took := s.Ended.Sub(began); took > 3*(5*time.Minute) {
					t.Errorf("three instances took %s", took)
				}
			})
		}
	}
}

// TestWhatShowsNothingIsntSeenDown: a hung instance whose status checks have no data goes on serving on its old
// boot, until EC2 forces the reboot.
func TestWhatShowsNothingIsntSeenDown(t *testing.T) {
	f := simtest.Fleet(t, 2, map[int]world.MachineSpec{1: {IgnoresReboot: true, NoData: 100 * time.Second}})
	simtest.Begin(t, f, simtest.All{"check": simtest.All{"ec2": true}, "proof": "off"})
	simtest.Finish(t, f, 6*time.Hour)
	simtest.Counts(t, f, 2, 0, 0)
	believed(t, f, f.IDs...)
	once := simtest.When(f, "world.reboots", sim.ID(1))
	if back := simtest.Moves(f, "elb.Register", sim.ID(1)); len(back) == 0 || back[0].At.Before(once) {
		t.Errorf("it was put back before EC2 forced its reboot at %s", once)
	}
}

// TestAServerThatAnswersWithAnErrorIsUp: it says 503 for a while, on its old boot.
func TestAServerThatAnswersWithAnErrorIsUp(t *testing.T) {
	f := simtest.Fleet(t, 2, map[int]world.MachineSpec{1: {IgnoresReboot: true}})
	simtest.Once(f, "ec2.Reboot", func(world.Op) {
		f.ChangeMachine(sim.ID(1), func(m *world.MachineSpec) { m.Status = 503 })
		f.After(time.Minute, func() { f.ChangeMachine(sim.ID(1), func(m *world.MachineSpec) { m.Status = 200 }) })
	})
	simtest.Begin(t, f, simtest.All{"check": simtest.All{"http": simtest.All{"port": 8080}}, "proof": "off"})
	simtest.Finish(t, f, 6*time.Hour)
	simtest.Counts(t, f, 2, 0, 0)
	believed(t, f, f.IDs...)
}

// TestAnotherAgentsRebootIsntOurs: it comes between the reading of the boot id and the call, and EC2 carries our
// call out minutes later, because the instance hangs.
func TestAnotherAgentsRebootIsntOurs(t *testing.T) {
	f := simtest.Fleet(t, 2, map[int]world.MachineSpec{1: {Managed: true, IgnoresReboot: true}, 2: {Managed: true}})
	f.Pace = func(world.Op) time.Duration { return 100 * time.Millisecond }
	others := 0
	f.Also(func(op world.Op) {
		if op.Function == "reboot" && op.Service == "ssm" && op.Name == "BootAnswer" &&
			strings.Contains(op.Detail, "true") &&
			others == 0 {
			others++
			f.After(0, func() { f.RebootInside(sim.ID(1)) })
		}
	})
	simtest.Begin(t, f, nil)
	simtest.Finish(t, f, 6*time.Hour)
	simtest.Counts(t, f, 2, 0, 0)
	if others == 0 || f.Boots(sim.ID(1)) != 1 {
		t.Fatalf("others rebooted it %d times, EC2 %d times", others, f.Boots(sim.ID(1)))
	}
	if back := simtest.Moves(f, "elb.Register", sim.ID(1)); len(back) == 0 ||
		back[0].At.Before(simtest.When(f, "world.reboots", sim.ID(1))) {
		t.Error("the boot that another agent had brought about was taken for ours")
	}
}

// TestAnAgentThatComesUpLateAnswersAQuestionOfBefore: its answer alone can't be placed, so it is asked again, and
// the instance is done without waiting five minutes.
func TestAnAgentThatComesUpLateAnswersAQuestionOfBefore(t *testing.T) {
	f := simtest.Fleet(
		t,
		2,
		map[int]world.MachineSpec{
			1: {Managed: true, BootTime: 5 * time.Second, AgentTime: 25 * time.Second},
			2: {Managed: true},
		},
	)
	simtest.Begin(t, f, simtest.All{"bootWait": "0s", "checkInterval": "5s"})
	began := f.Now()
	simtest.Finish(t, f, time.Hour)
	simtest.Counts(t, f, 2, 0, 0)
	believed(t, f, f.IDs...)
	if out := itemOf(f, sim.ID(1)); out.EndedAt.Sub(began) > 5*time.Minute {
		t.Errorf("it took %s", out.EndedAt.Sub(began))
	}
}

func TestStartSaysThatTheEC2CheckAloneTakesFiveMinutes(t *testing.T) {
	for _, c := range []struct {
		check simtest.All
		proof string
		says  bool
	}{
		{simtest.All{"ec2": true}, "off", true}, {simtest.All{"ec2": true}, "whenManaged", true}, {simtest.All{"ec2": true}, "required", false},
		{simtest.All{"tcp": simtest.All{"port": 8080}}, "off", false},
	} {
		f := simtest.Fleet(t, 2)
		answer, err := f.Ask(simtest.All{"check": c.check, "proof": c.proof})
		if err != nil {
			t.Fatal(err)
		}
		text, _ := json.Marshal(answer["remarks"])
		if got := strings.Contains(string(text), "boot id"); got != c.says {
			t.Errorf("%v, proof %s: %s", c.check, c.proof, text)
		}
	}
}

func TestAnUnhealthyDrainingTargetComesBackAsItWas(t *testing.T) {
	f := simtest.Fleet(t, 3)
	f.AddGroup(
		world.GroupSpec{ARN: sim.Group("tcp"), Name: "tcp", VPC: sim.VPC, Protocol: "TCP", Interval: 10 * time.Second,
			HealthyThreshold: 2, Attached: true, UnhealthyDraining: 10 * time.Hour},
	)
	f.ARNs = append(f.ARNs, sim.Group("tcp"))
	for _, id := range f.IDs {
		f.Place(sim.Group("tcp"), id, 7070)
	}
	f.Watch.Settle()
	f.Break(sim.ID(1))
	f.Watch.Forget(sim.ID(1)) // it isn't healthy anywhere
	f.Advance(5 * time.Minute)
	if s := f.Standing("tcp", sim.ID(1)); len(s) != 1 || s[0].State != "unhealthy.draining" {
		t.Fatalf("it stands as %+v", s)
	}
	simtest.Begin(t, f, simtest.All{"minHealthy": 1})
	simtest.Finish(t, f, 6*time.Hour, sim.ID(1))
	simtest.Counts(t, f, 3, 0, 0)
	if len(f.Standing("tcp", sim.ID(1))) != 1 {
		t.Error("it isn't back in tcp")
	}
}

func TestAnInitialTargetIsWaitedFor(t *testing.T) {
	f := simtest.Fleet(t, 3)
	for _, arn := range f.ARNs {
		f.ChangeGroup(arn, func(g *world.GroupSpec) { g.Interval = 2 * time.Minute })
	}
	f.Advance(time.Hour)
	f.DeregisterByHand(sim.Group("web"), simtest.Address(sim.ID(1), "8080"))
	f.Advance(10 * time.Minute)
	f.RegisterByHand(sim.Group("web"), simtest.Address(sim.ID(1), "8080"))
	f.Watch.Settle()
	registered := f.Now()
	simtest.Begin(t, f, simtest.All{"minHealthy": 0})
	simtest.Finish(t, f, 6*time.Hour)
	simtest.Counts(t, f, 3, 0, 0)
	left := simtest.Moves(f, "elb.Deregister", sim.ID(1))
	if at := registered.Add(2 * time.Minute); len(left) < 2 || left[1].At.Before(at) {
		t.Errorf("it left %v, its first health check was at %s", left, at)
	}
	for _, c := range itemOf(f, sim.ID(1)).Capture {
		if !c.Healthy {
			t.Errorf("it was captured as unhealthy: %+v", c)
		}
	}
}

// TestAnAnswerOfBeforeDoesntEndTheWait: the question was sent before the instance went down, and its answer is
// fetched minutes later, when the time for a proof is over.
func TestAnAnswerOfBeforeDoesntEndTheWait(t *testing.T) {
	f := simtest.Fleet(
		t,
		2,
		map[int]world.MachineSpec{1: {Managed: true, RebootLag: 10 * time.Second}, 2: {Managed: true}},
	)
	asked := time.Time{}
	f.Throttled = func(string) bool { return !asked.IsZero() && f.Now().Before(asked.Add(20*time.Minute)) }
	f.Also(func(op world.Op) {
		if op.Function == "check" && op.Service == "ssm" && op.Name == "AskBoot" && asked.IsZero() {
			asked = f.Now().Add(time.Second) // it ends what it does
			f.After(time.Second, func() {})
		}
	})
	simtest.Begin(t, f, simtest.All{"bootWait": "0s", "maxChecks": 3})
	simtest.Finish(t, f, 6*time.Hour)
	simtest.Counts(t, f, 2, 0, 0)
}

// TestQuestionsSentWhileItWasDownDontEndTheWait: nobody was there to answer them. It comes up while no
// code runs, and is looked at again when the time for a proof is over.
func TestQuestionsSentWhileItWasDownDontEndTheWait(t *testing.T) {
	f := simtest.Fleet(t, 2, map[int]world.MachineSpec{
		1: {Managed: true, BootTime: 3 * time.Minute}, 2: {Managed: true},
	})
	f.Throttled = func(function string) bool {
		called := itemOf(f, sim.ID(1)).RebootedAt
		after := f.Now().Sub(called)
		return function == "check" && !called.IsZero() &&
			after > 170*time.Second && after < 10*time.Minute
	}
	f.Also(func(op world.Op) {
		if op.Name == "RebootInstances" || op.Name == "Reboot" {
			for after := 170 * time.Second; after <= 10*time.Minute; after += 430 * time.Second {
				f.After(after+time.Second, func() {})
			}
		}
	})
	simtest.Begin(t, f, simtest.All{"bootWait": "30s", "maxChecks": 15})
	simtest.Finish(t, f, 6*time.Hour)
	simtest.Counts(t, f, 2, 0, 0)
	i := itemOf(f, sim.ID(1))
	if took := i.StartedAt.Sub(i.RebootedAt); took < 10*time.Minute {
		t.Errorf("it was believed %s after its reboot: the outage didn't happen", took)
	}
}

// TestBootWaitIsKeptByWhoIsLookedAtEarly: looks before its end are there to see the instance down.
func TestBootWaitIsKeptByWhoIsLookedAtEarly(t *testing.T) {
	for name, spec := range map[string]world.MachineSpec{
		"seen down":       {BootTime: 20 * time.Second},
		"never seen down": {BootTime: time.Second, RebootLag: time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			f := simtest.Fleet(t, 2, map[int]world.MachineSpec{1: spec, 2: spec})
			simtest.Begin(
				t,
				f,
				simtest.All{"bootWait": "20m", "check": simtest.All{"tcp": simtest.All{"port": 8080}}, "proof": "off"},
			)
			simtest.Finish(t, f, 6*time.Hour)
			simtest.Counts(t, f, 2, 0, 0)
			i := itemOf(f, sim.ID(1))
			if took := i.StartedAt.Sub(i.RebootedAt); took < 20*time.Minute || took > 21*time.Minute {
				t.Errorf("it counted as started %s after its reboot", took)
			}
		})
	}
}

// TestACallThatWasntCarriedOutIsTakenBack: EC2 answers the only call with an error that doesn't say whether it was
// accepted, and then somebody registers the instance again, so that it can't be asked once more. Its boot id tells.
func TestACallThatWasntCarriedOutIsTakenBack(t *testing.T) {
	for name, managed := range map[string]bool{"by its boot id": true, "nothing can tell": false} {
		t.Run(name, func(t *testing.T) {
			f := simtest.Fleet(t, 2, map[int]world.MachineSpec{1: {Managed: managed}, 2: {Managed: true}})
			f.Fault = func(op world.Op) world.Fault {
				if op.Service != "ec2" || op.Name != "Reboot" || op.Subject != sim.ID(1) {
					return world.None
				}
				f.After(0, func() { f.RegisterByHand(sim.Group("api"), simtest.Address(sim.ID(1), "9090")) })
				return world.ServerError
			}
			simtest.Begin(t, f, nil)
			if managed {
				simtest.Finish(t, f, 6*time.Hour)
				simtest.FailedBecause(t, f, sim.ID(1), "reboot", false, "never drained", "healthy in target group api")
			} else {
				simtest.Finish(t, f, 6*time.Hour, sim.ID(1))
				simtest.FailedBecause(t, f, sim.ID(1), "reboot", true, "never drained", "carried out", "isn't known")
			}
			simtest.Rebooted(t, f, 0, f.IDs...)
		})
	}
}

// TestAnOldAnswerSaysNothingAboutACall: the function is down for minutes between the question which boot the
// instance is on and its answer, and meanwhile the call whose reply was lost is carried out.
func TestAnOldAnswerSaysNothingAboutACall(t *testing.T) {
	f := simtest.Fleet(
		t,
		2,
		map[int]world.MachineSpec{1: {Managed: true, RebootLag: 20 * time.Second}, 2: {Managed: true}},
	)
	var lost, dead time.Time
	f.Fault = func(op world.Op) world.Fault {
		switch {
		case op.Function != "reboot":
		case op.Service == "ec2" && op.Name == "Reboot" && lost.IsZero():
			lost = f.Now()
			return world.ReplyLost
		case lost.IsZero():
		case op.Service == "sqs" && op.Name == "Send" && dead.IsZero() && f.Now().Sub(lost) > time.Second:
			dead = f.Now().Add(time.Millisecond) // it has asked
		case !dead.IsZero() && f.Now().After(dead) && f.Now().Sub(dead) < 4*time.Minute:
			return world.CrashBefore
		}
		return world.None
	}
	simtest.Begin(t, f, nil)
	simtest.Finish(t, f, 6*time.Hour)
	simtest.Counts(t, f, 2, 0, 0)
	simtest.Rebooted(t, f, 1, f.IDs...)
	if calls := simtest.Moves(f, "ec2.Reboot", sim.ID(1)); len(calls) != 1 {
		t.Errorf("it was asked to reboot %d times", len(calls))
	}
}

// TestTheBootOfAnEarlierCallEndsTheCalls: EC2 carries the first call out, whose fate was unknown, right before the
// second one is written down, and the function crashes before it makes that one.
func TestTheBootOfAnEarlierCallEndsTheCalls(t *testing.T) {
	f := simtest.Fleet(t, 2, map[int]world.MachineSpec{1: {Managed: true}, 2: {Managed: true}})
	calls, carriedOut := 0, false
	f.Pace = func(op world.Op) time.Duration {
		if op.Service == "elb" && carriedOut && calls == 1 {
			return 3 * time.Second
		}
		return 100 * time.Millisecond
	}
	f.Fault = func(op world.Op) world.Fault {
		if op.Service != "ec2" || op.Name != "Reboot" || op.Subject != sim.ID(1) {
			return world.None
		}
		if calls++; calls == 1 {
			return world.ServerError
		}
		return world.CrashBefore
	}
	f.Also(func(op world.Op) {
		if calls == 1 && !carriedOut && op.Function == "reboot" && op.Service == "elb" {
			carriedOut = true
			f.After(0, func() { f.RebootInside(sim.ID(1)) })
		}
	})
	simtest.Begin(t, f, nil)
	simtest.Finish(t, f, 6*time.Hour)
	simtest.Counts(t, f, 2, 0, 0)
	if calls != 2 {
		t.Errorf("it was asked to reboot %d times", calls)
	}
}

// TestCallsThatAreNeverAnsweredHaveAnEnd: for a day EC2 answers each call with an error that doesn't say whether it
// was accepted, and carries none out.
func TestCallsThatAreNeverAnsweredHaveAnEnd(t *testing.T) {
	for name, managed := range map[string]bool{"by its boot id": true, "nothing can tell": false} {
		t.Run(name, func(t *testing.T) {
			f := simtest.Fleet(t, 2, map[int]world.MachineSpec{1: {Managed: managed}, 2: {Managed: true}})
			f.Fault = func(op world.Op) world.Fault {
				if op.Service == "ec2" && op.Name == "Reboot" && op.Subject == sim.ID(1) {
					return world.ServerError
				}
				return world.None
			}
			simtest.Begin(t, f, nil)
			if managed {
				simtest.Finish(t, f, 24*time.Hour)
				simtest.FailedBecause(t, f, sim.ID(1), "reboot", false, "EC2 hasn't carried out the reboot")
			} else {
				simtest.Finish(t, f, 24*time.Hour, sim.ID(1))
				simtest.FailedBecause(t, f, sim.ID(1), "reboot", true, "InternalError")
			}
			simtest.Rebooted(t, f, 0, sim.ID(1))
		})
	}
}
