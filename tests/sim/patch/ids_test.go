package patch_test

import (
	"testing"
	"time"

	"quickstep/tests/sim/simtest"

	"quickstep/tests/sim"
)

// Reports: a schedule's report has an id that can be computed, and a survey by hand must not take it.
func TestASurveyWithAScheduledReportsIDDoesNotSuppressIt(t *testing.T) {
	f := simtest.Patched(t, 2, nil, nil)
	opensAt := sim.Began.Add(simtest.Opens)
	answer := simtest.Survey(
		t,
		f,
		simtest.All{"id": simtest.Window + "-" + opensAt.Format("20060102T1504Z"), "instanceIds": []string{sim.ID(1)}},
	)
	first := answer["reports"].([]any)[0].(map[string]any)
	f.Advance(simtest.Opens)
	phases := map[string]int{}
	for _, n := range simtest.Sent(f) {
		phases[parsedOne(t, n).Phase]++
	}
	if phases["now"] != 1 || phases["before"] != 1 {
		t.Errorf("the reports are %v, and the one by hand is %v", phases, first)
	}
}

func TestAScheduledSurveyWithAUsedIDIsRefusedAndTold(t *testing.T) {
	f := simtest.Patched(t, 2, simtest.ByHand(), nil)
	ask := simtest.All{"id": "nightly", "instanceIds": []string{sim.ID(1)}, "scheduled": "2026-01-05T02:00:00Z"}
	simtest.Survey(t, f, ask)
	simtest.Reported(t, f, 3*time.Hour)
	if again := simtest.Survey(t, f, ask); again["refused"] != nil || len(again["reports"].([]any)) != 1 {
		t.Errorf("the same again is answered by %v", again)
	}
	ask["instanceIds"] = []string{sim.ID(2)}
	if other := simtest.Survey(t, f, ask); other["refused"] == nil || len(simtest.Sent(f)) != 1 {
		t.Errorf("other contents are answered by %v", other)
	}
	simtest.Told(t, f, "alarm", "refused", "id: another request had it")
}
