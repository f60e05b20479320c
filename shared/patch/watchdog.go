package patch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/ledger"
)

// Watchdog gives reports that are overdue their message again. Each report looks after its own scans.
type Watchdog struct {
	Ledger ledger.Store
	Queues choreo.Sender
	Now    func() time.Time
}

// Watched is what one look of the watchdog came to.
type Watched struct {
	Reports int `json:"reports"`
	Nudged  int `json:"nudged"`
}

// Look goes over every report that is under way. One that can't be read doesn't keep it from the others.
func (d Watchdog) Look(ctx context.Context, owner string) (Watched, error) {
	var seen Watched
	docs, err := d.Ledger.List(ctx, reportsPK, "", "", 0)
	if err != nil {
		return seen, fmt.Errorf("list the reports under way: %w", err)
	}
	n := choreo.Redeliverer{Ledger: d.Ledger, Queues: d.Queues, Routing: Words, Owner: owner}
	now := d.Now()
	var all []error
	for _, doc := range docs {
		seen.Reports++
		r := newReport()
		if err := doc.Decode(r); err != nil {
			all = append(all, err)
			continue
		}
		if !r.Overdue(now) {
			continue
		}
		sent, err := wake(ctx, n, doc, r, now)
		if err != nil {
			all = append(all, err)
		}
		if sent {
			seen.Nudged++
		}
	}
	slog.Info("watchdog", "reports", seen.Reports, "nudged", seen.Nudged, "errors", len(all))
	return seen, errors.Join(all...)
}

// wake gives a report its message again, or gives it up: it is worth nothing any more, and nobody takes it up to say so.
func wake(ctx context.Context, n choreo.Redeliverer, doc ledger.Doc, r *Report, now time.Time) (sent bool, err error) {
	const mourning = time.Hour // for the function itself to say so
	if r.Step != choreo.Failing && now.After(r.Until.Add(mourning)) {
		return n.GiveUp(ctx, doc.Key, doc.Rev, r, now, late(r)+because(r.Position.Reason))
	}
	return n.Redeliver(ctx, doc.Key, doc.Rev, r, now, 0)
}
