package world

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"quickstep/tests/template"
)

// How an invocation can end other than by its own word.
var (
	ErrCrashed   = errors.New("the function crashed")
	ErrTimedOut  = errors.New("the function's time was up")
	ErrThrottled = errors.New("the function was throttled")
)

// Code is what a Lambda function runs: it takes an event and gives a JSON answer.
type Code func(ctx context.Context, event json.RawMessage) (any, error)

type function struct {
	template.Function
	code Code
}

// defaultTimeout is Lambda's.
const defaultTimeout = 3 * time.Second

func (w *World) createFunctions() {
	for name, f := range w.stack.Functions {
		f.Name = name
		if f.Timeout == 0 {
			f.Timeout = defaultTimeout
		}
		w.functions[name] = &function{Function: f}
		if f.Source == nil {
			continue
		}
		q, ok := w.queues[f.Source.Queue]
		if !ok || q.consumer != nil {
			panic(fmt.Sprintf("world: %s can't be fed by queue %q: it doesn't exist or feeds another function", name, f.Source.Queue))
		}
		q.consumer = w.functions[name]
	}
}

// Handle gives a function of the template its code.
func (w *World) Handle(name string, code func(ctx context.Context, event json.RawMessage) (any, error)) {
	f, ok := w.functions[name]
	if !ok {
		panic(fmt.Sprintf("world: the template has no function %q, only %v", name, slices.Sorted(maps.Keys(w.functions))))
	}
	f.code = code
}

// Invoke calls a function and waits for its answer; on the virtual clock the world goes on meanwhile.
func (w *World) Invoke(ctx context.Context, name string, payload json.RawMessage) (json.RawMessage, error) {
	type answer struct {
		out json.RawMessage
		err error
	}
	answers := make(chan answer, 1)
	var missing error
	w.Do(func() {
		f, ok := w.functions[name]
		if !ok || f.code == nil {
			missing = fmt.Errorf("invoke %s: ResourceNotFoundException: no such function", name)
			return
		}
		if w.Throttled != nil && w.Throttled(name) {
			w.tally("lambda", "Throttles", 1)
			missing = fmt.Errorf("invoke %s: %w", name, ErrThrottled)
			return
		}
		inv := w.newInvocation(ctx, f)
		w.start(inv, payload, func(out json.RawMessage, err error) { answers <- answer{out, err} })
	})
	if missing != nil {
		return nil, missing
	}
	for w.clock.virtual() && len(answers) == 0 {
		if !w.Step() {
			return nil, fmt.Errorf("invoke %s: %w", name, ErrCrashed) // the world was closed
		}
	}
	a := <-answers
	return a.out, a.err
}

// invocation is one run of a function's code.
type invocation struct {
	id       string
	function *function
	parent   context.Context
	deadline time.Time
	depth    int // in the chain of SQS and Lambda that led here
	dead     bool
	frozen   bool                     // it has stood still once
	fault    Fault                    // of which it died
	yield    func(time.Duration) bool // lets the world go on; nil if the invocation runs at once
}

func (w *World) newInvocation(parent context.Context, f *function) *invocation {
	w.invocations++
	return &invocation{
		id:       fmt.Sprintf("%08x-0000-4000-8000-%012x", uint32(w.seed), w.invocations),
		function: f,
		parent:   parent,
		deadline: w.now.Add(f.Timeout),
		depth:    1,
	}
}

// crash is what a dying invocation panics with.
type crash struct{}

func (inv *invocation) mustLive(now time.Time, service string) {
	if inv.frozen && service != "dynamodb" && service != "sqs" {
		inv.die(CrashBefore)
	}
	if !inv.dead && now.After(inv.deadline) {
		inv.fault = Timeout
		inv.dead = true
	}
	if inv.dead {
		panic(crash{})
	}
}

// die ends the invocation: nothing that it still does, deferred calls included, reaches the world.
func (inv *invocation) die(f Fault) {
	if inv != nil {
		inv.dead, inv.fault = true, f
	}
	panic(crash{})
}

// call runs the code to its end.
func (inv *invocation) call(ctx context.Context, payload json.RawMessage) (out json.RawMessage, err error) {
	defer func() {
		if r := recover(); r != nil && r != any(crash{}) {
			err = fmt.Errorf("%s panicked: %v\n%s", inv.function.Name, r, debug.Stack())
		}
		switch {
		case inv.dead && inv.fault == Timeout:
			out, err = nil, ErrTimedOut
		case inv.dead:
			out, err = nil, ErrCrashed
		}
		inv.dead = true
	}()
	answer, err := inv.function.code(ctx, payload)
	if err != nil {
		return nil, err
	}
	return json.Marshal(answer)
}

// lambdaContext is the context of an invocation. Its deadline is on the world's clock, as everything that steps see.
type lambdaContext struct {
	context.Context
	inv *invocation
}

type invocationKey struct{}

func (c lambdaContext) Deadline() (time.Time, bool) { return c.inv.deadline, true }

func (c lambdaContext) Value(key any) any {
	if key == (invocationKey{}) {
		return c.inv
	}
	return c.Context.Value(key)
}

func (inv *invocation) context(parent context.Context) context.Context {
	return lambdaContext{inv: inv, Context: lambdacontext.NewContext(parent, &lambdacontext.LambdaContext{
		AwsRequestID:       inv.id,
		InvokedFunctionArn: arn("lambda", "function:"+inv.function.Name),
	})}
}

func invocationOf(ctx context.Context) *invocation {
	inv, _ := ctx.Value(invocationKey{}).(*invocation)
	return inv
}

func arn(service, name string) string {
	return "arn:aws:" + service + ":us-east-1:123456789012:" + name
}
