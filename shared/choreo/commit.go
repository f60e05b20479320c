package choreo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"quickstep/shared/ledger"
	"quickstep/shared/transient"
)

const (
	// maxRaces is how often one invocation asks again after its transaction lost a race.
	maxRaces = 5
	// lastRaces is how often it then tries to write down at least that it comes again.
	lastRaces = 2
)

// commit writes the outcome and sends what follows from it. It returns the outcome that was
// committed in the end. A transaction that keeps losing races comes again later; if even that can't
// be written, the message comes again.
func (m Mover[T]) commit(
	ctx context.Context, log *slog.Logger, w *Work[T], out Outcome[T],
) (Outcome[T], error) {
	out, raced, err := m.race(ctx, log, w, out, maxRaces)
	if !raced {
		return out, err
	}
	if out.transaction != nil { // an outcome of its own item alone has no others to wait for
		out = Again[T](Jitter(w.Key.String(), 30*time.Second)+time.Second,
			fmt.Sprintf("tried %d times to write it down: %v", maxRaces, err))
	}
	out, _, err = m.race(ctx, log, w, out, lastRaces)
	return out, err
}

// race tries to commit an outcome a number of times. raced says that each of them lost a race, or
// failed before anything was written; err is then the last one's.
func (m Mover[T]) race(
	ctx context.Context, log *slog.Logger, w *Work[T], out Outcome[T], times int,
) (_ Outcome[T], raced bool, err error) {
	for range times {
		var item T
		if item, err = w.copy(); err != nil {
			return out, false, err
		}
		out.Settle(item.Pos(), w.Now)

		var with Transaction
		if out.transaction != nil {
			with, err = out.transaction(ctx, item)
		}
		if err != nil { // the lease is given back, so that this doesn't count as a crash
			out = m.retryOrFail(ctx, w, err)
			continue
		}

		err = m.write(ctx, w, item, with)
		switch {
		case err == nil:
			m.sendAfterCommit(ctx, log, w, item, with)
			return out, false, nil
		case errors.Is(err, ledger.ErrConflict) && w.lost(ctx):
			return Outcome[T]{verb: VerbLost, reason: ErrLost.Error()}, false, nil
		case !errors.Is(err, ledger.ErrConflict) && !transient.IsNotApplied(err):
			return out, false, err
		}
	}
	return out, true, err
}

// write writes an item and what belongs to its outcome, in one transaction.
func (m Mover[T]) write(ctx context.Context, w *Work[T], item T, with Transaction) error {
	own := w.put(item)
	own.Delete = with.DeleteItem
	return ledger.Apply(ctx, m.Ledger, w.Mark(), append([]ledger.Write{own}, with.Writes...)...)
}

// sendAfterCommit sends the messages after a commit. One that is lost here is overdue in the
// ledger, so an error is only logged.
func (m Mover[T]) sendAfterCommit(
	ctx context.Context, log *slog.Logger, w *Work[T], item T, with Transaction,
) {
	messages := with.Messages
	if p := item.Pos(); !p.Due.IsZero() {
		messages = append([]Message{NewMessage(w.Key, p)}, messages...)
	}
	now := m.Now() // acting may have taken minutes: delays are from now
	if err := m.send(ctx, now, messages...); err != nil {
		log.Error("send", "outcome", "the watchdog will send it", "reason", err.Error())
	}
}

func (m Mover[T]) send(ctx context.Context, now time.Time, messages ...Message) error {
	return Send(ctx, m.Queues, m.Routing, now, messages...)
}
