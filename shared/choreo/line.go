package choreo

import (
	"context"
	"time"

	"quickstep/shared/ledger"
)

// Line is what every function that takes messages needs.
type Line struct {
	Ledger ledger.Store
	Queues Sender
	Now    func() time.Time
	Lease  time.Duration // longer than the function's timeout
}

// On makes the mover that moves one kind of item along a line by a step; empty makes an item to decode into.
func On[T Item](l Line, words Words, empty func() T, act func(context.Context, *Work[T]) (Outcome, error)) Mover[T] {
	return Mover[T]{Ledger: l.Ledger, Queues: l.Queues, Now: l.Now, Lease: l.Lease, Words: words, New: empty, Act: act}
}
