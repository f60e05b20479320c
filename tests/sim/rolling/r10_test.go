package rolling_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"quickstep/tests/sim/simtest"

	"quickstep/tests/sim"
	"quickstep/tests/world"
)

// large runs a fleet, spread over some target groups, without keeping a log.
func large(t testing.TB, size, groups int) *sim.Fleet {
	f := simtest.Empty(t, 1)
	f.KeepLog, f.AfterEffect = false, nil
	for n := range groups {
		f.AddGroups(fmt.Sprint("web-", n))
	}
	for n := 1; n <= size; n++ {
		spec := world.MachineSpec{ID: sim.ID(n), IP: fmt.Sprintf("10.%d.%d.%d", n>>16, n>>8&255, n&255), Managed: true}
		if groups == 0 {
			f.Add(spec)
		} else {
			f.Add(spec, fmt.Sprintf("web-%d:8080", n%groups))
		}
	}
	if _, err := f.Ask(simtest.All{"maxConcurrency": 50}); err != nil {
		t.Fatal(err)
	}
	if err := f.Run(f.Over, 60*24*time.Hour); err != nil {
		t.Fatal(err)
	}
	simtest.Counts(t, f, size, 0, 0)
	return f
}

func TestR10TheCostOfAnInstanceDoesntGrowWithTheFleet(t *testing.T) {
	for _, c := range []struct {
		name                string
		small, size, groups int
	}{{"1,000 in a target group", 100, 1000, 1}, {"10,000 without", 100, 10_000, 0}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if simtest.Raced {
				c.small, c.size = 50, 150 // the race detector makes it twenty times slower, and has nothing to find here
			}
			began := time.Now()
			few, many := large(t, c.small, c.groups), large(t, c.size, c.groups)
			t.Logf("%-20s %10d %10d   an instance, in %s and %s of virtual time", "instances", c.small, c.size,
				few.Now().Sub(sim.Began).Round(time.Minute), many.Now().Sub(sim.Began).Round(time.Minute))
			for _, cost := range simtest.Costs {
				a, b := cost.Per(few)/float64(c.small), cost.Per(many)/float64(c.size)
				t.Logf("%-20s %10.3f %10.3f", cost.Name, a, b)
				if b > a*1.05 {
					t.Errorf(
						"%s: %.3f an instance in a fleet of %d, %.3f in one of %d",
						cost.Name,
						a,
						c.small,
						b,
						c.size,
					)
				} else if a > 0 && math.Abs(b-a)/a > 0.05 {
					t.Logf("%s: less in the larger fleet", cost.Name)
				}
			}
			t.Logf("both runs took %s", time.Since(began).Round(time.Millisecond))
		})
	}
}
