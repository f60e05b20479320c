package contract

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"quickstep/shared/choreo"
)

// Queues is what a step sends with.
type Queues interface {
	Send(ctx context.Context, envelopes ...choreo.Envelope) error
}

// QueuesFixture is a port that may send to two empty queues, and no others.
type QueuesFixture struct {
	Port          Queues
	First, Second string
	// Arrived gives the bodies of the messages that have been received from a queue so far.
	Arrived func(queue string) []string
	Wait    Wait
}

// arrival is how long a message without a delay may take.
const arrival = 5 * time.Second

// ExerciseQueues tests Send.
func ExerciseQueues(t *testing.T, open func(t *testing.T) QueuesFixture) {
	t.Helper()
	exercise(t, open, []part[QueuesFixture]{
		{"a message arrives as it was sent", queueBody},
		{"a message arrives no sooner than its delay", queueDelay},
		{"a part of a second is rounded up", queueRounding},
		{"the longest delay is taken", queueLongest},
		{"a longer delay is refused, and nothing is sent", queueTooLong},
		{"a queue that isn't ours is refused, and nothing is sent", queueUnknown},
		{"an empty body is refused", queueEmpty},
		{"more than ten messages all arrive, once", queueMany},
		{"messages of one call go each to its own queue, after its own delay", queueSeveral},
		{"no messages are no error", queueNothing},
	})
}

// arrives waits until so many messages have arrived, and gives them in order.
func (f QueuesFixture) arrives(t *testing.T, queue string, n int, limit time.Duration) []string {
	t.Helper()
	f.Wait.until(t, fmt.Sprintf("%d messages in %s", n, queue), limit, func() bool { return len(f.Arrived(queue)) >= n })
	return slices.Sorted(slices.Values(f.Arrived(queue)))
}

// nothing fails if anything has arrived anywhere.
func (f QueuesFixture) nothing(t *testing.T) {
	t.Helper()
	f.Wait(arrival)
	if got := append(f.Arrived(f.First), f.Arrived(f.Second)...); len(got) > 0 {
		t.Errorf("%v arrived, want nothing", got)
	}
}

func queueBody(t *testing.T, f QueuesFixture) {
	body := `{"pk":"RUN#1","text":"zwölf \"<&>\" 日本\n"}`
	ok(t, f.Port.Send(t.Context(), choreo.Envelope{Queue: f.First, Body: body}))
	same(t, "it arrived", f.arrives(t, f.First, 1, arrival), []string{body})
}

func queueDelay(t *testing.T, f QueuesFixture) {
	ok(t, f.Port.Send(t.Context(), choreo.Envelope{Queue: f.First, Body: "late", Delay: 4 * time.Second}))
	f.Wait(3 * time.Second)
	if got := f.Arrived(f.First); len(got) > 0 {
		t.Errorf("%v arrived too early", got)
	}
	f.arrives(t, f.First, 1, arrival)
}

func queueRounding(t *testing.T, f QueuesFixture) {
	ok(t, f.Port.Send(t.Context(), choreo.Envelope{Queue: f.First, Body: "late", Delay: 2*time.Second + time.Millisecond}))
	f.Wait(2*time.Second + 500*time.Millisecond)
	if got := f.Arrived(f.First); len(got) > 0 {
		t.Errorf("%v arrived too early", got)
	}
	f.arrives(t, f.First, 1, arrival)
}

func queueLongest(t *testing.T, f QueuesFixture) {
	ok(t, f.Port.Send(t.Context(), choreo.Envelope{Queue: f.First, Body: "much later", Delay: choreo.MaxDelay}))
	f.nothing(t)
}

func queueTooLong(t *testing.T, f QueuesFixture) {
	final(t, "sixteen minutes", f.Port.Send(t.Context(), choreo.Envelope{Queue: f.First, Body: "now"},
		choreo.Envelope{Queue: f.First, Body: "too late", Delay: 16 * time.Minute}))
	f.nothing(t)
}

func queueUnknown(t *testing.T, f QueuesFixture) {
	err := f.Port.Send(t.Context(), choreo.Envelope{Queue: f.First, Body: "now"}, choreo.Envelope{Queue: "nowhere", Body: "now"})
	final(t, "an unknown queue", err)
	if err != nil && !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("the error doesn't name the queue: %v", err)
	}
	f.nothing(t)
}

func queueEmpty(t *testing.T, f QueuesFixture) {
	final(t, "an empty body", f.Port.Send(t.Context(), choreo.Envelope{Queue: f.First}))
}

func queueMany(t *testing.T, f QueuesFixture) {
	var want []string
	var all []choreo.Envelope
	for n := range 23 {
		body := fmt.Sprintf("message %02d", n)
		want = append(want, body)
		all = append(all, choreo.Envelope{Queue: f.First, Body: body})
	}
	ok(t, f.Port.Send(t.Context(), all...))
	f.arrives(t, f.First, len(want), arrival)
	f.Wait(arrival)
	same(t, "they arrived", f.arrives(t, f.First, len(want), 0), want)
}

func queueSeveral(t *testing.T, f QueuesFixture) {
	ok(t, f.Port.Send(t.Context(), choreo.Envelope{Queue: f.First, Body: "a"}, choreo.Envelope{Queue: f.Second, Body: "b"},
		choreo.Envelope{Queue: f.First, Body: "c", Delay: 20 * time.Second}, choreo.Envelope{Queue: f.Second, Body: "d"}))
	same(t, "the second", f.arrives(t, f.Second, 2, arrival), []string{"b", "d"})
	same(t, "the first", f.arrives(t, f.First, 1, arrival), []string{"a"})
	same(t, "the first, later", f.arrives(t, f.First, 2, 25*time.Second), []string{"a", "c"})
}

func queueNothing(t *testing.T, f QueuesFixture) {
	ok(t, f.Port.Send(t.Context()))
	f.nothing(t)
}
