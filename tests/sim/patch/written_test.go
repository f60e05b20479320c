//go:build !race

// Fleets of a thousand, hundreds of windows or megabytes of messages: the race detector makes them twenty times as
// slow, and has nothing to find, for handlers run one at a time here. make test runs them without it.

package patch_test

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
	"time"

	"quickstep/shared/report"
	"quickstep/tests/sim"
	"quickstep/tests/sim/simtest"
	"quickstep/tests/world"
)

// dense is a fleet whose report is forty messages that pack badly.
func dense(t *testing.T, more ...string) *sim.Fleet {
	f := simtest.Patched(
		t,
		1,
		simtest.ByHand(more...),
		func(_ int, _ *world.MachineSpec, _ *report.State, p *[]report.Patch) {
			*p = simtest.Numbered(12000)
			for k := range *p {
				(*p)[k].Title = fmt.Sprintf(
					"%x",
					sha256.Sum256([]byte(fmt.Sprint(k))),
				) + fmt.Sprintf(
					"%x",
					sha256.Sum256([]byte(fmt.Sprint(-k))),
				)
			}
		},
	)
	f.KeepLog = false
	return f
}

// stored are the keys under which messages of a report stand in the ledger.
func stored(f *sim.Fleet, id string) (keys []string) {
	for _, d := range f.Docs("REPORT#" + id) {
		if strings.HasPrefix(d.SK, "M#") {
			keys = append(keys, d.SK)
		}
	}
	return keys
}

// writes says that a call writes messages of a report down.
func writes(op world.Op) bool {
	return op.Function == "report" && op.Name == "Write" && strings.Contains(op.Detail, "/M#")
}

// A report whose messages take longer to write than a function may run is written by several invocations, none
// twice.
func TestWhatOneInvocationCantWriteTheNextDoes(t *testing.T) {
	f := dense(t, "PatchReportBucket", "reports")
	puts := 0
	f.Pace = func(op world.Op) time.Duration {
		if op.Service == "s3" {
			puts++
		}
		return map[bool]time.Duration{true: 90 * time.Second}[writes(op)]
	}
	m := named(t, f)
	notes := simtest.Sent(f)
	if len(notes) < 20 || m.Parts != len(notes) || len(stored(f, m.Report)) != len(notes) {
		t.Errorf("%d messages, %d parts, %d in the ledger", len(notes), m.Parts, len(stored(f, m.Report)))
	}
	if puts != 2 {
		t.Errorf("%d objects were put into the bucket, want two", puts)
	}
	if n := f.Count("lambda.Errors"); n > 0 {
		t.Errorf("%d invocations ran out of time", n)
	}
	f.Pace = nil
	simtest.Quiet(t, f)
}

// Wherever a try ends, the next goes on: each message is written once, and sent once.
func TestACrashWhileMessagesAreWrittenCostsNone(t *testing.T) {
	for _, fault := range []world.Fault{world.CrashBefore, world.CrashAfter, world.ReplyLost, world.Timeout, world.Throttle} {
		t.Run(fault.String(), func(t *testing.T) {
			t.Parallel()
			f := dense(t)
			n := 0
			f.Fault = func(op world.Op) world.Fault {
				if writes(op) {
					if n++; n%3 == 2 {
						return fault
					}
				}
				return world.None
			}
			m := named(t, f)
			if notes := simtest.Sent(f); m.Parts != len(notes) || len(stored(f, m.Report)) != len(notes) || n < 4 {
				t.Errorf(
					"%d messages sent, %d parts, %d in the ledger, %d writes",
					len(notes),
					m.Parts,
					len(stored(f, m.Report)),
					n,
				)
			}
			f.Fault = nil
			simtest.Quiet(t, f)
		})
	}
}
