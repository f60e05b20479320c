package patch

import (
	"context"
	"fmt"

	"quickstep/shared/choreo"
	"quickstep/shared/ledger"
	"quickstep/shared/notify"
	"quickstep/shared/report/format"
)

// Triage takes the dead letters of reports and their scans. A scan that gave up is a gap of its
// report, which notifies people; a report that gave up is announced here.
type Triage struct {
	choreo.Deps
	AlarmTopic Topic
}

// Owns says whether an item is a report or a scan.
func (t Triage) Owns(key ledger.Key) bool { return isReport(key) || isScan(key) }

// Handle takes one dead letter. What it can't process it reports as failed, until the letter ends
// in the last queue.
func (t Triage) Handle(ctx context.Context, owner string, msg choreo.Message) error {
	if isReport(msg.Key) {
		m := moveReports(t.Deps, "dead", t.Act)
		m.Exhausted = t.unannounced
		if msg.Step != choreo.Failing {
			return m.DeadLetter(ctx, owner, msg, nil)
		}
		return m.Handle(ctx, owner, msg)
	}
	m := moveScans(t.Deps, "dead", t.scan)
	m.Exhausted = func(_ context.Context, w *scanWork, _ string) scanOutcome {
		return endUnread(t.Ledger, w, w.Item.Position.Reason)
	}
	if msg.Step != choreo.Failing {
		return m.DeadLetter(ctx, owner, msg, nil)
	}
	return m.Handle(ctx, owner, msg)
}

// Act announces that there is no report. It is safe to repeat: its end is one transaction, and a
// crash before it says the same again.
func (t Triage) Act(ctx context.Context, w *reportWork) (reportOutcome, error) {
	n := notify.ReportFailed(format.Summary(w.Item), w.Item.Position.Reason, w.Item.Since)
	if err := t.AlarmTopic.Publish(ctx, n.Subject, n.Text); err != nil {
		return reportOutcome{}, fmt.Errorf("announce that report %s failed: %w", w.Item.ID, err)
	}
	return endReport(t.Ledger, w.Now, w.Item.Position.Reason), nil
}

// unannounced is the outcome when the alarm can't be sent: the metric has an alarm of its own.
func (t Triage) unannounced(_ context.Context, w *reportWork, reason string) reportOutcome {
	w.Logger().Error("failure not announced",
		append(notify.NotAnnounced(w.Now), "reason", reason)...)
	return endReport(t.Ledger, w.Now, w.Item.Position.Reason)
}

func (t Triage) scan(_ context.Context, w *scanWork) (scanOutcome, error) {
	return endUnread(t.Ledger, w, w.Item.Position.Reason), nil
}
