package patch

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/ledger"
	"quickstep/shared/report"
	"quickstep/shared/transient"
)

const (
	// executionsBack is how far back executions are read: a window is open for 24 hours at most, but
	// its tasks may continue, and most open once a week.
	executionsBack = 8 * 24 * time.Hour
	// listedWithin is how soon an execution that has begun is surely listed. AWS moves the next
	// execution time on in the moment in which the window opens, and a survey may run in it.
	listedWithin = 5 * time.Minute
	// unmovedFor is how long a report may have waited without asking whether its window still opens
	// when it said: the time between two surveys.
	unmovedFor = time.Hour
)

// executions are those of a window in the last days.
func (s Survey) executions(ctx context.Context, window string, now time.Time) ([]report.Execution, error) {
	return s.Executions.Executions(ctx, window, now.Add(-executionsBack), now.Add(time.Minute))
}

// scheduleFirst makes a first report that a schedule asks for wait until the execution before its
// opening has settled. once says that its window is reported once a day.
func (s Survey) scheduleFirst(ctx context.Context, r *report.Report, now time.Time) (once bool, err error) {
	all, err := s.executions(ctx, r.Window.ID, now)
	switch {
	case transient.Is(err):
		return false, err
	case err != nil: // the report is made all the same, and says what isn't known
		slog.Warn("survey", "window", r.Window.ID, "outcome", "executions not read", "reason", err.Error())
	}
	if report.OpensOften(all, r.Window.Opens) {
		r.OncePerDay(now)
	}
	before := report.PreviousExecution(all, r.Window.Stays(), now)
	r.Due = r.Due.Add(max(r.Wait(before, now), min(listedWithin, r.Window.Opens.Sub(now)/4)))
	return r.Often, nil
}

// awaitPrevious is how long a first report has to wait for the execution before its opening, and
// for the second report of that; zero if it is to be made now. It notes what its readers should
// know of that execution.
//
// Whether it is over can be unknown: that is no reason to have no report.
func (s Survey) awaitPrevious(ctx context.Context, w *reportWork) (
	wait time.Duration, why string, remarks []string, err error,
) {
	r := w.Item
	if r.Phase != report.Before || r.Window == nil || r.Window.Opens.IsZero() {
		return 0, "", nil, nil
	}
	left := time.Duration(0) // that it may wait
	if r.Lead > 0 {
		left = max(r.Latest().Sub(w.Now), 0)
	}
	if wait, why, err := s.awaitSecond(ctx, r, w.Now, left); err != nil || wait > 0 {
		return wait, why, nil, err
	}
	all, err := s.executions(ctx, r.Window.ID, w.Now)
	if err != nil && transient.Is(err) && left > 0 {
		return 0, "", nil, err
	}
	if err != nil {
		remarks = append(remarks, fmt.Sprintf(
			"whether the window's previous execution is over isn't known: %v", err))
	}
	before := report.PreviousExecution(all, r.Window.Stays(), w.Now)
	if wait := r.Wait(before, w.Now); wait > 0 {
		return wait, before.Waiting(), nil, nil
	}
	r.Previous = nil
	if before != nil && (!before.Over || before.Settled().After(w.Now)) {
		r.Previous = before
		remarks = append(remarks, before.Remark())
	}
	if r.Often {
		remarks = append(remarks, report.OftenRemark)
	}
	return 0, "", remarks, nil
}

// awaitSecond is how long a first report has to wait, left at most, for a second report of an
// earlier opening of its window: what was installed is told before what is going to be.
func (s Survey) awaitSecond(
	ctx context.Context, r *report.Report, now time.Time, left time.Duration,
) (wait time.Duration, why string, err error) {
	if left == 0 {
		return 0, "", nil
	}
	docs, err := s.Ledger.List(ctx, reportsPK, "", "", 0)
	if err != nil {
		return 0, "", fmt.Errorf("list the reports under way: %w", err)
	}
	for _, d := range docs {
		o := newReport()
		if err := d.Decode(o); err != nil {
			return 0, "", err
		}
		if o.Phase != report.After || o.Window.ID != r.Window.ID || !o.Window.Opens.Before(r.Window.Opens) {
			continue
		}
		const soon = 2 * time.Minute // for one that is on its way
		wait = min(max(o.Due.Sub(now), soon), report.LookAgain, left)
		return wait, "the second report " + o.ID + " comes first", nil
	}
	return 0, "", nil
}

// moved says why a report that has waited isn't made any more: its window doesn't open any more when
// the report would say. What it opens at instead has a report of its own.
func (s Survey) moved(ctx context.Context, w *reportWork) (why string, err error) {
	r := w.Item
	if r.Lead == 0 || r.Often || w.Now.Sub(r.Began) < unmovedFor {
		return "", nil
	}
	if !w.Now.Before(r.Window.Opens.Add(-time.Minute)) { // by AWS's clock it may have opened
		return "", nil
	}
	all, err := s.Windows.Windows(ctx)
	switch {
	case err != nil && transient.Is(err) && w.Now.Before(r.Latest()):
		return "", fmt.Errorf("list the maintenance windows: %w", err)
	case err != nil: // better a report of an opening that was moved than none
		slog.Warn("survey", "report", r.ID, "outcome", "windows not read again", "reason", err.Error())
		return "", nil
	}
	for _, window := range all {
		if window.ID != r.Window.ID {
			continue
		}
		opens, err := window.Opens() // of an error the survey tells people
		switch {
		case err == nil && !window.Enabled:
			return "the window was disabled", nil
		case err == nil && !opens.Truncate(time.Minute).Equal(r.Window.Opens.Truncate(time.Minute)):
			return "the window was moved", nil
		}
		return "", nil
	}
	return "the window was deleted", nil
}

// withdraw ends a report that nobody needs, as if it had never been begun, and with it its second
// one, if that still waits: the window may be moved back.
func (s Survey) withdraw(w *reportWork, why string) reportOutcome {
	return w.End(report.Done, why).With(func(ctx context.Context, r *report.Report) (choreo.Transaction, error) {
		all := choreo.Transaction{DeleteItem: true}
		second := newReport()
		secondID := r.SecondID()
		rev, err := ledger.Read(ctx, s.Ledger, reportKey(secondID), second)
		if err != nil {
			return all, err
		}
		keys := []ledger.Key{recordKey(r.ID)}
		if rev > 0 && second.Step == report.StepSurvey && !second.Leased(w.Now) {
			keys = append(keys, recordKey(secondID))
			all.Writes = append(all.Writes, ledger.Write{Key: reportKey(secondID), Rev: rev, Delete: true})
		}
		docs, err := s.Ledger.Get(ctx, keys...)
		for _, d := range docs {
			all.Writes = append(all.Writes, ledger.Write{Key: d.Key, Rev: d.Rev, Delete: true})
		}
		return all, err
	})
}
