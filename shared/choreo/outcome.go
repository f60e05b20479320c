package choreo

import (
	"context"
	"time"

	"quickstep/shared/ledger"
	"quickstep/shared/sanitize"
)

// Verb is what an outcome does to a position. The log shows it.
type Verb string

// What acting on an item can come to.
const (
	VerbNext   Verb = "next"    // it goes on to another step
	VerbAgain  Verb = "again"   // it comes to the same step later
	VerbError  Verb = "error"   // it comes again because of an error, which is counted
	VerbParked Verb = "parked"  // it waits until somebody gives it a message
	VerbEnded  Verb = "ended"   // nothing is left to do
	VerbGaveUp Verb = "gave up" // triage decides what becomes of it
	VerbLost   Verb = "lost"    // somebody else has moved it on; nothing was written
)

// Outcome is what acting on an item of type T came to.
type Outcome[T Item] struct {
	verb        Verb
	step        string
	reason      string
	delay       time.Duration
	transaction func(ctx context.Context, item T) (Transaction, error)
}

// Transaction is what else is written in the transaction that commits an outcome, and which
// messages follow it.
type Transaction struct {
	Writes     []ledger.Write
	Messages   []Message
	DeleteItem bool // the item itself is deleted: nothing is left of its position
}

// Next goes on to another step, whose message is taken up after the delay.
func Next[T Item](step string, delay time.Duration) Outcome[T] {
	return Outcome[T]{verb: VerbNext, step: step, delay: delay}
}

// Again comes to the same step later, because of the reason.
func Again[T Item](delay time.Duration, reason string) Outcome[T] {
	return Outcome[T]{verb: VerbAgain, delay: delay, reason: reason}
}

// Park waits without a due time: somebody will give the item a message.
func Park[T Item](reason string) Outcome[T] {
	return Outcome[T]{verb: VerbParked, reason: reason}
}

// End is the end of the way; step names which.
func End[T Item](step, reason string) Outcome[T] {
	return Outcome[T]{verb: VerbEnded, step: step, reason: reason}
}

// GiveUp sends the item to triage, with a reason that a human can act on.
func GiveUp[T Item](reason string) Outcome[T] {
	return Outcome[T]{verb: VerbGaveUp, step: Failing, reason: reason}
}

// Because adds a reason to an outcome that has none of its own.
func (o Outcome[T]) Because(reason string) Outcome[T] {
	o.reason = reason
	return o
}

// With commits the outcome in one transaction with what f gives. f gets a copy of the item and may
// change it. It is asked again, with a fresh copy, each time the transaction has lost a race.
func (o Outcome[T]) With(
	f func(ctx context.Context, item T) (Transaction, error),
) Outcome[T] {
	o.transaction = f
	return o
}

// Settle makes p the position that the outcome leads to.
func (o Outcome[T]) Settle(p *Position, now time.Time) {
	// What others say of why is bounded and sanitized here, once, for the ledger and whoever reads it.
	next := Position{N: p.N + 1, Step: p.Step, Since: p.Since, GaveUp: p.GaveUp,
		Redriven: p.Redriven, Reason: sanitize.Text(o.reason)}

	if o.stays() {
		next.Attempt = p.Attempt + 1
		if p.Step == Failing { // why it gave up outlives why triage has to come again
			next.Reason = p.Reason
		}
	} else {
		next.Step, next.Since = o.step, now
	}

	if o.verb == VerbError {
		next.TransientErrors, next.PermanentErrors = p.TransientErrors, p.PermanentErrors
		next.ErrorSince = p.ErrorSince
	}
	if o.verb == VerbGaveUp {
		next.GaveUp = p.Step
	}
	if o.verb != VerbParked && o.verb != VerbEnded {
		next.Due = now.Add(o.delay)
	}
	*p = next
}

// stays says whether the item stays at its step.
func (o Outcome[T]) stays() bool {
	return o.verb == VerbAgain || o.verb == VerbError || o.verb == VerbParked
}
