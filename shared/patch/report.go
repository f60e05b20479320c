package patch

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/ledger"
	"quickstep/shared/report"
	"quickstep/shared/report/format"
	"quickstep/shared/sanitize"
	"quickstep/shared/transient"
)

// report puts the report together, and writes its messages down: from then on it is what it is. A
// try that crashes, or whose time is up, leaves what is written to the next.
func (p Reporter) report(ctx context.Context, w *reportWork) (reportOutcome, error) {
	if !w.Now.Before(w.Item.Until) {
		return w.GiveUp(w.Item.ExpiredReason(w.Item.Position.Reason)), nil
	}
	c, err := p.collect(ctx, w.Item)
	if err != nil {
		return reportOutcome{}, err
	}
	if err := p.nameBaselines(ctx, w, c); err != nil {
		return reportOutcome{}, err
	}
	units := sync.OnceValue(func() []format.Unit { return format.Units(c, p.Stack) })
	if err := p.storeWhole(ctx, w, c, units); err != nil {
		return reportOutcome{}, err
	}
	c.Report.Stored = w.Item.Stored
	return p.writeMessages(ctx, w, c, format.Split(c, units()))
}

// nameBaselines reads the names of the instances' patch baselines, once. A report without them is
// worth as much: what keeps failing is left out.
func (p Reporter) nameBaselines(ctx context.Context, w *reportWork, c *report.Content) error {
	if w.Item.Baselines == nil {
		names, err := p.Baselines.Baselines(ctx)
		if err != nil && transient.Is(err) && !keepsFailing(w) {
			return err
		}
		if err != nil {
			slog.Warn("patch baselines not named", "report", w.Item.ID, "reason", err.Error())
		}
		w.Item.Baselines = report.NewBaselines(c, names)
		if err := w.Save(ctx); err != nil {
			w.Item.Baselines = nil
			return err
		}
	}
	c.NameBaselines(w.Item.Baselines)
	return nil
}

// keepsFailing says that half of the time is over for which errors in a row are retried.
func keepsFailing(w *reportWork) bool {
	since := w.Item.ErrorSince
	return !since.IsZero() && w.Now.Sub(since) >= choreo.TransientFor/2
}

// storeWhole puts the whole report into the bucket, once, and notes what came of it: its messages say
// so, and are the same in each try. A bucket that doesn't take it keeps nobody from reading the
// rest.
func (p Reporter) storeWhole(
	ctx context.Context, w *reportWork, c *report.Content, units func() []format.Unit,
) error {
	if p.Bucket == nil || w.Item.Stored != nil {
		return nil
	}
	folder := p.BucketPrefix + w.Item.ID + "/"
	stored := &report.Stored{Link: p.Bucket.Link(folder)}
	for _, f := range []struct {
		name, contentType string
		body              func() []byte
		at                *string
	}{
		// CSV first: it needs no units beside it in memory
		{"report.csv.gz", "application/gzip", func() []byte { return format.CSV(c) }, &stored.CSV},
		{"report.json", "application/json",
			func() []byte { return format.JSON(c, units()) }, &stored.JSON},
	} {
		key := folder + f.name
		err := p.Bucket.Put(ctx, key, f.contentType, f.body())
		if err != nil && transient.Is(err) && !keepsFailing(w) {
			return fmt.Errorf("store %s: %w", key, err)
		}
		if err != nil {
			slog.Error("report not stored",
				"report", w.Item.ID, "bucket", p.BucketName, "reason", err.Error())
			stored = &report.Stored{Failed: sanitize.Text(err.Error())}
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

// endReport takes a report off the list of those under way, and writes down what came of it.
func endReport(l ledger.Store, now time.Time, failed string) reportOutcome {
	record := func(ctx context.Context, r *report.Report) (choreo.Transaction, error) {
		record := &report.Record{}
		rev, err := ledger.Read(ctx, l, recordKey(r.ID), record)
		if err != nil {
			return choreo.Transaction{}, err
		}
		record.End(r, now, failed)
		put := ledger.Put(recordKey(r.ID), rev, record)
		return choreo.Transaction{Writes: []ledger.Write{put}, DeleteItem: true}, nil
	}
	return choreo.End[*report.Report](report.Done, failed).With(record)
}
