package sim_test

import (
	"testing"
	"time"

	"quickstep/tests/sim"
)

// Reports: a schedule's report has an id that can be computed, and a survey by hand must not take it.
func TestASurveyThatTakesTheIDOfAScheduledReportDoesNotSuppressIt(t *testing.T) {
	f := patched(t, 2, nil, nil)
	opensAt := sim.Began.Add(opens)
	answer := survey(t, f, all{"id": window + "-" + opensAt.Format("20060102T1504Z"), "instanceIds": []string{sim.ID(1)}})
	first := answer["reports"].([]any)[0].(map[string]any)
	f.Advance(opens)
	phases := map[string]int{}
	for _, n := range sent(f) {
		phases[parsedOne(t, n).Phase]++
	}
	if phases["now"] != 1 || phases["before"] != 1 {
		t.Errorf("the reports are %v, and the one by hand is %v", phases, first)
	}
}

func TestAScheduledSurveyOfInstancesWithAnIDThatWasUsedIsRefusedAndTold(t *testing.T) {
	f := patched(t, 2, byHand(), nil)
	ask := all{"id": "nightly", "instanceIds": []string{sim.ID(1)}, "scheduled": "2026-01-05T02:00:00Z"}
	survey(t, f, ask)
	reported(t, f, 3*time.Hour)
	if again := survey(t, f, ask); again["refused"] != nil || len(again["reports"].([]any)) != 1 {
		t.Errorf("the same again is answered by %v", again)
	}
	ask["instanceIds"] = []string{sim.ID(2)}
	if other := survey(t, f, ask); other["refused"] == nil || len(sent(f)) != 1 {
		t.Errorf("other contents are answered by %v", other)
	}
	told(t, f, "alarm", "refused", "id: another request had it")
}
