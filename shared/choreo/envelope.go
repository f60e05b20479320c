package choreo

import "time"

// MaxDelay is the longest delay that SQS gives a message (DelaySeconds, 900). Longer waits are
// requeued.
const MaxDelay = 15 * time.Minute

// Envelope is a message on its way into a queue.
type Envelope struct {
	Queue string        // the queue's name in this project: the step that it feeds, such as "drain"
	Body  string        // JSON
	Delay time.Duration // at most MaxDelay
}
