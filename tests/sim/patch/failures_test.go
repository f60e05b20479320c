package patch_test

import (
	"maps"
	"strings"
	"testing"
	"time"

	"quickstep/shared/report"
	"quickstep/tests/sim"
	"quickstep/tests/sim/simtest"
	"quickstep/tests/world"
)

// ordered checks that texts stand in a text one after the other.
func ordered(t *testing.T, text string, parts ...string) {
	t.Helper()
	rest := text
	for _, p := range parts {
		_, after, found := strings.Cut(rest, p)
		if !found {
			t.Fatalf("%q doesn't stand where it should in\n%s", p, text)
		}
		rest = after
	}
}

func TestAnInstanceThatCantBeReadIsAGapOnTopAndOneAlarm(t *testing.T) {
	f := simtest.Patched(t, 3, simtest.ByHand(), nil)
	denied(f, sim.ID(2))
	m := named(t, f)
	note := simtest.Only(t, f)
	ordered(
		t,
		note.Text,
		"GAPS: 1 of 3 instances",
		"Severity:",
		"Not read:",
		sim.ID(2),
		"AccessDenied",
		"Lists, and the instances that have them:",
		sim.ID(1),
		sim.ID(3),
	)
	simtest.Holds(t, note.Subject, "1 GAP, ")
	if want := map[string]string{sim.ID(1): "", sim.ID(2): "gap", sim.ID(3): ""}; !maps.Equal(m.each(), want) {
		t.Errorf("the report tells of %q, want %q", m.each(), want)
	}
	m.mustHold(t, sim.ID(1), simtest.Five())
	m.mustHold(t, sim.ID(3), simtest.Five())
	alarms := f.Published("alarm")
	if len(alarms) != 1 {
		t.Fatalf("%d alarms, want one", len(alarms))
	}
	simtest.Holds(t, alarms[0].Text, sim.ID(2), "AccessDenied", m.Report)
	simtest.Settled(t, f)
}

// Gaps are told by where they come from; the others are reported whatever it is.
func TestWhateverKeepsAnInstanceFromBeingReadIsTheReasonOfItsGap(t *testing.T) {
	for _, c := range []struct {
		name   string
		spoil  func(f *sim.Fleet)
		reason string
	}{
		{"Systems Manager answers with errors for hours", func(f *sim.Fleet) {
			f.Fault = func(op world.Op) world.Fault {
				return map[bool]world.Fault{true: world.ServerError}[op.Name == "Patches" && op.Subject == sim.ID(2)]
			}
		}, "InternalError"},
		{"it throttles for hours", func(f *sim.Fleet) {
			f.Fault = func(op world.Op) world.Fault {
				return map[bool]world.Fault{true: world.Throttle}[op.Name == "Patches" && op.Subject == sim.ID(2)]
			}
		}, "Throttling"},
		{"the function crashes each time", func(f *sim.Fleet) {
			f.Fault = func(op world.Op) world.Fault {
				return map[bool]world.Fault{true: world.CrashBefore}[op.Name == "Patches" && op.Subject == sim.ID(2)]
			}
		}, "scan"},
		{"it hangs each time", func(f *sim.Fleet) {
			f.Fault = func(op world.Op) world.Fault {
				return map[bool]world.Fault{true: world.Timeout}[op.Name == "Patches" && op.Subject == sim.ID(2)]
			}
		}, "scan"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := simtest.Patched(t, 3, simtest.ByHand(), nil)
			c.spoil(f)
			m := named(t, f)
			if want := map[string]string{sim.ID(1): "", sim.ID(2): "gap", sim.ID(3): ""}; !maps.Equal(m.each(), want) {
				t.Fatalf("the report tells of %q, want %q", m.each(), want)
			}
			simtest.Holds(t, m.Rows.Gaps[0].Reason, c.reason)
			if at := simtest.Only(t, f).At.Sub(sim.Began); at > time.Hour+5*time.Minute {
				t.Errorf("it was sent after %s; the deadline is an hour", at)
			}
			if n := len(f.Published("alarm")); n != 1 {
				t.Errorf("%d alarms, want one", n)
			}
			simtest.Settled(t, f)
		})
	}
}

func TestAtTheDeadlineTheReportGoesOutWithGaps(t *testing.T) {
	f := simtest.Patched(
		t,
		20,
		simtest.ByHand(),
		func(n int, _ *world.MachineSpec, _ *report.State, patches *[]report.Patch) {
			*patches = simtest.Numbered(60*(n%2+1) - 30)
		},
	)
	f.PatchRate = 0.1 // 30 pages in the five minutes that it gets, and it needs 40
	simtest.Survey(t, f, simtest.All{"windowIds": []string{simtest.Window}, "deadline": "5m"})
	simtest.Reported(t, f, 2*time.Hour)
	m := parsed(t, simtest.Sent(f))
	if at := simtest.Only(t, f).At.Sub(sim.Began); at < 5*time.Minute || at > 8*time.Minute {
		t.Errorf("it was sent after %s", at)
	}
	if len(m.each()) != 20 || m.Totals.Gaps == 0 || m.Totals.Gaps == 20 {
		t.Errorf("%d instances, %d gaps", len(m.each()), m.Totals.Gaps)
	}
	for n := 1; n <= 20; n++ {
		if m.each()[sim.ID(n)] != "gap" {
			m.mustHold(t, sim.ID(n), simtest.Numbered(60*(n%2+1)-30))
		}
	}
	for _, g := range m.Rows.Gaps {
		simtest.Holds(t, g.Reason, "deadline")
	}
	simtest.Told(t, f, "alarm", m.Report, "gaps")
	simtest.Settled(t, f)
}

func TestTargetsThatCantBeListedAreTwoAlarmsAndNoReport(t *testing.T) {
	for _, service := range []string{"ec2", "ssm"} {
		t.Run(service, func(t *testing.T) {
			f := simtest.Patched(t, 3, simtest.ByHand(), nil)
			simtest.Survey(t, f, simtest.All{"windowIds": []string{simtest.Window}})
			failing(f, service, world.ServerError)
			simtest.Reported(t, f, simtest.Opens+time.Hour)
			if n := len(simtest.Sent(f)); n > 0 {
				t.Errorf("%d reports were sent", n)
			}
			alarms := f.Published("alarm")
			if len(alarms) != 2 {
				t.Fatalf(
					"%d alarms, want one while there is time to mend it, and one that there is no report",
					len(alarms),
				)
			}
			simtest.Holds(t, alarms[0].Subject, "trouble")
			if told := alarms[0].At.Sub(sim.Began); told > time.Hour {
				t.Errorf("people are told after %s", told)
			}
			simtest.Holds(t, alarms[1].Subject, "NO patch report", "web-patches")
			for _, a := range alarms {
				simtest.Holds(t, a.Text, "InternalError")
			}
			simtest.Settled(t, f)
		})
	}
}

func TestAReportThatCantBeSentUntilTheWindowOpensIsAnAlarm(t *testing.T) {
	for _, fault := range []world.Fault{world.Throttle, world.ServerError, world.CrashBefore, world.Timeout} {
		t.Run(fault.String(), func(t *testing.T) {
			t.Parallel()
			f := simtest.Patched(t, 3, simtest.ByHand(), nil)
			f.Advance(simtest.Opens - 8*time.Hour)
			f.Fault = func(op world.Op) world.Fault {
				return map[bool]world.Fault{true: fault}[op.Name == "Announce"]
			}
			simtest.Survey(t, f, simtest.All{"windowIds": []string{simtest.Window}})
			f.Advance(8*time.Hour + time.Minute)
			f.Fault = nil
			simtest.Reported(t, f, 3*time.Hour)
			simtest.Settled(t, f)
			if n := len(simtest.Sent(f)); n > 0 {
				t.Errorf("%d reports were sent after the window has opened", n)
			}
			alarms := f.Published("alarm")
			if len(alarms) != 2 {
				t.Fatalf(
					"%d alarms, want one while there is time to mend it, and one that there is no report",
					len(alarms),
				)
			}
			simtest.Holds(t, alarms[0].Subject, "trouble")
			if left := sim.Began.Add(simtest.Opens).Sub(alarms[0].At); left < 6*time.Hour {
				t.Errorf("people are told %s before the window opens", left)
			}
			doubtful := fault == world.ServerError || fault == world.CrashBefore || fault == world.Timeout
			simtest.Holds(
				t,
				alarms[1].Subject,
				map[bool]string{true: "INCOMPLETE patch report", false: "NO patch report"}[doubtful],
			)
			simtest.Holds(t, alarms[1].Text, "opened")
		})
	}
}

// A report that can be sent again before the window opens is sent.
func TestAReportThatCantBeSentForHoursIsSentLater(t *testing.T) {
	for _, hours := range []int{1, 5, 12} {
		f := simtest.Patched(t, 3, simtest.ByHand(), nil)
		failing(f, "sns", world.Throttle)
		simtest.Survey(t, f, simtest.All{"windowIds": []string{simtest.Window}})
		f.Advance(time.Duration(hours) * time.Hour)
		f.Fault = nil
		simtest.Reported(t, f, 3*time.Hour)
		simtest.Only(t, f)
		simtest.Quiet(t, f)
	}
}

// A large report that is sent slowly stops when the window opens: what comes later is worth nothing.
func TestNoPartIsSentAfterTheWindowHasOpened(t *testing.T) {
	for _, pace := range simtest.Some([]time.Duration{time.Second, 3 * time.Second, 10 * time.Second, 15 * time.Second}) {
		t.Run(pace.String(), func(t *testing.T) {
			t.Parallel()
			f := simtest.Patched(
				t,
				4,
				simtest.ByHand(),
				func(n int, _ *world.MachineSpec, _ *report.State, patches *[]report.Patch) {
					*patches = simtest.Numbered(800 * n)
				},
			)
			f.Advance(simtest.Opens - 100*time.Second)
			simtest.Survey(t, f, simtest.All{"windowIds": []string{simtest.Window}})
			f.Pace = func(op world.Op) time.Duration {
				if op.Function == "report" {
					return pace
				}
				return 0
			}
			simtest.Reported(t, f, 3*time.Hour)
			for _, n := range simtest.Sent(f) {
				if n.At.After(sim.Began.Add(simtest.Opens + 2*pace)) { // its mark and its call were under way
					t.Errorf("part %d of %d was sent at %s", partOf(n), parsedOne(t, n).Parts, n.At)
				}
			}
			if len(simtest.Sent(f)) == 0 {
				simtest.Told(t, f, "alarm", "NO patch report", "opened")
			} else if len(simtest.Sent(f)) < parsedOne(t, simtest.Sent(f)[0]).Parts {
				simtest.Told(t, f, "alarm", "INCOMPLETE patch report", "opened")
			}
			f.Pace = nil
			simtest.Settled(t, f)
		})
	}
}
