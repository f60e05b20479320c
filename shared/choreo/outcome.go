package choreo

import (
	"context"
	"time"

	"quickstep/shared/ledger"
	"quickstep/shared/sanitize"
)

// Outcome is what acting on an item came to.
type Outcome struct {
	verb        string // for the log: next, again, parked, ended, gave up
	step        string
	reason      string
	delay       time.Duration
	transaction any // func(context.Context, T) (Together, error)
}

// Transaction is what else is written in the transaction that commits an outcome, and which messages follow it.
type Transaction struct {
	Writes     []ledger.Write
	Messages   []Message
	DeleteItem bool // the item itself is deleted: nothing is left of its position
}

// Next goes on to another step, whose message is taken up after the delay.
func Next(step string, delay time.Duration) Outcome {
	return Outcome{verb: "next", step: step, delay: delay}
}

// Again comes to the same step later, because of the reason.
func Again(delay time.Duration, reason string) Outcome {
	return Outcome{verb: "again", delay: delay, reason: reason}
}

// Park waits without a clock: somebody will nudge.
func Park(reason string) Outcome { return Outcome{verb: "parked", reason: reason} }

// End is the end of the way; step names which.
func End(step, reason string) Outcome { return Outcome{verb: "ended", step: step, reason: reason} }

// GiveUp sends the item to triage, with a reason that a human can act on.
func GiveUp(reason string) Outcome { return Outcome{verb: "gave up", step: Failing, reason: reason} }

// Because adds a reason to an outcome that has none of its own.
func (o Outcome) Because(reason string) Outcome {
	o.reason = reason
	return o
}

// With commits the outcome in one transaction with what f gives. f gets a copy of the item and may change it. It is asked
// again, with a fresh copy, each time the transaction has lost a race.
func With[T Item](o Outcome, f func(ctx context.Context, item T) (Transaction, error)) Outcome {
	o.transaction = f
	return o
}

// Settle makes p the position that the outcome leads to.
func (o Outcome) Settle(p *Position, now time.Time) {
	// What others say of why is bounded and made fit here, once, for the ledger and whoever reads it.
	next := Position{N: p.N + 1, Step: p.Step, Since: p.Since, Reason: sanitize.Text(o.reason), GaveUp: p.GaveUp,
		Redriven: p.Redriven}
	if o.verb == "error" {
		next.TransientErrors, next.PermanentErrors, next.ErrorSince = p.TransientErrors, p.PermanentErrors, p.ErrorSince
	}
	if o.verb == "again" || o.verb == "error" || o.verb == "parked" {
		next.Attempt = p.Attempt + 1
		if p.Step == Failing { // why it gave up outlives why triage has to come again
			next.Reason = p.Reason
		}
	} else {
		next.Step, next.Since = o.step, now
	}
	if o.verb == "gave up" {
		next.GaveUp = p.Step
	}
	if o.verb != "parked" && o.verb != "ended" {
		next.Due = now.Add(o.delay)
	}
	*p = next
}
