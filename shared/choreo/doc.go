// Package choreo moves items from queue to queue: claim, act, commit, send. It is the whole
// protocol, once, for anything that has a Position, and it knows none of their words.
//
//	message ─► ours? ──► too early? ──► claim ──► act ──► commit ──► send ──► message …
//	            │ no: dropped  │ requeued   │ refused: dropped   │ lost: dropped
//
// # Why dropping a message is always safe
//
// The ledger decides; a message is a hint that an item may be due. A message is dropped when the
// ledger shows that it has nothing to say: its item is gone, has moved on, isn't due, or somebody
// holds its lease. Each position that waits has a due time in the ledger, written in the same
// transaction that made it wait, so whatever was lost shows there: once it is overdue (Grace), the
// watchdog gives it a new message by Redeliverer, which makes all its earlier ones void. So
// messages may be lost, doubled, late, or out of order.
//
// # The states of a position
//
//	         Next, Again, an error
//	  ┌───────────────◄────────────────┐
//	  ▼                                │
//	waiting ──due──► due ──claim──► leased ──Park──► parked ──Redeliver──► due
//	                  ▲ │              │ │
//	   Redeliver, once│ │overdue       │ └──End──► ended
//	                  └─┘              │
//	                       GiveUp, or bounds used up
//	                                   ▼
//	                                failing ──triage──► any step, or ended
//
//	state    in the ledger                     who takes it further
//	waiting  Due lies ahead                    its message, delayed until Due
//	due      Due has come                      its message; overdue, the watchdog's
//	leased   Lease.Until lies ahead            the invocation; crashed, the next message after Until
//	parked   Due is unset                      somebody who redelivers it
//	failing  Step is Failing, GaveUp says at   triage
//	ended    Due is unset, Step names the end  nobody
//
// # What can fail, and its bound
//
//	crash or timeout in act   the lease ends, the next message claims again: MaxTries for one position
//	transient error in act    it comes again, by Backoff, for TransientFor; or as its Tolerance says
//	any other error in act    it comes again, MaxPermanentErrors in a row; or as its Tolerance says
//	a race lost at commit     maxRaces times anew, then it comes again later
//	crash between commit and send  it is overdue: redelivered, MaxRedeliveries for one position
//	two messages at once      one claim wins; the other's message is dropped
//	a message in another queue  dropped: a mover takes its own queue's steps and kind of item
//	one that doesn't wait     dropped: a position is taken up when it is due
//	one that waits too long   it looks at its item, and waits no longer than that
//	dead letters, many        one a redriveInterval is put back as it was; no try is used up
//	a handler that outlives its lease  its writes are refused: the document has moved on
//	an act that takes too long  it is broken off Margin before its invocation ends
package choreo
