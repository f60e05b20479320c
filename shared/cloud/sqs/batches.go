package sqs

import "quickstep/shared/choreo"

const (
	maxEntries = 10      // messages of one SendMessageBatch
	maxBytes   = 1 << 20 // of one message, and of all messages of one SendMessageBatch
)

// batches splits messages into what one call takes, each for one queue, keeping the order within a queue.
func batches(messages []choreo.Envelope) [][]choreo.Envelope {
	var all [][]choreo.Envelope
	last := map[string]int{} // queue → its unfinished batch in all
	size := map[string]int{} // and the bytes of that
	for _, m := range messages {
		i, ok := last[m.Queue]
		if !ok || len(all[i]) == maxEntries || size[m.Queue]+len(m.Body) > maxBytes {
			i = len(all)
			all = append(all, nil)
			last[m.Queue], size[m.Queue] = i, 0
		}
		all[i] = append(all[i], m)
		size[m.Queue] += len(m.Body)
	}
	return all
}
