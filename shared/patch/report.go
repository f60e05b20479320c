package patch

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/ledger"
	"quickstep/shared/notify"
	"quickstep/shared/passing"
)

// burst is how many messages one invocation sends: SNS takes an e-mail address off its list that gets more than ten a second.
const burst = 5

// report puts the report together and sends it, part by part.
func (p Reporter) report(ctx context.Context, w *choreo.Work[*Report]) (choreo.Outcome, error) {
	r := w.Item
	if !w.Now.Before(r.Until) && (r.Parts == 0 || r.Sent < r.Parts) {
		return choreo.GiveUp(fmt.Sprintf("%s: %d of its messages were sent", late(r), r.Sent)), nil
	}
	c, err := p.collect(ctx, r)
	if err != nil {
		return choreo.Outcome{}, err
	}
	if err := p.store(ctx, w, c); err != nil {
		return choreo.Outcome{}, err
	}
	parts := render(c, r.Stored, p.Stack)
	r.Parts = len(parts)
	for n := 0; r.Sent < r.Parts; n++ {
		if n == burst || !p.Now().Before(r.Until) {
			return choreo.Again(2*time.Second, fmt.Sprintf("%d of %d messages are sent", r.Sent, r.Parts)), nil
		}
		if err := p.send(ctx, w, parts[r.Sent]); err != nil {
			return choreo.Outcome{}, err
		}
	}
	if err := p.tell(ctx, w, c); err != nil {
		return choreo.Outcome{}, err
	}
	return over(p.Ledger, w.Now, "", func(r *Record) {
		r.Instances, r.Gaps, r.Parts = len(c.instances), len(c.gaps), len(parts)
	}), nil
}

// send sends a part, and says "repeated" if an earlier try may have sent it. That it is about to be sent is written down first;
// that it has been, with the next part or with the report's end.
func (p Reporter) send(ctx context.Context, w *choreo.Work[*Report], part *part) error {
	repeated := w.Item.InDoubt
	if !repeated {
		w.Item.InDoubt = true
		if err := w.Save(ctx); err != nil {
			w.Item.InDoubt = false
			return err
		}
	}
	err := p.Reports.Announce(ctx, part.announcement(repeated))
	if err != nil {
		w.Item.InDoubt = repeated || (passing.Is(err) && !passing.IsRefused(err))
		return fmt.Errorf("send part %d of report %s: %w", w.Item.Sent+1, w.Item.ID, err)
	}
	w.Item.Sent, w.Item.InDoubt = w.Item.Sent+1, false
	return nil
}

// store puts the whole report into the bucket. A bucket that doesn't take it keeps nobody from reading the rest.
func (p Reporter) store(ctx context.Context, w *choreo.Work[*Report], c *content) error {
	if p.Bucket == nil || w.Item.Stored != nil {
		return nil
	}
	stored := &Stored{}
	for _, f := range []struct {
		name, contentType string
		body              func(*content) []byte
		at                *string
	}{{"report.json", "application/json", wholeJSON, &stored.JSON}, {"report.csv", "text/csv; charset=utf-8", wholeCSV, &stored.CSV}} {
		key := p.BucketPrefix + w.Item.ID + "/" + f.name
		err := p.Bucket.Put(ctx, key, f.contentType, f.body(c))
		if err != nil && passing.Is(err) && w.Item.Errors < choreo.MaxErrors/2 {
			return fmt.Errorf("store %s: %w", key, err)
		}
		if err != nil {
			slog.Error("report not stored", "report", w.Item.ID, "bucket", p.BucketName, "reason", err.Error())
			stored.Failed = err.Error()
			break
		}
		*f.at = "s3://" + p.BucketName + "/" + key
	}
	w.Item.Stored = stored // it is written down with the mark of the first part
	return nil
}

// tell says on the alarm topic, once, that the report has gaps: whoever reads only that learns that something failed. The
// report itself is out; if the topic can't be reached, the metric has an alarm of its own.
func (p Reporter) tell(ctx context.Context, w *choreo.Work[*Report], c *content) error {
	if len(c.gaps) == 0 {
		return nil
	}
	n := gapsNote(c)
	err := p.Alarm.Publish(ctx, n.Subject, n.Text)
	if err != nil && w.Item.Errors+w.Item.Faults < choreo.MaxFaults {
		return fmt.Errorf("announce the gaps of report %s: %w", w.Item.ID, err)
	}
	if err != nil {
		Words.Log(choreo.NewMessage(w.Key, w.Item.Place())).Error("failure not announced", append(notify.NotAnnounced(w.Now), "reason", err.Error())...)
	}
	return nil
}

// over takes a report off the list of those under way, and writes down what came of it.
func over(store ledger.Store, now time.Time, failed string, change func(*Record)) choreo.Outcome {
	return choreo.With(choreo.End(Done, failed), func(ctx context.Context, r *Report) (choreo.Together, error) {
		record := &Record{}
		rev, err := ledger.Read(ctx, store, recordKey(r.ID), record)
		if err != nil {
			return choreo.Together{}, err
		}
		record.ID, record.Phase, record.Window, record.Began = r.ID, r.Phase, r.Window, r.Began
		record.Ended, record.Failed = now, failed
		change(record)
		return choreo.Together{Writes: []ledger.Write{ledger.Put(recordKey(r.ID), rev, record)}, Gone: true}, nil
	})
}
