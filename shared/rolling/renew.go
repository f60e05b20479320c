package rolling

import (
	"context"
	"errors"
	"fmt"
	"time"

	"quickstep/shared/ledger"
	"quickstep/shared/run"
)

const (
	// itemRetention is for how long what belongs to a run is kept from its start, or from the latest
	// renewal: the 90 days after the end, and the time until the next renewal is complete.
	itemRetention = run.Retention + 30*24*time.Hour
	// renewAfter is how long after the start or the latest renewal the expiry is renewed: most runs
	// are over by then, and pay nothing. It leaves five days for the largest fleets.
	renewAfter = 25 * 24 * time.Hour
	// renewedAtOnce is how many items are renewed at one look: a second of writing.
	renewedAtOnce = 100
)

// renew keeps the plan and the instances of a run that lasts for weeks from expiring, a page at a
// time. It is safe to repeat: who was renewed already is passed over.
func (b store) renew(ctx context.Context, w *runWork, r *run.Run) error {
	n := &w.Item.Renewal
	if n.Began.IsZero() {
		last := r.Began
		if !n.Done.IsZero() {
			last = n.Done
		}
		if w.Now.Sub(last) < renewAfter {
			return nil
		}
		n.Began = w.Now
	}
	expires := n.Began.Add(itemRetention)
	if n.After == "" {
		if err := b.renewPlan(ctx, w, expires); err != nil {
			return err
		}
	}
	docs, err := b.List(ctx, "RUN#"+r.ID, instancePrefix, n.After, renewedAtOnce)
	if err != nil {
		return fmt.Errorf("read the instances of run %s: %w", r.ID, err)
	}

	all := true
	for _, d := range docs {
		done, err := b.renewInstance(ctx, w, d, expires)
		if err != nil {
			return err
		}
		if all = all && done; all { // who is at work on an item is let be: the same page comes again
			n.After = d.SK
		}
	}
	if all && len(docs) < renewedAtOnce {
		*n = run.Renewal{Done: n.Began}
	}
	return nil
}

func (b store) renewPlan(ctx context.Context, w *runWork, expires time.Time) error {
	plan := &run.Plan{}
	rev, err := b.require(ctx, planKey(w.Item.Run), plan)
	if err != nil || !plan.Expires.Before(expires) {
		return err
	}
	plan.Expires = expires
	err = ledger.Apply(ctx, b.Store, w.Mark(), ledger.Put(planKey(w.Item.Run), rev, plan), w.LeaseHeld())
	if err != nil {
		return fmt.Errorf("renew the expiry of the plan of run %s: %w", w.Item.Run, err)
	}
	return nil
}

// renewInstance renews an instance's part as it was read. An item whose lease is live belongs to
// whoever holds it.
func (b store) renewInstance(
	ctx context.Context, w *runWork, d ledger.Doc, expires time.Time,
) (done bool, err error) {
	i := newInstance()
	if err := d.Decode(i); err != nil {
		return false, err
	}
	if !i.Expires.Before(expires) {
		return true, nil
	}
	if i.Leased(w.Now) {
		return false, nil
	}
	i.Expires = expires
	err = ledger.Apply(ctx, b.Store, w.Mark(), ledger.Put(d.Key, d.Rev, i))
	if errors.Is(err, ledger.ErrConflict) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("renew the expiry of instance %s: %w", i.ID, err)
	}
	return true, nil
}
