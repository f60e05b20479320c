// Package choreo moves items from queue to queue: claim, act, commit, send. It is the whole protocol, once, for anything
// that has a Position, and it knows none of their words.
//
//	message ──► too early? ──► claim ──► act ──► commit ──► send ──► message …
//	             │ again        │ refused: dropped   │ lost: dropped
//	             ▼              ▼                    ▼
//	           (hop)        what is overdue gets a new message from the watchdog
//
// The ledger decides, a message only nudges. A message that finds nothing to do is dropped, which is always safe: each
// position that waits has a due time in the ledger, and Nudge gives whatever is overdue a new message. So messages may be
// lost, doubled, late or out of order. What can fail, and what happens then:
//
//	crash or timeout in act      the lease ends; the next message claims again, tries + 1, a bounded number of times
//	error in act                 "again later" with the error as the reason, a bounded number of times
//	crash between commit and send  the follow-up is overdue, the watchdog sends it
//	two messages at once         one claim wins; the other's message is dropped
//	a handler that outlived its lease  its writes are refused: the document has moved on
package choreo
