package storm_test

import (
	"log/slog"
	"os"
	"testing"

	"quickstep/tests/storm"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

func TestR8NoRuleIsBrokenInAnyStorm(t *testing.T) {
	type gone struct {
		storm.Result
		err error
	}
	seen := map[string]int{}
	storm.Cores(seeds, func(seed int) gone {
		r, err := storm.Run(storm.Draw(uint64(seed)))
		return gone{r, err}
	}, func(seed int, g gone) {
		if g.err != nil || len(g.Broken) > 0 {
			t.Errorf("seed %d (make sim SEED=%d): %v %v", seed, seed, g.err, g.Broken)
		}
		for what, n := range g.Seen {
			seen[what] += n
		}
	})
	if missing := storm.Missing(seen); len(missing) > 0 && seeds >= 500 {
		t.Errorf("never occurred: %v", missing)
	}
}

// TestR8NoSingleFaultBreaksARule tries what can go wrong once in a small run: half of all cases, for make test is to take three
// minutes; make pairs tries all.
func TestR8NoSingleFaultBreaksARule(t *testing.T) {
	cases, err := storm.Singles()
	if err != nil {
		t.Fatal(err)
	}
	step := 2
	if seeds < 500 { // with the race detector
		step = 50
	}
	some := cases[:0]
	for n := 0; n < len(cases); n += step {
		some = append(some, cases[n])
	}
	cases = some
	storm.TryAll(cases, func(c storm.Case, r storm.Result, err error) { t.Errorf("%s: %v %v", c, err, r.Broken) })
	t.Logf("%d cases", len(cases))
}

func TestASeedIsTheSameStormEachTime(t *testing.T) {
	for seed := uint64(1); seed <= min(seeds, 20); seed++ {
		var first string
		for range 2 {
			s := storm.Draw(seed)
			fingerprint := ""
			s.Watch = func(line string) { fingerprint = storm.Mix(fingerprint, line) }
			if _, err := storm.Run(s); err != nil {
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
