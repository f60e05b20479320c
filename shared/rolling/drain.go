package rolling

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/ledger"
	"quickstep/shared/run"
)

// Drain takes one instance out of its target groups, once the gate lets it go, and hands it to
// reboot.
type Drain struct {
	choreo.Deps
	EC2     Machines
	Targets interface {
		Targets
		Deregister(ctx context.Context, group string, targets []run.Description) error
	}
}

// deregisterFor is how long errors are borne by an instance that was captured: past it, it goes
// back.
const deregisterFor = time.Hour

// Handler is the code of the drain function.
func (d Drain) Handler() choreo.Function { return choreo.SQSHandler(d.mover()) }

// mover moves instances by drain. No error ends one that is in service: as long as nobody can look,
// the gate is closed, and that is the run's affair.
func (d Drain) mover() choreo.Mover[*run.Instance] {
	m := moveInstances(d.Deps, "drain", d.Act)
	m.Tolerance = func(i *run.Instance) choreo.Tolerance {
		if i.LeftAt.IsZero() {
			return choreo.Tolerance{Transient: choreo.Forever, Permanent: choreo.Forever}
		}
		return choreo.Tolerance{Transient: deregisterFor}
	}
	return m
}

// Act is safe to repeat: until the capture is written, every try looks and asks the gate afresh;
// after it, a try only deregisters what was captured, and deregistering twice is deregistering
// once.
func (d Drain) Act(ctx context.Context, w *instanceWork) (instanceOutcome, error) {
	b := store{d.Ledger}
	plan, err := b.plan(ctx, w.Item.Run)
	if err != nil {
		return instanceOutcome{}, err
	}
	if !w.Item.LeftAt.IsZero() {
		return d.resume(ctx, b, w, plan)
	}
	look, err := d.readGate(ctx, b, w, plan, nil)
	if err != nil {
		return d.unreadable(ctx, b, w, plan, err)
	}
	if v := look.Decide(); v.Answer != run.Go {
		return d.waitAtGate(ctx, b, w, look, v)
	}
	if why, err := d.markLeaving(ctx, w); err != nil || why != "" {
		return b.end(w, run.Skipped, why, nil), err
	}

	look, err = d.readGate(ctx, b, w, plan, look.Targets)
	if err != nil {
		return d.unreadable(ctx, b, w, plan, err)
	}
	look.Marked = true
	if v := look.Decide(); v.Answer != run.Go {
		return d.waitAtGate(ctx, b, w, look, v)
	}

	w.Item.Capture, w.Item.LeftAt, w.Item.Refused, w.Item.Groups = look.Registrations(), d.Now(), nil, nil
	w.Item.InitialSince = time.Time{}
	if err := w.Save(ctx); err != nil {
		return instanceOutcome{}, err
	}
	return d.capture(ctx, b, w, look)
}

// unreadable is the outcome of a look that couldn't be made. Nobody knows what is behind the gate,
// so it is closed: the instance comes again, more rarely each time, until the run's patience is
// over. The mark is taken back by the commit.
func (d Drain) unreadable(
	ctx context.Context, b store, w *instanceWork, plan *run.Plan, failed error,
) (instanceOutcome, error) {
	if errors.Is(failed, choreo.ErrLost) {
		return instanceOutcome{}, failed
	}
	w.Item.Leaving, w.Item.Refused = time.Time{}, nil
	r, _, err := b.run(ctx, w.Item.Run)
	switch {
	case err != nil:
		return instanceOutcome{}, failed
	case r.Stopped != "":
		return b.end(w, run.Skipped, r.Stopped, nil), nil
	case !r.Paused.IsZero():
		return w.Park("the run is paused, and nobody can look: " + failed.Error()), nil
	}
	if err := b.closeGate(ctx, w, r); err != nil {
		return instanceOutcome{}, err
	}
	return w.Again(turnDelay(w, r, plan), failed.Error()), nil
}

// turnDelay is when to look again after a look that failed: more rarely each time, and one holder
// after the other. Who reads many target groups at the same time as all others never gets through
// AWS's rate limit.
func turnDelay(w *instanceWork, r *run.Run, plan *run.Plan) time.Duration {
	place := slices.IndexFunc(r.Tokens, func(t run.Token) bool { return t.Instance == w.Item.ID })
	reading := min(time.Duration(plan.Reading.Took), readTimeLimit) + time.Second
	return max(choreo.Backoff(w.Item.Attempt+1, w.Key.String()), time.Duration(max(0, place))*reading)
}

// closeGate begins the run's patience, unless it has begun.
func (b store) closeGate(ctx context.Context, w *instanceWork, r *run.Run) error {
	if !r.ClosedSince.IsZero() {
		return nil
	}
	return b.updateRun(ctx, w.Mark, r.ID, func(r *run.Run) bool {
		first := r.ClosedSince.IsZero()
		if first {
			r.ClosedSince = w.Now
		}
		return first
	})
}

// readGate reads everything that the gate asks for. Which groups hold the instance is found by
// reading all of them, or, in the second look, is known from the first.
func (d Drain) readGate(
	ctx context.Context, b store, w *instanceWork, plan *run.Plan, known map[string][]run.Target,
) (*run.Gate, error) {
	m, err := machine(ctx, d.EC2, w.Item.ID)
	if err != nil {
		return nil, err
	}
	look := &run.Gate{Now: d.Now(), Plan: plan, Me: w.Item, Machine: m}
	targets := timeLimited{d.Targets, d.Now, w.Now.Add(readTimeLimit)}
	switch {
	case m == nil:
	case known == nil:
		var s *groupReadings
		if s, err = readGroups(ctx, targets, run.NewFinder(plan.Request.NotOurs, *m)); err == nil {
			look.Targets = s.targets
		}
	default:
		look.Targets, err = rereadGroups(ctx, targets, known)
	}
	if err != nil {
		return nil, err
	}
	if look.Run, _, err = b.run(ctx, w.Item.Run); err != nil {
		return nil, err
	}
	active := newActive()
	if _, err := b.require(ctx, activeKey(w.Item.Run), active); err != nil {
		return nil, err
	}
	look.Quiet = active.Mute
	holders, err := b.holders(ctx, look.Run, true)
	if err != nil {
		return nil, err
	}
	for _, h := range holders {
		look.Holders = append(look.Holders, h.Instance)
	}
	look.Out, _, err = b.outs(ctx)
	return look, err
}

// markLeaving writes down that the instance is about to leave and takes its lock, in one write. why
// is the reason to skip it.
func (d Drain) markLeaving(ctx context.Context, w *instanceWork) (why string, err error) {
	i := w.Item
	if !i.Leaving.IsZero() && i.Locked {
		return "", nil
	}
	i.Leaving = d.Now()
	if i.Locked {
		return "", w.Save(ctx)
	}
	i.Locked = true
	err = w.Save(ctx, ledger.Put(instanceLock(i.ID), 0, run.Lock{Run: i.Run, Since: i.Leaving}))
	if err == nil {
		return "", nil
	}
	i.Locked, i.Leaving = false, time.Time{} // the commit that follows must not claim what wasn't written
	if !errors.Is(err, ledger.ErrConflict) {
		return "", err
	}
	var lock run.Lock
	if _, err := ledger.Read(ctx, d.Ledger, instanceLock(i.ID), &lock); err != nil {
		return "", err
	}
	if lock.Run == "" {
		return "", fmt.Errorf("lock instance %s: %w", i.ID, ledger.ErrConflict)
	}
	since := lock.Since.UTC().Format(time.RFC3339)
	active, err := ledger.Read(ctx, d.Ledger, activeKey(lock.Run), newActive())
	if err != nil || active != 0 {
		return fmt.Sprintf("run %s is at work on the instance since %s", lock.Run, since), err
	}
	return fmt.Sprintf(
		"it failed out of service in run %s, which had taken it at %s; repair it, then release it",
		lock.Run,
		since,
	), nil
}

// waitAtGate is the outcome for an instance that doesn't leave now. Its mark is taken back by the
// commit.
func (d Drain) waitAtGate(
	ctx context.Context, b store, w *instanceWork, look *run.Gate, v run.Verdict,
) (instanceOutcome, error) {
	i := w.Item
	i.Leaving, i.Refused = time.Time{}, v.Refused
	switch v.Answer {
	case run.Skip:
		if !v.Stop {
			return b.end(w, run.Skipped, v.Reason, nil), nil
		}
		err := b.updateRun(ctx, w.Mark, i.Run, func(r *run.Run) bool {
			stopped := r.Stopped != ""
			r.Stop(w.Now, v.Reason)
			return !stopped
		})
		return b.end(w, run.Skipped, v.Reason, nil), err
	case run.Park:
		return w.Park(v.Reason), nil
	}
	if v.Own {
		if i.InitialSince.IsZero() {
			i.InitialSince = w.Now
		}
		return w.Again(gateDelay(look), v.Reason), nil
	}
	i.InitialSince = time.Time{}
	if err := b.closeGate(ctx, w, look.Run); err != nil {
		return instanceOutcome{}, err
	}
	return w.Again(gateDelay(look), v.Reason), nil
}

// gateDelay is longer the later the instance is in order, and differs from one to the next, so that
// no two keep step.
func gateDelay(l *run.Gate) time.Duration {
	place := 0
	for n, h := range l.Holders {
		if h.ID == l.Me.ID {
			place = n
		}
	}
	base := 15*time.Second + time.Duration(place)*2*time.Second
	return base + choreo.Jitter(l.Me.ID, 3*time.Second)
}

// resume goes on after the capture. As long as nothing has left yet, the gate is asked once more;
// any answer but go sends the instance back.
func (d Drain) resume(
	ctx context.Context, b store, w *instanceWork, plan *run.Plan,
) (instanceOutcome, error) {
	look, err := d.readGate(ctx, b, w, plan, nil)
	if err != nil {
		return instanceOutcome{}, err
	}
	if look.Machine == nil || look.Machine.Gone() {
		return terminated(w.Item), nil
	}
	if stillIn(w.Item.Capture, look.Registrations()) {
		look.Marked = true
		if v := look.Decide(); v.Answer != run.Go {
			w.Item.Return = v.Reason
			return w.Next(run.StepRejoin, 0).Because(v.Reason), nil
		}
	}
	return d.capture(ctx, b, w, look)
}

// capture begins the run's patience anew, deregisters what was captured and hands over to reboot at
// the end of the drain.
func (d Drain) capture(
	ctx context.Context, b store, w *instanceWork, look *run.Gate,
) (instanceOutcome, error) {
	if !look.Run.ClosedSince.IsZero() {
		if err := b.updateRun(ctx, w.Mark, w.Item.Run, func(r *run.Run) bool {
			open := r.ClosedSince.IsZero()
			r.ClosedSince = time.Time{}
			return !open
		}); err != nil {
			return instanceOutcome{}, err
		}
	}
	for _, g := range byGroup(w.Item) {
		err := d.Targets.Deregister(ctx, g.arn, g.targets)
		if err != nil && !errors.Is(err, run.ErrNoGroup) {
			return instanceOutcome{}, fmt.Errorf(
				"deregister %s from %s: %w",
				w.Item.ID,
				run.ShortARN(g.arn),
				err,
			)
		}
	}
	w.Item.GoneAt = choreo.After(d.Now())
	return w.Next(run.StepReboot, w.Item.GoneAt.Add(look.Plan.DrainDelay(w.Item.Capture)).Sub(w.Now)), nil
}
