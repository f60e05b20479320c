package rolling

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/ledger"
	"quickstep/shared/run"
)

// Rejoin puts an instance back: registers exactly what was captured, and waits until it is healthy wherever it was.
type Rejoin struct {
	Ledger  ledger.Store
	EC2     Machines
	Targets interface {
		Targets(ctx context.Context, group string) ([]run.Target, error)
		Register(ctx context.Context, group string, targets []run.Description) error
	}
	Alarm Topic
	Now   func() time.Time
}

const (
	// settling is the time between registering and the first reading, and between readings: the default interval of
	// a target group's health check is 30 s, the shortest 5 s.
	settling = 10 * time.Second
	// readEvery is how often rejoin reads, while it can't register, where the instance is registered by now.
	readEvery = time.Hour
	// missingFor is how long a target must be missing before somebody else has taken it out.
	missingFor = 30 * time.Second
)

// Mover moves instances by rejoin. Whatever error keeps one from being registered, or watched, is borne for hours: it may be
// well, and to give up would leave it out.
func (r Rejoin) Mover(l choreo.Line) choreo.Mover[*run.Instance] {
	m := Instances(l, "rejoin", r.Act)
	m.Tolerance = outside
	return m
}

// Act is safe to repeat: what has been registered isn't registered again, and awaiting only reads.
func (r Rejoin) Act(ctx context.Context, w *choreo.Work[*run.Instance]) (choreo.Outcome, error) {
	if why := unrecorded(w.Item); why != "" {
		return choreo.GiveUp(why), nil
	}
	act := r.register
	if w.Item.Step == run.StepAwait {
		act = r.await
	}
	out, err := act(ctx, w)
	tellOfTrouble(ctx, r.Alarm, w, r.Now(), err)
	return out, err
}

// register puts the instance back, group by group, and notes which are done: where a call has returned, whoever takes it out
// afterwards is somebody else, and there it stays out.
func (r Rejoin) register(ctx context.Context, w *choreo.Work[*run.Instance]) (choreo.Outcome, error) {
	i := w.Item
	if err := r.registered(ctx, i); err != nil {
		return choreo.Outcome{}, err
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
		return choreo.Outcome{}, err
	}

	i.RegisteredAt = choreo.After(r.Now())
	if len(i.Capture) == 0 {
		return r.back(w), nil
	}
	return choreo.Next(run.StepAwait, i.RegisteredAt.Add(settling).Sub(w.Now)), nil
}

// registered reads, once an hour while errors last, where the instance is registered by now: a call without an answer may have
// worked, and where it did nobody registers it again.
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

func (r Rejoin) await(ctx context.Context, w *choreo.Work[*run.Instance]) (choreo.Outcome, error) {
	i, now := w.Item, r.Now()
	missing, waiting, err := r.read(ctx, i)
	if err != nil {
		return choreo.Outcome{}, err
	}
	if missing != "" {
		if i.MissingSince.IsZero() {
			i.MissingSince = now
		}
		i.HealthyAt = time.Time{}
		if now.Sub(i.MissingSince) < missingFor {
			return choreo.Again(missingFor-now.Sub(i.MissingSince), "not registered any more in "+missing), nil
		}
		if waiting == "" {
			i.BackAt = now // from here on it isn't out by our doing
		} else if out, late, err := r.wait(ctx, w, now, waiting); err != nil || !late {
			return out, err
		}
		return r.giveUp(ctx, i, "somebody else took it out of "+missing+" after it had rejoined; it was left out there")
	}
	i.MissingSince = time.Time{}
	if waiting == "" {
		if i.HealthyAt.IsZero() {
			i.HealthyAt = now
			return choreo.Again(settling/2, "healthy; looking once more"), nil
		}
		return r.back(w), nil
	}
	i.HealthyAt = time.Time{}
	out, late, err := r.wait(ctx, w, now, waiting)
	if err != nil || !late {
		return out, err
	}
	return r.giveUp(ctx, i, fmt.Sprintf("not healthy %s after it rejoined: %s", run.Span(now.Sub(i.RegisteredAt)), waiting))
}

// wait comes again for what isn't healthy yet, unless it is too late for that.
func (r Rejoin) wait(ctx context.Context, w *choreo.Work[*run.Instance], now time.Time, waiting string) (out choreo.Outcome, late bool, err error) {
	plan, err := (book{r.Ledger}).plan(ctx, w.Item.Run)
	late = err == nil && now.Sub(w.Item.RegisteredAt) >= plan.RejoinFor(w.Item.Capture)
	return choreo.Again(settling, waiting), late, err
}

// read says in which groups a captured target is missing, and which targets aren't healthy that were before.
func (r Rejoin) read(ctx context.Context, i *run.Instance) (missing, waiting string, err error) {
	var gone, ill []string
	for _, g := range byGroup(i) {
		targets, err := r.Targets.Targets(ctx, g.arn)
		if err != nil && !errors.Is(err, run.ErrNoGroup) {
			return "", "", fmt.Errorf("read target group %s: %w", run.ShortARN(g.arn), err)
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
			if !listed || !t.Registered() {
				gone = append(gone, where)
			} else if c.Healthy && !t.Healthy() {
				ill = append(ill, fmt.Sprintf("%s is %s (%s)", where, t.State, or(t.Reason, "no reason given")))
			}
		}
	}
	return strings.Join(gone, ", "), strings.Join(ill, ", "), nil
}

// giveUp gives up with the reason, or because the instance is gone, if it is.
func (r Rejoin) giveUp(ctx context.Context, i *run.Instance, reason string) (choreo.Outcome, error) {
	m, err := machine(ctx, r.EC2, i.ID)
	if err != nil {
		return choreo.Outcome{}, err
	}
	if m == nil || m.Gone() {
		return terminated(i), nil
	}
	return choreo.GiveUp(reason), nil
}

// back is the end of an instance that is in service again: done, skipped if it went back without a reboot, failed if
// triage had sent it back after a failure.
func (r Rejoin) back(w *choreo.Work[*run.Instance]) choreo.Outcome {
	b, i, now := book{r.Ledger}, w.Item, r.Now()
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
	return b.end(w, run.Done, "", back)
}
