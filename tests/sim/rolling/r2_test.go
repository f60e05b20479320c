package rolling_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"quickstep/tests/sim/simtest"

	"quickstep/tests/sim"
	"quickstep/tests/world"
)

func TestR2GroupsKeepTheirFloor(t *testing.T) {
	for _, c := range []struct {
		name       string
		size       int
		minHealthy any
		floor      int
	}{
		{"a number", 5, 3, 3},
		{"half of five, rounded up", 5, "50%", 3},
		{"a third of ten, rounded up", 10, "31%", 4},
		{"one percent", 5, "1%", 1},
		{"none at all", 3, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := simtest.Fleet(t, c.size)
			simtest.Settle(f, c.floor, "web", "api")
			most := simtest.Peak(f)
			simtest.Begin(t, f, simtest.All{"maxConcurrency": c.size, "minHealthy": c.minHealthy, "gateTimeout": "12h"})
			simtest.Finish(t, f, 24*time.Hour)
			simtest.Counts(t, f, c.size, 0, 0)
			if *most != c.size-c.floor {
				t.Errorf("%d were out at most; %d of %d could be", *most, c.size-c.floor, c.size)
			}
		})
	}
}

func TestR2HoldsWhileInvocationsOverlap(t *testing.T) {
	for _, seed := range simtest.Several(8) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			f := simtest.Seeded(t, uint64(seed), 6)
			simtest.Settle(f, 4, "web", "api")
			f.Pace = func(world.Op) time.Duration {
				if f.Chance(0.2) {
					return 2 * time.Second
				}
				return 30 * time.Millisecond
			}
			simtest.Begin(t, f, simtest.All{"maxConcurrency": 5, "minHealthy": 4, "gateTimeout": "12h"})
			simtest.Finish(t, f, 24*time.Hour)
			simtest.Counts(t, f, 6, 0, 0)
		})
	}
}

func TestR2APercentageIsOfTheSizeWithThoseThatFailedBefore(t *testing.T) {
	f := simtest.Fleet(t, 5, map[int]world.MachineSpec{1: neverReturns})
	simtest.Begin(t, f, simtest.All{"maxErrors": 1})
	simtest.Finish(t, f, 4*time.Hour, sim.ID(1))
	simtest.Settle(f, 3, "web", "api") // half of five; of the four that are left it would be two
	f.Watch.NextRun()
	most := simtest.Peak(f)
	simtest.Begin(t, f, simtest.All{"id": "run-2", "maxConcurrency": 4, "minHealthy": "50%", "gateTimeout": "12h"})
	simtest.Finish(t, f, 24*time.Hour, sim.ID(1))
	simtest.CountsOf(t, f, "run-2", 4, 0, 1)
	if *most > 2 {
		t.Errorf("%d were out at most, with one of before only one more can leave", *most)
	}
}

func TestR2TargetsThatWereUnhealthyBeforeDontCount(t *testing.T) {
	f := simtest.Fleet(t, 4)
	f.Break(sim.ID(1))
	f.Advance(5 * time.Minute)
	simtest.Settle(f, 3, "web", "api")
	simtest.Begin(t, f, simtest.All{"maxConcurrency": 4, "minHealthy": 3, "gateTimeout": "30m"})
	simtest.Finish(t, f, 6*time.Hour, sim.ID(1))
	simtest.Counts(t, f, 1, 0, 3)
	simtest.Rebooted(t, f, 1, sim.ID(1))
	simtest.Rebooted(t, f, 0, f.IDs[1:]...)
}

func TestR2TargetsThatBecomeUnhealthyHoldTheNextOneBack(t *testing.T) {
	f := simtest.Fleet(t, 4)
	simtest.Settle(f, 3, "web", "api")
	simtest.Begin(t, f, simtest.All{"minHealthy": 3})
	simtest.Until(
		t,
		f,
		"nobody was done",
		time.Hour,
		func() bool { s, err := f.Status("run-1"); return err == nil && s.Done == 1 },
	)
	f.Break(sim.ID(1))
	f.Advance(time.Minute)
	left := len(simtest.Calls(f, "elb.Deregister"))
	f.Advance(time.Hour)
	if n := len(simtest.Calls(f, "elb.Deregister")); n > left {
		t.Errorf("%d more calls took targets out", n-left)
	}
	s, err := f.Status("run-1")
	if err != nil || !s.Ended.IsZero() {
		t.Fatalf("the run should wait: %+v, %v", s, err)
	}
	f.Mend(sim.ID(1))
	simtest.Finish(t, f, 4*time.Hour)
	simtest.Counts(t, f, 4, 0, 0)
}

func TestR2EveryGroupOfAnInstanceKeepsItsFloor(t *testing.T) {
	f := simtest.Empty(t, 1)
	f.AddGroups("web", "api", "admin")
	for n, places := range [][]string{{"web:80", "api:90"}, {"web:80", "api:90"}, {"web:80"}, {"web:80", "admin:70"}, {"admin:70"}, {"web:80"}} {
		f.Add(world.MachineSpec{ID: sim.ID(n + 1)}, places...)
	}
	simtest.Settle(f, 1, "web", "api", "admin")
	most := simtest.Peak(f)
	simtest.Begin(t, f, simtest.All{"maxConcurrency": 5})
	simtest.Finish(t, f, 12*time.Hour)
	simtest.Counts(t, f, 6, 0, 0)
	if *most < 3 {
		t.Errorf("only %d were out at most; one each of api, of admin and of web alone could be", *most)
	}
}

func TestR2MembersOfAGroupThatArentOfTheFleetCountAsHealthy(t *testing.T) {
	f := simtest.Fleet(t, 4)
	simtest.Settle(f, 3, "web", "api")
	simtest.Begin(t, f, simtest.All{"tags": nil, "instanceIds": []string{sim.ID(2)}, "minHealthy": 3})
	simtest.Finish(t, f, 4*time.Hour)
	simtest.Counts(t, f, 1, 0, 0)
	simtest.Rebooted(t, f, 0, sim.ID(1), sim.ID(3), sim.ID(4))
}

func TestR2WhatTheGateKeepsBackForTooLongIsSkipped(t *testing.T) {
	f := simtest.Fleet(t, 4)
	simtest.Settle(f, 3, "web", "api")
	f.Break(sim.ID(1))
	f.Break(sim.ID(2))
	f.Advance(5 * time.Minute)
	simtest.Begin(t, f, simtest.All{"tags": nil, "instanceIds": f.IDs[2:], "minHealthy": 3, "gateTimeout": "20m"})
	from := f.Now()
	simtest.Finish(t, f, 4*time.Hour, sim.ID(1), sim.ID(2))
	simtest.Counts(t, f, 0, 0, 2)
	if n := len(simtest.Calls(f, "elb.Deregister")); n > 0 {
		t.Errorf("%d calls took targets out", n)
	}
	n := simtest.Told(t, f, "report", "ended", "2 skipped", "gate")
	if after := n.At.Sub(from); after < 20*time.Minute || after > 40*time.Minute {
		t.Errorf("the run gave up after %s, its gateTimeout is 20 minutes", after)
	}
}

func TestR2AGroupOfOneNeedsAnExplicitZero(t *testing.T) {
	f := simtest.Empty(t, 1)
	f.AddGroups("web", "solo")
	f.Add(world.MachineSpec{ID: sim.ID(1)}, "web:80", "solo:90")
	f.Add(world.MachineSpec{ID: sim.ID(2)}, "web:80")
	simtest.Settle(f, 0, "web", "solo")
	for _, minHealthy := range []any{nil, 1, "50%"} {
		_, err := f.Ask(simtest.All{"minHealthy": minHealthy})
		if err == nil || !strings.Contains(err.Error(), "minHealthy") || !strings.Contains(err.Error(), "solo") {
			t.Errorf("minHealthy %v: %v", minHealthy, err)
		}
	}
	if p := f.Partitions(); len(p) > 0 {
		t.Errorf("the ledger holds %v", p)
	}
	simtest.Begin(t, f, simtest.All{"minHealthy": 0})
	simtest.Finish(t, f, 4*time.Hour)
	simtest.Counts(t, f, 2, 0, 0)
}

func TestR2AGroupIsNeverAskedToKeepMoreThanItHas(t *testing.T) {
	f := simtest.Fleet(t, 3)
	_, err := f.Ask(simtest.All{"minHealthy": 3})
	if err == nil {
		simtest.Settle(f, 3, "web", "api")
		simtest.Finish(t, f, 12*time.Hour)
		simtest.Counts(t, f, 0, 0, 3)
		return
	}
	if !strings.Contains(err.Error(), "minHealthy") {
		t.Errorf("the refusal doesn't name the field: %v", err)
	}
}
