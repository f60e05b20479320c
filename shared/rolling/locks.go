package rolling

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"quickstep/shared/choreo"
	"quickstep/shared/ledger"
	"quickstep/shared/run"
)

// Keys of the locks of a run: its fleet, its target groups, its instances.
func fleetLock(name string) ledger.Key  { return ledger.Key{PK: "LOCK#fleet/" + name, SK: lockSK} }
func groupLock(arn string) ledger.Key   { return ledger.Key{PK: "LOCK#" + arn, SK: lockSK} }
func instanceLock(id string) ledger.Key { return ledger.Key{PK: "LOCK#" + id, SK: lockSK} }

// unlock deletes those locks that are this run's by a reading right now.
func (b store) unlock(
	ctx context.Context, id string, all *choreo.Transaction, keys ...ledger.Key,
) error {
	docs, err := b.Get(ctx, keys...)
	if err != nil {
		return fmt.Errorf("read the locks of run %s: %w", id, err)
	}
	for _, d := range docs {
		if err := unlockIfOwn(d, id, all); err != nil {
			return err
		}
	}
	return nil
}

// unlockIfOwn deletes a lock as it was read, if it is this run's.
func unlockIfOwn(d ledger.Doc, id string, all *choreo.Transaction) error {
	var l run.Lock
	if err := d.Decode(&l); err != nil {
		return err
	}
	if l.Run == id {
		all.Writes = append(all.Writes, ledger.Write{Key: d.Key, Rev: d.Rev, Delete: true})
	}
	return nil
}

// groupLocks are the locks of a plan's target groups, in order.
func groupLocks(p *run.Plan) []ledger.Key {
	keys := make([]ledger.Key, 0, len(p.Groups)+1)
	for _, arn := range slices.Sorted(maps.Keys(p.Groups)) {
		keys = append(keys, groupLock(arn))
	}
	return keys
}
