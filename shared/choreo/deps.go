package choreo

import (
	"context"
	"time"

	"quickstep/shared/ledger"
)

// Deps is what every function that takes messages needs.
type Deps struct {
	Ledger ledger.Store
	Queues Sender
	Now    func() time.Time
	Lease  time.Duration // longer than the function's timeout
	Margin time.Duration // before the invocation's end, at which acting is broken off; zero: never
}

// Margin is enough for a commit after an act that was broken off: a write or two, each tried again.
const Margin = 5 * time.Second

// NewMover makes the mover that takes one kind of item from one queue of a line.
func NewMover[T Item](
	l Deps, kind Kind[T], queue string, act func(context.Context, *Work[T]) (Outcome[T], error),
) Mover[T] {
	return Mover[T]{Ledger: l.Ledger, Queues: l.Queues, Now: l.Now, Lease: l.Lease, Margin: l.Margin,
		Kind: kind, Queue: queue, Act: act}
}
