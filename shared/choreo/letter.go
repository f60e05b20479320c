package choreo

import (
	"context"
	"fmt"
	"time"

	"quickstep/shared/ledger"
)

// Letter takes a message that SQS moved to the dead letters, of a live position. If the position still stands and tries are
// left, no code ran (Lambda was throttled, or a deployment was broken): it is given back by a nudge, or, if it isn't due, as it
// is. If they are used up, the item gives up, unless it never does: then tired says so before the nudge. item is decoded into.
func (n Nudger) Letter(ctx context.Context, msg Message, item Item, now time.Time, tired func(tries int) error) error {
	rev, err := ledger.Read(ctx, n.Ledger, msg.Key, item)
	if err != nil {
		return fmt.Errorf("read a dead letter's item: %w", err)
	}
	p, log := item.Place(), n.Words.Log(msg)
	endless := n.Words.Endless != nil && n.Words.Endless(p.Step)
	switch {
	case rev == 0 || p.N != msg.N || p.Nudge != msg.Nudge || p.Leased(now):
		log.Info("dead letter", "outcome", "dropped", "reason", "the item has moved on")
		return nil
	case msg.NotBefore.After(now): // it was on its way to a wait that isn't over
		log.Warn("dead letter", "outcome", "given back", "reason", "it isn't due")
		return Send(ctx, n.Queues, n.Words, now, msg)
	case p.Tries >= MaxTries && !endless:
		reason := n.Words.crashed(p)
		log.Warn("dead letter", "outcome", "gave up", "reason", reason)
		_, err := n.GiveUp(ctx, msg.Key, rev, item, now, reason)
		return err
	case p.Tries >= MaxTries && tired != nil:
		if err := tired(p.Tries); err != nil {
			return err
		}
	}
	log.Warn("dead letter", "outcome", "given back", "reason", "tries are left")
	_, err = n.Nudge(ctx, msg.Key, rev, item, now, 0)
	return err
}

// Owner is a handler for the messages of some items.
type Owner interface {
	Handler
	// Owns says whether an item is one of them.
	Owns(key ledger.Key) bool
}

// Owners hands each message to the one whose item it names.
type Owners []Owner

// Handle takes one message. One that names nobody's item is an error, until it ends in the last queue.
func (all Owners) Handle(ctx context.Context, owner string, msg Message) error {
	for _, o := range all {
		if o.Owns(msg.Key) {
			return o.Handle(ctx, owner, msg)
		}
	}
	return fmt.Errorf("message: pk %q, sk %q name nothing that moves", msg.PK, msg.SK)
}
