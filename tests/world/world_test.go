package world_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"quickstep/shared/choreo"
	"quickstep/tests/template"
	"quickstep/tests/world"
)

var (
	began = time.Date(2026, 1, 5, 2, 0, 0, 0, time.UTC)
	ctx   = context.Background()
)

// newWorld is two functions in a ring, each fed by a queue and sending to the other's, and the dead letters.
func newWorld(t *testing.T, change ...func(*template.Stack)) *world.World {
	t.Helper()
	stack := &template.Stack{
		Functions: map[string]template.Function{
			"drain":  fed("drain", "REBOOT_QUEUE", "queue:reboot", "DRAIN_QUEUE", "queue:drain"),
			"reboot": fed("reboot", "DRAIN_QUEUE", "queue:drain"),
			"triage": fed("dead"),
			"tick":   {Timeout: 50 * time.Second},
		},
		Queues: map[string]template.Queue{
			"drain":  {Visibility: 6 * time.Minute, Retention: 96 * time.Hour, Dead: "dead", MaxReceives: 3},
			"reboot": {Visibility: 6 * time.Minute, Retention: 96 * time.Hour, Dead: "dead", MaxReceives: 3},
			"dead":   {Visibility: 6 * time.Minute, Retention: 336 * time.Hour},
		},
		Schedules: []template.Schedule{{
			Function: "tick", Name: "Minute", Expression: "rate(1 minute)", Enabled: true,
			Input: `{"at":"<aws.scheduler.scheduled-time>"}`,
		}},
	}
	for _, c := range change {
		c(stack)
	}
	w := world.New(stack, world.Virtual(began), 1)
	t.Cleanup(w.Close)
	return w
}

func fed(queue string, environment ...string) template.Function {
	f := template.Function{
		Timeout: time.Minute, RecursiveLoop: "Allow", Environment: map[string]string{},
		Source: &template.EventSource{Queue: queue, BatchSize: 1, PartialFailures: true},
	}
	for i := 0; i < len(environment); i += 2 {
		f.Environment[environment[i]] = environment[i+1]
	}
	return f
}

// seen records what a function is given.
type seen struct {
	bodies []string
	at     []time.Time
	last   events.SQSMessage
}

// note makes a function that records its messages and then does something.
func (s *seen) note(w *world.World, do func(ctx context.Context, body string) error) func(context.Context, json.RawMessage) (any, error) {
	return func(ctx context.Context, event json.RawMessage) (any, error) {
		var e events.SQSEvent
		if err := json.Unmarshal(event, &e); err != nil {
			return nil, err
		}
		for _, r := range e.Records {
			s.bodies, s.at, s.last = append(s.bodies, r.Body), append(s.at, w.Now()), r
			if do == nil {
				continue
			}
			if err := do(ctx, r.Body); err != nil {
				return nil, err
			}
		}
		return events.SQSEventResponse{}, nil
	}
}

func send(t *testing.T, w *world.World, from string, e choreo.Envelope) {
	t.Helper()
	if err := w.Queues(from).Send(ctx, e); err != nil {
		t.Fatal(err)
	}
}

func TestRunSaysWhenSomethingDoesNotComeTrue(t *testing.T) {
	w := newWorld(t)
	if err := w.Run(func() bool { return false }, time.Hour); !errors.Is(err, world.ErrNotYet) {
		t.Errorf("error %v", err)
	}
	if got := w.Now().Sub(began); got != time.Hour {
		t.Errorf("an hour took %s", got)
	}
}

func TestWhatIsPlannedHappensInItsOrder(t *testing.T) {
	w := newWorld(t)
	order := ""
	w.After(2*time.Second, func() { order += "c" })
	w.After(time.Second, func() { order += "a" })
	w.After(time.Second, func() { order += "b" })
	w.Advance(time.Minute)
	if order != "abc" {
		t.Errorf("order %q", order)
	}
}

func TestTheSameSeedGivesTheSameLog(t *testing.T) {
	story := func() string {
		w := newWorld(t)
		var s seen
		w.Handle("drain", s.note(w, func(ctx context.Context, body string) error {
			return w.Queues("drain").Send(ctx, choreo.Envelope{Queue: "reboot", Body: body})
		}))
		w.Handle("reboot", s.note(w, func(context.Context, string) error { return errors.New("no") }))
		w.Duplicate = w.Sometimes(0.5)
		for range 20 {
			w.Put("drain", "m", 0)
		}
		w.Advance(time.Hour)
		log := ""
		for _, op := range w.Log() {
			log += op.String() + op.Invocation + "\n"
		}
		return log
	}
	if first, second := story(), story(); first != second || first == "" {
		t.Errorf("two worlds of one seed differ:\n%s\n%s", first, second)
	}
}
