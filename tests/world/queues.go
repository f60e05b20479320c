package world

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"quickstep/tests/template"
)

// SQS's own defaults and limits.
const (
	defaultVisibility = 30 * time.Second
	defaultRetention  = 4 * 24 * time.Hour
	maxMessageSize    = 1 << 20
	maxBatch          = 10
)

type queue struct {
	template.Queue
	consumer *function
	messages map[int]*message // by number, those under way included
}

type message struct {
	number    int
	body      string
	sent      time.Time // retention counts from here, also after a redrive
	visible   time.Time // hidden until then: delayed, or received
	receives  int
	depth     int    // of the chain of invocations that sent it
	deadFrom  string // the queue that gave it up
	withdrawn bool   // purged, deleted, expired or moved
}

func (m *message) id() string { return fmt.Sprintf("5e5d0000-0000-4000-8000-%012x", m.number) }

func (w *World) createQueues() {
	for name, q := range w.stack.Queues {
		q.Name = name
		q.Visibility = cmp.Or(q.Visibility, defaultVisibility)
		q.Retention = cmp.Or(q.Retention, defaultRetention)
		if _, ok := w.stack.Queues[q.Dead]; q.Dead != "" && !ok {
			panic(fmt.Sprintf("world: queue %s redrives to %q, which doesn't exist", name, q.Dead))
		}
		if dead := w.stack.Queues[q.Dead]; q.Dead != "" && !dead.Takes(q) {
			panic(fmt.Sprintf("world: InvalidParameterValue: queue %s doesn't let %s redrive to it", q.Dead, name))
		}
		w.queues[name] = &queue{Queue: q, messages: map[int]*message{}}
	}
}

// put takes a message into a queue.
func (w *World) put(q *queue, m *message, delay time.Duration) {
	w.messages++
	m.number = w.messages
	m.visible = w.now.Add(delay)
	q.messages[m.number] = m
	w.deliverAt(q, m)
}

// deliverAt plans a delivery for the time at which a message becomes visible.
func (w *World) deliverAt(q *queue, m *message) {
	if q.consumer != nil {
		w.At(m.visible.Add(w.latency(q.Name)), func() { w.deliver(q, m) })
	}
}

// latency is like SQS's and Lambda's own: 16 ms in the middle, more than 100 ms for one in a thousand.
func (w *World) latency(queue string) time.Duration {
	if w.Latency != nil {
		return w.Latency(queue)
	}
	return 8*time.Millisecond + time.Duration(w.rand.ExpFloat64()*float64(14*time.Millisecond))
}

// live says that a message can still be delivered, and drops it when the queue has kept it long enough.
func (w *World) live(q *queue, m *message) bool {
	if !m.withdrawn && w.now.Sub(m.sent) > q.Retention {
		q.drop(m)
		w.happen(Op{Service: "world", Name: "expired", Subject: q.Name, Detail: m.body})
	}
	return !m.withdrawn
}

func (q *queue) drop(m *message) {
	m.withdrawn = true
	delete(q.messages, m.number)
}

// redrive moves a message to the dead letters of its queue; without any it is lost.
func (w *World) redrive(q *queue, m *message) {
	q.drop(m)
	w.tally("sqs", "DeadLetters", 1)
	w.happen(Op{Service: "world", Name: "redriven", Subject: q.Name, Detail: m.body})
	if q.Dead != "" {
		w.put(w.queues[q.Dead], &message{body: m.body, sent: m.sent, depth: m.depth, deadFrom: q.Name}, 0)
	}
}

// ordered are a queue's messages, oldest first.
func (w *World) ordered(q *queue) []*message {
	var all []*message
	for _, number := range slices.Sorted(maps.Keys(q.messages)) {
		if m := q.messages[number]; w.live(q, m) {
			all = append(all, m)
		}
	}
	return all
}

func (w *World) queue(name string) *queue {
	q, ok := w.queues[name]
	if !ok {
		panic(fmt.Sprintf("world: the template has no queue %q, only %v", name, slices.Sorted(maps.Keys(w.queues))))
	}
	return q
}

// Depth is how many messages a queue holds, delayed ones and those under way included.
func (w *World) Depth(name string) int { return len(w.ordered(w.queue(name))) }

// Peek shows the bodies of the messages that a queue holds, oldest first.
func (w *World) Peek(name string) []string {
	var bodies []string
	for _, m := range w.ordered(w.queue(name)) {
		bodies = append(bodies, m.body)
	}
	return bodies
}

// Put puts a message into a queue by hand.
func (w *World) Put(name, body string, delay time.Duration) {
	w.happen(Op{Service: "hand", Name: "Put", Subject: name, Detail: body})
	w.put(w.queue(name), &message{body: body, sent: w.now}, delay)
}

// Purge empties a queue; messages under way are lost with it.
func (w *World) Purge(name string) {
	q := w.queue(name)
	for _, m := range q.messages {
		m.withdrawn = true
	}
	clear(q.messages)
	w.happen(Op{Service: "hand", Name: "Purge", Subject: name})
}

// PurgeAll empties every queue.
func (w *World) PurgeAll() {
	for _, name := range slices.Sorted(maps.Keys(w.queues)) {
		w.Purge(name)
	}
}
