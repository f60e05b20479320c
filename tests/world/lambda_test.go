package world_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"quickstep/shared/choreo"
	"quickstep/tests/template"
	"quickstep/tests/world"
)

func TestInvokeGivesTheAnswer(t *testing.T) {
	w := newWorld(t)
	ids := map[string]bool{}
	w.Handle("tick", func(ctx context.Context, event json.RawMessage) (any, error) {
		lc, _ := lambdacontext.FromContext(ctx)
		ids[lc.AwsRequestID] = true
		deadline, _ := ctx.Deadline()
		return map[string]any{"got": event, "left": deadline.Sub(w.Now()).String()}, nil
	})
	for range 2 {
		out, err := w.Invoke(ctx, "tick", json.RawMessage(`{"a":1}`))
		if err != nil || string(out) != `{"got":{"a":1},"left":"50s"}` {
			t.Errorf("answer %s, %v", out, err)
		}
	}
	if len(ids) != 2 {
		t.Errorf("request ids %v", ids)
	}
	if _, err := w.Invoke(ctx, "reboot", nil); err == nil {
		t.Error("a function without code answered")
	}
}

func TestAScheduleInvokesItsFunction(t *testing.T) {
	w := newWorld(t)
	var events []string
	w.Handle("tick", func(_ context.Context, event json.RawMessage) (any, error) {
		events = append(events, string(event))
		return nil, nil
	})
	w.Advance(10 * time.Minute)
	if len(events) != 10 || !strings.HasPrefix(events[0], `{"at":"2026-01-05T02:00`) {
		t.Errorf("invoked with %v", events)
	}
}

func TestAnAsynchronousInvocationIsRetriedThenSentToItsDestination(t *testing.T) {
	w := newWorld(t, func(s *template.Stack) {
		f := s.Functions["tick"]
		f.Async = &template.Async{Retries: 2, OnFailure: "topic:alarm"}
		s.Functions["tick"] = f
		s.Schedules = nil
	})
	var ids []string
	w.Handle("tick", func(ctx context.Context, _ json.RawMessage) (any, error) {
		ids = append(ids, choreo.Invocation(ctx))
		return nil, errors.New("out of order")
	})
	id := w.InvokeAsync("tick", json.RawMessage(`{"fleet":"web"}`))
	w.Advance(time.Hour)
	if !slices.Equal(ids, []string{id, id, id}) {
		t.Errorf("invoked as %v, want three times %s", ids, id)
	}
	notes := w.Published("alarm")
	if len(notes) != 1 || !strings.Contains(notes[0].Text, "out of order") ||
		!strings.Contains(notes[0].Text, `{"fleet":"web"}`) {
		t.Errorf("published %+v", notes)
	}
}

func TestLambdaReadsWhichMessagesOfABatchFailed(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer func(ids []string) any
		again  int // of three messages
	}{
		{"null is success", func([]string) any { return nil }, 0},
		{"a null list is success", func([]string) any { return events.SQSEventResponse{} }, 0},
		{"one comes back", func(ids []string) any { return failed(ids[1]) }, 1},
		{"an unknown one brings all back", func([]string) any { return failed("nobody") }, 3},
		{"an empty one brings all back", func([]string) any { return failed("") }, 3},
		{"an unreadable answer brings all back", func([]string) any { return "ok" }, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, func(s *template.Stack) {
				f := s.Functions["reboot"]
				f.Source = &template.EventSource{Queue: "reboot", BatchSize: 3, PartialFailures: true}
				s.Functions["reboot"] = f
			})
			w.Handle("reboot", func(_ context.Context, event json.RawMessage) (any, error) {
				var e events.SQSEvent
				if err := json.Unmarshal(event, &e); err != nil {
					return nil, err
				}
				var ids []string
				for _, r := range e.Records {
					ids = append(ids, r.MessageId)
				}
				return c.answer(ids), nil
			})
			w.Latency = func(string) time.Duration { return time.Millisecond }
			for i := range 3 {
				w.Put("reboot", fmt.Sprint(i), 0)
			}
			w.Advance(time.Minute)
			if w.Depth("reboot") != c.again {
				t.Errorf("%d messages are left, want %d", w.Depth("reboot"), c.again)
			}
		})
	}
}

func failed(id string) events.SQSEventResponse {
	return events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{{ItemIdentifier: id}}}
}

func TestAPanicIsAFailedInvocation(t *testing.T) {
	w := newWorld(t)
	w.Handle("tick", func(context.Context, json.RawMessage) (any, error) { panic("a bug") })
	if _, err := w.Invoke(ctx, "tick", nil); err == nil || !strings.Contains(err.Error(), "a bug") {
		t.Errorf("error %v", err)
	}
}

func TestAFunctionWithoutTheTemplateIsAMistake(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	newWorld(t).Handle("rebot", nil)
}

func TestAQueueThatRedrivesNowhereIsAMistake(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	world.New(&template.Stack{Queues: map[string]template.Queue{"drain": {Dead: "ded"}}}, world.Virtual(began), 1)
}
