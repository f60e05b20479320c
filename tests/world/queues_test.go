package world_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/transient"
	"quickstep/tests/template"
	"quickstep/tests/world"
)

func TestAMessageIsDeliveredAfterItsDelay(t *testing.T) {
	w := newWorld(t)
	var s seen
	w.Handle("reboot", s.note(w, nil))
	send(t, w, "drain", choreo.Envelope{Queue: "reboot", Body: "later", Delay: 90 * time.Second})
	w.Advance(time.Hour)
	if len(s.at) != 1 || s.at[0].Sub(began) < 90*time.Second || s.at[0].Sub(began) > 91*time.Second {
		t.Fatalf("delivered at %v", s.at)
	}
	if s.last.Attributes["ApproximateReceiveCount"] != "1" || s.last.MessageId == "" {
		t.Errorf("record %+v", s.last)
	}
	if w.Depth("reboot") != 0 || w.Count("sqs.Send") != 1 || w.Count("sqs.Messages") != 1 {
		t.Errorf("depth %d, counts %v", w.Depth("reboot"), w.Counts())
	}
}

func TestSQSRefuses(t *testing.T) {
	w := newWorld(t)
	for name, e := range map[string]choreo.Envelope{
		"a delay of more than 15 minutes":           {Queue: "reboot", Body: "x", Delay: choreo.MaxDelay + time.Second},
		"a message of more than a MiB":              {Queue: "reboot", Body: strings.Repeat("x", 1<<20+1)},
		"an empty message":                          {Queue: "reboot"},
		"a queue that the environment doesn't name": {Queue: "dead", Body: "x"},
	} {
		if err := w.Queues("drain").Send(ctx, e); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if w.Depth("reboot")+w.Depth("dead") != 0 {
		t.Error("something was sent")
	}
}

func TestABatchIsTenMessagesACallAndQueue(t *testing.T) {
	w := newWorld(t)
	var many []choreo.Envelope
	for range 12 {
		many = append(many, choreo.Envelope{Queue: "reboot", Body: "r"}, choreo.Envelope{Queue: "drain", Body: "d"})
	}
	if err := w.Queues("drain").Send(ctx, many...); err != nil {
		t.Fatal(err)
	}
	if w.Count("sqs.Send") != 4 || w.Depth("reboot") != 12 || w.Depth("drain") != 12 {
		t.Errorf("%d calls, %d and %d messages", w.Count("sqs.Send"), w.Depth("reboot"), w.Depth("drain"))
	}
}

func TestAFailedMessageComesBackAndEndsInTheDeadLetters(t *testing.T) {
	w := newWorld(t)
	var s, dead seen
	w.Handle("reboot", s.note(w, func(context.Context, string) error { return errors.New("no") }))
	w.Handle("triage", dead.note(w, nil))
	w.Put("reboot", "poison", 0)
	w.Advance(time.Hour)
	if len(s.at) != 3 || s.at[1].Sub(s.at[0]).Round(time.Second) != 6*time.Minute {
		t.Errorf("received at %v", s.at)
	}
	if !slices.Equal(dead.bodies, []string{"poison"}) ||
		!strings.HasSuffix(dead.last.Attributes["DeadLetterQueueSourceArn"], ":reboot") {
		t.Errorf("dead letters %v %v", dead.bodies, dead.last.Attributes)
	}
	if w.Count("lambda.Errors") != 3 || w.Count("sqs.DeadLetters") != 1 {
		t.Errorf("counts %v", w.Counts())
	}
}

func TestAThrottledFunctionCountsAReceiveAndRunsNoCode(t *testing.T) {
	w := newWorld(t)
	var s seen
	w.Handle("reboot", s.note(w, nil))
	w.Throttled = func(function string) bool { return function == "reboot" }
	w.Put("reboot", "m", 0)
	w.Advance(time.Hour)
	if len(s.bodies) != 0 || !slices.Equal(w.Peek("dead"), []string{"m"}) {
		t.Errorf("seen %v, dead %v", s.bodies, w.Peek("dead"))
	}
}

func TestADuplicateIsDeliveredThoughTheFirstWasProcessed(t *testing.T) {
	w := newWorld(t)
	var s seen
	w.Handle("reboot", s.note(w, nil))
	w.Duplicate = func(queue string) bool { return queue == "reboot" }
	w.Put("reboot", "m", 0)
	w.Advance(time.Hour)
	if !slices.Equal(s.bodies, []string{"m", "m"}) {
		t.Errorf("delivered %v", s.bodies)
	}
}

func TestAPurgeLosesDelayedMessagesToo(t *testing.T) {
	w := newWorld(t)
	var s seen
	w.Handle("reboot", s.note(w, nil))
	w.Put("reboot", "m", time.Minute)
	w.PurgeAll()
	w.Advance(time.Hour)
	if len(s.bodies) != 0 || w.Depth("reboot") != 0 {
		t.Errorf("delivered %v", s.bodies)
	}
}

func TestAMessageIsKeptAsLongAsItsQueueSays(t *testing.T) {
	w := newWorld(t)
	w.Put("dead", "m", 0)
	w.Advance(336 * time.Hour)
	if w.Depth("dead") != 1 {
		t.Error("lost too early")
	}
	w.Advance(time.Second)
	if w.Depth("dead") != 0 {
		t.Error("kept too long")
	}
}

func TestLambdaBreaksOffALongChainUnlessItIsAllowed(t *testing.T) {
	for _, c := range []struct {
		allow string
		want  int
	}{{"", 16}, {"Allow", 40}} {
		w := newWorld(t, func(s *template.Stack) {
			f := s.Functions["drain"]
			f.RecursiveLoop = c.allow
			s.Functions["drain"] = f
		})
		var s seen
		w.Handle("drain", s.note(w, func(ctx context.Context, body string) error {
			if len(s.bodies) == 40 {
				return nil
			}
			return w.Queues("drain").Send(ctx, choreo.Envelope{Queue: "drain", Body: body})
		}))
		w.Put("drain", "m", 0)
		w.Advance(time.Hour)
		if len(s.bodies) != c.want {
			t.Errorf("RecursiveLoop %q: %d invocations, want %d", c.allow, len(s.bodies), c.want)
		}
		if w.Depth("dead") != w.Count("lambda.RecursionsStopped") {
			t.Errorf("RecursiveLoop %q: %d dead letters", c.allow, w.Depth("dead"))
		}
	}
}

func TestWhatASendOfSeveralCallsSaysOfItsFaults(t *testing.T) {
	both := []choreo.Envelope{{Queue: "drain", Body: "d"}, {Queue: "reboot", Body: "r"}}
	w := newWorld(t)
	w.Fault = func(op world.Op) world.Fault {
		if op.Subject == "drain" {
			return world.Throttle
		}
		return world.None
	}
	err := w.Queues("drain").Send(ctx, both...)
	if !transient.Is(err) || transient.IsNotApplied(err) || w.Depth("drain") != 0 || w.Depth("reboot") != 1 {
		t.Errorf("%v; depths %d and %d", err, w.Depth("drain"), w.Depth("reboot"))
	}
	if err := w.Queues("drain").Send(ctx, both[0]); !transient.IsNotApplied(err) {
		t.Errorf("one refused call: %v", err)
	}
}

// TestADeadLetterQueueMayRefuseOthers: SQS takes a redrive policy only if the dead-letter queue lets that queue
// name it.
func TestADeadLetterQueueMayRefuseOthers(t *testing.T) {
	for name, refused := range map[string]bool{"quickstep-drain": false, "somebody-elses": true, "": true} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if got := recover(); (got != nil) != refused {
					t.Errorf("refused: %v", got)
				}
			}()
			newWorld(t, func(s *template.Stack) {
				drain, dead := s.Queues["drain"], s.Queues["dead"]
				drain.QueueName, dead.Permits = name, "byQueue"
				dead.Sources = []string{"arn:aws:sqs:us-east-1:123456789012:quickstep-drain"}
				s.Queues = map[string]template.Queue{"drain": drain, "dead": dead}
				s.Functions = nil
				s.Schedules = nil
			})
		})
	}
}
