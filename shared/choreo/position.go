package choreo

import (
	"time"

	"quickstep/shared/ledger"
)

// Failing is the step of an item that gave up and waits for triage.
const Failing = "failing"

// Position is where an item stands. Each commit makes N larger by one, so a message of an earlier
// position is known by its number.
type Position struct {
	N               int       `json:"n"`
	Redeliveries    int       `json:"nudge,omitempty"`   // how often a message was sent again for this N
	Step            string    `json:"step"`              //
	Since           time.Time `json:"since,omitzero"`    // when it came to this step
	Attempt         int       `json:"attempt,omitempty"` // how often this step has said "again later"
	TransientErrors int       `json:"errors,omitempty"`  // errors in a row that pass by themselves, among the attempts
	PermanentErrors int       `json:"faults,omitempty"`  // errors in a row that don't
	// ErrorSince is when the first of these errors was met.
	ErrorSince time.Time `json:"errorSince,omitzero"`

	Tries  int       `json:"tries,omitempty"`  // claims of this N
	Lease  Lease     `json:"lease,omitzero"`   //
	Due    time.Time `json:"due,omitzero"`     // when its message can be taken up; zero: no message is on its way
	Reason string    `json:"reason,omitempty"` // why it waits, or why it gave up
	GaveUp string    `json:"gaveUp,omitempty"` // the step that gave up, once Step is failing
	// Redriven is when the item's message was last redriven from the dead letters.
	Redriven time.Time `json:"redelivered,omitzero"`
}

// Lease is the right to act on an item. While it is live, nobody else changes the item.
type Lease struct {
	Owner string    `json:"owner"` // the invocation
	Until time.Time `json:"until"`
}

// Leased says whether somebody holds a live lease.
func (p *Position) Leased(now time.Time) bool {
	return p.Lease.Owner != "" && now.Before(p.Lease.Until)
}

// Progressed forgets the errors in a row: the step has got on, though not to its end.
func (p *Position) Progressed() {
	p.TransientErrors, p.PermanentErrors, p.ErrorSince = 0, 0, time.Time{}
}

// Pos gives the position itself, so that a type that embeds it is an Item.
func (p *Position) Pos() *Position { return p }

// Item is what moves: it holds a Position and is written to the ledger as JSON.
type Item interface{ Pos() *Position }

// Message says that an item may be due. It is a hint: the ledger decides.
type Message struct {
	ledger.Key
	Step         string    `json:"step"`
	N            int       `json:"n"`
	Redeliveries int       `json:"nudge"`
	NotBefore    time.Time `json:"notBefore,omitzero"`
}

// NewMessage is the message of an item's present position.
func NewMessage(key ledger.Key, p *Position) Message {
	return Message{Key: key, Step: p.Step, N: p.N, Redeliveries: p.Redeliveries, NotBefore: p.Due.UTC()}
}
