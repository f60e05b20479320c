package choreo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"quickstep/shared/ledger"
)

// redriveInterval is how often an item's message is redriven from the dead letters at most. A
// position's real message comes there after half an hour of receives; more are copies, or forged.
const redriveInterval = time.Minute

// DeadLetter takes a message that SQS moved to the dead letters, of a live position, from whatever
// queue. If the position still stands and tries are left, no code ran (Lambda was throttled, or a
// deployment was broken): the message is redriven as it was, which uses up neither a try nor a
// redelivery; giving up for want of both is up to the ledger. If the tries are used up, the item
// gives up, unless it never does: then beforeRedrive says so first.
func (m Mover[T]) DeadLetter(
	ctx context.Context, owner string, msg Message, beforeRedrive func(item T) error,
) error {
	now, log := m.Now(), m.Routing.Logger(msg)
	item, rev, err := m.read(ctx, m.Ledger, msg.Key)
	if err != nil {
		return fmt.Errorf("read a dead letter's item: %w", err)
	}
	p, why := item.Pos(), mismatch(rev, item.Pos(), msg)
	exhausted := p.Tries >= MaxTries
	switch {
	case why != "":
	case p.Leased(now):
		why = "somebody is at work on the item"
	case exhausted && m.Routing.givesUp(p.Step):
		reason := m.Routing.crashReason(p)
		log.Warn("dead letter", "outcome", "gave up", "reason", reason)
		_, err := m.redeliverer(owner).GiveUp(ctx, msg.Key, rev, item, now, reason)
		return err
	case now.Before(p.Redriven.Add(redriveInterval)):
		why = "the item's message was given back less than " + redriveInterval.String() + " ago"
	}
	if why != "" {
		log.Info("dead letter", "outcome", "dropped", "reason", why)
		return nil
	}
	if exhausted && beforeRedrive != nil {
		if err := beforeRedrive(item); err != nil {
			return err
		}
	}
	return m.redrive(ctx, owner, msg, item, rev, now)
}

// redrive writes down that an item's message is given back, and gives it back: lost in between,
// it is overdue.
func (m Mover[T]) redrive(
	ctx context.Context, owner string, msg Message, item T, rev int64, now time.Time,
) error {
	p, log := item.Pos(), m.Routing.Logger(msg)
	p.Lease, p.Redriven = Lease{}, now
	mark := fmt.Sprintf("%s#letter-%s-%d-%d", owner, msg.Key, p.N, p.Redeliveries)
	err := ledger.Apply(ctx, m.Ledger, mark, ledger.Put(msg.Key, rev, item))
	if errors.Is(err, ledger.ErrConflict) {
		log.Info("dead letter", "outcome", "dropped", "reason", "the item has moved on")
		return nil
	}
	if err != nil {
		return fmt.Errorf("give the message of %s back: %w", msg.Key, err)
	}
	if p.Redeliveries == 0 { // whatever the dead letter says
		msg.NotBefore = p.Due.UTC()
	}
	log.Warn("dead letter", "outcome", "given back", "reason", "no code has decided about it")
	return m.send(ctx, now, msg.dueBy(p.Due))
}

func (m Mover[T]) redeliverer(owner string) Redeliverer {
	return Redeliverer{Ledger: m.Ledger, Queues: m.Queues, Routing: m.Routing, Owner: owner}
}

// ItemHandler is a handler for the messages of some items.
type ItemHandler interface {
	Handler
	// Owns says whether an item is one of them.
	Owns(key ledger.Key) bool
}

// ItemHandlers hands each message to the one whose item it names.
type ItemHandlers []ItemHandler

// Handle takes one message. One that names nobody's item is an error, until it ends in the last
// queue.
func (all ItemHandlers) Handle(ctx context.Context, owner string, msg Message) error {
	for _, o := range all {
		if o.Owns(msg.Key) {
			return o.Handle(ctx, owner, msg)
		}
	}
	return fmt.Errorf("message: pk %q, sk %q name nothing that moves", msg.PK, msg.SK)
}
