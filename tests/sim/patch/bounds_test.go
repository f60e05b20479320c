package patch_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"quickstep/shared/report"
	"quickstep/tests/sim"
	"quickstep/tests/sim/simtest"
	"quickstep/tests/world"
)

var errDenied = errors.New("AuthorizationErrorException: not authorized")

// SNS takes every message, and its reply is lost: nobody can know that. It is sent again, but not without end.
func TestAReportWhoseRepliesAreAlwaysLostIsRepeatedAFewTimes(t *testing.T) {
	f := simtest.Patched(t, 1, simtest.ByHand(), nil)
	f.Fault = func(op world.Op) world.Fault {
		return map[bool]world.Fault{true: world.ReplyLost}[op.Name == "Announce"]
	}
	simtest.Survey(t, f, simtest.All{"windowIds": []string{simtest.Window}})
	f.Advance(simtest.Opens + time.Hour)
	for n, note := range simtest.Sent(f) {
		if (n > 0) != strings.HasPrefix(note.Text, "REPEATED") {
			t.Errorf("message %d: %.40s", n+1, note.Text)
		}
	}
	if n := len(simtest.Sent(f)); n < 2 || n > 70 { // twenty within half an hour, then one an hour
		t.Errorf("it was sent %d times", n)
	}
	alarms := f.Published("alarm")
	simtest.Holds(t, alarms[len(alarms)-1].Text, "INCOMPLETE", "0 of 1 messages; one more may have been")
}

// A permission that is missing is told while there is time to give it.
func TestAReportThatMayNotBeSentIsTroubleLongBefore(t *testing.T) {
	f := simtest.Patched(t, 2, simtest.ByHand(), nil)
	given := false
	f.Refuse = func(op world.Op) error {
		return map[bool]error{true: errDenied}[op.Name == "Announce" && !given]
	}
	simtest.Survey(t, f, simtest.All{"windowIds": []string{simtest.Window}})
	f.Advance(2 * time.Hour)
	alarms := f.Published("alarm")
	if len(alarms) != 1 {
		t.Fatalf("%d alarms, want one", len(alarms))
	}
	simtest.Holds(t, alarms[0].Subject, "trouble")
	simtest.Holds(t, alarms[0].Text, "not authorized", "every hour", "0 of 1 messages")
	given = true
	f.Advance(2 * time.Hour)
	simtest.Only(t, f)
	simtest.Settled(t, f)
}

// The alarm topic's call never comes back: the report is out, and isn't sent again for it.
func TestAnAlarmThatHangsRepeatsNoReport(t *testing.T) {
	f := simtest.Patched(t, 3, simtest.ByHand(), nil)
	denied(f, sim.ID(2))
	f.Fault = func(op world.Op) world.Fault {
		return map[bool]world.Fault{true: world.Timeout}[op.Name == "Publish" && op.Function == "report"]
	}
	simtest.Survey(t, f, simtest.All{"windowIds": []string{simtest.Window}})
	f.Advance(6 * time.Hour)
	simtest.Only(t, f)
	simtest.Settled(t, f)
}

// A scan that is always at work sees the deadline itself.
func TestAScanThatIsSlowEndsAtTheDeadline(t *testing.T) {
	for _, c := range []struct{ before, deadline, most time.Duration }{{simtest.Opens, 5 * time.Minute, 8 * time.Minute}, {time.Hour, 10 * time.Minute, 13 * time.Minute}} {
		f := simtest.Patched(
			t,
			5,
			simtest.ByHand(),
			func(n int, _ *world.MachineSpec, _ *report.State, p *[]report.Patch) {
				if n == 1 {
					*p = simtest.Numbered(20000)
				}
			},
		)
		f.KeepLog = false
		f.Pace = func(op world.Op) time.Duration {
			return map[bool]time.Duration{true: 12 * time.Second, false: 10 * time.Millisecond}[op.Name == "Patches" && op.Subject == sim.ID(1)]
		}
		f.Advance(simtest.Opens - c.before)
		simtest.Survey(t, f, simtest.All{"windowIds": []string{simtest.Window}, "deadline": c.deadline.String()})
		asked := f.Now()
		simtest.Reported(t, f, 3*time.Hour)
		m := parsed(t, simtest.Sent(f))
		if took := simtest.Sent(f)[0].At.Sub(asked); took > c.most || m.Totals.Gaps != 1 || len(m.each()) != 5 {
			t.Errorf("with a deadline of %s it took %s, with %d gaps", c.deadline, took, m.Totals.Gaps)
		}
	}
}

func TestAPatchWithThousandsOfCVEsIsToldInPieces(t *testing.T) {
	f := simtest.Patched(t, 2, simtest.ByHand(), func(_ int, _ *world.MachineSpec, _ *report.State, p *[]report.Patch) {
		*p = simtest.Numbered(1)
		var all []string
		for k := range 15000 {
			all = append(all, fmt.Sprintf("CVE-2026-%05d", k))
		}
		(*p)[0].CVEs = strings.Join(all, ",")
	})
	simtest.Survey(t, f, simtest.All{"windowIds": []string{simtest.Window}})
	simtest.Reported(t, f, time.Hour)
	m := parsed(t, simtest.Sent(f))
	if n := strings.Count(m.Rows.Patches[0].CVEs, "CVE-"); n != 15000 || len(m.Rows.Patches) != 1 {
		t.Errorf("%d CVEs of %d patches", n, len(m.Rows.Patches))
	}
}
