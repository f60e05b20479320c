package patch

import (
	"context"
	"errors"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/notify"
	"quickstep/shared/report"
	"quickstep/shared/report/format"
)

// retryUntilExpiry makes reports ones that aren't given up until they expire: when a
// step's tries or errors are used up, people are notified, and from then on each error is a pause.
func retryUntilExpiry(
	m choreo.Mover[*report.Report],
	stalled func(context.Context, *reportWork, string) reportOutcome,
) choreo.Mover[*report.Report] {
	act := m.Act
	m.Exhausted = stalled
	m.Act = func(ctx context.Context, w *reportWork) (reportOutcome, error) {
		out, err := act(ctx, w)
		if err != nil && w.Item.Stalled && !errors.Is(err, choreo.ErrLost) {
			// no second round of tries a minute apart
			return stalled(ctx, w, err.Error()), nil
		}
		return out, err
	}
	return m
}

// stall is the outcome when a report keeps failing: people are notified once, while there is
// time to mend what is wrong, and it is tried every hour, or more often when there is little time
// left, until it expires.
//
// The error says that people couldn't be notified; they are at the next try.
func stall(ctx context.Context, alarm Topic, w *reportWork, reason string) (reportOutcome, error) {
	r := w.Item
	left := r.Until.Sub(w.Now)
	if left <= 0 {
		return w.GiveUp(r.ExpiredReason(reason)), nil
	}
	var err error
	if !r.Stalled {
		if err := w.Save(ctx); err != nil { // of one that was cancelled meanwhile nothing is mailed
			return w.Again(time.Minute, reason), err
		}
		ready := r.Step == report.StepSend
		n := notify.ReportTrouble(format.Summary(r), r.Step, ready, reason, w.Now)
		err = alarm.Publish(ctx, n.Subject, n.Text)
		r.Stalled = err == nil
	}
	return w.Again(min(time.Hour, max(left/4, 5*time.Minute), left), reason), err
}

// withCause is a text with its cause, if there is one.
func withCause(text, cause string) string {
	if cause == "" {
		return text
	}
	return text + ": " + cause
}
