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

// NewMover makes the mover that takes one kind of item from one queue. It panics without a lease,
// which every function that claims items must have.
func NewMover[T Item](
	d Deps, kind Kind[T], queue string, act func(context.Context, *Work[T]) (Outcome[T], error),
) Mover[T] {
	if d.Lease <= 0 {
		panic("environment: LEASE is missing; it is how long a claim holds, such as 90s")
	}
	return Mover[T]{Ledger: d.Ledger, Queues: d.Queues, Now: d.Now, Lease: d.Lease, Margin: d.Margin,
		Kind: kind, Queue: queue, Act: act}
}
