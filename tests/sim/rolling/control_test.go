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

func TestControlStatusTellsWhereEverybodyIs(t *testing.T) {
	f := simtest.Fleet(t, 5, map[int]world.MachineSpec{1: neverReturns})
	simtest.Begin(t, f, simtest.All{"maxConcurrency": 2, "maxErrors": 1})
	f.Advance(time.Minute)
	answer, err := f.Call("control", simtest.All{"command": "status"})
	text, _ := json.Marshal(answer)
	if err != nil ||
		!simtest.ContainsAll(
			string(text),
			"run-1",
			sim.ID(1),
			sim.ID(2),
			`"step":"reboot"`,
			`"since"`,
			`"nextwakeup"`,
			`"waiting":3`,
			`"outsince"`,
		) {
		t.Errorf("%s, %v", text, err)
	}
	simtest.Finish(t, f, 6*time.Hour, sim.ID(1))
	s, err := f.Status("run-1")
	if err != nil || s.Status != "ended" || len(s.InFlight) > 0 || len(s.Failures) != 1 || !s.Failures[0].OutOfService {
		t.Errorf("%+v, %v", s, err)
	}
	answer, err = f.Call("control", simtest.All{"command": "status"})
	if text, _ := json.Marshal(answer); err != nil || !simtest.ContainsAll(string(text), "outofservice", sim.ID(1)) {
		t.Errorf("%s, %v", text, err)
	}
}

func TestControlPauseLetsNobodyElseLeave(t *testing.T) {
	for _, after := range []time.Duration{0, time.Second, time.Minute, 4 * time.Minute, 7 * time.Minute, 10 * time.Minute} {
		t.Run(after.String(), func(t *testing.T) {
			f := simtest.Fleet(t, 6)
			simtest.Begin(t, f, simtest.All{"maxConcurrency": 2})
			f.Advance(after)
			simtest.Control(t, f, "pause", "run-1")
			f.Advance(5 * time.Second) // a drain that had asked the gate before
			left := f.Count("elb.Deregister")
			f.Advance(3 * time.Hour)
			if n := f.Count("elb.Deregister"); n > left {
				t.Errorf("%d more calls took targets out", n-left)
			}
			if f.Watch.Out() > 0 {
				t.Errorf("%d are still out", f.Watch.Out())
			}
			if s, err := f.Status("run-1"); err != nil || s.Status != "paused" {
				t.Errorf("%+v, %v", s, err)
			}
			simtest.Control(t, f, "pause", "run-1") // again
			simtest.Control(t, f, "resume", "run-1")
			simtest.Control(t, f, "resume", "run-1")
			from := f.Now()
			simtest.Finish(t, f, 6*time.Hour)
			simtest.Counts(t, f, 6, 0, 0)
			if d := f.Now().Sub(from); d > 90*time.Minute {
				t.Errorf("it went on for %s", d)
			}
		})
	}
}

func TestControlAPausedRunIsCancelledAfterMaxPause(t *testing.T) {
	f := simtest.Fleet(t, 3)
	simtest.Begin(t, f, simtest.All{"maxPause": "2h"})
	simtest.Control(t, f, "pause", "run-1")
	from := f.Now()
	simtest.Finish(t, f, 12*time.Hour)
	simtest.Counts(t, f, 0, 0, 3)
	n := simtest.Told(t, f, "report", "ended", "3 skipped", "pause")
	if d := n.At.Sub(from); d < 2*time.Hour || d > 3*time.Hour {
		t.Errorf("it ended after %s", d)
	}
}

func TestControlCancelBringsBackThoseWhoAreOutAndSkipsTheRest(t *testing.T) {
	for _, after := range []time.Duration{0, 2 * time.Second, time.Minute, 4 * time.Minute, 7*time.Minute + 10*time.Second} {
		t.Run(after.String(), func(t *testing.T) {
			f := simtest.Fleet(t, 6)
			simtest.Begin(t, f, simtest.All{"maxConcurrency": 2})
			f.Advance(after)
			simtest.Control(t, f, "cancel", "run-1")
			simtest.Control(t, f, "cancel", "run-1")
			f.Advance(5 * time.Second)
			left := f.Count("elb.Deregister")
			simtest.Finish(t, f, 6*time.Hour)
			if n := f.Count("elb.Deregister"); n > left {
				t.Errorf("%d more calls took targets out", n-left)
			}
			s, err := f.Status("run-1")
			if err != nil || s.Failed > 0 || s.Done > 4 || s.Ended.IsZero() ||
				!simtest.ContainsAll(s.Stopped, "cancel") {
				t.Errorf("%+v, %v", s, err)
			}
			simtest.Told(t, f, "report", "ended", "cancel")
		})
	}
}

func TestControlReleaseForgetsAnInstance(t *testing.T) {
	f := leftover(t)
	simtest.Control(t, f, "release", sim.ID(1))
	for _, pk := range f.Partitions() {
		if pk == "OUT" || strings.HasPrefix(pk, "LOCK#") {
			t.Errorf("the ledger still has %s", pk)
		}
	}
}

func TestControlRefusesWhatItCannotDo(t *testing.T) {
	f := simtest.Fleet(t, 3)
	simtest.Begin(t, f, nil)
	f.Advance(time.Minute)
	before := fmt.Sprint(f.Docs("RUN#run-1"), f.Docs("ACTIVE"))
	for _, c := range []struct {
		command any
		field   string
	}{
		{nil, "command"}, {"status", "command"}, {simtest.All{}, "command"}, {simtest.All{"command": "explode"}, "command"}, {simtest.All{"command": "pause"}, "run"},
		{simtest.All{"command": "cancel"}, "run"}, {simtest.All{"command": "resume"}, "run"}, {simtest.All{"command": "release"}, "instance"},
		{simtest.All{"command": "pause", "run": "nobody"}, "run"}, {simtest.All{"command": "status", "run": "nobody"}, "run"},
		{simtest.All{"command": "release", "instance": "i-0"}, "instance"}, {simtest.All{"command": "release", "instance": sim.ID(1)}, "instance"},
		{simtest.All{"command": "release", "instance": sim.ID(1), "run": "run-1"}, "run"}, {simtest.All{"command": "pause", "run": "run-1", "force": true}, "force"},
		{simtest.All{"command": "pause", "run": "run-1", "instance": sim.ID(1)}, "instance"},
	} {
		if _, err := f.Call("control", c.command); err == nil || !strings.Contains(err.Error(), c.field) {
			t.Errorf("%v: %v; it should name %s", c.command, err, c.field)
		}
	}
	if after := fmt.Sprint(f.Docs("RUN#run-1"), f.Docs("ACTIVE")); after != before {
		t.Errorf("the ledger changed from\n%s to\n%s", before, after)
	}
	simtest.Finish(t, f, 6*time.Hour)
	if _, err := f.Call("control", simtest.All{"command": "pause", "run": "run-1"}); err == nil {
		if s, _ := f.Status("run-1"); s.Status != "ended" {
			t.Errorf("a run that has ended was paused: %+v", s)
		}
	}
}
