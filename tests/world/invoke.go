package world

import (
	"context"
	"encoding/json"
	"iter"
	"time"
)

// start runs an invocation and calls done at its end: at once on the virtual clock, unless Pace lets the world go on in
// the middle; in a goroutine on the scaled clock.
func (w *World) start(inv *invocation, payload json.RawMessage, done func(json.RawMessage, error)) {
	w.tally("lambda", "Invocations", 1)
	w.happen(Op{Service: "world", Name: "invoked", Subject: inv.function.Name, Function: inv.function.Name,
		Invocation: inv.id, Detail: w.say("%s", payload)})
	end := func(out json.RawMessage, err error) { w.end(inv, out, err, done) }
	switch {
	case !w.clock.virtual():
		w.working.Go(func() { w.inGoroutine(inv, payload, end) })
	case w.Pace != nil:
		w.inRoutine(inv, payload, end)
	default:
		end(inv.call(inv.context(inv.parent), payload))
	}
}

// end tells how an invocation ended. One that hung ends when its time is up.
func (w *World) end(inv *invocation, out json.RawMessage, err error, done func(json.RawMessage, error)) {
	if w.clock.virtual() && inv.fault == Timeout && w.now.Before(inv.deadline) {
		w.At(inv.deadline, func() { w.end(inv, out, err, done) })
		return
	}
	if err != nil {
		w.tally("lambda", "Errors", 1)
		w.happen(Op{Service: "world", Name: "failed", Subject: inv.function.Name, Detail: err.Error(), Function: inv.function.Name, Invocation: inv.id, Err: err})
	}
	done(out, err)
}

func (w *World) inGoroutine(inv *invocation, payload json.RawMessage, end func(json.RawMessage, error)) {
	w.slots <- struct{}{}
	defer func() { <-w.slots }()
	ctx, cancel := context.WithTimeout(inv.parent, w.clock.real(inv.function.Timeout))
	defer cancel()
	out, err := inv.call(inv.context(ctx), payload)
	w.Do(func() { end(out, err) })
}

// routine is an invocation that lets the world go on between its calls.
type routine struct {
	inv  *invocation
	next func() (time.Duration, bool)
	stop func()
	end  func()
}

func (w *World) inRoutine(inv *invocation, payload json.RawMessage, end func(json.RawMessage, error)) {
	var out json.RawMessage
	var err error
	r := &routine{inv: inv, end: func() { end(out, err) }}
	r.next, r.stop = iter.Pull(func(yield func(time.Duration) bool) {
		inv.yield = yield
		out, err = inv.call(inv.context(inv.parent), payload)
	})
	w.suspended[r] = true
	w.resume(r)
}

// resume runs an invocation until its next call.
func (w *World) resume(r *routine) {
	if !w.suspended[r] {
		return // the world was closed
	}
	if wait, more := r.next(); more {
		w.After(wait, func() { w.resume(r) })
		return
	}
	delete(w.suspended, r)
	r.end()
}

// pause lets the world go on before a call.
func (w *World) pause(inv *invocation, op Op) {
	if inv == nil || inv.yield == nil || w.Pace == nil || inv.dead {
		return
	}
	op.At = w.now
	if w.Freeze != nil {
		if stands := w.Freeze(op); stands > 0 {
			inv.frozen, inv.deadline = true, inv.deadline.Add(stands)
			w.happen(Op{Service: "world", Name: "freezes", Subject: inv.function.Name, Function: inv.function.Name, Invocation: inv.id})
			if !inv.yield(stands) {
				inv.die(CrashBefore)
			}
			return
		}
	}
	wait := w.Pace(op)
	if wait < 0 {
		return
	}
	if !inv.yield(wait) {
		inv.die(CrashBefore)
	}
}
