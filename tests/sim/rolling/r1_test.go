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

var neverReturns = world.MachineSpec{NeverReturns: true}

func TestR1ThreeOfEightAreOutAndNeverMore(t *testing.T) {
	for seed := range uint64(5) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			f := simtest.Seeded(t, seed, 8)
			most := simtest.Peak(f)
			simtest.Begin(t, f, simtest.All{"maxConcurrency": 3})
			simtest.Finish(t, f, 2*time.Hour)
			simtest.Counts(t, f, 8, 0, 0)
			simtest.Rebooted(t, f, 1, f.IDs...)
			if *most != 3 {
				t.Errorf("%d were out at most; three could be", *most)
			}
		})
	}
}

func TestR1HoldsWhileInvocationsOverlap(t *testing.T) {
	for seed := range uint64(5) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			f := simtest.Seeded(t, seed, 8, map[int]world.MachineSpec{2: neverReturns})
			f.Pace = func(world.Op) time.Duration {
				if f.Chance(0.1) {
					return 3 * time.Second
				}
				return 40 * time.Millisecond
			}
			simtest.Begin(t, f, simtest.All{"maxConcurrency": 3, "maxErrors": 1})
			simtest.Finish(t, f, 4*time.Hour, sim.ID(2))
			simtest.Counts(t, f, 7, 1, 0)
		})
	}
}

func TestR1APercentageOfTokensIsRoundedDown(t *testing.T) {
	f := simtest.Fleet(t, 11)
	most := simtest.Peak(f)
	f.Watch.Tokens = 2
	simtest.Begin(t, f, simtest.All{"maxConcurrency": "25%"})
	simtest.Finish(t, f, 4*time.Hour)
	if *most != 2 {
		t.Errorf("%d were out at most; 25%% of 11 are 2", *most)
	}
}

func TestR1InstancesThatFailedOutOfServiceKeepTheirTokens(t *testing.T) {
	f := simtest.Fleet(t, 8, map[int]world.MachineSpec{1: neverReturns, 5: neverReturns})
	simtest.Begin(t, f, simtest.All{"maxConcurrency": 3, "maxErrors": 2})
	simtest.Finish(t, f, 4*time.Hour, sim.ID(1), sim.ID(5))
	simtest.Counts(t, f, 6, 2, 0)
	if f.Watch.Out() != 2 {
		t.Errorf("%d are out; the two that failed should be", f.Watch.Out())
	}
}

func TestR1ARunEndsWhenFailedInstancesHoldAllOfItsTokens(t *testing.T) {
	f := simtest.Fleet(t, 5, map[int]world.MachineSpec{1: neverReturns, 2: neverReturns})
	simtest.Begin(t, f, simtest.All{"maxConcurrency": 2, "maxErrors": 5})
	simtest.Finish(t, f, 4*time.Hour, sim.ID(1), sim.ID(2))
	simtest.Counts(t, f, 0, 2, 3)
	simtest.Told(t, f, "report", "ended", "token", "skipped")
	for n := 3; n <= 5; n++ {
		if len(simtest.Moves(f, "elb.Deregister", sim.ID(n))) > 0 {
			t.Errorf("%s left service", sim.ID(n))
		}
	}
}

func TestR1TheNextRunCountsThoseThatFailedBefore(t *testing.T) {
	f := simtest.Fleet(t, 8, map[int]world.MachineSpec{1: neverReturns, 5: neverReturns})
	simtest.Begin(t, f, simtest.All{"maxConcurrency": 3, "maxErrors": 2})
	simtest.Finish(t, f, 4*time.Hour, sim.ID(1), sim.ID(5))
	most := simtest.Peak(f)
	f.Watch.NextRun()
	simtest.Begin(t, f, simtest.All{"id": "run-2", "maxConcurrency": 3})
	simtest.Finish(t, f, 4*time.Hour, sim.ID(1), sim.ID(5))
	s, err := f.Status("run-2")
	if err != nil || s.Done != 6 || s.Ended.IsZero() {
		t.Errorf("run-2: %+v, %v; six should be done", s, err)
	}
	if *most != 3 {
		t.Errorf("%d were out at most, with two of before and three tokens", *most)
	}
	simtest.Rebooted(t, f, 2, sim.ID(2), sim.ID(3), sim.ID(8))
}

func TestR1ANextRunOnAnOverlappingGroupCountsThemToo(t *testing.T) {
	f := simtest.Fleet(t, 6, map[int]world.MachineSpec{1: neverReturns})
	simtest.Begin(t, f, simtest.All{"maxConcurrency": 1, "maxErrors": 1})
	simtest.Finish(t, f, 4*time.Hour, sim.ID(1))
	most := simtest.Peak(f)
	f.Watch.NextRun()
	simtest.Begin(
		t,
		f,
		simtest.All{"id": "run-2", "fleet": "other", "tags": nil, "instanceIds": f.IDs[3:], "maxConcurrency": 2},
	)
	simtest.Finish(t, f, 4*time.Hour, sim.ID(1))
	simtest.CountsOf(t, f, "run-2", 3, 0, 0)
	if *most != 2 {
		t.Errorf("%d were out at most, with one of before and two tokens", *most)
	}
}

// leftover is a fleet of four whose first instance failed out of service in run-1.
func leftover(t *testing.T) *sim.Fleet {
	f := simtest.Fleet(t, 4, map[int]world.MachineSpec{1: neverReturns})
	simtest.Begin(t, f, simtest.All{"maxErrors": 1})
	simtest.Finish(t, f, 4*time.Hour, sim.ID(1))
	simtest.Counts(t, f, 0, 1, 3)
	return f
}

func TestR1ANextRunEndsAtOnceIfAllOfItsTokensAreHeld(t *testing.T) {
	f := leftover(t)
	from := f.Now()
	before := f.Count("elb.Deregister")
	_, err := f.Ask(simtest.All{"id": "run-2"})
	if err == nil {
		simtest.Finish(t, f, time.Hour, sim.ID(1))
		s, _ := f.Status("run-2")
		if s.Ended.IsZero() || s.Ended.Sub(from) > 5*time.Minute {
			t.Errorf("run-2 ended at %s, it began at %s", s.Ended, from)
		}
		simtest.Told(t, f, "report", "run-2", "ended", "token")
	} else if !strings.Contains(err.Error(), sim.ID(1)) {
		t.Errorf("the refusal doesn't name the instance: %v", err)
	}
	if f.Count("elb.Deregister") != before {
		t.Error("something left service")
	}
}

func TestR1ReleaseFreesTheToken(t *testing.T) {
	f := leftover(t)
	simtest.Control(t, f, "release", sim.ID(1))
	f.Watch.Tokens = 2 // the released one is none of ours any more
	f.Watch.NextRun()
	simtest.Begin(t, f, simtest.All{"id": "run-2", "tags": nil, "instanceIds": f.IDs[1:]})
	simtest.Finish(t, f, 4*time.Hour, sim.ID(1))
	simtest.CountsOf(t, f, "run-2", 3, 0, 0)
}

func TestR1ReleaseFreesTheTokenOfARunThatGoesOn(t *testing.T) {
	f := simtest.Fleet(t, 6, map[int]world.MachineSpec{1: neverReturns})
	simtest.Begin(t, f, simtest.All{"maxConcurrency": 2, "maxErrors": 2})
	simtest.Until(
		t,
		f,
		"nobody failed",
		2*time.Hour,
		func() bool { s, err := f.Status("run-1"); return err == nil && s.Failed == 1 },
	)
	simtest.Control(t, f, "release", sim.ID(1))
	f.Watch.Tokens = 3
	most := simtest.Peak(f)
	simtest.Finish(t, f, 4*time.Hour, sim.ID(1))
	simtest.Counts(t, f, 5, 1, 0)
	if *most > 3 {
		t.Errorf("%d were out", *most)
	}
	for _, pk := range f.Partitions() {
		if pk == "OUT" || pk == "LOCK#"+sim.ID(1) {
			t.Errorf("the ledger still has %s", pk)
		}
	}
}

func TestR1AnInstanceThatIsTerminatedHoldsNoToken(t *testing.T) {
	f := leftover(t)
	f.Terminate(sim.ID(1))
	f.Advance(10 * time.Minute)
	f.Watch.Tokens = 2
	f.Watch.NextRun()
	simtest.Begin(t, f, simtest.All{"id": "run-2"})
	simtest.Finish(t, f, 4*time.Hour, sim.ID(1))
	simtest.CountsOf(t, f, "run-2", 3, 0, 0)
	if n := len(f.Docs("OUT")); n != 0 {
		t.Errorf("%d instances are still out of service in the ledger", n)
	}
}
