package patch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/ledger"
	"quickstep/shared/report"
)

// Watchdog gives reports that are overdue their message again. Each report looks after its own
// scans.
type Watchdog struct {
	choreo.Deps
}

// Look goes over every report that is under way. One that can't be read doesn't keep it from the
// others.
func (d Watchdog) Look(ctx context.Context, owner string) error {
	docs, err := d.Ledger.List(ctx, reportsPK, "", "", 0)
	if err != nil {
		return fmt.Errorf("list the reports under way: %w", err)
	}
	n := choreo.Redeliverer{Ledger: d.Ledger, Queues: d.Queues, Routing: Routing, Owner: owner}
	now := d.Now()
	var errs []error
	redelivered := 0
	for _, doc := range docs {
		r := newReport()
		if err := doc.Decode(r); err != nil {
			errs = append(errs, err)
			continue
		}
		if !r.Overdue(now) {
			continue
		}
		sent, err := redeliverReport(ctx, n, doc, r, now)
		if err != nil {
			errs = append(errs, err)
		}
		if sent {
			redelivered++
		}
	}
	slog.Info("watchdog", "reports", len(docs), "nudged", redelivered, "errors", len(errs))
	return errors.Join(errs...)
}

// redeliverReport gives a report its message again, or gives it up: it has expired,
// and nobody takes it up to say so.
func redeliverReport(
	ctx context.Context, n choreo.Redeliverer, doc ledger.Doc, r *report.Report, now time.Time,
) (sent bool, err error) {
	const grace = time.Hour // for the function itself to say so
	if r.Step != choreo.Failing && now.After(r.Until.Add(grace)) {
		return n.GiveUp(ctx, doc.Key, doc.Rev, r, now, r.ExpiredReason(r.Position.Reason))
	}
	return n.Redeliver(ctx, doc.Key, doc.Rev, r, now, 0)
}
