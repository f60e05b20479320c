// Package transient tells errors that go away by themselves from those that don't: throttles,
// timeouts, 5xx answers and lost connections pass; a missing permission doesn't. The adapters in
// shared/cloud mark them, the protocol reads the mark.
package transient

import (
	"context"
	"errors"
)

type mark struct {
	err        error
	notApplied bool
}

func (m *mark) Error() string { return m.err.Error() }
func (m *mark) Unwrap() error { return m.err }

// Mark marks err as one that passes by itself. Whether the call took effect is unknown.
func Mark(err error) error {
	if err == nil {
		return nil
	}
	return &mark{err: err}
}

// NotApplied marks err as one that passes by itself and whose call certainly took no effect, such as a throttle.
func NotApplied(err error) error {
	if err == nil {
		return nil
	}
	return &mark{err: err, notApplied: true}
}

// Is says whether err passes by itself. A context that ran out counts: the next try has a new one.
func Is(err error) bool {
	var m *mark
	return errors.As(err, &m) || errors.Is(err, context.DeadlineExceeded)
}

// IsNotApplied says whether the call behind err certainly took no effect.
func IsNotApplied(err error) bool {
	var m *mark
	return errors.As(err, &m) && m.notApplied
}
