package world

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrNotYet says that what Run waited for hasn't come true.
var ErrNotYet = errors.New("it hasn't come true")

// event is something that will happen.
type event struct {
	at  time.Time
	seq int // of those at the same time the one that was planned first comes first
	do  func()
}

type agenda []event

func (a agenda) Len() int      { return len(a) }
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a agenda) Less(i, j int) bool {
	if a[i].at.Equal(a[j].at) {
		return a[i].seq < a[j].seq
	}
	return a[i].at.Before(a[j].at)
}
func (a *agenda) Push(x any) { *a = append(*a, x.(event)) }
func (a *agenda) Pop() any {
	last := len(*a) - 1
	e := (*a)[last]
	(*a)[last] = event{}
	*a = (*a)[:last]
	return e
}

// At plans something: do is called at t, or as soon as possible if that is past.
func (w *World) At(t time.Time, do func()) {
	w.planned++
	heap.Push(&w.agenda, event{at: t, seq: w.planned, do: do})
	if w.agenda[0].seq == w.planned {
		select {
		case w.wake <- struct{}{}:
		default: // it is going to look anyway
		}
	}
}

// After plans something for d from now.
func (w *World) After(d time.Duration, do func()) { w.At(w.now.Add(d), do) }

// Run lets a virtual world go on until something holds. It gives up with ErrNotYet when the limit has passed, or when
// nothing more would ever happen.
func (w *World) Run(until func() bool, limit time.Duration) error {
	end := w.now.Add(limit)
	for !until() {
		if len(w.agenda) == 0 {
			return fmt.Errorf("%w, and nothing more will happen after %s", ErrNotYet, w.now.Format(time.RFC3339))
		}
		if w.agenda[0].at.After(end) {
			w.now = end
			return fmt.Errorf("%w within %s", ErrNotYet, limit)
		}
		w.Step()
	}
	return nil
}

// Advance lets a virtual world go on for d.
func (w *World) Advance(d time.Duration) {
	end := w.now.Add(d)
	for len(w.agenda) > 0 && !w.agenda[0].at.After(end) {
		w.Step()
	}
	if w.now.Before(end) {
		w.now = end
	}
}

// Step lets the next thing happen in a virtual world; false: there is none.
func (w *World) Step() bool {
	if len(w.agenda) == 0 {
		return false
	}
	next := heap.Pop(&w.agenda).(event)
	if next.at.After(w.now) {
		w.now = next.at
	}
	next.do()
	return true
}

// Start lets a world on the scaled clock go on by itself until ctx ends.
func (w *World) Start(ctx context.Context) {
	w.Do(func() { w.base = ctx })
	w.working.Go(func() {
		for ctx.Err() == nil {
			pause := time.NewTimer(w.clock.real(w.catchUp()))
			select {
			case <-ctx.Done():
			case <-w.wake:
			case <-pause.C:
			}
			pause.Stop()
		}
	})
}

// catchUp lets happen what is due, and says how long nothing else is.
func (w *World) catchUp() time.Duration {
	w.lock()
	defer w.unlock()
	for len(w.agenda) > 0 && !w.agenda[0].at.After(w.now) {
		heap.Pop(&w.agenda).(event).do()
	}
	if len(w.agenda) == 0 {
		return time.Hour
	}
	return w.agenda[0].at.Sub(w.now)
}

// Wait waits until the world has stopped and every invocation is over.
func (w *World) Wait() { w.working.Wait() }
