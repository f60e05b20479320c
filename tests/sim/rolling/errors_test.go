package rolling_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"quickstep/tests/sim/simtest"

	"quickstep/shared/transient"
	"quickstep/tests/sim"
	"quickstep/tests/world"
)

// outageOf lets every call of the named kinds fail by functions, from the first that find sees on, for a time.
type outageOf struct {
	kinds string // "elb.Register ec2.Reboot", or a whole service: "elb"
	lasts time.Duration
	err   error
	whose string // of one instance alone
}

var (
	errNoRight = errors.New("AccessDenied: not authorized to perform this")
	errTooFast = transient.NotApplied(errors.New("ThrottlingException: rate exceeded"))
)

func (o outageOf) hits(op world.Op) bool {
	for kind := range strings.FieldsSeq(o.kinds) {
		if op.Service == kind || op.Service+"."+op.Name == kind {
			return op.Function != ""
		}
	}
	return false
}

// begins lets the outage begin once an instance stands at a step.
func (o outageOf) begins(t *testing.T, f *sim.Fleet, id, step string) {
	t.Helper()
	simtest.Until(t, f, id+" didn't come to "+step, 12*time.Hour, func() bool { return itemOf(f, id).Step == step })
	from := f.Now()
	f.Refuse = func(op world.Op) error {
		if o.hits(op) && f.Now().Before(from.Add(o.lasts)) &&
			(o.whose == "" || strings.Contains(op.Subject+op.Detail, o.whose)) {
			return o.err
		}
		return nil
	}
}

func TestErrorsOutsideAreBorneForHours(t *testing.T) {
	for _, c := range []struct {
		at, kinds string
	}{
		{"rejoin", "elb.Register"}, {"await", "elb.Targets"}, {"check", "ec2.Status"}, {"check", "ec2.Machines"},
	} {
		for name, o := range map[string]outageOf{
			"denied for a minute":    {c.kinds, time.Minute, errNoRight, ""},
			"denied for five hours":  {c.kinds, 5 * time.Hour, errNoRight, ""},
			"throttled for an hour":  {c.kinds, time.Hour, errTooFast, ""},
			"throttled for 5 hours":  {c.kinds, 5 * time.Hour, errTooFast, ""},
			"throttled for 20 hours": {c.kinds, 20 * time.Hour, errTooFast, ""},
		} {
			t.Run(fmt.Sprint(c.at, " ", c.kinds, " ", name), func(t *testing.T) {
				t.Parallel()
				f := simtest.Fleet(t, 2)
				simtest.Begin(t, f, nil)
				o.begins(t, f, sim.ID(1), c.at)
				if o.lasts > 6*time.Hour {
					simtest.Finish(t, f, 48*time.Hour, sim.ID(1))
					simtest.FailedBecause(
						t,
						f,
						sim.ID(1),
						strings.Replace(c.at, "await", "rejoin", 1),
						true,
						"Throttling",
					)
					return
				}
				simtest.Finish(t, f, 12*time.Hour)
				simtest.Counts(t, f, 2, 0, 0)
				toldOfTrouble(t, f, sim.ID(1), o.lasts)
			})
		}
	}
}

// toldOfTrouble checks that people were told after five minutes and then every hour.
func toldOfTrouble(t *testing.T, f *sim.Fleet, id string, lasted time.Duration) {
	t.Helper()
	n := 0
	for _, note := range f.Published("alarm") {
		if strings.Contains(note.Subject, id) && strings.Contains(note.Subject, "can't get on") {
			n++
		}
	}
	want := 0
	if lasted > 5*time.Minute {
		want = int((lasted-5*time.Minute)/time.Hour) + 1
	}
	if n > want || n < want-1 || (want > 0 && n == 0) {
		t.Errorf("people were told %d times within %s, want %d", n, lasted, want)
	}
}

func TestErrorsBeforeTheRebootNeverLeaveAnInstanceOut(t *testing.T) {
	for _, c := range []struct {
		name      string
		at, kinds string
		lasts     time.Duration
		err       error
		done      bool   // it is rebooted in the end; else it goes back
		whose     string // who is hit alone
	}{
		{"reboot throttled for an hour", "reboot", "ec2.Reboot", 55 * time.Minute, errTooFast, true, ""},
		{"reboot throttled for two hours", "reboot", "ec2.Reboot", 2 * time.Hour, errTooFast, false, sim.ID(1)},
		{"reboot denied", "reboot", "ec2.Reboot", time.Hour, errNoRight, false, sim.ID(1)},
		{"SSM throttled for an hour", "reboot", "ssm", 55 * time.Minute, errTooFast, true, ""},
		{"target groups throttled for half an hour", "reboot", "elb.Groups elb.Targets", 30 * time.Minute, errTooFast, true, ""},
		{"deregister throttled for half an hour", "drain", "elb.Deregister", 30 * time.Minute, errTooFast, true, ""},
		{"deregister denied", "drain", "elb.Deregister", time.Hour, errNoRight, false, sim.ID(1)},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := simtest.Fleet(t, 2, map[int]world.MachineSpec{1: {Managed: true}, 2: {Managed: true}})
			simtest.Begin(t, f, simtest.All{"maxErrors": 1})
			outageOf{c.kinds, c.lasts, c.err, c.whose}.begins(t, f, sim.ID(1), c.at)
			simtest.Finish(t, f, 24*time.Hour)
			if c.done {
				simtest.Counts(t, f, 2, 0, 0)
				return
			}
			simtest.Counts(t, f, 1, 1, 0)
			simtest.FailedBecause(t, f, sim.ID(1), c.at, false)
			simtest.Rebooted(t, f, 0, sim.ID(1))
		})
	}
}

func TestARebootThatWasRefusedIsUndone(t *testing.T) {
	f := simtest.Fleet(t, 2)
	simtest.Begin(t, f, simtest.All{"maxErrors": 1})
	outageOf{"ec2.Reboot", 3 * time.Hour, errTooFast, sim.ID(1)}.begins(t, f, sim.ID(1), "reboot")
	simtest.Until(t, f, "nobody called", time.Hour, func() bool { return f.Count("ec2.Reboot") > 2 })
	if i := itemOf(f, sim.ID(1)); i.RebootCalls != 0 || !i.RebootAskedAt.IsZero() || !i.RebootedAt.IsZero() ||
		!i.CalledAt.IsZero() {
		t.Errorf("after calls that were refused it says %+v", i)
	}
	simtest.Finish(t, f, 24*time.Hour)
	simtest.Counts(t, f, 1, 1, 0)
	simtest.FailedBecause(t, f, sim.ID(1), "reboot", false, "not rebooted within", "Throttling")
}

func TestALookThatCantBeMadeClosesTheGate(t *testing.T) {
	for name, err := range map[string]error{"denied": errNoRight, "throttled": errTooFast} {
		t.Run(name, func(t *testing.T) {
			f := simtest.Fleet(t, 3)
			simtest.Begin(t, f, simtest.All{"gateTimeout": "2h"})
			outageOf{"elb.Targets", 240 * time.Hour, err, ""}.begins(t, f, sim.ID(1), "drain")
			simtest.Finish(t, f, 4*time.Hour)
			simtest.Counts(t, f, 0, 0, 3)
			simtest.Told(t, f, "report", "gateTimeout")
		})
	}
}

func TestATargetThatOthersTakeOutDuringAnOutageStaysOut(t *testing.T) {
	f := simtest.Fleet(t, 2)
	simtest.Begin(t, f, simtest.All{"maxErrors": 1})
	simtest.Until(
		t,
		f,
		"it didn't come to rejoin",
		12*time.Hour,
		func() bool { return itemOf(f, sim.ID(1)).Step == "rejoin" },
	)
	from := f.Now()
	f.Refuse = func(op world.Op) error {
		if op.Function != "" && op.Service == "elb" && op.Name == "Register" && op.Subject == sim.Group("web") &&
			f.Now().Before(from.Add(3*time.Hour)) {
			return errTooFast
		}
		return nil
	}
	simtest.Until(
		t,
		f,
		"it wasn't registered in api",
		time.Hour,
		func() bool { return len(f.Standing("api", sim.ID(1))) == 1 },
	)
	f.Advance(20 * time.Minute)
	f.DeregisterByHand(sim.Group("api"), simtest.Address(sim.ID(1), "9090"))
	f.Watch.Forget(sim.ID(1))
	simtest.Finish(t, f, 24*time.Hour)
	if len(f.Standing("api", sim.ID(1))) != 0 || len(f.Standing("web", sim.ID(1))) != 1 {
		t.Error("it should stand in web alone: others have taken it out of api")
	}
	simtest.FailedBecause(t, f, sim.ID(1), "rejoin", false, "api")
}

func TestRejoinTimeoutFollowsTheHealthCheck(t *testing.T) {
	f := simtest.Fleet(t, 2)
	for _, arn := range f.ARNs { // after a bad start healthy after 25 minutes
		f.ChangeGroup(arn, func(g *world.GroupSpec) {
			g.Interval, g.HealthyThreshold, g.UnhealthyThreshold = 5*time.Minute, 4, 1
		})
	}
	f.Advance(time.Hour)
	simtest.Begin(t, f, simtest.All{"rejoinTimeout": "10m"})
	simtest.Once(f, "elb.Register", func(world.Op) {
		f.Break(sim.ID(1))
		f.After(6*time.Minute, func() { f.Mend(sim.ID(1)) })
	})
	simtest.Finish(t, f, 12*time.Hour)
	simtest.Counts(t, f, 2, 0, 0)
}

// TestManyTargetGroups: 300 groups, five tokens, AWS's lower rate of ten calls a second. It costs time, and no
// instance.
func TestManyTargetGroups(t *testing.T) {
	f := simtest.Fleet(t, 6)
	foreignGroups(f, 300)
	f.KeepLog = false
	free := f.Now()
	f.Pace = func(op world.Op) time.Duration {
		if op.Service != "elb" || op.Name != "Targets" {
			return 0
		}
		if free = free.Add(100 * time.Millisecond); free.Before(f.Now()) {
			free = f.Now()
		}
		return free.Sub(f.Now())
	}
	f.Watch.Tokens = 5
	answer, err := f.Ask(simtest.All{"maxConcurrency": 5, "minHealthy": 1, "gateTimeout": "24h"})
	if err != nil {
		t.Fatal(err)
	}
	if text := fmt.Sprint(answer["remarks"]); !strings.Contains(text, "302 target groups") {
		t.Errorf("it was remarked: %s", text)
	}
	simtest.Finish(t, f, 24*time.Hour)
	simtest.Counts(t, f, 6, 0, 0)
}

// foreignGroups adds target groups that none of the fleet stands in.
func foreignGroups(f *sim.Fleet, n int) {
	for i := range n {
		f.AddGroup(
			world.GroupSpec{
				ARN:  sim.Group(fmt.Sprintf("other-%03d", i)) + fmt.Sprint(i),
				Name: fmt.Sprint("other-", i),
				VPC:  sim.VPC,
			},
		)
	}
}

func TestTooManyTargetGroupsAreRefused(t *testing.T) {
	f := simtest.Fleet(t, 2)
	foreignGroups(f, 650)
	f.Pace = func(op world.Op) time.Duration {
		if op.Service == "elb" && op.Name == "Targets" {
			return 100 * time.Millisecond
		}
		return 0
	}
	_, err := f.Ask(nil)
	if err == nil || !strings.Contains(err.Error(), "652 target groups") || !strings.Contains(err.Error(), "35s") {
		t.Errorf("it answered %v", err)
	}
	if f.Count("dynamodb.Write") > 0 {
		t.Error("something was written")
	}
}

// TestTheFirstLookAfterAnOutageDoesntGiveUp: nothing ran for an hour, and the first answer after it is a bad one by
// chance.
func TestTheFirstLookAfterAnOutageDoesntGiveUp(t *testing.T) {
	f := simtest.Fleet(t, 2)
	simtest.Begin(t, f, simtest.All{"check": simtest.All{"http": simtest.All{"port": 8080}}, "proof": "off"})
	simtest.Until(t, f, "it wasn't rebooted", time.Hour, func() bool { return itemOf(f, sim.ID(1)).Step == "check" })
	from := f.Now()
	f.Throttled = func(string) bool { return f.Now().Before(from.Add(time.Hour)) }
	f.ChangeMachine(sim.ID(1), func(m *world.MachineSpec) { m.Status = 503 })
	simtest.Once(
		f,
		"probe.HTTP",
		func(world.Op) { f.ChangeMachine(sim.ID(1), func(m *world.MachineSpec) { m.Status = 200 }) },
	)
	simtest.Finish(t, f, 12*time.Hour)
	simtest.Counts(t, f, 2, 0, 0)
}
