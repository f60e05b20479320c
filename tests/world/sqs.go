package world

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/transient"
)

// Queues is SQS as one function sees it: it sends to the queues that its environment names, and to no other.
type Queues struct {
	world *World
	urls  map[string]string // queue by the name in its variable
	owner string
}

// Queues are the queues that a function's environment names in variables such as DRAIN_QUEUE.
func (w *World) Queues(function string) *Queues {
	f, ok := w.functions[function]
	if !ok {
		panic(fmt.Sprintf("world: the template has no function %q", function))
	}
	urls := map[string]string{}
	for variable, value := range f.Environment {
		if name, ok := strings.CutSuffix(variable, "_QUEUE"); ok {
			urls[strings.ToLower(name)] = strings.TrimPrefix(value, "queue:")
		}
	}
	return &Queues{world: w, urls: urls, owner: function}
}

// Send sends messages: one by SendMessage, more to a queue by SendMessageBatch, ten a call. Nothing is sent if one
// of them has no queue or too long a delay. Otherwise all calls are made, whatever becomes of each.
func (s *Queues) Send(ctx context.Context, envelopes ...choreo.Envelope) error {
	for _, e := range envelopes {
		if err := s.allowed(e); err != nil {
			return fmt.Errorf("send to %s: %w", e.Queue, err)
		}
	}
	var failures []error
	calls := batches(envelopes)
	for _, batch := range calls {
		if err := s.send(ctx, batch); err != nil {
			failures = append(failures, fmt.Errorf("send %d messages to %s: %w", len(batch), batch[0].Queue, err))
		}
	}
	switch {
	case len(failures) == 0:
		return nil
	case len(calls) == 1:
		return failures[0]
	case slices.ContainsFunc(failures, func(err error) bool { return !transient.Is(err) }):
		return fmt.Errorf("%v", failures) // %w would let the mark of one speak for all
	}
	return transient.Mark(fmt.Errorf("%v", failures))
}

// allowed says whether SQS would take a message from this function.
func (s *Queues) allowed(e choreo.Envelope) error {
	switch {
	case s.world.queues[s.urls[e.Queue]] == nil:
		return fmt.Errorf("AccessDenied: the environment of %s names no queue %q", s.owner, e.Queue)
	case e.Delay > choreo.MaxDelay:
		return fmt.Errorf("InvalidParameterValue: a delay of %s; %s is possible", e.Delay, choreo.MaxDelay)
	case e.Body == "" || len(e.Body) > maxMessageSize:
		return fmt.Errorf("InvalidParameterValue: %d bytes; 1 to %d are possible", len(e.Body), maxMessageSize)
	}
	return nil
}

// batches puts together what one call can send, in the order of the first of each queue.
func batches(envelopes []choreo.Envelope) [][]choreo.Envelope {
	var all [][]choreo.Envelope
	open := map[string]int{} // queue → its last batch
	size := map[string]int{} // queue → the bytes of that
	for _, e := range envelopes {
		i, ok := open[e.Queue]
		if !ok || len(all[i]) == maxBatch || size[e.Queue]+len(e.Body) > maxMessageSize {
			i = len(all)
			open[e.Queue], size[e.Queue] = i, 0
			all = append(all, nil)
		}
		all[i] = append(all[i], e)
		size[e.Queue] += len(e.Body)
	}
	return all
}

func (s *Queues) send(ctx context.Context, batch []choreo.Envelope) error {
	w := s.world
	op := Op{Service: "sqs", Name: "Send", Subject: batch[0].Queue, Detail: w.say("%+v", batch)}
	return w.effect(ctx, op, func(*Op) error {
		depth := 0
		if inv := invocationOf(ctx); inv != nil {
			depth = inv.depth
		}
		w.tally("sqs", "Messages", len(batch))
		for _, e := range batch {
			delay := (max(e.Delay, 0) + time.Second - 1).Truncate(time.Second) // DelaySeconds are whole
			w.put(w.queues[s.urls[e.Queue]], &message{body: e.Body, sent: w.now, depth: depth}, delay)
		}
		return nil
	})
}
