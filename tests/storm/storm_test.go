package storm_test

import (
	"log/slog"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"quickstep/tests/storm"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

func TestR8NoRuleIsBrokenInAnyStorm(t *testing.T) {
	var next atomic.Uint64
	var mu sync.Mutex
	var all sync.WaitGroup
	seen := map[string]int{}
	for range runtime.NumCPU() {
		all.Go(func() {
			for seed := next.Add(1); seed <= seeds; seed = next.Add(1) {
				r, err := storm.Run(storm.Draw(seed))
				mu.Lock()
				if err != nil || len(r.Broken) > 0 {
					t.Errorf("seed %d (make sim SEED=%d): %v %v", seed, seed, err, r.Broken)
				}
				for what, n := range r.Seen {
					seen[what] += n
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if missing := storm.Missing(seen); len(missing) > 0 && seeds >= 500 {
		t.Errorf("never occurred: %v", missing)
	}
}

// TestR8NoSingleFaultBreaksARule tries all that can go wrong once in a small run.
func TestR8NoSingleFaultBreaksARule(t *testing.T) {
	cases, err := storm.Singles()
	if err != nil {
		t.Fatal(err)
	}
	if seeds < 500 { // with the race detector
		some := cases[:0]
		for n := 0; n < len(cases); n += 20 {
			some = append(some, cases[n])
		}
		cases = some
	}
	storm.TryAll(cases, func(c storm.Case, r storm.Result, err error) { t.Errorf("%s: %v %v", c, err, r.Broken) })
	t.Logf("%d cases", len(cases))
}

func TestASeedIsTheSameStormEachTime(t *testing.T) {
	for seed := uint64(1); seed <= 20; seed++ {
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
