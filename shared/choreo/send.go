package choreo

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"quickstep/shared/ledger"
)

// Send puts messages into the queues of their steps, each delayed until it can be taken up, or as
// long as SQS allows.
func Send(
	ctx context.Context, queues Sender, routing Routing, now time.Time, messages ...Message,
) error {
	envelopes := make([]Envelope, 0, len(messages))
	for _, msg := range messages {
		body, err := json.Marshal(msg)
		if err != nil {
			return fmt.Errorf("encode message of %s: %w", msg.Key, err)
		}
		delay := min(max(msg.NotBefore.Sub(now), 0), MaxDelay)
		envelopes = append(
			envelopes,
			Envelope{Queue: routing.Queue(msg.Step), Body: string(body), Delay: delay},
		)
	}
	if len(envelopes) == 0 {
		return nil
	}
	if err := queues.Send(ctx, envelopes...); err != nil {
		return fmt.Errorf("send %d messages: %w", len(envelopes), err)
	}
	return nil
}

// Routing is what the protocol has to know about the steps that it moves items through.
type Routing struct {
	// Queue names the queue that a step's messages go to.
	Queue func(step string) string
	// LogAttrs gives the log attributes that say which item a key means, such as run and instance.
	LogAttrs func(key ledger.Key) []any
	// NeverGivesUp says at which steps an item is never given up; nil: at none.
	NeverGivesUp func(step string) bool
}

// givesUp says whether an item may be given up at a step.
func (r Routing) givesUp(step string) bool {
	return r.NeverGivesUp == nil || !r.NeverGivesUp(step)
}

// crashReason is why an item gives up whose tries are used up.
func (r Routing) crashReason(p *Position) string {
	return fmt.Sprintf(
		"the %s function crashed or timed out in each of %d tries; its log says why",
		r.Queue(p.Step),
		MaxTries,
	)
}

// Logger is the logger for what happens to a message.
func (r Routing) Logger(msg Message) *slog.Logger {
	return slog.With(
		append(r.LogAttrs(msg.Key), "step", msg.Step, "n", msg.N, "nudge", msg.Redeliveries)...)
}
