package rolling

import (
	"context"
	"errors"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/notify"
	"quickstep/shared/run"
)

const (
	// outsideFor is how long errors are borne by the steps of an instance that is out of service and
	// may be well: to give up would leave it out, and nothing but the errors stands in its way.
	outsideFor = 6 * time.Hour
	// troubleAfter is after how long people are told of them, and troubleEvery how often.
	troubleAfter = 5 * time.Minute
	troubleEvery = time.Hour
)

// externalErrors is how long errors are borne once an instance is out of service and was asked to
// reboot, or is on its way back.
func externalErrors(*run.Instance) choreo.Tolerance {
	return choreo.Tolerance{Transient: outsideFor, Permanent: outsideFor}
}

// notifyTrouble tells people that errors keep an instance's step from getting on, after five
// minutes and then every hour. What was told is committed with the error. If people can't be told,
// the error itself is in the log, and comes again.
func notifyTrouble(ctx context.Context, alarm Topic, w *instanceWork, now time.Time, err error) {
	i := w.Item
	since := i.ErrorSince
	if err == nil || errors.Is(err, choreo.ErrLost) || since.IsZero() || now.Sub(since) < troubleAfter {
		return
	}
	if i.TroubleTold.After(since) && now.Sub(i.TroubleTold) < troubleEvery {
		return
	}

	n := notify.Stuck(i, since, err.Error(), outsideFor, now)
	if pubErr := alarm.Publish(ctx, n.Subject, n.Text); pubErr != nil {
		w.Logger().Error("trouble not announced", "reason", pubErr.Error())
		return
	}
	i.TroubleTold = now
}
