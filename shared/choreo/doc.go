// Package choreo moves items from queue to queue: claim, act, commit, send. It is the whole protocol, once, for anything
// that has a Position, and it knows none of their words.
//
//	message ──► ours? ──► too early? ──► claim ──► act ──► commit ──► send ──► message …
//	             │ no: dropped  │ again    │ refused: dropped   │ lost: dropped
//	             ▼              ▼          ▼                    ▼
//	           (stray)        (hop)    what is overdue gets a new message from the watchdog
//
// The ledger decides, a message only nudges. A message that finds nothing to do is dropped, which is always safe: each
// position that waits has a due time in the ledger, and Nudge gives whatever is overdue a new message. So messages may be
// lost, doubled, late or out of order. What can fail, and what happens then:
//
//	crash or timeout in act      the lease ends; the next message claims again, tries + 1, a bounded number of times
//	error in act                 "again later" with the error as the reason, a bounded number of times
//	crash between commit and send  the follow-up is overdue, the watchdog sends it
//	two messages at once         one claim wins; the other's message is dropped
//	a message in another queue   dropped: a mover takes its own queue's steps and kind of item
//	one that doesn't wait        dropped: a position is taken up when it is due
//	one that waits too long      it looks at its item, and waits no longer than that
//	dead letters, many at once   one a minute is given back as it was, no try or nudge used up
//	a handler that outlived its lease  its writes are refused: the document has moved on
package choreo
