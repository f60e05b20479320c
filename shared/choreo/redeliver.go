package choreo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"quickstep/shared/ledger"
)

// Bounds of redelivery.
const (
	// Grace is how long a message may take beyond its due time before it counts as lost: SQS and
	// Lambda need a tenth of a second, a busy account minutes at worst, and a message too many does no
	// harm.
	Grace = 90 * time.Second
	// MaxRedeliveries bounds how often a position that nobody takes up gets its message again: with
	// the waits between them (2m, 4m, 8m … 64m) about six hours.
	MaxRedeliveries   = 9
	maxRedeliveryWait = 64 * time.Minute
)

// Redeliverer sends messages again.
type Redeliverer struct {
	Ledger  ledger.Store
	Queues  Sender
	Routing Routing
	// Owner marks this invocation's writes.
	Owner string
}

// Overdue says whether a position should have got on by now. A parked one is never overdue.
func (p *Position) Overdue(now time.Time) bool {
	return !p.Due.IsZero() && now.After(p.Due.Add(Grace)) && !p.Leased(now)
}

// Redeliver gives an item its message again, to be taken up after the delay (who redelivers
// thousands spaces them), and makes every earlier message of the position void. It does nothing
// while somebody holds the item's lease, or if the item has moved on since it was read at revision
// rev. Past MaxRedeliveries the item gives up instead.
func (r Redeliverer) Redeliver(
	ctx context.Context, key ledger.Key, rev int64, item Item, now time.Time, delay time.Duration,
) (sent bool, err error) {
	p := item.Pos()
	if p.Leased(now) {
		return false, nil
	}
	if p.Redeliveries >= MaxRedeliveries && p.Step != Failing && r.Routing.givesUp(p.Step) {
		return r.GiveUp(ctx, key, rev, item, now, fmt.Sprintf(
			"%s was never taken up, although its message was sent again %d times", p.Step, p.Redeliveries))
	}
	p.Lease = Lease{}
	p.Redeliveries++
	return r.send(ctx, key, rev, item, now, delay)
}

// GiveUp makes an item give up, and sends the message of its triage, under the same conditions as
// Redeliver.
func (r Redeliverer) GiveUp(
	ctx context.Context, key ledger.Key, rev int64, item Item, now time.Time, reason string,
) (sent bool, err error) {
	p := item.Pos()
	if p.Leased(now) {
		return false, nil
	}
	GiveUp[Item](reason).Settle(p, now)
	return r.send(ctx, key, rev, item, now, 0)
}

// send writes the item with the time of its next redelivery, and sends the message.
func (r Redeliverer) send(
	ctx context.Context, key ledger.Key, rev int64, item Item, now time.Time, delay time.Duration,
) (sent bool, err error) {
	p := item.Pos()
	p.Due = now.Add(delay)
	message := NewMessage(key, p)
	if p.Redeliveries > 0 { // due when the next redelivery is
		p.Due = p.Due.Add(min(time.Minute<<min(p.Redeliveries, 10), maxRedeliveryWait))
		if delay == 0 {
			message.NotBefore = time.Time{}
		}
	}

	mark := fmt.Sprintf("%s#nudge-%s-%d-%d", r.Owner, key, p.N, p.Redeliveries)
	err = ledger.Apply(ctx, r.Ledger, mark, ledger.Put(key, rev, item))
	if errors.Is(err, ledger.ErrConflict) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("redeliver %s: %w", key, err)
	}
	r.Routing.Logger(message).Warn("nudge", "reason", p.Reason)
	return true, Send(ctx, r.Queues, r.Routing, now, message)
}
