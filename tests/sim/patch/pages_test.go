package patch_test

import (
	"slices"
	"testing"
	"time"

	"quickstep/shared/report"
	"quickstep/tests/sim"
	"quickstep/tests/sim/simtest"
	"quickstep/tests/world"
)

// one is an instance with n patches; every fifth waits for a reboot.
func one(t *testing.T, n int) (*sim.Fleet, []report.Patch) {
	t.Helper()
	patches := simtest.Numbered(n)
	for k := range patches {
		if k%5 == 4 {
			patches[k].State = report.InstalledPendingReboot
		}
	}
	f := simtest.Patched(
		t,
		1,
		simtest.ByHand(),
		func(_ int, _ *world.MachineSpec, _ *report.State, own *[]report.Patch) { *own = patches },
	)
	return f, patches
}

func TestNoInstanceIsTooLarge(t *testing.T) {
	slowly := func(f *sim.Fleet, by time.Duration) {
		f.Pace = func(op world.Op) time.Duration {
			if op.Service == "ssm" && op.Name == "Patches" {
				return by
			}
			return 20 * time.Millisecond
		}
	}
	for _, c := range simtest.Some([]struct {
		name    string
		patches int
		weather func(f *sim.Fleet)
		calls   [2]int // of DescribeInstancePatches, at least and at most
	}{
		{"none", 0, nil, [2]int{1, 1}},
		{"a page", 50, nil, [2]int{1, 1}},
		{"a page and one", 51, nil, [2]int{2, 2}},
		{"5,000 patches take 100 pages", 5000, nil, [2]int{100, 100}},
		{"5,000 when a page takes a second: each message goes on where the last one stopped", 5000, func(f *sim.Fleet) { slowly(f, time.Second) }, [2]int{100, 100}},
		{"5,000 when a page takes a quarter of a minute", 5000, func(f *sim.Fleet) { slowly(f, 15*time.Second) }, [2]int{100, 100}},
		{"5,000 delivered twice, each time", 5000, func(f *sim.Fleet) {
			slowly(f, time.Second)
			f.Duplicate = func(string) bool { return true }
		}, [2]int{100, 100}},
		{"5,000 with three crashes in the middle", 5000, func(f *sim.Fleet) {
			n := 0
			f.Fault = func(op world.Op) world.Fault {
				if op.Name == "Patches" {
					n++
				}
				if op.Name == "Patches" && n%30 == 0 {
					return world.CrashAfter
				}
				return world.None
			}
		}, [2]int{101, 150}},
		{"5,000 with replies that are lost", 5000, func(f *sim.Fleet) {
			f.Fault = func(op world.Op) world.Fault {
				if op.Function == "scan" && f.Chance(0.05) {
					return world.ReplyLost
				}
				return world.None
			}
		}, [2]int{101, 150}},
		{"5,000 with throttles", 5000, func(f *sim.Fleet) { f.PatchRate = 0.2 }, [2]int{101, 300}},
	}) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f, patches := one(t, c.patches)
			f.KeepLog = false
			if c.weather != nil {
				c.weather(f)
			}
			simtest.Survey(t, f, simtest.All{"windowIds": []string{simtest.Window}, "deadline": "10h"})
			simtest.Reported(t, f, 12*time.Hour)
			f.Fault, f.Duplicate, f.Pace = nil, nil, nil
			parsed(t, simtest.Sent(f)).mustHold(t, sim.ID(1), patches)
			if n := f.Count("ssm.Patches"); n < c.calls[0] || n > c.calls[1] {
				t.Errorf("DescribeInstancePatches was called %d times, want %v", n, c.calls)
			}
			simtest.Quiet(t, f)
		})
	}
}

// expire makes the token invalid that follows the nth page read, for each n.
func expire(f *sim.Fleet, at ...int) {
	n := 0
	f.Also(func(op world.Op) {
		if op.Name != "Patches" || !op.Happened {
			return
		}
		if n++; slices.Contains(at, n) {
			f.ExpireTokens()
		}
	})
}

func TestATokenThatExpiresLetsTheScanBeginAnew(t *testing.T) {
	for _, c := range []struct {
		name string
		at   []int
	}{
		{"in the middle", []int{5}},
		{"after the first page", []int{1}},
		{"before the last", []int{9}},
		{"again and again", []int{5, 9, 17}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f, patches := one(t, 500)
			expire(f, c.at...)
			m := named(t, f)
			m.mustHold(t, sim.ID(1), patches)
			simtest.Quiet(t, f)
		})
	}
}

func TestATokenThatIsAlwaysRefusedIsAGap(t *testing.T) {
	f, _ := one(t, 500)
	f.Also(func(op world.Op) {
		if op.Name == "Patches" && op.Happened {
			f.ExpireTokens()
		}
	})
	m := named(t, f)
	if got := m.each()[sim.ID(1)]; got != "gap" {
		t.Errorf("the instance is told as %q", got)
	}
	simtest.Holds(t, m.Rows.Gaps[0].Reason, "token")
	simtest.Settled(t, f)
}

// What was read before the token expired is no more to be trusted: an installation may have come between.
func TestAScanThatBeginsAnewForgetsWhatItHasRead(t *testing.T) {
	f, patches := one(t, 500)
	n := 0
	f.Also(func(op world.Op) {
		if op.Name != "Patches" || !op.Happened {
			return
		}
		if n++; n == 7 {
			f.ExpireTokens()
			f.SetPatches(sim.ID(1), &report.State{Baseline: "pb-1", Operation: "Install", Ended: f.Now()}, patches[:60])
		}
	})
	named(t, f).mustHold(t, sim.ID(1), patches[:60])
	simtest.Quiet(t, f)
}

// Pages overlap when what they are cut from grows between two calls.
func TestAPatchThatStandsOnTwoPagesIsCountedOnce(t *testing.T) {
	f, patches := one(t, 120)
	f.SetPatches(
		sim.ID(1),
		&report.State{Baseline: "pb-1", Operation: "Scan", Ended: sim.Began},
		slices.Concat(patches[:60], patches[40:]),
	)
	named(t, f).mustHold(t, sim.ID(1), patches)
	simtest.Quiet(t, f)
}

func TestThrottlingComesBackLater(t *testing.T) {
	f := simtest.Patched(
		t,
		40,
		simtest.ByHand(),
		func(_ int, _ *world.MachineSpec, _ *report.State, patches *[]report.Patch) {
			*patches = simtest.Numbered(120)
		},
	)
	f.PatchRate = 0.5
	m := named(t, f)
	for n := 1; n <= 40; n++ {
		m.mustHold(t, sim.ID(n), simtest.Numbered(120))
	}
	if f.Count("ssm.PatchThrottles") == 0 {
		t.Error("nothing was throttled")
	}
	simtest.Quiet(t, f)
}
