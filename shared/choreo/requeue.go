package choreo

import (
	"context"
	"fmt"
	"time"
)

// requeue sends a message that came too early again, with the rest of its delay: a wait may be
// longer than SQS delays. One that would be too early once more looks at its item first, so that it
// lives no longer than the position that it is about, and waits no longer than that. Waits that one
// delay covers cost no reading.
func (m Mover[T]) requeue(ctx context.Context, msg Message, now time.Time) error {
	log := m.Routing.Logger(msg)
	if msg.NotBefore.Sub(now) > MaxDelay {
		item, rev, err := m.read(ctx, m.Ledger, msg.Key)
		if err != nil {
			return fmt.Errorf("look at an item whose message waits: %w", err)
		}
		p := item.Pos()
		if why := mismatch(rev, p, msg); why != "" {
			log.Info("message", "outcome", "dropped", "reason", why)
			return nil
		}
		msg = msg.dueBy(p.Due)
	}
	log.Debug("message", "outcome", "early", "delay", msg.NotBefore.Sub(now).String())
	return m.send(ctx, now, msg)
}

// dueBy is the message, to be taken up no later than its position is due.
func (msg Message) dueBy(due time.Time) Message {
	if msg.NotBefore.After(due) {
		msg.NotBefore = due.UTC()
	}
	return msg
}
