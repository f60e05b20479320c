package reports_test

import (
	"testing"

	"quickstep/tests/storm"
	"quickstep/tests/storm/reports"
)

// TestR8NoReportOfARecurringWindowIsEarly draws windows that open again and again: daily, overlapping,
// hourly; some of their reports are cancelled.
func TestR8NoReportOfARecurringWindowIsEarly(t *testing.T) {
	type gone struct {
		reports.Result
		err error
	}
	seen := map[string]int{}
	storm.Cores(seeds/4, func(seed int) gone {
		r, err := reports.RunRecurring(reports.DrawRecurring(uint64(seed)))
		return gone{r, err}
	}, func(seed int, g gone) {
		if g.err != nil || len(g.Broken) > 0 {
			t.Errorf("seed %d: %v %q", seed, g.err, g.Broken)
		}
		for what, n := range g.Seen {
			seen[what] += n
		}
	})
	t.Logf("%d seeds: %v", seeds/4, seen)
	for _, what := range []string{"sent before", "sent after", "not over", "cancelled", "often"} {
		if seen[what] == 0 && seeds >= 300 {
			t.Errorf("never occurred: %s", what)
		}
	}
}
