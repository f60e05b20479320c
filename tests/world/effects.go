package world

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"quickstep/shared/transient"
)

// Op is one effect: a call that a function, or somebody outside, makes of AWS. Things that happen by themselves are
// Ops of service "world", what somebody does by hand of service "hand".
type Op struct {
	Seq        int
	At         time.Time
	Invocation string // Lambda's request id; empty if no function made the call
	Function   string
	Service    string // dynamodb, sqs, elb, ec2, ssm, sns, alarms, events, lambda, probe, resourcegroups, s3
	Name       string // the port's method
	Subject    string // what it is about: a target group's ARN, an instance, a queue, a key, a topic, an alarm, a rule, a bucket
	Detail     string // for people; empty while nobody looks
	Fault      Fault
	Happened   bool     // the call took effect, whatever its caller saw
	Err        error    // what its caller saw
	Exposed    []string // of a reboot: the target groups (ARN) that could still send the machine new traffic
}

func (op Op) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %-9s %s.%s %s", op.At.Format("15:04:05.000"), op.Function, op.Service, op.Name, op.Subject)
	if op.Detail != "" {
		b.WriteString(" " + op.Detail)
	}
	if op.Fault != None {
		fmt.Fprintf(&b, " [%s]", op.Fault)
	}
	if op.Err != nil {
		b.WriteString(": " + op.Err.Error())
	}
	return b.String()
}

// kind is a key of the counters.
type kind struct{ service, name string }

// effect is the one way to the world. It panics if the invocation is over or doesn't survive the call.
func (w *World) effect(ctx context.Context, op Op, do func(op *Op) error) error {
	inv := invocationOf(ctx)
	if inv != nil {
		op.Invocation, op.Function = inv.id, inv.function.Name
	}
	w.pause(inv, op)
	w.lock()
	defer w.unlock()
	if inv != nil {
		inv.mustLive(w.now, op.Service)
	}
	op.At = w.now
	if w.Fault != nil {
		op.Fault = w.Fault(op)
	}
	op.Err = w.attempt(&op, do)
	w.counts[kind{op.Service, ""}]++
	w.counts[kind{op.Service, op.Name}]++
	w.record(op)
	if op.Fault.kills() {
		inv.die(op.Fault)
	}
	return op.Err
}

// attempt makes the call, or what the fault leaves of it.
func (w *World) attempt(op *Op, do func(op *Op) error) error {
	var err error
	switch op.Fault {
	case CrashBefore, Timeout:
	case Throttle:
		err = transient.NotApplied(errors.New("ThrottlingException: rate exceeded"))
	case ServerError:
		err = transient.Mark(errors.New("InternalError: 500"))
	default:
		if w.Refuse != nil {
			if err := w.Refuse(*op); err != nil {
				return err
			}
		}
		err = do(op)
		op.Happened = err == nil
		if op.Fault == ReplyLost {
			err = transient.Mark(errors.New("the connection was lost before the reply"))
		}
	}
	if op.Fault != None {
		w.tally("fault", op.Fault.String(), 1)
	}
	return err
}

// happen records what happens by itself, or by hand.
func (w *World) happen(op Op) {
	op.At, op.Happened = w.now, true
	w.counts[kind{op.Service, op.Name}]++
	w.record(op)
}

func (w *World) record(op Op) {
	w.seq++
	op.Seq = w.seq
	if w.KeepLog {
		w.log = append(w.log, op)
	}
	if w.AfterEffect != nil {
		w.AfterEffect(op)
	}
}

// say makes a detail, unless nobody looks.
func (w *World) say(format string, args ...any) string {
	if !w.KeepLog && w.AfterEffect == nil && w.Fault == nil {
		return ""
	}
	return fmt.Sprintf(format, args...)
}

// tally counts what isn't a call.
func (w *World) tally(service, name string, n int) { w.counts[kind{service, name}] += n }

// Count is how often something happened: "sqs.Send" for a call, "sqs" for all calls of a service, and also
// "sqs.Messages", "sqs.Deliveries", "sqs.DeadLetters", "lambda.Invocations", "lambda.Errors", "lambda.Throttles",
// "dynamodb.WriteUnits", "dynamodb.ReadUnits", "dynamodb.WrittenItems", "ssm.PatchThrottles", "fault.<Fault>",
// "world.<what>", "hand.<what>".
func (w *World) Count(name string) int {
	service, rest, _ := strings.Cut(name, ".")
	return w.counts[kind{service, rest}]
}

// Counts are all counters with their names.
func (w *World) Counts() map[string]int {
	all := make(map[string]int, len(w.counts))
	for k, n := range w.counts {
		all[strings.TrimSuffix(k.service+"."+k.name, ".")] = n
	}
	return all
}

// Log is every effect so far, oldest first.
func (w *World) Log() []Op { return slices.Clone(w.log) }

// asOf is the time whose state a reading shows.
func (w *World) asOf(op *Op) time.Time {
	if w.Lag == nil {
		return w.now
	}
	return w.now.Add(-w.Lag(*op))
}
