package world

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"quickstep/tests/template"
)

// Lambda's defaults for asynchronous invocations: two retries, after one and two minutes; six hours at most.
const (
	asyncRetries = 2
	asyncMaxAge  = 6 * time.Hour
	asyncPause   = time.Minute
)

// asynchronous is an event that Lambda has taken and will invoke a function with, a few times if it must.
type asynchronous struct {
	inv     *invocation
	payload json.RawMessage
	since   time.Time
	tries   int
}

// InvokeAsync lets Lambda call a function soon, and again with the same request id if it fails. It gives that id.
func (w *World) InvokeAsync(name string, payload json.RawMessage) string {
	f, ok := w.functions[name]
	if !ok {
		panic(fmt.Sprintf("world: the template has no function %q", name))
	}
	inv := w.newInvocation(w.base, f)
	w.After(0, func() { w.async(asynchronous{inv: inv, payload: payload, since: w.now}) })
	return inv.id
}

func (w *World) async(a asynchronous) {
	if a.inv.function.code == nil {
		return
	}
	if w.Throttled != nil && w.Throttled(a.inv.function.Name) {
		w.tally("lambda", "Throttles", 1)
		w.asyncAgain(a, ErrThrottled)
		return
	}
	a.tries++
	attempt := *a.inv
	attempt.deadline = w.now.Add(attempt.function.Timeout)
	w.start(&attempt, a.payload, func(_ json.RawMessage, err error) {
		if err != nil {
			w.asyncAgain(a, err)
		}
	})
}

func (w *World) asyncAgain(a asynchronous, err error) {
	retries, age, destination := asyncRetries, asyncMaxAge, ""
	if set := a.inv.function.Async; set != nil {
		retries, destination = set.Retries, set.OnFailure
		if set.MaxAge > 0 {
			age = set.MaxAge
		}
	}
	pause := asyncPause * time.Duration(max(a.tries, 1))
	if a.tries <= retries && w.now.Add(pause).Sub(a.since) <= age {
		w.After(pause, func() { w.async(a) })
		return
	}
	w.happen(Op{Service: "world", Name: "discarded", Subject: a.inv.function.Name, Invocation: a.inv.id, Err: err})
	if topic, ok := strings.CutPrefix(destination, "topic:"); ok {
		w.Topic(topic).keep("", w.failureRecord(a, err))
	}
}

// failureRecord is what a destination for failed invocations gets.
func (w *World) failureRecord(a asynchronous, err error) string {
	condition := "RetriesExhausted"
	if errors.Is(err, ErrThrottled) {
		condition = "EventAgeExceeded"
	}
	record, _ := json.Marshal(map[string]any{ // strings and the caller's own JSON can always be encoded
		"version": "1.0", "timestamp": w.now.Format(time.RFC3339),
		"requestContext":  map[string]any{"requestId": a.inv.id, "condition": condition, "approximateInvokeCount": a.tries},
		"requestPayload":  a.payload,
		"responsePayload": map[string]string{"errorMessage": err.Error()},
	})
	return string(record)
}

func (w *World) createSchedules() {
	for _, s := range w.stack.Schedules {
		every, ok := rate(s.Expression)
		if !ok || !s.Enabled {
			continue
		}
		first := time.Duration(w.rand.Int64N(int64(every))) // Scheduler counts from whenever the schedule was made
		w.After(first, func() { w.repeat(s, every) })
	}
}

func (w *World) repeat(s template.Schedule, every time.Duration) {
	w.fire(s)
	w.After(every, func() { w.repeat(s, every) })
}

// FireSchedule does what a schedule does when its time comes, whether it is enabled or not. The name is that of the
// event in the template.
func (w *World) FireSchedule(function, name string) {
	i := slices.IndexFunc(w.stack.Schedules, func(s template.Schedule) bool { return s.Function == function && s.Name == name })
	if i < 0 {
		panic(fmt.Sprintf("world: %s has no schedule %q", function, name))
	}
	w.fire(w.stack.Schedules[i])
}

// fire gives a schedule's event to its function, unless nobody has given that its code.
func (w *World) fire(s template.Schedule) {
	if w.functions[s.Function].code == nil {
		return
	}
	input := s.Input
	if input == "" {
		input = "{}"
	}
	at := w.now.Truncate(time.Second).Format(time.RFC3339)
	input = strings.NewReplacer(
		"<aws.scheduler.scheduled-time>", at,
		"<aws.scheduler.schedule-arn>", arn("scheduler", "schedule/default/"+s.Name),
	).Replace(input)
	w.InvokeAsync(s.Function, json.RawMessage(input))
}

// rate reads "rate(5 minutes)". Other expressions have no times of their own here: FireSchedule.
func rate(expression string) (time.Duration, bool) {
	inner, ok := strings.CutPrefix(strings.TrimSuffix(expression, ")"), "rate(")
	number, unit, found := strings.Cut(inner, " ")
	n, err := strconv.Atoi(number)
	if !ok || !found || err != nil || n < 1 {
		return 0, false
	}
	units := map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}
	every := units[strings.TrimSuffix(unit, "s")]
	return time.Duration(n) * every, every > 0
}
