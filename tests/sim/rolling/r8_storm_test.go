package rolling_test

import (
	"fmt"
	"testing"
	"time"

	"quickstep/tests/sim/simtest"

	"quickstep/tests/world"
)

func TestR8HalfOfAllInvocationsAreThrottled(t *testing.T) {
	for seed := range uint64(10) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			f := small(t, seed)
			f.Throttled = f.Sometimes(0.5)
			ask(f, patient)
			endsSomehow(t, f)
		})
	}
}

func TestR8OneCallInFiftyGoesWrong(t *testing.T) {
	for _, seed := range simtest.Several(60) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			f := small(t, uint64(seed))
			n := 0
			f.Fault = func(op world.Op) world.Fault {
				if op.Function == "" || !f.Chance(0.02) {
					return world.None
				}
				n++
				return world.Faults[n%len(world.Faults)]
			}
			f.Pace = func(world.Op) time.Duration {
				if f.Chance(0.05) {
					return 4 * time.Second
				}
				return 10 * time.Millisecond
			}
			f.Duplicate = f.Sometimes(0.05)
			ask(f, patient)
			f.Advance(10 * time.Minute)
			if len(f.Docs("RUN#run-1")) == 0 { // each of Lambda's three tries went wrong
				simtest.Told(t, f, "alarm", "run-1")
				return
			}
			ends(t, f)
		})
	}
}

func TestR8ALongOutageOfTheLedger(t *testing.T) {
	for minutes := 1; minutes < 14; minutes += 3 {
		t.Run(fmt.Sprint("from minute ", minutes), func(t *testing.T) {
			t.Parallel()
			f := small(t, 1)
			ask(f, patient)
			f.Advance(time.Duration(minutes) * time.Minute)
			from := f.Now()
			f.Fault = func(op world.Op) world.Fault {
				if op.Service == "dynamodb" && op.At.Sub(from) < 20*time.Minute {
					return world.ServerError
				}
				return world.None
			}
			ends(t, f)
		})
	}
}

func TestR8LateMessagesDontKeepARunFromBeginning(t *testing.T) {
	for seed := range uint64(10) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			f := small(t, seed)
			f.Throttled = f.Sometimes(0.5)
			ask(f)
			endsSomehow(t, f)
		})
	}
}

func TestR8FunctionsAreThrottledForMinutes(t *testing.T) {
	for seed := range uint64(10) {
		t.Run(fmt.Sprint("from minute ", seed*2), func(t *testing.T) {
			t.Parallel()
			f := small(t, seed)
			f.After(time.Duration(seed)*2*time.Minute, func() { f.Throttled = func(string) bool { return true } })
			f.After(time.Duration(seed)*2*time.Minute+25*time.Minute, func() { f.Throttled = nil })
			ask(f)
			ends(t, f)
		})
	}
}
