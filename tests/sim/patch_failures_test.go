package sim_test

import (
	"maps"
	"strings"
	"testing"
	"time"

	"quickstep/shared/patch"
	"quickstep/tests/sim"
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
	f := patched(t, 3, byHand(), nil)
	denied(f, sim.ID(2))
	m := named(t, f)
	note := only(t, f)
	ordered(t, note.Text, "GAPS: 1 of 3 instances", "Not read:", sim.ID(2), "AccessDenied", "By severity (missing or failed):", "By instance:", sim.ID(1), sim.ID(3))
	holds(t, note.Subject, "1 GAP, ")
	if want := map[string]string{sim.ID(1): "", sim.ID(2): "gap", sim.ID(3): ""}; !maps.Equal(m.each(), want) {
		t.Errorf("the report tells of %q, want %q", m.each(), want)
	}
	m.mustHold(t, sim.ID(1), five())
	m.mustHold(t, sim.ID(3), five())
	alarms := f.Published("alarm")
	if len(alarms) != 1 {
		t.Fatalf("%d alarms, want one", len(alarms))
	}
	holds(t, alarms[0].Text, sim.ID(2), "AccessDenied", m.Report)
	settled(t, f)
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
			f := patched(t, 3, byHand(), nil)
			c.spoil(f)
			m := named(t, f)
			if want := map[string]string{sim.ID(1): "", sim.ID(2): "gap", sim.ID(3): ""}; !maps.Equal(m.each(), want) {
				t.Fatalf("the report tells of %q, want %q", m.each(), want)
			}
			holds(t, m.Rows.Gaps[0].Reason, c.reason)
			if at := only(t, f).At.Sub(sim.Began); at > time.Hour+5*time.Minute {
				t.Errorf("it was sent after %s; the deadline is an hour", at)
			}
			if n := len(f.Published("alarm")); n != 1 {
				t.Errorf("%d alarms, want one", n)
			}
			settled(t, f)
		})
	}
}

func TestAtTheDeadlineTheReportGoesOutWithGaps(t *testing.T) {
	f := patched(t, 20, byHand(), func(n int, _ *world.MachineSpec, _ *patch.State, patches *[]patch.Patch) {
		*patches = numbered(60*(n%2+1) - 30)
	})
	f.PatchRate = 0.1 // 30 pages in the five minutes that it gets, and it needs 40
	survey(t, f, all{"windowIds": []string{window}, "deadline": "5m"})
	reported(t, f, 2*time.Hour)
	m := parsed(t, sent(f))
	if at := only(t, f).At.Sub(sim.Began); at < 5*time.Minute || at > 8*time.Minute {
		t.Errorf("it was sent after %s", at)
	}
	if len(m.each()) != 20 || m.Totals.Gaps == 0 || m.Totals.Gaps == 20 {
		t.Errorf("%d instances, %d gaps", len(m.each()), m.Totals.Gaps)
	}
	for n := 1; n <= 20; n++ {
		if m.each()[sim.ID(n)] != "gap" {
			m.mustHold(t, sim.ID(n), numbered(60*(n%2+1)-30))
		}
	}
	for _, g := range m.Rows.Gaps {
		holds(t, g.Reason, "deadline")
	}
	told(t, f, "alarm", m.Report, "gaps")
	settled(t, f)
}

func TestTargetsThatCantBeListedAreTwoAlarmsAndNoReport(t *testing.T) {
	for _, service := range []string{"ec2", "ssm"} {
		t.Run(service, func(t *testing.T) {
			f := patched(t, 3, byHand(), nil)
			survey(t, f, all{"windowIds": []string{window}})
			failing(f, service, world.ServerError)
			reported(t, f, opens+time.Hour)
			if n := len(sent(f)); n > 0 {
				t.Errorf("%d reports were sent", n)
			}
			alarms := f.Published("alarm")
			if len(alarms) != 2 {
				t.Fatalf("%d alarms, want one while there is time to mend it, and one that there is no report", len(alarms))
			}
			holds(t, alarms[0].Subject, "trouble")
			if told := alarms[0].At.Sub(sim.Began); told > time.Hour {
				t.Errorf("people are told after %s", told)
			}
			holds(t, alarms[1].Subject, "NO patch report", "web-patches")
			for _, a := range alarms {
				holds(t, a.Text, "InternalError")
			}
			settled(t, f)
		})
	}
}

func TestAReportThatCantBeSentUntilTheWindowOpensIsAnAlarm(t *testing.T) {
	for _, fault := range []world.Fault{world.Throttle, world.ServerError, world.CrashBefore, world.Timeout} {
		t.Run(fault.String(), func(t *testing.T) {
			t.Parallel()
			f := patched(t, 3, byHand(), nil)
			f.Advance(opens - 8*time.Hour)
			f.Fault = func(op world.Op) world.Fault {
				return map[bool]world.Fault{true: fault}[op.Name == "Announce"]
			}
			survey(t, f, all{"windowIds": []string{window}})
			f.Advance(8*time.Hour + time.Minute)
			f.Fault = nil
			reported(t, f, 3*time.Hour)
			settled(t, f)
			if n := len(sent(f)); n > 0 {
				t.Errorf("%d reports were sent after the window has opened", n)
			}
			alarms := f.Published("alarm")
			if len(alarms) != 2 {
				t.Fatalf("%d alarms, want one while there is time to mend it, and one that there is no report", len(alarms))
			}
			holds(t, alarms[0].Subject, "trouble")
			if left := sim.Began.Add(opens).Sub(alarms[0].At); left < 6*time.Hour {
				t.Errorf("people are told %s before the window opens", left)
			}
			doubtful := fault == world.ServerError || fault == world.CrashBefore || fault == world.Timeout
			holds(t, alarms[1].Subject, map[bool]string{true: "INCOMPLETE patch report", false: "NO patch report"}[doubtful])
			holds(t, alarms[1].Text, "opened")
		})
	}
}

// A report that can be sent again before the window opens is sent.
func TestAReportThatCantBeSentForHoursIsSentLater(t *testing.T) {
	for _, hours := range []int{1, 5, 12} {
		f := patched(t, 3, byHand(), nil)
		failing(f, "sns", world.Throttle)
		survey(t, f, all{"windowIds": []string{window}})
		f.Advance(time.Duration(hours) * time.Hour)
		f.Fault = nil
		reported(t, f, 3*time.Hour)
		only(t, f)
		quiet(t, f)
	}
}

// A large report that is sent slowly stops when the window opens: what comes later is worth nothing.
func TestNoPartIsSentAfterTheWindowHasOpened(t *testing.T) {
	for _, pace := range some([]time.Duration{time.Second, 3 * time.Second, 10 * time.Second, 15 * time.Second}) {
		t.Run(pace.String(), func(t *testing.T) {
			t.Parallel()
			f := patched(t, 4, byHand(), func(n int, _ *world.MachineSpec, _ *patch.State, patches *[]patch.Patch) {
				*patches = numbered(800 * n)
			})
			f.Advance(opens - 100*time.Second)
			survey(t, f, all{"windowIds": []string{window}})
			f.Pace = func(op world.Op) time.Duration {
				if op.Function == "report" {
					return pace
				}
				return 0
			}
			reported(t, f, 3*time.Hour)
			for _, n := range sent(f) {
				if n.At.After(sim.Began.Add(opens + 2*pace)) { // its mark and its call were under way
					t.Errorf("part %d of %d was sent at %s", partOf(n), parsedOne(t, n).Parts, n.At)
				}
			}
			if len(sent(f)) == 0 {
				told(t, f, "alarm", "NO patch report", "opened")
			} else if len(sent(f)) < parsedOne(t, sent(f)[0]).Parts {
				told(t, f, "alarm", "INCOMPLETE patch report", "opened")
			}
			f.Pace = nil
			settled(t, f)
		})
	}
}
