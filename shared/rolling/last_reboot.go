package rolling

import (
	"context"
	"fmt"

	"quickstep/shared/choreo"
	"quickstep/shared/ledger"
	"quickstep/shared/run"
)

// recordEnd gives an instance's lock back, unless it failed out of service, and writes down by its
// id alone that it was rebooted: a patch report asks without knowing the runs. Only a boot that was
// proven counts. There is room for both beside 90 admitted instances; one reading serves both.
func (b store) recordEnd(ctx context.Context, i *run.Instance, all *choreo.Transaction) error {
	rebooted := !i.StartedAt.IsZero()
	var keys []ledger.Key
	if i.Locked && (i.Step != run.Failed || !i.Out()) {
		keys = append(keys, instanceLock(i.ID))
	}
	if rebooted {
		keys = append(keys, rebootKey(i.ID))
	}
	if len(keys) == 0 {
		return nil
	}
	docs, err := b.Get(ctx, keys...)
	if err != nil {
		return fmt.Errorf("read the lock and the last reboot of %s: %w", i.ID, err)
	}

	rev := int64(0)
	for _, d := range docs {
		if d.Key == rebootKey(i.ID) {
			rev = d.Rev
			continue
		}
		if err := unlockIfOwn(d, i.Run, all); err != nil {
			return err
		}
	}
	if rebooted {
		last := run.LastReboot{Instance: i.ID, Run: i.Run, At: i.RebootedAt}
		all.Writes = append(all.Writes, ledger.Put(rebootKey(i.ID), rev, last))
	}
	return nil
}

// Reboots reads what the ledger knows of the reboots of instances.
type Reboots struct{ ledger.Store }

// Last are the latest proven reboots by a run within the last 90 days, by instance.
func (r Reboots) Last(ctx context.Context, ids []string) (map[string]run.LastReboot, error) {
	last := map[string]run.LastReboot{}
	if len(ids) == 0 {
		return last, nil
	}
	keys := make([]ledger.Key, 0, len(ids))
	for _, id := range ids {
		keys = append(keys, rebootKey(id))
	}
	docs, err := r.Get(ctx, keys...)
	if err != nil {
		return nil, fmt.Errorf("read the last reboots of %d instances: %w", len(ids), err)
	}
	for _, d := range docs {
		var l run.LastReboot
		if err := d.Decode(&l); err != nil {
			return nil, err
		}
		last[l.Instance] = l
	}
	return last, nil
}
