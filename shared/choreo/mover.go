package choreo

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"math"
	"time"

	"quickstep/shared/ledger"
	"quickstep/shared/transient"
)

// Bounds of the protocol.
const (
	// MaxTries is how many claims of one position may end without a commit (crashes, timeouts): the queues'
	// maxReceiveCount, so that neither bound hides the other.
	MaxTries = 5
	// TransientFor is how long a step may meet errors in a row that pass by themselves, unless its Tolerance says
	// otherwise: a throttle is a matter of time, and how often a step has asked meanwhile says nothing.
	TransientFor = 40 * time.Minute
	// MaxPermanentErrors is how many errors in a row it may meet that don't: a missing permission may be a role that is still
	// being rolled out.
	MaxPermanentErrors = 3
	// maxRaces is how often one invocation asks again after its transaction lost a race.
	maxRaces = 5
)

// Sender puts messages into queues.
type Sender interface {
	Send(ctx context.Context, envelopes ...Envelope) error
}

// Mover is the protocol for one kind of item and one function.
type Mover[T Item] struct {
	Ledger ledger.Store
	Queues Sender
	Now    func() time.Time
	// Lease is how long a claim holds; longer than the function's timeout.
	Lease time.Duration
	// Margin is how long before the end of its invocation an act is broken off; zero: never.
	Margin time.Duration
	Kind[T]
	// Queue is the only queue whose steps it takes.
	Queue string
	// Act does a step. It must be safe to repeat.
	Act func(ctx context.Context, w *Work[T]) (Outcome, error)
	// Tolerance is how long an item may meet errors in a row where it stands; nil: TransientFor and MaxFaults.
	Tolerance func(item T) Tolerance
	// Exhausted is the outcome for an item whose tries or errors are used up at a step; nil gives up.
	Exhausted func(ctx context.Context, w *Work[T], reason string) Outcome
}

// Handle takes one message. The error means that nothing could be decided, and that the message should come again.
func (m Mover[T]) Handle(ctx context.Context, owner string, msg Message) error {
	now := m.Now()
	log := m.Routing.Logger(msg)
	if why := m.misrouted(msg); why != "" {
		log.Warn("message", "outcome", "dropped", "reason", why)
		return nil
	}
	if msg.NotBefore.After(now) {
		return m.requeue(ctx, msg, now)
	}
	w, refusal, err := m.claim(ctx, owner, msg, now)
	if err != nil {
		return fmt.Errorf("claim %s: %w", msg.Key, err)
	}
	if refusal != "" {
		log.Info("message", "outcome", "dropped", "reason", refusal)
		return nil
	}
	log = log.With("attempt", w.Item.Pos().Attempt, "try", w.Item.Pos().Tries)
	out, err := m.act(ctx, w)
	if errors.Is(err, ErrLost) {
		log.Warn("message", "outcome", "lost", "reason", err.Error())
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", msg.Step, msg.Key, err)
	}
	out, err = m.commit(ctx, log, w, out)
	if err != nil {
		return fmt.Errorf("commit %s after %s: %w", msg.Key, msg.Step, err)
	}
	level := slog.LevelInfo
	if out.verb == "error" || out.verb == "gave up" {
		level = slog.LevelWarn
	}
	log.Log(ctx, level, "message", "outcome", out.verb, "next", out.step, "delay", out.delay.String(), "reason", out.reason,
		"duration", m.Now().Sub(now).String())
	return nil
}

// claim takes the item's lease. The refusal says why the message is to be dropped; empty: the work is ours.
func (m Mover[T]) claim(ctx context.Context, owner string, msg Message, now time.Time) (w *Work[T], refusal string, err error) {
	w = &Work[T]{Key: msg.Key, Now: now, owner: owner, store: m.Ledger, newItem: m.New}
	if w.Item, w.rev, err = m.read(ctx, m.Ledger, msg.Key); err != nil {
		return w, "", err
	}
	p := w.Item.Pos()
	refusal = mismatch(w.rev, p, msg)
	switch {
	case refusal != "":
		return w, refusal, nil
	case p.Redeliveries == 0 && now.Before(p.Due): // a nudge's message comes before the next is due
		return w, "the item isn't due before " + p.Due.UTC().Format(time.RFC3339), nil
	case p.Leased(now):
		return w, "somebody else is at work on it", nil
	}
	if p.Tries >= MaxTries && m.Exhausted == nil {
		return w, "its tries are used up", m.failExhausted(ctx, owner, msg, w, now)
	}
	p.Lease = Lease{Owner: owner, Until: now.Add(m.Lease)}
	p.Tries++
	err = w.Save(ctx)
	if errors.Is(err, ErrLost) {
		return w, "somebody else claimed it first", nil
	}
	return w, "", err
}

// mismatch says why a message isn't that of the position at which the item was read; empty if it
// is. Of a position that waits without a clock nobody has sent one.
func mismatch(rev int64, p *Position, msg Message) string {
	switch {
	case rev == 0:
		return "no such item"
	case p.N != msg.N || p.Redeliveries != msg.Redeliveries:
		return fmt.Sprintf("the item is at n %d nudge %d, the message at n %d nudge %d",
			p.N, p.Redeliveries, msg.N, msg.Redeliveries)
	case p.Step != msg.Step:
		return fmt.Sprintf("the item is at %s", p.Step)
	case p.Due.IsZero():
		return "the item waits without a clock"
	}
	return ""
}

// failExhausted gives the item up in the write that would have claimed it: code that crashes each time gets no further try.
func (m Mover[T]) failExhausted(ctx context.Context, owner string, msg Message, w *Work[T], now time.Time) error {
	_, err := m.redeliverer(owner).GiveUp(ctx, msg.Key, w.rev, w.Item, now, m.Routing.crashReason(w.Item.Pos()))
	return err
}

// act does the step, unless its tries are used up, and turns errors into "again later" within their bounds.
func (m Mover[T]) act(ctx context.Context, w *Work[T]) (Outcome, error) {
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

// withMargin ends a margin before the invocation does, so that an act that takes too long is an error that passes by itself, and
// is committed as one: an invocation that runs into its timeout counts as a crash.
func withMargin(ctx context.Context, margin time.Duration) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok || margin == 0 {
		return ctx, func() {}
	}
	return context.WithDeadline(ctx, deadline.Add(-margin))
}

// Tolerance is how long errors in a row are borne before an item gives up, from the first of them on.
type Tolerance struct {
	Transient time.Duration // errors that pass by themselves; zero: TransientFor
	Permanent time.Duration // all others; zero: MaxFaults of them, however fast they come
}

// Forever bears whatever comes: the step itself knows when to give up, or that it never may.
const Forever time.Duration = math.MaxInt64

// retryOrFail is the outcome of an error: again later, as long as its kind is within its bound.
func (m Mover[T]) retryOrFail(ctx context.Context, w *Work[T], err error) Outcome {
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
	return Outcome{verb: "error", delay: Backoff(*count, w.Key.String()), reason: err.Error()}
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

func (m Mover[T]) exhausted(ctx context.Context, w *Work[T], reason string) Outcome {
	if m.Exhausted != nil {
		return m.Exhausted(ctx, w, reason)
	}
	return GiveUp(reason)
}

// commit writes the outcome and sends what follows from it. It returns the outcome that was committed in the end. A
// transaction that keeps losing races comes again later; if even that can't be written, the message comes again.
func (m Mover[T]) commit(ctx context.Context, log *slog.Logger, w *Work[T], out Outcome) (_ Outcome, err error) {
	for race := 0; race <= maxRaces+1; race++ {
		if race == maxRaces && out.transaction != nil { // an outcome of its own item alone has no others to wait for
			out = Again(Jitter(w.Key.String(), 30*time.Second)+time.Second, fmt.Sprintf("tried %d times to write it down: %v", race, err))
		}
		var item T
		var also Transaction
		if item, err = w.copy(); err != nil {
			return out, err
		}
		out.Settle(item.Pos(), w.Now)
		if f, ok := out.transaction.(func(context.Context, T) (Transaction, error)); ok {
			also, err = f(ctx, item)
		}
		if err != nil { // the lease is given back, so that this doesn't count as a crash
			out = m.retryOrFail(ctx, w, err)
			continue
		}
		own := w.put(item)
		own.Delete = also.DeleteItem
		err = ledger.Apply(ctx, m.Ledger, w.Mark(), append([]ledger.Write{own}, also.Writes...)...)
		switch {
		case err == nil:
			return out, m.sendAfterCommit(ctx, log, w, item, also)
		case errors.Is(err, ledger.ErrConflict) && w.lost(ctx):
			return Outcome{verb: "lost", reason: ErrLost.Error()}, nil
		case !errors.Is(err, ledger.ErrConflict) && !transient.IsNotApplied(err):
			return out, err
		}
	}
	return out, err
}

// sendAfterCommit sends the messages after a commit. One that is lost here is overdue in the ledger, so an error is only logged.
func (m Mover[T]) sendAfterCommit(ctx context.Context, log *slog.Logger, w *Work[T], item T, also Transaction) error {
	messages := also.Messages
	if p := item.Pos(); !p.Due.IsZero() {
		messages = append([]Message{NewMessage(w.Key, p)}, messages...)
	}
	if err := m.send(ctx, m.Now(), messages...); err != nil { // acting may have taken minutes: delays are from now
		log.Error("send", "outcome", "the watchdog will send it", "reason", err.Error())
	}
	return nil
}

func (m Mover[T]) send(ctx context.Context, now time.Time, messages ...Message) error {
	return Send(ctx, m.Queues, m.Routing, now, messages...)
}

// Backoff is the wait after the nth error in a row: 5s doubled each time, two minutes at most, spread by key.
func Backoff(n int, key string) time.Duration {
	wait := min(5*time.Second<<min(max(n-1, 0), 10), 2*time.Minute)
	return wait + Jitter(key, wait/2)
}

// Jitter is a wait of whole seconds below limit that differs from key to key and is the same each time, so that those who collided don't
// meet again.
func Jitter(key string, limit time.Duration) time.Duration {
	h := fnv.New64a()
	_, _ = h.Write([]byte(key))
	if limit <= 0 {
		return 0
	}
	return time.Duration(h.Sum64() % uint64(limit)).Truncate(time.Second)
}
