package rolling

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/ledger"
	"quickstep/shared/run"
)

// Watchdog gives whatever is overdue its message again: the runs' own positions, and those of their
// tokens' holders.
type Watchdog struct {
	choreo.Deps
}

// Look goes over every active run. One that can't be read doesn't keep it from the others; the
// errors come together.
func (d Watchdog) Look(ctx context.Context, owner string) error {
	docs, err := d.Ledger.List(ctx, activePK, "", "", 0)
	if err != nil {
		return fmt.Errorf("list the active runs: %w", err)
	}
	now := d.Now()
	var all []error
	sent := 0
	for n := range docs {
		doc := docs[(n+now.Minute())%len(docs)] // another one first each minute: the last must not starve
		nudged, err := d.watch(ctx, owner, doc, now)
		sent += nudged
		if err != nil {
			all = append(all, fmt.Errorf("watch run %s: %w", doc.SK, err))
		}
	}
	slog.Info("watchdog", "runs", len(docs), "nudged", sent, "errors", len(all))
	return errors.Join(all...)
}

func (d Watchdog) watch(
	ctx context.Context, owner string, doc ledger.Doc, now time.Time,
) (nudged int, err error) {
	n := choreo.Redeliverer{Ledger: d.Ledger, Queues: d.Queues, Routing: Routing, Owner: owner}
	a := newActive()
	if err := doc.Decode(a); err != nil {
		return 0, err
	}
	if a.Overdue(now) {
		sent, err := n.Redeliver(ctx, doc.Key, doc.Rev, a, now, 0)
		if err != nil {
			return 0, err
		}
		nudged += count(sent)
	}
	if a.Step != run.StepOpen {
		return nudged, nil
	}
	return d.holders(ctx, n, a.Run, now, nudged)
}

func (d Watchdog) holders(
	ctx context.Context, n choreo.Redeliverer, id string, now time.Time, nudged int,
) (int, error) {
	b := store{d.Ledger}
	r, _, err := b.run(ctx, id)
	if err != nil {
		return nudged, err
	}
	holders, err := b.holders(ctx, r, false)
	if err != nil {
		return nudged, err
	}
	var all []error
	for _, h := range holders {
		if !h.Overdue(now) && !unparked(r, h.Instance) {
			continue
		}
		sent, err := n.Redeliver(ctx, instanceKey(id, h.ID), h.rev, h.Instance, now, 0)
		if err != nil {
			all = append(all, err)
		}
		nudged += count(sent)
	}
	return nudged, errors.Join(all...)
}

// unparked says that the instance waits at the gate without a clock although its run isn't paused
// any more.
func unparked(r *run.Run, i *run.Instance) bool {
	return r.Paused.IsZero() && i.Step == run.StepDrain && i.Due.IsZero()
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}
