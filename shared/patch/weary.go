package patch

import (
	"context"
	"errors"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/notify"
)

// patiently makes reports ones that aren't given up while they are worth something: when a step's
// tries or errors are used up, people are told, and from then on each error is a pause.
func patiently(
	m choreo.Mover[*Report],
	tired func(context.Context, *reportWork, string) reportOutcome,
) choreo.Mover[*Report] {
	act := m.Act
	m.Exhausted = tired
	m.Act = func(ctx context.Context, w *reportWork) (reportOutcome, error) {
		out, err := act(ctx, w)
		if err != nil && w.Item.Weary && !errors.Is(err, choreo.ErrLost) { // no second round of tries a minute apart
			return tired(ctx, w, err.Error()), nil
		}
		return out, err
	}
	return m
}

// weary is the outcome when a report can't be got on with: people are told once, while there is
// time to mend what is wrong, and it is tried every hour, or more often when there is little time
// left, until it is worth nothing any more.
//
// The error says that people couldn't be told; they are at the next try.
func weary(ctx context.Context, alarm Topic, w *reportWork, reason string) (reportOutcome, error) {
	r := w.Item
	left := r.Until.Sub(w.Now)
	if left <= 0 {
		return w.GiveUp(late(r) + because(reason)), nil
	}
	var err error
	if !r.Weary {
		n := notify.ReportTrouble(r.summary(), r.Step, r.Step == StepSend, reason, w.Now)
		err = alarm.Publish(ctx, n.Subject, n.Text)
		r.Weary = err == nil
	}
	return w.Again(min(time.Hour, max(left/4, 5*time.Minute), left), reason), err
}
