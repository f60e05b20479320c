package sim_test

import (
	"fmt"
	"testing"
	"time"

	"quickstep/shared/patch"
	"quickstep/tests/sim"
	"quickstep/tests/world"
)

// slow is a fleet whose report takes minutes, so that there are moments at which to purge.
func slow(t *testing.T) *sim.Fleet {
	f := patched(t, 8, byHand(), func(n int, _ *world.MachineSpec, _ *patch.State, patches *[]patch.Patch) {
		*patches = numbered(300 * (n % 4))
	})
	f.KeepLog = false
	f.PatchRate = 0.4
	f.Pace = func(world.Op) time.Duration { return 200 * time.Millisecond }
	return f
}

func TestTheWatchdogFinishesAReportWhoseMessagesWerePurged(t *testing.T) {
	f := slow(t)
	named(t, f)
	normal := f.Now().Sub(sim.Began)
	for _, n := range several(40) {
		moment := time.Duration(n) * (normal / 40).Truncate(time.Millisecond)
		t.Run(fmt.Sprintf("after %s", moment), func(t *testing.T) {
			t.Parallel()
			f := slow(t)
			survey(t, f, all{"windowIds": []string{window}})
			f.Advance(moment)
			f.PurgeAll()
			reported(t, f, 3*time.Hour)
			m := parsed(t, unrepeated(sent(f)))
			if m.Totals.Gaps > 0 || len(m.each()) != 8 {
				t.Errorf("%d instances, %d gaps: %v", len(m.each()), m.Totals.Gaps, m.Rows.Gaps)
			}
			for n := 1; n <= 8; n++ {
				m.mustHold(t, sim.ID(n), numbered(300*(n%4)))
			}
			if late := f.Now().Sub(sim.Began) - normal; late > 20*time.Minute {
				t.Errorf("it was sent %s later", late)
			}
			f.Pace = nil
			quiet(t, f)
		})
	}
}

// unrepeated are the messages of a report, each part once.
func unrepeated(notes []world.Note) (once []world.Note) {
	seen := map[int]bool{}
	for _, n := range notes {
		if part := partOf(n); !seen[part] {
			seen[part] = true
			once = append(once, n)
		}
	}
	return once
}

func TestQueuesThatArePurgedEveryFewMinutesOnlyDelayAReport(t *testing.T) {
	f := slow(t)
	for n := range 12 {
		f.After(time.Duration(n)*173*time.Second, f.PurgeAll)
	}
	survey(t, f, all{"windowIds": []string{window}, "deadline": "3h"})
	reported(t, f, 5*time.Hour)
	m := parsed(t, unrepeated(sent(f)))
	for n := 1; n <= 8; n++ {
		m.mustHold(t, sim.ID(n), numbered(300*(n%4)))
	}
	f.Pace = nil
	quiet(t, f)
}

// Of a second report there may be no message for a day: the ledger alone knows that it is due.
func TestASecondReportWhoseMessageWasPurgedIsMadeAllTheSame(t *testing.T) {
	f := patched(t, 2, byHand(), nil)
	survey(t, f, all{"windowIds": []string{window}, "after": true})
	for n := 1; n < 38; n += 3 {
		f.After(time.Duration(n)*time.Hour, f.PurgeAll)
	}
	f.Advance(opens + time.Hour)
	outcome(f)
	f.Advance(5 * time.Hour)
	notes := sent(f)
	if len(notes) != 2 || notes[1].Attributes["phase"] != "after" || notes[1].At.Before(sim.Began.Add(opens+3*time.Hour)) {
		t.Errorf("%d reports were sent, the last with %v", len(notes), notes[len(notes)-1].Attributes)
	}
	quiet(t, f)
}
