package choreo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"quickstep/shared/ledger"
)

// ErrLost says that the item has moved on under somebody else: the lease is gone, and whoever lost
// it stops at once.
var ErrLost = errors.New("the lease was lost: the item has moved on")

// Work is an item that was claimed, and the time at which it was.
type Work[T Item] struct {
	Key  ledger.Key
	Item T
	Now  time.Time // read once per message

	rev     int64
	owner   string
	writes  int
	store   ledger.Store
	log     *slog.Logger
	newItem func() T
}

// Save writes the item as it stands, on condition that the lease is still held, with other writes
// in one transaction. Its errors: ErrLost; ledger.ErrConflict if one of the others was refused; any
// other of the Store's.
func (w *Work[T]) Save(ctx context.Context, others ...ledger.Write) error {
	err := ledger.Apply(ctx, w.store, w.Mark(), append([]ledger.Write{w.put(w.Item)}, others...)...)
	if errors.Is(err, ledger.ErrConflict) && w.lost(ctx) {
		return ErrLost
	}
	if err != nil {
		return fmt.Errorf("save %s: %w", w.Key, err)
	}
	w.rev++
	return nil
}

// Mark is a new unique mark for a write of this work.
func (w *Work[T]) Mark() string {
	w.writes++
	return fmt.Sprintf("%s#%d", w.owner, w.writes)
}

// Logger is the logger for what happens to the item.
func (w *Work[T]) Logger() *slog.Logger { return w.log }

// LeaseHeld is the condition that the lease is still held, for a transaction that doesn't write the
// item.
func (w *Work[T]) LeaseHeld() ledger.Write {
	return ledger.Write{Key: w.Key, Rev: w.rev, Check: true}
}

func (w *Work[T]) put(item T) ledger.Write { return ledger.Put(w.Key, w.rev, item) }

// lost reads whether the item has moved on since this work's last write of it.
func (w *Work[T]) lost(ctx context.Context) bool {
	docs, err := w.store.Get(ctx, w.Key)
	return err == nil && (len(docs) == 0 || docs[0].Rev != w.rev)
}

// copy is a deep copy of the item, made by the same encoding that the ledger uses.
func (w *Work[T]) copy() (T, error) {
	c := w.newItem()
	text, err := json.Marshal(w.Item)
	if err == nil {
		err = json.Unmarshal(text, c)
	}
	if err != nil {
		return c, fmt.Errorf("copy %s: %w", w.Key, err)
	}
	return c, nil
}

// Next goes on to another step, whose message is taken up after the delay.
func (w *Work[T]) Next(step string, delay time.Duration) Outcome[T] { return Next[T](step, delay) }

// Again comes to the same step later, because of the reason.
func (w *Work[T]) Again(delay time.Duration, reason string) Outcome[T] {
	return Again[T](delay, reason)
}

// Park waits without a due time: somebody will give the item a message.
func (w *Work[T]) Park(reason string) Outcome[T] { return Park[T](reason) }

// End is the end of the way; step names which.
func (w *Work[T]) End(step, reason string) Outcome[T] { return End[T](step, reason) }

// GiveUp sends the item to triage, with a reason that a human can act on.
func (w *Work[T]) GiveUp(reason string) Outcome[T] { return GiveUp[T](reason) }
