//go:build !race

// Fleets of a thousand, hundreds of windows or megabytes of messages: the race detector makes them twenty times as
// slow, and has nothing to find, for handlers run one at a time here. make test runs them without it.

package patch_test

import (
	"fmt"
	"testing"
	"time"

	"quickstep/shared/report"
	"quickstep/tests/sim"
	"quickstep/tests/sim/simtest"
	"quickstep/tests/world"
)

// fleetOf is a fleet with four patches an instance, of which one is one of 40: the fleet's instances aren't all
// alike.
func fleetOf(t testing.TB, size int) *sim.Fleet {
	t.Helper()
	some := simtest.Numbered(43)
	f := simtest.Patched(
		t,
		size,
		simtest.ByHand(),
		func(n int, _ *world.MachineSpec, _ *report.State, patches *[]report.Patch) {
			*patches = append(some[:3:3], some[3+n%40])
		},
	)
	f.KeepLog, f.AfterEffect = false, nil
	f.PatchRate = 5
	f.Pace = func(world.Op) time.Duration { return 10 * time.Millisecond }
	return f
}

// more is what an instance of a large fleet may need beyond one of a small: a message that is due in more than 15
// minutes is sent twice, for SQS delays no longer (with the default deadline none is due later than in 30), and
// while the scans last, the report looks over them every five minutes. Both are bounded by the deadline, not by the
// fleet; ledger writes aren't more.
var more = map[string]float64{
	"messages":    1,
	"deliveries":  1,
	"invocations": 1,
	"read units":  3,
	"EC2 calls":   0.01,
	"SSM calls":   0.01,
}

func TestAReportOf5000InstancesCostsAnInstanceWhatOneOf100Does(t *testing.T) {
	size := 5000
	few, many := fleetOf(t, 100), fleetOf(t, size)
	for _, f := range []*sim.Fleet{few, many} {
		simtest.Survey(t, f, simtest.All{"windowIds": []string{simtest.Window}})
		simtest.Reported(t, f, 2*time.Hour)
		f.Pace = nil
	}
	t.Logf(
		"%d instances: %s of virtual time, %d messages to SNS",
		size,
		many.Now().Sub(sim.Began).Round(time.Second),
		len(simtest.Sent(many)),
	)
	for _, cost := range simtest.Costs {
		a, b := cost.Per(few)/100, cost.Per(many)/float64(size)
		t.Logf("%-20s %10.3f %10.3f", cost.Name, a, b)
		if b > a*1.05+more[cost.Name] {
			t.Errorf("%s: %.3f an instance of 100, %.3f of %d", cost.Name, a, b, size)
		}
	}
	if took := many.Now().Sub(sim.Began); took > time.Hour {
		t.Errorf("%d instances took %s", size, took)
	}
	some := simtest.Numbered(43)
	m := parsed(t, simtest.Sent(many))
	each := m.each()
	if len(each) != size || m.Totals.Gaps != 0 || m.Totals.Found["missing"] != 4*size {
		t.Errorf("it tells of %d instances, %d gaps, %v", len(each), m.Totals.Gaps, m.Totals.Found)
	}
	for n := 1; n <= size; n++ {
		if flags, ok := each[sim.ID(n)]; !ok || flags != "" {
			t.Fatalf("%s is told as %q (%t)", sim.ID(n), flags, ok)
		}
	}
	for n := 1; n <= size; n += size / 50 {
		m.mustHold(t, sim.ID(n), append(some[:3:3], some[3+n%40]))
	}
	simtest.Quiet(t, many)
}

// 5,000 scans that fail at once are 5,000 gaps, and all are named.
func TestAFleetThatCantBeReadAtAllIsAReportOfGaps(t *testing.T) {
	size := 1000
	f := fleetOf(t, size)
	f.Pace = nil
	f.Throttled = func(function string) bool { return function == "scan" }
	simtest.Survey(t, f, simtest.All{"windowIds": []string{simtest.Window}})
	simtest.Reported(t, f, 2*time.Hour)
	if took := f.Now().Sub(sim.Began); took > time.Hour+10*time.Minute {
		t.Errorf("the report came after %s; its deadline is an hour", took)
	}
	m := parsed(t, simtest.Sent(f))
	if len(m.each()) != size || m.Totals.Gaps != size {
		t.Errorf("it tells of %d instances, %d gaps", len(m.each()), m.Totals.Gaps)
	}
	simtest.Holds(t, simtest.Sent(f)[0].Subject, fmt.Sprintf("%d GAPS, nothing known of %d, ", size, size))
	if n := len(f.Published("alarm")); n != 1 {
		t.Errorf("%d alarms, want one for the whole report", n)
	}
}
