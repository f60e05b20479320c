package patch

import (
	"context"
	"fmt"

	"quickstep/shared/ledger"
	"quickstep/shared/notify"
	"quickstep/shared/report"
	"quickstep/shared/report/format"
	"quickstep/shared/transient"
)

// send sends the report's messages, some at a time, when it has a slot. No part is sent once it
// has expired; that it has gaps, people are notified of all the same.
func (p Reporter) send(ctx context.Context, w *reportWork) (reportOutcome, error) {
	r := w.Item
	for r.Sent < r.MessageCount() {
		if wait, err := p.waitForSlot(ctx, w); err != nil || wait > 0 {
			why := fmt.Sprintf("%d of %d messages are sent", r.Sent, r.MessageCount())
			return w.Again(wait, why), err
		}
		if r.Sent < r.Parts && !p.Now().Before(r.Until) {
			return w.GiveUp(r.ExpiredReason(r.Position.Reason)), nil
		}
		if err := p.sendNext(ctx, w); err != nil {
			return reportOutcome{}, err
		}
	}
	return endReport(p.Ledger, w.Now, ""), nil
}

// sendNext sends the next message, and says "repeated" if an earlier try may have sent it. That it
// is about to be sent is written down first; that it has been, with the next one or with the
// report's end.
func (p Reporter) sendNext(ctx context.Context, w *reportWork) error {
	r, m := w.Item, &format.Mail{}
	rev, err := ledger.Read(ctx, p.Ledger, mailKey(r.ID, r.Messages, r.Sent+1), m)
	if err == nil && rev == 0 {
		err = fmt.Errorf("message %d isn't in the ledger", r.Sent+1)
	}
	repeated := r.InDoubt
	if err == nil && !repeated {
		r.InDoubt = true
		if err = w.Save(ctx); err != nil {
			r.InDoubt = false
		}
	}
	if err != nil {
		return err
	}
	if err := p.publish(ctx, m, repeated); err != nil {
		r.InDoubt = repeated || (transient.Is(err) && !transient.IsNotApplied(err))
		return fmt.Errorf("send message %d of report %s: %w", r.Sent+1, r.ID, err)
	}
	r.Sent, r.InDoubt = r.Sent+1, false
	r.Progressed()
	r.Stalled = false
	return nil
}

func (p Reporter) publish(ctx context.Context, m *format.Mail, repeated bool) error {
	if m.JSON == "" {
		n := m.Note(repeated)
		return p.AlarmTopic.Publish(ctx, n.Subject, n.Text)
	}
	a, err := m.Announcement(repeated)
	if err != nil {
		return err
	}
	return p.ReportTopic.Announce(ctx, a)
}

// stalled is the outcome when a report's errors are used up. Of one whose parts are all out, what
// is left is a message to the alarm topic: a metric has to do.
func (p Reporter) stalled(ctx context.Context, w *reportWork, reason string) reportOutcome {
	if r := w.Item; r.Step == report.StepSend && r.Sent >= r.Parts {
		w.Logger().Error("failure not announced",
			append(notify.NotAnnounced(w.Now), "reason", reason)...)
		return endReport(p.Ledger, w.Now, "")
	}
	out, err := stall(ctx, p.AlarmTopic, w, reason)
	if err != nil {
		w.Logger().Error("failure not announced",
			append(notify.NotAnnounced(w.Now), "reason", err.Error())...)
	}
	return out
}
