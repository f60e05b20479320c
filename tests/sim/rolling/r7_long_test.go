package rolling_test

import (
	"slices"
	"testing"
	"time"

	"quickstep/tests/sim/simtest"

	"quickstep/tests/sim"
	"quickstep/tests/world"
)

// unhurried is a fleet whose watchdog looks every six hours: nothing is lost in these simulations, and months of
// minutes are long.
func unhurried(t *testing.T, size int) *sim.Fleet {
	t.Helper()
	s, err := simtest.Stack()
	if err != nil {
		t.Fatal(err)
	}
	slow := simtest.Copied(s)
	slow.Schedules = slices.Clone(s.Schedules)
	for n := range slow.Schedules {
		if slow.Schedules[n].Function == "watchdog" {
			slow.Schedules[n].Expression = "rate(6 hours)"
		}
	}
	f := sim.On(slow, 1)
	t.Cleanup(f.Close)
	f.KeepLog = false
	f.AddGroups("web", "api")
	for n := 1; n <= size; n++ {
		f.Add(world.MachineSpec{ID: sim.ID(n)}, "web:8080", "api:9090")
	}
	simtest.Settle(f, 1, "web", "api")
	return f
}

// dozing is a run that operators pause again and again, which lasts as long as they like.
func dozing(t *testing.T, size int) *sim.Fleet {
	t.Helper()
	f := unhurried(t, size)
	simtest.Begin(t, f, simtest.All{"maxPause": "336h"})
	simtest.Until(t, f, "nobody left", time.Hour, func() bool { return f.Watch.Out() > 0 })
	f.AfterEffect = nil
	return f
}

// shorter is a number of days, or of instances with a day each: a fifth of it with the race detector, which has
// nothing to find in a long run that it doesn't in a short one.
func shorter(n int) int {
	if simtest.Raced {
		return n / 5
	}
	return n
}

// doze lets days pass.
func doze(t *testing.T, f *sim.Fleet, days int) {
	t.Helper()
	for ; days > 0; days -= min(days, 10) {
		simtest.Control(t, f, "pause", "run-1")
		f.Advance(time.Duration(min(days, 10)) * simtest.Day)
		simtest.Control(t, f, "resume", "run-1")
	}
}

// belongings checks that all that belongs to the run is there, and lives for so long at least.
func belongings(t *testing.T, f *sim.Fleet, size int, least time.Duration) {
	t.Helper()
	docs := f.Docs("RUN#run-1")
	if len(docs) != size+2 {
		t.Fatalf("of %d instances, PLAN and RUN there are %d items", size, len(docs))
	}
	for _, d := range docs {
		if at := f.Expiry(d.PK, d.SK); !at.IsZero() && at.Before(f.Now().Add(least)) {
			t.Fatalf("after %s, %s expires in %s", f.Now().Sub(sim.Began), d.SK, at.Sub(f.Now()))
		}
	}
	if at := f.Expiry("ACTIVE", "run-1"); !at.IsZero() {
		t.Errorf("ACTIVE expires at %s", at)
	}
}

func TestR7NothingOfALongRunExpires(t *testing.T) {
	const size = 130
	for _, c := range []struct {
		name   string
		linger time.Duration
		days   int
		cancel []string
	}{
		{"expired items are deleted at once", 0, 200, []string{"cancel"}},
		{"they are deleted two days late, and it is cancelled in a pause", 2 * simtest.Day, 150, []string{"pause", "cancel"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := dozing(t, size)
			f.Linger = c.linger
			for range shorter(c.days) / 10 {
				doze(t, f, 10)
				belongings(t, f, size, 90*simtest.Day)
			}
			s, err := f.Status("run-1")
			if err != nil || s.Status != "open" || s.Done == 0 || s.Failed > 0 || s.Skipped > 0 {
				t.Fatalf("after %d days: %+v, %v", c.days, s, err)
			}
			for _, command := range c.cancel {
				simtest.Control(t, f, command, "run-1")
			}
			simtest.Finish(t, f, simtest.Day)
			belongings(t, f, size, 90*simtest.Day-2*time.Hour)
			f.Advance(89 * simtest.Day)
			if s, err := f.Status("run-1"); err != nil || s.Done+s.Skipped != size {
				t.Errorf("89 days after its end: %+v, %v", s, err)
			}
		})
	}
}

// A boot a day, for months: every step of an instance reads the plan.
func TestR7ARunOfManyBootsOutlastsItsFirstExpiry(t *testing.T) {
	size := shorter(130)
	f := unhurried(t, size)
	f.AfterEffect = nil
	simtest.Begin(t, f, simtest.All{"bootWait": "24h", "check": simtest.All{"tcp": simtest.All{"port": 8080}}})
	if err := f.Run(f.Over, 140*simtest.Day); err != nil {
		t.Fatal(err)
	}
	simtest.Counts(t, f, size, 0, 0)
	if lasted := f.Now().Sub(sim.Began); lasted < time.Duration(size-5)*simtest.Day {
		t.Errorf("it lasted %s only", lasted)
	}
	belongings(t, f, size, 90*simtest.Day-2*time.Hour)
}

// An instance at work is let be, and renewed once it isn't: who holds its lease writes what it has read.
func TestR7WhoIsAtWorkIsRenewedLater(t *testing.T) {
	const size = 120
	f := dozing(t, size)
	doze(t, f, 16)
	rewrite(t, f, "RUN#run-1", "I#"+sim.ID(50), func(i simtest.All) {
		i["lease"] = simtest.All{"owner": "somebody at work", "until": sim.Began.Add(28 * simtest.Day)}
	})
	before, _ := f.Doc("RUN#run-1", "I#"+sim.ID(50))
	simtest.Control(t, f, "pause", "run-1")
	f.Advance(sim.Began.Add(28 * simtest.Day).Add(-time.Minute).Sub(f.Now()))
	if now, _ := f.Doc("RUN#run-1", "I#"+sim.ID(50)); now.Rev != before.Rev {
		t.Errorf("it was written under another's lease: %s", now.Body)
	}
	if at := f.Expiry("RUN#run-1", "I#"+sim.ID(51)); at.Before(sim.Began.Add(140 * simtest.Day)) {
		t.Errorf("the one after it waits as well: it expires at %s", at)
	}
	f.Advance(10 * time.Minute)
	simtest.Control(t, f, "resume", "run-1")
	belongings(t, f, size, 110*simtest.Day)
	simtest.Control(t, f, "cancel", "run-1")
	simtest.Finish(t, f, simtest.Day)
}

// An ordinary run pays nothing for it.
func TestR10ARunOfDaysIsNotRenewed(t *testing.T) {
	f := dozing(t, 3)
	before := f.Expiry("RUN#run-1", "PLAN")
	doze(t, f, 20)
	if at := f.Expiry("RUN#run-1", "PLAN"); !at.Equal(before) {
		t.Errorf("the plan's expiry was moved from %s to %s", before, at)
	}
	simtest.Control(t, f, "cancel", "run-1")
	simtest.Finish(t, f, simtest.Day)
}

// A run of weeks has a thousand generations of mute rules, and a few at its end.
func TestR6EndedMuteRulesAreDeletedMeanwhile(t *testing.T) {
	f := unhurried(t, 3)
	f.AddAlarm("web-5xx", "OK")
	f.ChangeGroup(sim.Group("web"), func(g *world.GroupSpec) { g.Delay = time.Hour })
	simtest.Begin(
		t,
		f,
		simtest.All{
			"mute":     simtest.All{"alarmNames": []string{"web-5xx"}},
			"bootWait": "24h",
			"check":    simtest.All{"tcp": simtest.All{"port": 8080}},
		},
	)
	most := 0
	f.AfterEffect = nil
	for !f.Over() {
		f.Advance(time.Hour)
		if most = max(most, len(f.MuteRules())); most > 25 {
			t.Fatalf("there are %d mute rules", most)
		}
	}
	simtest.Counts(t, f, 3, 0, 0)
	if rules := f.MuteRules(); len(rules) > 0 {
		t.Errorf("at the end there are %v", rules)
	}
}
