package reports_test

import (
	"log/slog"
	"os"
	"testing"

	"quickstep/tests/storm"
	"quickstep/tests/storm/reports"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

func TestR8NoReportIsWrongInAnyStorm(t *testing.T) {
	type gone struct {
		reports.Result
		err error
	}
	seen := map[string]int{}
	storm.Cores(seeds, func(seed int) gone {
		r, err := reports.Run(reports.Draw(uint64(seed)))
		return gone{r, err}
	}, func(seed int, g gone) {
		if g.err != nil || len(g.Broken) > 0 {
			t.Errorf("seed %d: %v %q", seed, g.err, g.Broken)
		}
		for what, n := range g.Seen {
			seen[what] += n
		}
	})
	t.Logf("%d seeds: %v", seeds, seen)
	if missing := reports.Missing(seen); len(missing) > 0 && seeds >= 300 {
		t.Errorf("never occurred: %v", missing)
	}
}

// TestR8NoSingleFaultMakesAReportWrong tries every fault at every effect of a small report, and every delivery twice.
func TestR8NoSingleFaultMakesAReportWrong(t *testing.T) {
	cases, err := reports.Singles()
	if err != nil {
		t.Fatal(err)
	}
	if seeds < 300 { // with the race detector
		cases = cases[:len(cases)/24]
	}
	reports.TryAll(cases, func(c reports.Case, r reports.Result, err error) { t.Errorf("%s: %v %q", c, err, r.Broken) })
	t.Logf("%d cases", len(cases))
}

func TestASeedIsTheSameStormEachTime(t *testing.T) {
	for seed := uint64(1); seed <= 6; seed++ {
		var first string
		for range 2 {
			s := reports.Draw(seed)
			fingerprint := ""
			s.Watch = func(line string) { fingerprint = storm.Mix(fingerprint, line) }
			if _, err := reports.Run(s); err != nil {
				t.Fatal(err)
			}
			if first == "" {
				first = fingerprint
			} else if first != fingerprint {
				t.Errorf("seed %d isn't the same twice", seed)
			}
		}
	}
}
