package rolling_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"sync/atomic"
	"testing"
	"time"

	"quickstep/tests/sim/simtest"

	"quickstep/tests/sim"
	"quickstep/tests/world"
)

// small is a short run with everything in it: three instances, two tokens, one that fails, alarms and a rule to
// mute. It is asked for the way a schedule asks, so that Lambda repeats what fails.
func small(t testing.TB, seed uint64) *sim.Fleet {
	f := simtest.Seeded(
		t,
		seed,
		3,
		map[int]world.MachineSpec{1: {Managed: true}, 2: {Managed: true, NeverReturns: true}, 3: {Managed: true}},
	)
	f.KeepLog = false
	f.AddAlarm("web-5xx", "OK")
	f.AddRule("default", "web-nightly", true, "")
	f.Watch.Tokens = 2
	return f
}

func ask(f *sim.Fleet, more ...simtest.All) {
	request := simtest.All{
		"id":             "run-1",
		"fleet":          "web",
		"tags":           simtest.All{"Role": "web"},
		"maxConcurrency": 2,
		"maxErrors":      1,
		"proof":          "required",
		"checkInterval":  "60s",
		"maxChecks":      8,
		"mute":           simtest.All{"alarmNames": []string{"web-5xx"}, "ruleNames": []string{"web-nightly"}},
	}
	for _, m := range more {
		maps.Copy(request, m)
	}
	body, _ := json.Marshal(request)
	f.InvokeAsync("start", body)
}

// patient is a request that has time for storms: nothing is muted, and checks last longer than a reboot can hang.
var patient = simtest.All{"mute": simtest.All{}, "maxChecks": 15}

// ends runs a small run to its end and checks all that must hold then.
func ends(t testing.TB, f *sim.Fleet) {
	t.Helper()
	endsSomehow(t, f)
	if n := f.Depth("last"); n > 0 {
		t.Errorf("%d messages reached the last queue", n)
	}
}

// endsSomehow is ends where letters may reach the last queue, because triage was throttled each time.
func endsSomehow(t testing.TB, f *sim.Fleet) {
	t.Helper()
	over := func() bool { return len(f.Docs("RUN#run-1")) > 0 && f.Over() }
	if err := f.Run(over, 48*time.Hour); err != nil {
		t.Fatalf("the run isn't over: %v", err)
	}
	f.Fault, f.Duplicate, f.Throttled = nil, nil, nil
	f.Advance(4 * time.Hour) // for what is received again and again
	for _, b := range f.Watch.End(sim.ID(2)) {
		t.Error(b)
	}
	if !f.RuleEnabled("default", "web-nightly") {
		t.Error("R6: the rule is still disabled")
	}
	simtest.Counts(t, f, 2, 1, 0)
	simtest.Told(t, f, "alarm", sim.ID(2), "run-1")
	simtest.Told(t, f, "report", "ended", "run-1")
	for n := 1; n <= 3; n++ {
		if boots := f.Boots(sim.ID(n)); boots < 1 || boots > 2 {
			t.Errorf("%s was rebooted %d times", sim.ID(n), boots)
		}
	}
}

// effects counts the calls that functions make in a small run.
func effects(t *testing.T) (n int) {
	f := small(t, 1)
	f.Fault = func(op world.Op) world.Fault {
		if op.Function != "" {
			n++
		}
		return world.None
	}
	ask(f)
	ends(t, f)
	return n
}

func TestR8NothingIsLostWhateverGoesWrongWithAnySingleCall(t *testing.T) {
	n, step := effects(t), 12 // make pairs tries every case
	if simtest.Raced {
		step = 60
	}
	var cases atomic.Int64
	t.Run("at", func(t *testing.T) {
		for _, fault := range world.Faults {
			for k := int(fault) % step; k < n; k += step {
				t.Run(fmt.Sprintf("%s %d", fault, k), func(t *testing.T) {
					t.Parallel()
					cases.Add(1)
					at(t, fault, k)
				})
			}
		}
	})
	t.Logf("%d effects, %d cases", n, cases.Load())
}

// at lets the kth call of a run go wrong.
func at(t *testing.T, fault world.Fault, k int) {
	f := small(t, 1)
	i := -1
	var hit world.Op
	f.Fault = func(op world.Op) world.Fault {
		if op.Function == "" {
			return world.None
		}
		if i++; i == k {
			hit = op
			return fault
		}
		return world.None
	}
	ask(f)
	ends(t, f)
	if t.Failed() {
		t.Logf("with %s at %s", fault, hit)
	}
}

func TestR8APurgeOfEveryQueueInTheMiddleCostsMinutes(t *testing.T) {
	f := small(t, 1)
	ask(f)
	ends(t, f)
	normal, err := f.Status("run-1")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range simtest.Several(int(normal.Ended.Sub(sim.Began).Seconds()) / 9) {
		second := 1 + 9*n
		t.Run(fmt.Sprintf("after %ds", second), func(t *testing.T) {
			t.Parallel()
			f := small(t, 1)
			ask(f)
			f.Advance(time.Duration(second) * time.Second)
			f.PurgeAll()
			ends(t, f)
			s, err := f.Status("run-1")
			if late := s.Ended.Sub(normal.Ended); err != nil || late > 20*time.Minute {
				t.Errorf("the run ended %s later, %v", late, err)
			}
		})
	}
}

func TestR8QueuesThatArePurgedAgainAndAgain(t *testing.T) {
	f := small(t, 1)
	for n := range 40 {
		f.After(time.Duration(n)*97*time.Second, f.PurgeAll)
	}
	ask(f)
	ends(t, f)
}

func TestR8EveryMessageIsDeliveredTwice(t *testing.T) {
	for seed := range uint64(10) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			f := small(t, seed)
			f.Duplicate = func(string) bool { return true }
			if seed >= 5 {
				f.Pace = func(world.Op) time.Duration { return time.Duration(f.Count("dynamodb.Get")%7) * 20 * time.Millisecond }
			}
			ask(f)
			ends(t, f)
		})
	}
}

func TestR8MessagesComeLateAndOutOfOrder(t *testing.T) {
	for seed := range uint64(10) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			f := small(t, seed)
			f.Latency = func(string) time.Duration {
				if f.Chance(0.1) {
					return 11 * time.Minute
				}
				return 50 * time.Millisecond
			}
			f.Duplicate = f.Sometimes(0.3)
			ask(f)
			ends(t, f)
		})
	}
}
