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

func TestR7AFailureIsAnnouncedAtOnceWithAllThatAnOperatorNeeds(t *testing.T) {
	f := simtest.Fleet(t, 6, map[int]world.MachineSpec{1: neverReturns})
	simtest.Begin(t, f, simtest.All{"maxErrors": 1, "maxConcurrency": 2})
	simtest.Until(
		t,
		f,
		"nobody failed",
		4*time.Hour,
		func() bool { s, err := f.Status("run-1"); return err == nil && s.Failed == 1 },
	)
	f.Advance(time.Second)
	n := simtest.Told(t, f, "alarm", sim.ID(1))
	left := simtest.Moves(f, "elb.Deregister", sim.ID(1))[0].At
	if !simtest.ContainsAll(n.Subject, sim.ID(1), "web", "check", "failed") {
		t.Errorf("the subject is %q", n.Subject)
	}
	if !simtest.ContainsAll(
		n.Text,
		"run-1",
		"out of service since "+left.Format("2006-01-02T15:04"),
		"why:",
		"next:",
		"release",
		"web, port 8080",
		"api, port 9090",
	) {
		t.Errorf("the text is\n%s", n.Text)
	}
	if f.Over() {
		t.Error("the run is over already")
	}
	simtest.Finish(t, f, 4*time.Hour, sim.ID(1))
	if all := f.Published("alarm"); len(all) != 1 {
		t.Errorf("%d alarms were sent", len(all))
	}
}

func TestR7ARunIsSummedUpAtItsStartAndItsEnd(t *testing.T) {
	f := simtest.Fleet(t, 5, map[int]world.MachineSpec{2: neverReturns, 3: {BootTime: 8 * time.Minute}})
	simtest.Begin(t, f, simtest.All{"maxErrors": 1, "maxConcurrency": 2})
	simtest.Finish(t, f, 6*time.Hour, sim.ID(2))
	notes := f.Published("report")
	if len(notes) != 2 {
		t.Fatalf("%d summaries: %v", len(notes), notes)
	}
	simtest.Told(t, f, "report", "begins", "run-1", "5 instances")
	simtest.Told(t, f, "report", "ended", "run-1", "failed", sim.ID(2), "done", "skipped", "at most", sim.ID(3))
	if first := simtest.When(f, "elb.Deregister", f.ARNs[0]); notes[0].At.After(first) {
		t.Error("the first came after the first instance had left")
	}
}

func TestR7ARefusedScheduledRequestIsAnAlarm(t *testing.T) {
	f := simtest.Fleet(t, 2)
	request, _ := json.Marshal(
		simtest.All{
			"id":        "arn:aws:scheduler:x/2026",
			"scheduled": sim.Began,
			"fleet":     "web",
			"tags":      simtest.All{"Role": "nobody"},
		},
	)
	f.InvokeAsync("start", request)
	f.Advance(time.Hour)
	n := simtest.Told(t, f, "alarm", "web", "refused", "tags")
	if n.At.Sub(sim.Began) > time.Minute {
		t.Errorf("it was told at %s", n.At)
	}
	if all := f.Published("alarm"); len(all) != 1 {
		t.Errorf("it was told %d times", len(all))
	}
}

func TestR7ARefusedScheduleIsAnAlarmThoughSNSFailsAtFirst(t *testing.T) {
	f := simtest.Fleet(t, 2)
	f.Fault = simtest.Broken("sns.Publish", sim.Began.Add(30*time.Second))
	request, _ := json.Marshal(simtest.All{"scheduled": sim.Began, "fleet": "web"})
	f.InvokeAsync("start", request)
	f.Advance(time.Hour)
	simtest.Told(t, f, "alarm", "web")
}

func TestR7ARequestThatNobodyWaitsForIsAnAlarmWhenItFails(t *testing.T) {
	f := simtest.Fleet(t, 2)
	f.InvokeAsync("start", json.RawMessage(`{"fleet":"web","tags":{"Role":"nobody"}}`))
	f.Advance(time.Hour)
	simtest.Told(t, f, "alarm", "tags")
}

func TestR7WhatSNSRefusesIsAnnouncedLater(t *testing.T) {
	for _, mend := range []time.Duration{20 * time.Minute, time.Hour, 5 * time.Hour, 20 * time.Hour} {
		t.Run(mend.String(), func(t *testing.T) {
			f := simtest.Fleet(t, 4, map[int]world.MachineSpec{1: neverReturns})
			simtest.Begin(t, f, simtest.All{"maxErrors": 1})
			f.Advance(time.Minute)
			f.Fault = simtest.Broken("sns.Publish", sim.Began.Add(mend))
			simtest.Finish(t, f, 48*time.Hour, sim.ID(1))
			simtest.CountsOf(t, f, "run-1", 0, 1, 3)
			simtest.Told(t, f, "alarm", sim.ID(1), "run-1")
			simtest.Told(t, f, "report", "ended", "run-1")
		})
	}
}

func TestR7APoisonMessageEndsInTheLastQueue(t *testing.T) {
	poison := []string{
		"garbage",
		"{}",
		`{"pk":"RUN#run-1"}`,
		`[1]`,
		`{"pk":"RUN#run-1","sk":"I#i-0","step":"drain","n":-1,"x":1}`,
	}
	for _, queue := range []string{"start", "drain", "reboot", "check", "rejoin", "finish", "dead"} {
		t.Run(queue, func(t *testing.T) {
			f := simtest.Fleet(t, 2)
			for _, body := range poison {
				f.Put(queue, body, 0)
			}
			simtest.Begin(t, f, nil)
			f.Advance(6 * time.Hour) // five receives and five more, half an hour apart
			simtest.Finish(t, f, 12*time.Hour)
			simtest.Counts(t, f, 2, 0, 0)
			if left := f.Peek("last"); len(left) < 3 {
				t.Errorf("in the last queue are %q", left)
			}
		})
	}
}

func TestR7AMessageOfARunThatNeverWasIsDropped(t *testing.T) {
	f := simtest.Fleet(t, 2)
	f.Put(
		"drain",
		`{"pk":"RUN#nobody","sk":"I#i-0123456789abcdef0","step":"drain","n":1,"nudge":0,"notBefore":"2026-01-05T02:00:00Z"}`,
		0,
	)
	f.Put("finish", `{"pk":"ACTIVE","sk":"nobody","step":"open","n":1,"nudge":0,"notBefore":"2026-01-05T02:00:00Z"}`, 0)
	simtest.Begin(t, f, nil)
	simtest.Finish(t, f, 12*time.Hour)
	simtest.Counts(t, f, 2, 0, 0)
}

func TestR7AHandlerThatCrashesEachTimeFailsItsInstance(t *testing.T) {
	for _, c := range []struct {
		function, call string
		fault          world.Fault
		out            bool
	}{
		{"drain", "elb.Targets", world.CrashBefore, false},
		{"drain", "elb.Deregister", world.CrashBefore, false},
		{"drain", "elb.Deregister", world.CrashAfter, false},
		{"drain", "elb.Deregister", world.Timeout, false},
		{"reboot", "ec2.Reboot", world.CrashBefore, true},
		{"reboot", "elb.Targets", world.CrashBefore, false},
		{"check", "ec2.Status", world.CrashBefore, true},
		{"check", "ec2.Status", world.Timeout, true},
		{"rejoin", "elb.Register", world.CrashBefore, true},
		{"rejoin", "elb.Register", world.CrashAfter, true},
	} {
		t.Run(fmt.Sprintf("%s %s %s", c.function, c.fault, c.call), func(t *testing.T) {
			t.Parallel()
			f := simtest.Fleet(t, 3)
			mine := map[string]bool{} // invocations for the first instance
			f.Fault = func(op world.Op) world.Fault {
				if strings.Contains(op.Detail+op.Subject, sim.ID(1)) {
					mine[op.Invocation] = true
				}
				if op.Function == c.function && op.Service+"."+op.Name == c.call && mine[op.Invocation] {
					return c.fault
				}
				return world.None
			}
			simtest.Begin(t, f, simtest.All{"maxErrors": 1})
			if c.out {
				simtest.Finish(t, f, 48*time.Hour, sim.ID(1))
				simtest.Counts(t, f, 0, 1, 2)
			} else {
				simtest.Finish(t, f, 48*time.Hour)
				simtest.Counts(t, f, 2, 1, 0)
			}
			simtest.Told(t, f, "alarm", sim.ID(1), "run-1", c.function)
		})
	}
}

func TestR7ARunWhoseOwnHandlersCrashComesToItsEnd(t *testing.T) {
	for _, c := range []struct{ function, call string }{
		{"start", "alarms.Mute"}, {"start", "events.Disable"}, {"start", "sns.Publish"}, {"start", "dynamodb.Write"},
		{"finish", "alarms.Unmute"}, {"finish", "events.Enable"}, {"finish", "sns.Publish"}, {"finish", "dynamodb.Write"},
	} {
		t.Run(c.function+" "+c.call, func(t *testing.T) {
			t.Parallel()
			f := muted(t, 2)
			f.Fault = func(op world.Op) world.Fault {
				if op.Function == c.function && op.Service+"."+op.Name == c.call &&
					op.At.Before(sim.Began.Add(5*time.Hour)) &&
					len(f.Docs("ACTIVE")) > 0 {
					return world.CrashBefore
				}
				return world.None
			}
			_, _ = f.Ask(simtest.All{"mute": muteWeb})
			f.Advance(6 * time.Hour) // for what is received again and again
			simtest.Finish(t, f, 48*time.Hour)
			restored(t, f)
			simtest.Told(t, f, "report", "run-1", "ended")
		})
	}
}
