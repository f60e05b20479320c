package choreo

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// claim takes the item's lease. The refusal says why the message is to be dropped; empty: the work
// is ours.
func (m Mover[T]) claim(
	ctx context.Context, owner string, msg Message, now time.Time,
) (w *Work[T], refusal string, err error) {
	w = &Work[T]{Key: msg.Key, Now: now, owner: owner, store: m.Ledger, newItem: m.New,
		log: m.Routing.Logger(msg)}
	if w.Item, w.rev, err = m.read(ctx, m.Ledger, msg.Key); err != nil {
		return w, "", err
	}

	p := w.Item.Pos()
	refusal = mismatch(w.rev, p, msg)
	switch {
	case refusal != "":
		return w, refusal, nil
	case p.Redeliveries == 0 && now.Before(p.Due): // a redelivered one comes before the next is due
		return w, "the item isn't due before " + p.Due.UTC().Format(time.RFC3339), nil
	case p.Leased(now):
		return w, "somebody else is at work on it", nil
	}
	if p.Tries >= MaxTries && m.Exhausted == nil {
		return w, "its tries are used up", m.failExhausted(ctx, owner, msg, w, now)
	}

	p.Lease = Lease{Owner: owner, Until: now.Add(m.Lease)}
	p.Tries++
	err = w.Save(ctx)
	if errors.Is(err, ErrLost) {
		return w, "somebody else claimed it first", nil
	}
	return w, "", err
}

// mismatch says why a message isn't that of the position at which the item was read; empty if it
// is. Of a position that waits without a due time nobody has sent one.
func mismatch(rev int64, p *Position, msg Message) string {
	switch {
	case rev == 0:
		return "no such item"
	case p.N != msg.N || p.Redeliveries != msg.Redeliveries:
		return fmt.Sprintf("the item is at n %d nudge %d, the message at n %d nudge %d",
			p.N, p.Redeliveries, msg.N, msg.Redeliveries)
	case p.Step != msg.Step:
		return fmt.Sprintf("the item is at %s", p.Step)
	case p.Due.IsZero():
		return "the item waits without a clock"
	}
	return ""
}

// failExhausted gives the item up in the write that would have claimed it: code that crashes each
// time gets no further try.
func (m Mover[T]) failExhausted(
	ctx context.Context, owner string, msg Message, w *Work[T], now time.Time,
) error {
	reason := m.Routing.crashReason(w.Item.Pos())
	_, err := m.redeliverer(owner).GiveUp(ctx, msg.Key, w.rev, w.Item, now, reason)
	return err
}
