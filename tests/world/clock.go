package world

import "time"

// Clock is the time of a World, the one that steps read.
type Clock struct {
	start  time.Time
	factor float64 // of real time; 0: virtual
}

// Virtual is a clock that jumps from one event to the next: a day of waiting takes no time at all.
func Virtual(start time.Time) Clock { return Clock{start: start.UTC()} }

// Scaled is a clock that begins now and runs factor times as fast as real time.
func Scaled(factor float64) Clock { return Clock{start: time.Now(), factor: factor} }

func (c Clock) virtual() bool { return c.factor == 0 }

// scaled is the time on a scaled clock.
func (c Clock) scaled() time.Time {
	passed := time.Duration(float64(time.Since(c.start)) * c.factor)
	return c.start.Add(passed).Round(0).UTC() // Round drops the monotonic reading, which isn't scaled
}

// real is how long d takes for those outside.
func (c Clock) real(d time.Duration) time.Duration {
	if c.virtual() {
		return d
	}
	return time.Duration(float64(d) / c.factor)
}

// history is what something was, and from when on; the first entry holds since ever.
type history[T comparable] []moment[T]

type moment[T comparable] struct {
	from time.Time
	is   T
}

func (h *history[T]) add(from time.Time, is T) bool {
	if n := len(*h); n > 0 && (*h)[n-1].is == is {
		return false
	}
	*h = append(*h, moment[T]{from, is})
	return true
}

func (h history[T]) last() T { return h[len(h)-1].is }

// at is what held at t.
func (h history[T]) at(t time.Time) T {
	for i := len(h) - 1; i > 0; i-- {
		if !h[i].from.After(t) {
			return h[i].is
		}
	}
	return h[0].is
}
