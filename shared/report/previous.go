package report

import (
	"fmt"
	"time"
)

// over says that an execution of such a status does nothing more. Statuses that came later than this
// code count as running.
func over(status string) bool {
	switch status {
	case ExecutionSuccess, ExecutionFailed, ExecutionTimedOut, ExecutionCancelled, ExecutionSkipped:
		return true
	}
	return false
}

// Previous is the execution of a window that comes before an opening.
type Previous struct {
	Started time.Time `json:"started"`
	// Ends is when it ended, or when the window closes on it.
	Ends time.Time `json:"ends"`
	// Over says that it has ended. One whose tasks continue after the window has closed isn't over.
	Over bool `json:"over"`
}

// PreviousExecution is, of the executions of a window that stays open for so long, the one that
// ends last; nil if none has ever run. An execution that was skipped has done nothing.
func PreviousExecution(all []Execution, open time.Duration, now time.Time) *Previous {
	var last *Previous
	for _, e := range all {
		if e.Status == ExecutionSkipped || e.Started.IsZero() || e.Started.After(now) {
			continue
		}
		p := e.previous(open, now)
		if last == nil || (last.Over && !p.Over) || (last.Over == p.Over && p.Ends.After(last.Ends)) {
			last = &p
		}
	}
	return last
}

func (e Execution) previous(open time.Duration, now time.Time) Previous {
	p := Previous{Started: e.Started.UTC(), Ends: e.Started.Add(open).UTC()}
	switch {
	case !over(e.Status):
	case !e.Ended.IsZero():
		p.Ends, p.Over = e.Ended.UTC(), true
	default: // it has, and nobody tells when: not after the window has closed on it
		p.Over = !p.Ends.After(now)
	}
	return p
}

// Remark is what readers of a report should know of an execution that hasn't settled.
func (p *Previous) Remark() string {
	if p.Over {
		return fmt.Sprintf("the window's previous execution ended only at %s: what it has installed may not be "+
			"known yet", moment(p.Ends))
	}
	return fmt.Sprintf("the window's previous execution, of %s, isn't over: what it still installs is listed "+
		"here as well", moment(p.Started))
}

// Waiting is why a report waits for the execution.
func (p *Previous) Waiting() string {
	if p.Over {
		return fmt.Sprintf("the window's previous execution ended at %s", moment(p.Ends))
	}
	return fmt.Sprintf("the window's previous execution, of %s, isn't over", moment(p.Started))
}

func moment(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// Settled is when the scans after an execution can tell what it has done.
func (p *Previous) Settled() time.Time { return p.Ends.Add(settle) }

// Due is when the first report of an opening is to be made: lead before it, or, if that is later,
// once the execution before it has settled; but deadline before the opening at the latest, for
// then the instances are still read in time.
func Due(opens time.Time, lead, deadline time.Duration, before *Previous) time.Time {
	due := opens.Add(-lead)
	if before == nil {
		return due
	}
	settled := before.Settled()
	if latest := opens.Add(-deadline); settled.After(latest) {
		settled = latest
	}
	if settled.After(due) {
		return settled
	}
	return due
}

// LookAgain is how often an execution is looked at that a report waits for: it may end before its
// window closes, or after.
const LookAgain = 30 * time.Minute

// Latest is when a first report is made that has waited for as long as it could.
func (r *Report) Latest() time.Time {
	return r.Window.Opens.Add(-time.Duration(min(r.Lead, r.ScanTimeout)))
}

// Wait is how long a first report has to wait because of the execution before its opening; zero if
// it is to be made now.
func (r *Report) Wait(before *Previous, now time.Time) time.Duration {
	if r.Lead == 0 || before == nil {
		return 0
	}
	wait := Due(r.Window.Opens, time.Duration(r.Lead), time.Duration(r.ScanTimeout), before).Sub(now)
	if !before.Over {
		if wait <= 0 {
			wait = LookAgain
		}
		wait = min(wait, LookAgain, r.Latest().Sub(now))
	}
	return max(wait, 0)
}

// often is how many times a day a window may open for each opening to be reported. There are people
// who read four mails a day about one window, and none who read 48.
const often = 4

// OftenRemark is what readers should know of a window that opens so often.
const OftenRemark = "this window opens more often than four times a day: it is reported once a day"

// almostADay is shorter than the day on which the clocks are set forward, for of a window that opens
// at the same times each day none counts of yesterday's. Executions begin a little after the opening.
const almostADay = day - 90*time.Minute

// OpensOften says that a window opens so often that it is reported once a day: it has opened that
// many times in the day before the opening, which is one more.
func OpensOften(all []Execution, opens time.Time) bool {
	n := 0
	for _, e := range all {
		if e.Started.Before(opens) && opens.Sub(e.Started) < almostADay {
			n++
		}
	}
	return n >= often
}
