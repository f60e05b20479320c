package report_test

import (
	"testing"
	"time"

	"quickstep/shared/input"
	"quickstep/shared/report"
)

// opens is when the window of these tests opens next; the executions count in hours before it.
var opens = time.Date(2026, 3, 29, 2, 0, 0, 0, time.UTC)

func execution(status string, started, ended float64) report.Execution {
	at := func(before float64) time.Time { return opens.Add(-time.Duration(before * float64(time.Hour))) }
	e := report.Execution{Status: status, Started: at(started)}
	if ended != 0 {
		e.Ended = at(ended)
	}
	return e
}

func TestTheFirstReportIsDueOnceTheExecutionBeforeHasSettled(t *testing.T) {
	const hour = time.Hour
	for _, c := range []struct {
		name           string
		lead, deadline time.Duration
		open           time.Duration
		all            []report.Execution
		now            float64 // hours before the opening
		want           float64
		over           bool
	}{
		{"a window that has never run", 24 * hour, hour, 3 * hour, nil, 23, 24, true},
		{"daily, and the one before ended long ago", 12 * hour, hour, 3 * hour,
			[]report.Execution{execution("SUCCESS", 24, 21)}, 11, 12, true},
		{"daily, and the one before is open for three hours", 24 * hour, hour, 3 * hour,
			[]report.Execution{execution("IN_PROGRESS", 24, 0)}, 23.5, 20.5, false},
		{"daily, and the one before has ended early", 24 * hour, hour, 3 * hour,
			[]report.Execution{execution("SUCCESS", 24, 23.5)}, 23, 23, true},
		{"weekly, with a lead of a week", 168 * hour, hour, 4 * hour,
			[]report.Execution{execution("IN_PROGRESS", 168, 0)}, 167.9, 163.5, false},
		{"a lead that is longer than the week", 336 * hour, hour, 4 * hour,
			[]report.Execution{execution("IN_PROGRESS", 168, 0)}, 167.9, 163.5, false},
		{"the one before ends just before the opening", 24 * hour, hour, 24 * hour,
			[]report.Execution{execution("IN_PROGRESS", 24, 0)}, 20, 1, false},
		{"it is over, but not settled an hour before the opening", 24 * hour, hour, 23 * hour,
			[]report.Execution{execution("SUCCESS", 24, 1.25)}, 1, 1, true},
		{"a deadline that is longer than the lead doesn't make it earlier", 2 * hour, 6 * hour, 23 * hour,
			[]report.Execution{execution("IN_PROGRESS", 24, 0)}, 3, 2, false},
		{"a skipped one has never run", 24 * hour, hour, 8 * hour,
			[]report.Execution{execution(report.ExecutionSkipped, 6, 6), execution("SUCCESS", 12, 5)}, 4, 4.5, true},
		{"one that was cancelled", 24 * hour, hour, 8 * hour,
			[]report.Execution{execution("CANCELLED", 12, 11)}, 10, 10.5, true},
		{"one that is being cancelled still runs", 24 * hour, hour, 2 * hour,
			[]report.Execution{execution("CANCELLING", 12, 0)}, 11, 9.5, false},
		{"one whose tasks continue after the window has closed isn't over", 24 * hour, hour, 2 * hour,
			[]report.Execution{execution("IN_PROGRESS", 12, 0)}, 9, 9.5, false},
		{"one that timed out, and nobody tells when", 24 * hour, hour, 2 * hour,
			[]report.Execution{execution("TIMED_OUT", 12, 0)}, 9, 9.5, true},
		{"a status that came later counts as running", 24 * hour, hour, 2 * hour,
			[]report.Execution{execution("HALTED", 12, 0)}, 9, 9.5, false},
		{"an earlier one that still runs counts, not the last one", 24 * hour, hour, 2 * hour,
			[]report.Execution{execution("SUCCESS", 6, 5), execution("IN_PROGRESS", 12, 0)}, 4, 9.5, false},
		{"a window whose duration isn't known", 24 * hour, hour, 0,
			[]report.Execution{execution("IN_PROGRESS", 24, 0)}, 23, 23.5, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			now := opens.Add(-time.Duration(c.now * float64(hour)))
			before := report.PreviousExecution(c.all, c.open, now)
			got := opens.Sub(report.Due(opens, c.lead, c.deadline, before))
			if got != time.Duration(c.want*float64(hour)) {
				t.Errorf("due %s before the opening, want %gh", got, c.want)
			}
			if before != nil && before.Over != c.over {
				t.Errorf("over is %t: %+v", before.Over, before)
			}
		})
	}
}

func TestAWindowThatHasOpenedFourTimesADayIsReportedOnceADay(t *testing.T) {
	at := func(hours ...float64) (all []report.Execution) {
		for _, h := range hours {
			all = append(all, execution("SUCCESS", h, h-0.25))
		}
		return all
	}
	for _, c := range []struct {
		name string
		all  []report.Execution
		want bool
	}{
		{"never", nil, false},
		{"daily", at(24, 48), false},
		{"every six hours", at(6, 12, 18, 24), false},
		{"every four hours", at(4, 8, 12, 16, 20, 24), true},
		{"twice in the hour in which the clocks go back", at(1, 25, 49), false},
		{"every half hour, since an hour and a half", at(0.5, 1, 1.5), false},
		{"every half hour, since two hours", at(0.5, 1, 1.5, 2), true},
		{"every half hour, and all but one were skipped", []report.Execution{
			execution("IN_PROGRESS", 2, 0), execution(report.ExecutionSkipped, 1.5, 1.5),
			execution(report.ExecutionSkipped, 1, 1), execution(report.ExecutionSkipped, 0.5, 0.5)}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := report.OpensOften(c.all, opens); got != c.want {
				t.Errorf("%t, want %t", got, c.want)
			}
		})
	}
}

func TestAnExecutionThatStillRunsIsLookedAtAgain(t *testing.T) {
	const hour = time.Hour
	running := func(started float64) []report.Execution {
		return []report.Execution{execution("IN_PROGRESS", started, 0)}
	}
	for _, c := range []struct {
		name           string
		lead, deadline time.Duration
		all            []report.Execution
		now            float64 // hours before the opening
		want           time.Duration
	}{
		{"it may end early", 24 * hour, hour, running(24), 23, hour / 2},
		{"it may end late", 24 * hour, hour, running(24), 15, hour / 2},
		{"it is about to settle", 24 * hour, hour, running(24), 19.75, hour / 4},
		{"the last moment is near", 24 * hour, hour, running(24), 1.25, hour / 4},
		{"the last moment has come", 24 * hour, hour, running(24), 1, 0},
		{"and is over", 24 * hour, hour, running(24), 0.25, 0},
		{"nothing has ever run", 24 * hour, hour, nil, 20, 0},
		{"what is over isn't looked at again", 24 * hour, hour,
			[]report.Execution{execution("SUCCESS", 24, 22)}, 22, hour / 2},
		{"nobody waits who asked by hand", 0, hour, running(24), 23, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			now := opens.Add(-time.Duration(c.now * float64(hour)))
			before := report.PreviousExecution(c.all, 4*hour, now)
			r := &report.Report{Lead: input.Duration(c.lead), ScanTimeout: input.Duration(c.deadline),
				Window: &report.Opening{Opens: opens}}
			if got := r.Wait(before, now); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}
