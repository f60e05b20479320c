package patches_test

import (
	"log/slog"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"quickstep/tests/storm"
	"quickstep/tests/storm/patches"
	"quickstep/tests/world"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

// all runs n cases on all cores.
func all(n int, one func(int)) {
	var next atomic.Int64
	var cores sync.WaitGroup
	for range runtime.NumCPU() {
		cores.Go(func() {
			for c := int(next.Add(1)); c <= n; c = int(next.Add(1)) {
				one(c)
			}
		})
	}
	cores.Wait()
}

func TestR8NoReportIsWrongInAnyStorm(t *testing.T) {
	var mu sync.Mutex
	seen := map[string]int{}
	all(seeds, func(seed int) {
		r, err := patches.Run(patches.Draw(uint64(seed)))
		mu.Lock()
		defer mu.Unlock()
		if err != nil || len(r.Broken) > 0 {
			t.Errorf("seed %d: %v %v", seed, err, r.Broken)
		}
		for what, n := range r.Seen {
			seen[what] += n
		}
	})
	want := []string{"report before", "report after", "gap", "sent twice", "no report, alarm", "delivered twice", "purge", "tokens", "throttle", "dead"}
	for _, f := range world.Faults {
		want = append(want, "fault "+f.String())
	}
	for _, what := range want {
		if seen[what] == 0 && seeds >= 200 {
			t.Errorf("never occurred: %s", what)
		}
	}
	t.Log(seen)
}

// TestR8NoSingleFaultMakesAReportWrong tries every fault at every effect of a small report, and every delivery twice.
func TestR8NoSingleFaultMakesAReportWrong(t *testing.T) {
	r, err := patches.Run(patches.Small())
	if err != nil || len(r.Broken) > 0 {
		t.Fatalf("without a fault: %v %v", err, r.Broken)
	}
	effects, kinds := r.Effects, len(world.Faults)
	cases := effects*kinds + r.Taken
	if seeds < 200 { // with the race detector
		cases /= 12
	}
	all(cases, func(c int) {
		s, n := patches.Small(), 0
		if c <= effects*kinds {
			at, fault := (c-1)/kinds+1, world.Faults[(c-1)%kinds]
			s.Hook = func(op world.Op) world.Fault {
				if n++; n != at || op.Function == "" {
					return world.None
				}
				return fault
			}
		} else {
			s.Again = func() bool { n++; return n == c-effects*kinds }
		}
		if r, err := patches.Run(s); err != nil || len(r.Broken) > 0 {
			t.Errorf("case %d: %v %v", c, err, r.Broken)
		}
	})
	t.Logf("%d cases", cases)
}

func TestASeedIsTheSameStormEachTime(t *testing.T) {
	for seed := uint64(1); seed <= 3; seed++ {
		var prints []string
		for range 2 {
			s, print := patches.Draw(seed), ""
			s.Watch = func(line string) { print = storm.Mix(print, line) }
			if _, err := patches.Run(s); err != nil {
				t.Fatal(err)
			}
			prints = append(prints, print)
		}
		if prints[0] != prints[1] {
			t.Errorf("seed %d isn't the same twice", seed)
		}
	}
}
