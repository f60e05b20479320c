package rolling

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/input"
	"quickstep/shared/ledger"
	"quickstep/shared/notify"
	"quickstep/shared/run"
)

// Starting brings a run that was accepted to the point from which its instances leave: measured again,
// written down, muted.
type Starting struct {
	choreo.Deps
	EC2         FleetMachines
	Targets     MeasuredTargets
	Muter       Muter
	ReportTopic Topic
	Allowed     Allowed
}

// Act brings a run from starting to open, under the lease of its own position: measures again, now
// that the locks are held, writes down every instance, mutes, and opens with the first tokens. It
// is safe to repeat: what is written is put only if it is absent, or is the run's own before it has
// opened.
func (s Starting) Act(ctx context.Context, w *runWork) (runOutcome, error) {
	b := store{s.Ledger}
	r, _, err := b.run(ctx, w.Item.Run)
	if err != nil {
		return runOutcome{}, err
	}
	plan := &run.Plan{}
	rev, err := b.require(ctx, planKey(r.ID), plan)
	if err != nil {
		return runOutcome{}, err
	}
	if !w.Item.Prepared {
		if err := s.prepare(ctx, b, w, plan, rev); err != nil {
			return refuseAfterAccept(err)
		}
	}
	if !plan.Request.Mute.Empty() {
		why, err := s.Muter.Apply(ctx, w, plan, time.Time{})
		switch {
		case err != nil:
			return runOutcome{}, fmt.Errorf("the fleet's alarms and rules could not be muted: %w", err)
		case why != "" && w.Item.Attempt >= muteLooks:
			return w.GiveUp("the fleet's alarms and rules could not be muted: " + why), nil
		case why != "":
			return w.Again(mutePoll, why), nil
		}
	}
	tokens, total, skipped, err := s.count(ctx, b, r, plan)
	if err != nil {
		return runOutcome{}, err
	}
	if err := s.tell(ctx, w, r, plan, total); err != nil {
		return runOutcome{}, err
	}
	transaction := func(ctx context.Context, a *run.Active) (choreo.Transaction, error) {
		return b.advanceRun(ctx, a.Run, w.Now, a, func(r *run.Run) error {
			limits(r, plan, total)
			r.Opened, r.Total, r.Tokens = w.Now, total, tokens
			r.Skipped, r.Waiting = skipped, total-skipped
			if r.Waiting == 0 {
				r.Stop(w.Now, "no instance of the fleet is free to be rebooted")
			}
			return nil
		})
	}
	return w.Next(run.StepOpen, 0).With(transaction), nil
}

// refuseAfterAccept gives up at once if the fleet has changed since the request so that it can't be
// done any more.
func refuseAfterAccept(err error) (runOutcome, error) {
	var refused *input.FieldError
	if errors.As(err, &refused) {
		return choreo.GiveUp[*run.Active](err.Error()), nil
	}
	return runOutcome{}, err
}

// prepare measures the fleet again and writes down its plan and its instances.
func (s Starting) prepare(ctx context.Context, b store, w *runWork, plan *run.Plan, rev int64) error {
	f, err := search{s.EC2, s.Targets, s.Allowed}.find(ctx, &plan.Request)
	if err != nil {
		return err
	}
	if err := f.acceptGroups(&plan.Request, s.Allowed); err != nil {
		return err
	}
	for _, g := range f.groups {
		if _, ok := plan.Groups[g.ARN]; !ok {
			return input.Refuse(selectorField(&plan.Request), "ask again",
				"an instance was registered in target group %s while the run was starting", g.Name)
		}
	}
	if err := s.seenBack(ctx, b, w); err != nil {
		return err
	}
	outs, _, err := b.outs(ctx)
	if err != nil {
		return err
	}
	locked := plan.Groups
	if err := size(ctx, s.Targets, plan, f, outs); err != nil {
		return err
	}
	for arn, g := range locked { // one that the fleet has left since is still locked
		if _, ok := plan.Groups[arn]; !ok {
			plan.Groups[arn] = g
		}
	}
	if err := small(plan); err != nil {
		return err
	}
	if err := w.Save(ctx, ledger.Put(planKey(w.Item.Run), rev, plan)); err != nil {
		return err
	}
	if err := s.putInstances(ctx, b, w, f, outs); err != nil {
		return err
	}
	w.Item.Prepared = true
	plan.Request.InstanceIDs = nil // they stand in the ledger one by one; every step reads the plan
	return w.Save(ctx, ledger.Put(planKey(w.Item.Run), rev+1, plan))
}

// seenBack forgets those that failed out of service and are terminated, or registered and healthy
// again.
func (s Starting) seenBack(ctx context.Context, b store, w *runWork) error {
	outs, revs, err := b.outs(ctx)
	if err != nil {
		return err
	}
	for n, o := range outs {
		m, err := machine(ctx, s.EC2, o.Instance)
		if err != nil {
			return err
		}
		back := m == nil || m.Gone()
		if !back {
			if back, err = s.serves(ctx, o); err != nil {
				return err
			}
		}
		if !back {
			continue
		}
		if err := b.deleteOut(ctx, w.Mark(), o, revs[n]); err != nil && !errors.Is(err, ledger.ErrConflict) {
			return fmt.Errorf("forget that %s failed out of service: %w", o.Instance, err)
		}
	}
	return nil
}

// serves says whether the instance is registered again wherever it was, and healthy where it was.
func (s Starting) serves(ctx context.Context, o run.Out) (bool, error) {
	for _, c := range o.Capture {
		targets, err := s.Targets.Targets(ctx, c.Group)
		if errors.Is(err, run.ErrNoGroup) {
			continue
		}
		if err != nil {
			return false, fmt.Errorf("read target group %s: %w", run.ShortARN(c.Group), err)
		}
		if !slices.ContainsFunc(targets, func(t run.Target) bool {
			return t.ID == o.Instance && t.Port == c.Port && t.Registered() && (t.Healthy() || !c.Healthy)
		}) {
			return false, nil
		}
	}
	return len(o.Capture) > 0, nil
}

// putInstances writes down every instance that isn't yet. Those that failed out of service in an
// earlier run are skipped.
func (s Starting) putInstances(
	ctx context.Context, b store, w *runWork, f *fleet, outs []run.Out,
) error {
	there := map[string]bool{}
	if err := b.eachInstance(ctx, w.Item.Run, func(i *run.Instance) { there[i.ID] = true }); err != nil {
		return err
	}
	failed := map[string]string{}
	for _, o := range outs {
		failed[o.Instance] = o.Run
	}
	var writes []ledger.Write
	for _, m := range f.machines {
		if there[m.ID] {
			continue
		}
		i := &run.Instance{
			ID:      m.ID,
			Run:     w.Item.Run,
			Groups:  f.in[m.ID],
			Windows: m.Windows,
			Expires: w.Now.Add(itemRetention),
		}
		i.Position = choreo.Position{Step: run.StepWaiting, Since: w.Now}
		if by, ok := failed[m.ID]; ok {
			i.Step, i.EndedAt = run.Skipped, w.Now
			i.Position.Reason = fmt.Sprintf("it failed out of service in run %s; repair it, then release it", by)
		}
		writes = append(writes, ledger.Put(instanceKey(w.Item.Run, m.ID), 0, i))
	}
	for _, id := range slices.Sorted(maps.Keys(f.skipped)) {
		if there[id] {
			continue
		}
		i := &run.Instance{ID: id, Run: w.Item.Run, EndedAt: w.Now, Expires: w.Now.Add(itemRetention)}
		i.Position = choreo.Position{Step: run.Skipped, Since: w.Now, Reason: f.skipped[id]}
		writes = append(writes, ledger.Put(instanceKey(w.Item.Run, id), 0, i))
	}
	for chunk := range slices.Chunk(writes, ledger.MaxWrites-1) {
		all := append([]ledger.Write{w.LeaseHeld()}, chunk...)
		if err := ledger.Apply(ctx, s.Ledger, w.Mark(), all...); err != nil {
			return fmt.Errorf("write down %d instances: %w", len(chunk), err)
		}
	}
	return nil
}

// count reads what was written down: how many instances there are, and the tokens that those hold
// who failed out of service in earlier runs and share the fleet, a target group or are of this run
// themselves. OUT is read now that the locks are held (R1).
func (s Starting) count(
	ctx context.Context, b store, r *run.Run, plan *run.Plan,
) (tokens []run.Token, total, skipped int, err error) {
	ours := map[string]bool{}
	if err = b.eachInstance(ctx, r.ID, func(i *run.Instance) {
		ours[i.ID] = true
		if i.Step == run.Skipped {
			skipped++
		}
	}); err != nil {
		return nil, 0, 0, err
	}
	outs, _, err := b.outs(ctx)
	if err != nil {
		return nil, 0, 0, err
	}
	for _, o := range outs {
		shared := o.Fleet == r.Fleet || ours[o.Instance]
		for _, c := range o.Capture {
			_, ok := plan.Groups[c.Group]
			shared = shared || ok
		}
		if shared {
			tokens = append(tokens, run.Token{Instance: o.Instance, Failed: true, From: o.Run})
		}
	}
	return tokens, len(ours), skipped, nil
}

// tell announces that the run begins, once.
func (s Starting) tell(ctx context.Context, w *runWork, r *run.Run, plan *run.Plan, total int) error {
	if w.Item.Announced.Start {
		return nil
	}
	r.Total = total
	limits(r, plan, total)
	n := notify.Started(r, plan, remarks(r, plan))
	if err := s.ReportTopic.Publish(ctx, n.Subject, n.Text); err != nil {
		return fmt.Errorf("announce the start of run %s: %w", r.ID, err)
	}
	w.Item.Announced.Start = true
	return w.Save(ctx)
}
