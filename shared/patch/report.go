package patch

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/ledger"
	"quickstep/shared/notify"
	"quickstep/shared/sanitize"
	"quickstep/shared/transient"
)

// report puts the report together, and writes its messages down: from then on it is what it is. A
// try that crashes, or whose time is up, leaves what is written to the next.
func (p Reporter) report(ctx context.Context, w *reportWork) (reportOutcome, error) {
	if !w.Now.Before(w.Item.Until) {
		return w.GiveUp(late(w.Item) + because(w.Item.Position.Reason)), nil
	}
	c, err := p.collect(ctx, w.Item)
	if err != nil {
		return reportOutcome{}, err
	}
	all := sync.OnceValue(func() []unit { return units(c, p.Stack) })
	if err := p.store(ctx, w, c, all); err != nil {
		return reportOutcome{}, err
	}
	c.Stored = w.Item.Stored
	return p.write(ctx, w, c, render(c, all()))
}

// all is how many messages a report has: its parts, and one to the alarm topic if it has gaps.
func (r *Report) all() int { return r.Parts + min(r.Gaps, 1) }

// send sends the report's messages, some at a time, when it is their turn. No part is sent once it
// is worth nothing any more; that it has gaps, people are told all the same.
func (p Reporter) send(ctx context.Context, w *reportWork) (reportOutcome, error) {
	r := w.Item
	for r.Sent < r.all() {
		if wait, err := p.turn(ctx, w); err != nil || wait > 0 {
			return w.Again(wait, fmt.Sprintf("%d of %d messages are sent", r.Sent, r.all())), err
		}
		if r.Sent < r.Parts && !p.Now().Before(r.Until) {
			return w.GiveUp(late(r) + because(r.Position.Reason)), nil
		}
		if err := p.one(ctx, w); err != nil {
			return reportOutcome{}, err
		}
	}
	return over(p.Ledger, w.Now, ""), nil
}

// one sends the next message, and says "repeated" if an earlier try may have sent it. That it is
// about to be sent is written down first; that it has been, with the next one or with the report's
// end.
func (p Reporter) one(ctx context.Context, w *reportWork) error {
	r, m := w.Item, &Mail{}
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
	r.Weary = false
	return nil
}

func (p Reporter) publish(ctx context.Context, m *Mail, repeated bool) error {
	if m.JSON == "" {
		n := m.note(repeated)
		return p.AlarmTopic.Publish(ctx, n.Subject, n.Text)
	}
	a, err := m.announcement(repeated)
	if err != nil {
		return err
	}
	return p.ReportTopic.Announce(ctx, a)
}

// weary is the outcome when a report's errors are used up. Of one whose parts are all out, what is
// left is a message to the alarm topic: a metric has to do.
func (p Reporter) weary(ctx context.Context, w *reportWork, reason string) reportOutcome {
	if r := w.Item; r.Step == StepSend && r.Sent >= r.Parts {
		w.Logger().Error("failure not announced", append(notify.NotAnnounced(w.Now), "reason", reason)...)
		return over(p.Ledger, w.Now, "")
	}
	out, err := weary(ctx, p.AlarmTopic, w, reason)
	if err != nil {
		w.Logger().Error("failure not announced", append(notify.NotAnnounced(w.Now), "reason", err.Error())...)
	}
	return out
}

// stuck says that half of the time is over in which errors in a row are borne.
func stuck(w *reportWork) bool {
	since := w.Item.ErrorSince
	return !since.IsZero() && w.Now.Sub(since) >= choreo.TransientFor/2
}

// store puts the whole report into the bucket, once, and notes what came of it: its messages say
// so, and are the same in each try. A bucket that doesn't take it keeps nobody from reading the
// rest.
func (p Reporter) store(ctx context.Context, w *reportWork, c *content, all func() []unit) error {
	if p.Bucket == nil || w.Item.Stored != nil {
		return nil
	}
	folder := p.BucketPrefix + w.Item.ID + "/"
	stored := &Stored{Link: p.Bucket.Link(folder)}
	for _, f := range []struct {
		name, contentType string
		body              func() []byte
		at                *string
	}{
		// CSV first: it needs no units beside it in memory
		{"report.csv.gz", "application/gzip", func() []byte { return wholeCSV(c) }, &stored.CSV},
		{"report.json", "application/json", func() []byte { return wholeJSON(c, all()) }, &stored.JSON},
	} {
		key := folder + f.name
		err := p.Bucket.Put(ctx, key, f.contentType, f.body())
		if err != nil && transient.Is(err) && !stuck(w) {
			return fmt.Errorf("store %s: %w", key, err)
		}
		if err != nil {
			slog.Error("report not stored", "report", w.Item.ID, "bucket", p.BucketName, "reason", err.Error())
			stored = &Stored{Failed: sanitize.Text(err.Error())}
			break
		}
		*f.at = "s3://" + p.BucketName + "/" + key
	}
	w.Item.Stored = stored
	err := w.Save(ctx)
	if err != nil {
		w.Item.Stored = nil
	}
	return err
}

// over takes a report off the list of those under way, and writes down what came of it.
func over(store ledger.Store, now time.Time, failed string) reportOutcome {
	return choreo.End[*Report](Done, failed).With(func(ctx context.Context, r *Report) (choreo.Transaction, error) {
		record := &Record{}
		rev, err := ledger.Read(ctx, store, recordKey(r.ID), record)
		if err != nil {
			return choreo.Transaction{}, err
		}
		record.ID, record.Phase, record.Window, record.Began = r.ID, r.Phase, r.Window, r.Began
		record.Ended, record.Failed = now, failed
		record.Instances, record.Gaps, record.Parts = r.Instances, r.Gaps, r.Parts
		put := ledger.Put(recordKey(r.ID), rev, record)
		return choreo.Transaction{Writes: []ledger.Write{put}, DeleteItem: true}, nil
	})
}
