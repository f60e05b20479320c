package rolling

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/run"
)

// Rejoin puts an instance back: registers exactly what was captured, and waits until it is healthy
// wherever it was.
type Rejoin struct {
	choreo.Deps
	EC2     Machines
	Targets interface {
		Targets(ctx context.Context, group string) ([]run.Target, error)
		Register(ctx context.Context, group string, targets []run.Description) error
	}
	AlarmTopic Topic
}

const (
	// settling is the time between registering and the first reading, and between readings: the
	// default interval of a target group's health check is 30 s, the shortest 5 s.
	settling = 10 * time.Second
	// readEvery is how often rejoin reads, while it can't register, where the instance is registered
	// by now.
	readEvery = time.Hour
	// missingFor is how long a target must be missing before somebody else has taken it out.
	missingFor = 30 * time.Second
)

// Handler is the code of the rejoin function.
func (r Rejoin) Handler() choreo.Function { return choreo.SQSHandler(r.mover()) }

// mover moves instances by rejoin. Whatever error keeps one from being registered, or watched, is
// borne for hours: it may be well, and to give up would leave it out.
func (r Rejoin) mover() choreo.Mover[*run.Instance] {
	m := moveInstances(r.Deps, "rejoin", r.Act)
	m.Tolerance = externalErrors
	return m
}

// Act is safe to repeat: what has been registered isn't registered again, and awaiting only reads.
func (r Rejoin) Act(ctx context.Context, w *instanceWork) (instanceOutcome, error) {
	if why := unrecorded(w.Item); why != "" {
		return w.GiveUp(why), nil
	}
	act := r.register
	if w.Item.Step == run.StepAwait {
		act = r.await
	}
	out, err := act(ctx, w)
	notifyTrouble(ctx, r.AlarmTopic, w, r.Now(), err)
	return out, err
}

// register puts the instance back, group by group, and notes which are done: where a call has
// returned, whoever takes it out afterwards is somebody else, and there it stays out.
func (r Rejoin) register(ctx context.Context, w *instanceWork) (instanceOutcome, error) {
	i := w.Item
	if err := r.registered(ctx, i); err != nil {
		return instanceOutcome{}, err
	}
	var all []error
	for _, g := range byGroup(i) {
		if slices.Contains(i.Rejoined, g.arn) {
			continue
		}
		err := r.Targets.Register(ctx, g.arn, g.targets)
		switch {
		case errors.Is(err, run.ErrGone):
			return r.giveUp(ctx, i, "it can't be registered again: "+err.Error())
		case err != nil && !errors.Is(err, run.ErrNoGroup): // await reports what is missing
			all = append(all, fmt.Errorf("register %s in %s: %w", i.ID, run.ShortARN(g.arn), err))
			continue
		}
		i.Rejoined = append(i.Rejoined, g.arn)
	}
	if err := errors.Join(all...); err != nil { // one that can't be registered in doesn't keep it out of the others
		return instanceOutcome{}, err
	}

	i.RegisteredAt = choreo.After(r.Now())
	if len(i.Capture) == 0 {
		return r.back(w), nil
	}
	return w.Next(run.StepAwait, i.RegisteredAt.Add(settling).Sub(w.Now)), nil
}

// registered reads, once an hour while errors last, where the instance is registered by now: a call
// without an answer may have worked, and where it did nobody registers it again.
func (r Rejoin) registered(ctx context.Context, i *run.Instance) error {
	now := r.Now()
	since := i.ErrorSince
	if i.ReadAt.After(since) {
		since = i.ReadAt
	}
	if i.ErrorSince.IsZero() || now.Sub(since) < readEvery {
		return nil
	}

	for _, g := range byGroup(i) {
		if slices.Contains(i.Rejoined, g.arn) {
			continue
		}
		targets, err := r.Targets.Targets(ctx, g.arn)
		if err != nil && !errors.Is(err, run.ErrNoGroup) {
			return fmt.Errorf("read target group %s: %w", run.ShortARN(g.arn), err)
		}
		if allRegistered(i, g.arn, targets) {
			i.Rejoined = append(i.Rejoined, g.arn)
		}
	}
	i.ReadAt = now
	return nil
}

// allRegistered says that every target that was captured in a group is registered there.
func allRegistered(i *run.Instance, group string, targets []run.Target) bool {
	for _, c := range i.Capture {
		if c.Group == group && !slices.ContainsFunc(targets, func(t run.Target) bool {
			return t.ID == i.ID && t.Port == c.Port && t.Registered()
		}) {
			return false
		}
	}
	return true
}

func (r Rejoin) await(ctx context.Context, w *instanceWork) (instanceOutcome, error) {
	i, now := w.Item, r.Now()
	seen, err := r.read(ctx, i)
	if err != nil {
		return instanceOutcome{}, err
	}
	waiting := strings.Join(seen.ill, ", ")
	if len(seen.missing)+len(seen.deleted) > 0 {
		return r.left(ctx, w, now, seen, waiting)
	}
	i.MissingSince, i.Deleted = time.Time{}, nil
	if waiting == "" {
		if i.HealthyAt.IsZero() {
			i.HealthyAt = now
			return w.Again(settling/2, "healthy; looking once more"), nil
		}
		return r.back(w, seen.before...), nil
	}
	i.HealthyAt = time.Time{}
	out, late, err := r.wait(ctx, w, now, waiting)
	if err != nil || !late {
		return out, err
	}
	return r.giveUp(
		ctx,
		i,
		fmt.Sprintf("not healthy %s after it rejoined: %s", run.Span(now.Sub(i.RegisteredAt)), waiting),
	)
}

// left is the outcome for an instance that can't stand everywhere it stood: others have taken it
// out, or deleted a target group. It fails, for it isn't healthy wherever it was (R5), and people
// should know before more of the fleet leaves service; but once it is healthy in all that is left,
// it isn't out by our doing, so that it keeps no token and needn't be released.
func (r Rejoin) left(
	ctx context.Context, w *instanceWork, now time.Time, seen groupStatus, waiting string,
) (instanceOutcome, error) {
	i := w.Item
	if i.MissingSince.IsZero() {
		i.MissingSince = now
	}
	i.HealthyAt, i.Deleted = time.Time{}, seen.deleted
	if rest := missingFor - now.Sub(i.MissingSince); rest > 0 {
		return w.Again(rest, seen.deregisteredReason("not registered any more in %s")), nil
	}
	why := seen.deregisteredReason(
		"somebody else took it out of %s after it had rejoined; it was left out there",
	)
	if waiting == "" {
		i.BackAt = now // from here on it isn't out by our doing
		return r.giveUp(ctx, i, why)
	}
	out, late, err := r.wait(ctx, w, now, waiting)
	if err != nil || !late {
		return out, err
	}
	return r.giveUp(
		ctx,
		i,
		fmt.Sprintf(
			"%s; and not healthy %s after it rejoined: %s",
			why,
			run.Span(now.Sub(i.RegisteredAt)),
			waiting,
		),
	)
}

// wait comes again for what isn't healthy yet, unless it is too late for that.
func (r Rejoin) wait(
	ctx context.Context, w *instanceWork, now time.Time, waiting string,
) (out instanceOutcome, late bool, err error) {
	plan, err := (store{r.Ledger}).plan(ctx, w.Item.Run)
	late = err == nil && now.Sub(w.Item.RegisteredAt) >= plan.RejoinFor(w.Item.Capture)
	return w.Again(settling, waiting), late, err
}

// groupStatus is what was seen of an instance's captured targets.
type groupStatus struct {
	missing []string // not registered
	deleted []string // target groups (ARNs) that don't exist any more
	ill     []string // not healthy, and were before
	before  []string // not healthy, and weren't before either
}

// deregisteredReason says where the instance isn't any more; taken has a place for those where only
// it is missing.
func (s groupStatus) deregisteredReason(taken string) string {
	var all []string
	if len(s.missing) > 0 {
		all = append(all, fmt.Sprintf(taken, strings.Join(s.missing, ", ")))
	}
	if len(s.deleted) > 0 {
		all = append(all, run.Vanished(s.deleted)+", so that it can't be put back there")
	}
	return strings.Join(all, "; ")
}

// read looks at each captured target.
func (r Rejoin) read(ctx context.Context, i *run.Instance) (seen groupStatus, err error) {
	for _, g := range byGroup(i) {
		targets, err := r.Targets.Targets(ctx, g.arn)
		if errors.Is(err, run.ErrNoGroup) {
			seen.deleted = append(seen.deleted, g.arn)
			continue
		}
		if err != nil {
			return seen, fmt.Errorf("read target group %s: %w", run.ShortARN(g.arn), err)
		}
		states := map[int]run.Target{}
		for _, t := range targets {
			if t.ID == i.ID {
				states[t.Port] = t
			}
		}
		for _, c := range i.Capture {
			if c.Group != g.arn {
				continue
			}
			where := fmt.Sprintf("%s port %d", run.ShortARN(c.Group), c.Port)
			t, listed := states[c.Port]
			state := fmt.Sprintf("%s is %s (%s)", where, t.State, cmp.Or(t.Reason, "no reason given"))
			switch {
			case !listed || !t.Registered():
				seen.missing = append(seen.missing, where)
			case t.Healthy():
			case c.Healthy:
				seen.ill = append(seen.ill, state)
			case t.State != "unused": // in a group that no load balancer uses nobody is healthy
				seen.before = append(seen.before, state)
			}
		}
	}
	return seen, nil
}

// giveUp gives up with the reason, or because the instance is gone, if it is.
func (r Rejoin) giveUp(
	ctx context.Context, i *run.Instance, reason string,
) (instanceOutcome, error) {
	m, err := machine(ctx, r.EC2, i.ID)
	if err != nil {
		return instanceOutcome{}, err
	}
	if m == nil || m.Gone() {
		return terminated(i), nil
	}
	return choreo.GiveUp[*run.Instance](reason), nil
}

// back is the end of an instance that is in service again: done, skipped if it went back without a
// reboot, failed if triage had sent it back after a failure. unhealthy is where it isn't healthy,
// and wasn't before.
func (r Rejoin) back(w *instanceWork, unhealthy ...string) instanceOutcome {
	b, i, now := store{r.Ledger}, w.Item, r.Now()
	back := func(i *run.Instance) { i.BackAt = now }
	if unexplained(i) {
		reason := "it was put back, and the ledger knows of no reboot"
		i.Failure = &run.Failure{Step: run.StepRejoin, Reason: reason, At: now}
	}
	switch {
	case i.Failure != nil:
		return b.end(w, run.Failed, i.Failure.Reason, back)
	case i.Return != "":
		return b.end(w, run.Skipped, i.Return, back)
	}
	return b.end(w, run.Done, "", func(i *run.Instance) { i.BackAt, i.Unhealthy = now, unhealthy })
}
