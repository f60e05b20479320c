package choreo

import (
	"context"
	"errors"
	"math"
	"time"

	"quickstep/shared/ledger"
	"quickstep/shared/transient"
)

// act does the step, unless its tries are used up, and turns errors into "again later" within their
// bounds.
func (m Mover[T]) act(ctx context.Context, w *Work[T]) (Outcome[T], error) {
	p := w.Item.Pos()
	if p.Tries > MaxTries {
		return m.exhausted(ctx, w, m.Routing.crashReason(p)), nil
	}
	early, cancel := withMargin(ctx, m.Margin)
	defer cancel()
	out, err := m.Act(early, w)
	if err == nil || errors.Is(err, ErrLost) {
		return out, err
	}
	return m.retryOrFail(ctx, w, err), nil
}

// withMargin ends a margin before the invocation does, so that an act that takes too long is a
// transient error, and is committed as one: an invocation that runs into its timeout counts as a
// crash.
func withMargin(ctx context.Context, margin time.Duration) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok || margin == 0 {
		return ctx, func() {}
	}
	return context.WithDeadline(ctx, deadline.Add(-margin))
}

// Tolerance is how long errors in a row are borne before an item gives up, from the first of them
// on.
type Tolerance struct {
	Transient time.Duration // zero: TransientFor
	// Permanent is for all that aren't transient; zero: MaxPermanentErrors, however fast they come.
	Permanent time.Duration
}

// Forever bears whatever comes: the step itself knows when to give up, or that it never may.
const Forever time.Duration = math.MaxInt64

// retryOrFail is the outcome of an error: again later, as long as its kind is within its bound.
func (m Mover[T]) retryOrFail(ctx context.Context, w *Work[T], err error) Outcome[T] {
	p := w.Item.Pos()
	if p.ErrorSince.IsZero() {
		p.ErrorSince = w.Now
	}

	count := &p.PermanentErrors
	temporary := transient.Is(err) || errors.Is(err, ledger.ErrConflict)
	if temporary {
		count = &p.TransientErrors
	}
	*count++

	if m.tolerance(w.Item).exceeded(p, temporary, w.Now) {
		return m.exhausted(ctx, w, err.Error())
	}
	return Outcome[T]{verb: VerbError, reason: err.Error(),
		delay: Backoff(*count, w.Key.String())}
}

func (m Mover[T]) tolerance(item T) Tolerance {
	if m.Tolerance == nil {
		return Tolerance{}
	}
	return m.Tolerance(item)
}

// exceeded says whether the last error, which the position counts already, was one too many.
func (t Tolerance) exceeded(p *Position, transient bool, now time.Time) bool {
	met := now.Sub(p.ErrorSince)
	switch {
	case transient && t.Transient == 0:
		return met >= TransientFor
	case transient:
		return met >= t.Transient
	case t.Permanent == 0:
		return p.PermanentErrors > MaxPermanentErrors
	}
	return met >= t.Permanent
}

func (m Mover[T]) exhausted(ctx context.Context, w *Work[T], reason string) Outcome[T] {
	if m.Exhausted != nil {
		return m.Exhausted(ctx, w, reason)
	}
	return GiveUp[T](reason)
}
