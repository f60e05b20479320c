package world

import (
	"encoding/json"
	"slices"
	"strconv"

	"github.com/aws/aws-lambda-go/events"
)

// chainLimit is how many invocations of one chain Lambda allows before it takes it for an accident.
const chainLimit = 16

// deliver gives a message, if it is visible, to the function that its queue feeds.
func (w *World) deliver(q *queue, m *message) {
	if !w.live(q, m) || m.visible.After(w.now) || q.consumer.code == nil {
		return
	}
	var batch []*message
	for _, m := range w.visible(q, m) {
		if w.receive(q, m) {
			batch = append(batch, m)
		}
	}
	if len(batch) == 0 {
		return
	}
	if w.Duplicate != nil && w.Duplicate(q.Name) {
		w.tally("sqs", "Duplicates", 1)
		w.After(w.latency(q.Name), func() { w.again(q, batch) })
	}
	w.trigger(q, batch)
}

// visible are m and as many others as the batch size allows.
func (w *World) visible(q *queue, m *message) []*message {
	batch := []*message{m}
	if q.consumer.Source.BatchSize <= 1 {
		return batch
	}
	for _, other := range w.ordered(q) {
		if other != m && !other.visible.After(w.now) && len(batch) < q.consumer.Source.BatchSize {
			batch = append(batch, other)
		}
	}
	return batch
}

// receive hides a message for the visibility timeout, or moves it to the dead letters: it has been received too often.
func (w *World) receive(q *queue, m *message) bool {
	if q.Dead != "" && m.receives >= q.MaxReceives {
		w.redrive(q, m)
		return false
	}
	m.receives++
	m.visible = w.now.Add(q.Visibility)
	w.deliverAt(q, m)
	return true
}

// again delivers what has been delivered already, perhaps processed even: SQS delivers at least once.
func (w *World) again(q *queue, batch []*message) {
	for _, m := range batch {
		m.receives++
	}
	w.trigger(q, batch)
}

// trigger invokes the function with a batch. Throttled, or in a chain that Lambda takes for an accident, no code runs.
func (w *World) trigger(q *queue, batch []*message) {
	f := q.consumer
	w.tally("sqs", "Deliveries", len(batch))
	if w.Throttled != nil && w.Throttled(f.Name) {
		w.tally("lambda", "Throttles", 1)
		return
	}
	inv := w.newInvocation(w.base, f)
	for _, m := range batch {
		inv.depth = max(inv.depth, m.depth+1)
	}
	if inv.depth > chainLimit && f.RecursiveLoop != "Allow" {
		w.tally("lambda", "RecursionsStopped", 1)
		for _, m := range batch {
			if !m.withdrawn {
				w.redrive(q, m)
			}
		}
		return
	}
	event, err := json.Marshal(w.sqsEvent(q, batch))
	if err != nil {
		panic(err) // strings and numbers
	}
	w.start(inv, event, func(out json.RawMessage, err error) { w.settle(q, batch, out, err) })
}

func (w *World) sqsEvent(q *queue, batch []*message) events.SQSEvent {
	var event events.SQSEvent
	for _, m := range batch {
		record := events.SQSMessage{
			MessageId:      m.id(),
			ReceiptHandle:  m.id() + "#" + strconv.Itoa(m.receives),
			Body:           m.body,
			EventSource:    "aws:sqs",
			EventSourceARN: arn("sqs", q.Name),
			AWSRegion:      "us-east-1",
			Attributes: map[string]string{
				"ApproximateReceiveCount": strconv.Itoa(m.receives),
				"SentTimestamp":           strconv.FormatInt(m.sent.UnixMilli(), 10),
			},
		}
		if m.deadFrom != "" {
			record.Attributes["DeadLetterQueueSourceArn"] = arn("sqs", m.deadFrom)
		}
		event.Records = append(event.Records, record)
	}
	return event
}

// settle deletes the messages that were processed. The others come back when their visibility timeout ends.
func (w *World) settle(q *queue, batch []*message, out json.RawMessage, err error) {
	if err != nil {
		return
	}
	failed, all := failures(q, batch, out)
	if all {
		return
	}
	for _, m := range batch {
		if !slices.Contains(failed, m.id()) && !m.withdrawn {
			q.drop(m)
		}
	}
}

// failures reads which messages of a batch failed. Lambda takes a null or empty list for success, and an answer that it
// can't read, or that names a message that it didn't send, for the failure of all.
func failures(q *queue, batch []*message, out json.RawMessage) (failed []string, all bool) {
	if !q.consumer.Source.PartialFailures {
		return nil, false
	}
	var response events.SQSEventResponse
	if json.Unmarshal(out, &response) != nil {
		return nil, true
	}
	for _, f := range response.BatchItemFailures {
		if !slices.ContainsFunc(batch, func(m *message) bool { return m.id() == f.ItemIdentifier }) {
			return nil, true
		}
		failed = append(failed, f.ItemIdentifier)
	}
	return failed, false
}
