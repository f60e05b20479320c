package choreo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"quickstep/shared/ledger"
)

// Bounds of the protocol.
const (
	// MaxTries is how many claims of one position may end without a commit (crashes, timeouts): the
	// queues' maxReceiveCount, so that neither bound hides the other.
	MaxTries = 5
	// TransientFor is how long a step may meet transient errors in a row, unless its Tolerance says
	// otherwise: a throttle is a matter of time, and how often a step has asked meanwhile says
	// nothing.
	TransientFor = 40 * time.Minute
	// MaxPermanentErrors is how many errors in a row it may meet that aren't transient: a missing
	// permission may be a role that is still being rolled out.
	MaxPermanentErrors = 3
)

// Sender puts messages into queues.
type Sender interface {
	Send(ctx context.Context, envelopes ...Envelope) error
}

// Mover is the protocol for one kind of item and one function.
type Mover[T Item] struct {
	Ledger ledger.Store
	Queues Sender
	Now    func() time.Time
	// Lease is how long a claim holds; longer than the function's timeout.
	Lease time.Duration
	// Margin is how long before the end of its invocation an act is broken off; zero: never.
	Margin time.Duration
	Kind[T]
	// Queue is the only queue whose steps it takes.
	Queue string
	// Act does a step. It must be safe to repeat.
	Act func(ctx context.Context, w *Work[T]) (Outcome[T], error)
	// Tolerance is how long an item may meet errors in a row where it stands; nil: TransientFor and
	// MaxPermanentErrors.
	Tolerance func(item T) Tolerance
	// Exhausted is the outcome for an item whose tries or errors are used up at a step; nil gives up.
	Exhausted func(ctx context.Context, w *Work[T], reason string) Outcome[T]
}

// Handle takes one message. The error means that nothing could be decided, and that the message
// should come again.
func (m Mover[T]) Handle(ctx context.Context, owner string, msg Message) error {
	now, log := m.Now(), m.Routing.Logger(msg)
	if why := m.misrouted(msg); why != "" {
		log.Warn("message", "outcome", "dropped", "reason", why)
		return nil
	}
	if msg.NotBefore.After(now) {
		return m.requeue(ctx, msg, now)
	}

	w, refusal, err := m.claim(ctx, owner, msg, now)
	if err != nil {
		return fmt.Errorf("claim %s: %w", msg.Key, err)
	}
	if refusal != "" {
		log.Info("message", "outcome", "dropped", "reason", refusal)
		return nil
	}
	log = log.With("attempt", w.Item.Pos().Attempt, "try", w.Item.Pos().Tries)

	out, err := m.act(ctx, w)
	if errors.Is(err, ErrLost) {
		log.Warn("message", "outcome", string(VerbLost), "reason", err.Error())
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", msg.Step, msg.Key, err)
	}

	out, err = m.commit(ctx, log, w, out)
	if err != nil {
		return fmt.Errorf("commit %s after %s: %w", msg.Key, msg.Step, err)
	}
	log.Log(ctx, out.level(), "message", "outcome", string(out.verb), "next", out.step,
		"delay", out.delay.String(), "reason", out.reason, "duration", m.Now().Sub(now).String())
	return nil
}

// level is how loudly an outcome is logged: as a warning if somebody might have to look at it.
func (o Outcome[T]) level() slog.Level {
	if o.verb == VerbError || o.verb == VerbGaveUp {
		return slog.LevelWarn
	}
	return slog.LevelInfo
}
