package patch_test

import (
	"fmt"
	"testing"
	"time"

	"quickstep/shared/report"
	"quickstep/tests/sim"
	"quickstep/tests/sim/simtest"
	"quickstep/tests/world"
)

// slow is a fleet whose report takes minutes, so that there are moments at which to purge.
func slow(t *testing.T) *sim.Fleet {
	f := simtest.Patched(
		t,
		8,
		simtest.ByHand(),
		func(n int, _ *world.MachineSpec, _ *report.State, patches *[]report.Patch) {
			*patches = simtest.Numbered(300 * (n % 4))
		},
	)
	f.KeepLog = false
	f.PatchRate = 0.4
	f.Pace = func(world.Op) time.Duration { return 200 * time.Millisecond }
	return f
}

func TestTheWatchdogFinishesAReportWhoseMessagesWerePurged(t *testing.T) {
	f := slow(t)
	named(t, f)
	normal := f.Now().Sub(sim.Began)
	for _, n := range simtest.Several(40) {
		moment := time.Duration(n) * (normal / 40).Truncate(time.Millisecond)
		t.Run(fmt.Sprintf("after %s", moment), func(t *testing.T) {
			t.Parallel()
			f := slow(t)
			simtest.Survey(t, f, simtest.All{"windowIds": []string{simtest.Window}})
			f.Advance(moment)
			f.PurgeAll()
			simtest.Reported(t, f, 3*time.Hour)
			m := parsed(t, unrepeated(simtest.Sent(f)))
			if m.Totals.Gaps > 0 || len(m.each()) != 8 {
				t.Errorf("%d instances, %d gaps: %v", len(m.each()), m.Totals.Gaps, m.Rows.Gaps)
			}
			for n := 1; n <= 8; n++ {
				m.mustHold(t, sim.ID(n), simtest.Numbered(300*(n%4)))
			}
			if late := f.Now().Sub(sim.Began) - normal; late > 20*time.Minute {
				t.Errorf("it was sent %s later", late)
			}
			f.Pace = nil
			simtest.Quiet(t, f)
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
	simtest.Survey(t, f, simtest.All{"windowIds": []string{simtest.Window}, "deadline": "3h"})
	simtest.Reported(t, f, 5*time.Hour)
	m := parsed(t, unrepeated(simtest.Sent(f)))
	for n := 1; n <= 8; n++ {
		m.mustHold(t, sim.ID(n), simtest.Numbered(300*(n%4)))
	}
	f.Pace = nil
	simtest.Quiet(t, f)
}

// Of a second report there may be no message for a day: the ledger alone knows that it is due.
func TestASecondReportWhoseMessageWasPurgedIsMadeAllTheSame(t *testing.T) {
	f := simtest.Patched(t, 2, simtest.ByHand(), nil)
	simtest.Survey(t, f, simtest.All{"windowIds": []string{simtest.Window}, "after": true})
	for n := 1; n < 38; n += 3 {
		f.After(time.Duration(n)*time.Hour, f.PurgeAll)
	}
	f.Advance(simtest.Opens + time.Hour)
	outcome(f)
	f.Advance(5 * time.Hour)
	notes := simtest.Sent(f)
	if len(notes) != 2 || notes[1].Attributes["phase"] != "after" ||
		notes[1].At.Before(sim.Began.Add(simtest.Opens+3*time.Hour)) {
		t.Errorf("%d reports were sent, the last with %v", len(notes), notes[len(notes)-1].Attributes)
	}
	simtest.Quiet(t, f)
}
