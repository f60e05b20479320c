package rolling

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/run"
	"quickstep/shared/transient"
)

// Reboot reboots an instance once no target group can send it new traffic any more.
type Reboot struct {
	choreo.Deps
	EC2 interface {
		Machines
		Reboot(ctx context.Context, instance string) error
	}
	Targets Targets
	Boots   Boots
}

// Handler is the code of the reboot function.
func (r Reboot) Handler() choreo.Function { return choreo.SQSHandler(r.mover()) }

// mover moves instances by reboot. Before its call an instance goes back when its time is over,
// however many errors were met by then; after a call whose fate is unknown it may have rebooted,
// and be well.
func (r Reboot) mover() choreo.Mover[*run.Instance] {
	m := moveInstances(r.Deps, "reboot", r.Act)
	m.Tolerance = func(i *run.Instance) choreo.Tolerance {
		if i.RebootCalls == 0 {
			return choreo.Tolerance{Transient: choreo.Forever}
		}
		return externalErrors(i)
	}
	return m
}

// Act is safe to repeat: each call is written down before it is made; a try that finds that an
// earlier call has worked makes none; and after more than one call the check believes nothing for
// five minutes.
func (r Reboot) Act(ctx context.Context, w *instanceWork) (instanceOutcome, error) {
	i := w.Item
	if why := unrecorded(i); why != "" {
		return w.GiveUp(why), nil
	}
	plan, err := (store{r.Ledger}).plan(ctx, i.Run)
	if err != nil {
		return instanceOutcome{}, err
	}
	if why := r.overdue(i, plan); why != "" {
		return w.GiveUp(why), nil
	}
	m, err := machine(ctx, r.EC2, i.ID)
	if err != nil {
		return instanceOutcome{}, err
	}
	switch {
	case m == nil || m.Gone():
		return terminated(i), nil
	case m.State != "running":
		return w.GiveUp(fmt.Sprintf("the instance is %s; start it, or terminate it", m.State)), nil
	}
	if rest := i.GoneAt.Add(plan.DrainDelay(i.Capture)).Sub(r.Now()); rest > 0 {
		return w.Again(rest, "waiting for the end of the deregistration delay"), nil
	}

	if out, done, err := r.boot(ctx, w, plan); done || err != nil {
		return out, err
	}
	busy, err := r.reached(ctx, w, run.NewFinder(plan.Request.NotOurs, *m))
	if err != nil {
		return instanceOutcome{}, err
	}
	if busy != "" {
		return r.wait(w, plan, busy), nil
	}
	if out, done, err := r.renew(ctx, i); done || err != nil {
		return out, err
	}
	return r.call(ctx, w, plan)
}

// wait comes again while the instance can still be reached, and gives up when the time for draining is
// over. After a call whose fate is unknown that is no sooner than it can be known.
func (r Reboot) wait(w *instanceWork, plan *run.Plan, busy string) instanceOutcome {
	i := w.Item
	limit := i.GoneAt.Add(plan.DrainTimeout(i.Capture))
	if known := i.RebootedAt.Add(run.WaitForProof); i.RebootCalls > 0 && known.After(limit) {
		limit = known
	}
	switch {
	case !r.Now().After(limit):
		return w.Again(15*time.Second, busy)
	case i.RebootCalls > 0:
		return w.GiveUp(fmt.Sprintf("never drained: %s; whether EC2 has carried out the reboot that was asked for "+
			"at %s isn't known", busy, i.RebootedAt.UTC().Format(time.RFC3339)))
	}
	return w.GiveUp("never drained: " + busy)
}

// overdue says why an instance without a call goes back now; empty: it may still be rebooted. That
// is a matter of time alone: who is out of service and waits for its reboot takes up a token.
func (r Reboot) overdue(i *run.Instance, plan *run.Plan) string {
	limit := plan.RebootFor(i.Capture)
	if i.RebootCalls > 0 || r.Now().Before(i.GoneAt.Add(limit)) {
		return ""
	}
	return fmt.Sprintf(
		"not rebooted within %s of its deregistration: %s",
		run.Span(limit),
		cmp.Or(i.Reason, "nobody took it up"),
	)
}

// boot reads the boot id before the first call, and after one whose fate is unknown finds out
// whether it has worked.
func (r Reboot) boot(
	ctx context.Context, w *instanceWork, plan *run.Plan,
) (out instanceOutcome, done bool, err error) {
	i := w.Item
	if plan.Request.Proof == run.ProofOff || i.Boot.Unreadable {
		return out, false, nil
	}
	if i.RebootCalls > 0 {
		return r.afterCall(ctx, i, plan)
	}
	if i.Boot.Old != "" && i.Boot.Command == "" { // its age is looked at right before the call
		return out, false, nil
	}
	if i.Boot.Old == "" && i.Boot.Command == "" && i.Boot.Asked == 0 {
		managed, err := r.Boots.Managed(ctx, i.ID)
		if err != nil {
			return out, false, fmt.Errorf("ask Systems Manager about %s: %w", i.ID, err)
		}
		if !managed {
			return r.unreadable(i, plan, "Systems Manager doesn't manage the instance, or its agent is offline")
		}
	}

	read, why, err := readBoot(ctx, r.Boots, i, r.Now)
	switch {
	case err != nil:
		return out, false, err
	case read.ID != "":
		i.Boot.Old, i.Boot.OldAt = read.ID, read.sentAt
		return out, false, nil
	case i.Boot.Asked < bootQuestions:
		return w.Again(bootAnswer, why), true, nil
	case i.Boot.Old == "":
		return r.unreadable(i, plan, why)
	}
	return out, false, nil // the id of before must do: the uptime tells whose boot the next one is
}

// renew asks for the old boot's id again if it is too old by now, a bounded number of times: with
// many target groups, what comes between its reading and the call may always take longer. Meanwhile
// others may have rebooted the instance, or EC2, by an earlier call whose fate is unknown.
func (r Reboot) renew(
	ctx context.Context, i *run.Instance,
) (out instanceOutcome, done bool, err error) {
	b := &i.Boot
	fresh := r.Now().Sub(b.OldAt) <= bootFresh
	if b.Old == "" || fresh || b.Renewed >= bootQuestions ||
		b.Asked >= bootQuestions {
		return out, false, nil
	}
	b.Renewed++
	_, why, err := readBoot(ctx, r.Boots, i, r.Now)
	return choreo.Again[*run.Instance](bootAnswer, why), true, err
}

// afterCall finds out whether a call whose fate is unknown has worked. What is on another boot
// isn't rebooted again, unless that boot began before the call. What is on its old boot when EC2
// would have forced the reboot was never rebooted: the call is taken back. For that it isn't called
// again once its time is over, however often calls stay without an answer.
func (r Reboot) afterCall(
	ctx context.Context, i *run.Instance, plan *run.Plan,
) (out instanceOutcome, done bool, err error) {
	if i.Boot.Old == "" || i.Boot.Asked >= bootQuestions {
		return out, false, nil
	}
	read, why, err := readBoot(ctx, r.Boots, i, r.Now)
	switch {
	case err != nil:
		return out, false, err
	case read.ID == "":
		return choreo.Again[*run.Instance](bootAnswer, why), true, nil
	}

	switch i.Booted(read.BootAnswer, read.sentAt, read.readAt) {
	case run.OldBoot:
		i.Boot.OldAt = read.sentAt
		switch {
		case !read.sentAt.Before(i.RebootedAt.Add(run.HungReboot)):
			i.TakeBackCalls()
			return choreo.Again[*run.Instance](bootAnswer, "EC2 hasn't carried out the reboot"), true, nil
		case r.Now().After(i.GoneAt.Add(plan.RebootFor(i.Capture))):
			return choreo.Again[*run.Instance](time.Minute, "whether EC2 carries out the reboot isn't known"), true, nil
		}
		return out, false, nil
	case run.TheirBoot:
		i.Boot.Old, i.Boot.OldAt = read.ID, read.sentAt
		return out, false, nil
	}
	return choreo.Next[*run.Instance](run.StepCheck, 0), true, nil
}

func (r Reboot) unreadable(
	i *run.Instance, plan *run.Plan, why string,
) (instanceOutcome, bool, error) {
	i.Boot = run.Boot{Unreadable: true}
	if plan.Request.Proof == run.ProofRequired {
		return choreo.GiveUp[*run.Instance]("no proof of the reboot could be had: " + why), true, nil
	}
	return instanceOutcome{}, false, nil
}

// reached reads every target group and says which one can still send traffic to the instance, or
// isn't done draining.
func (r Reboot) reached(
	ctx context.Context, w *instanceWork, finder *run.Finder,
) (busy string, err error) {
	i, targets := w.Item, timeLimited{r.Targets, r.Now, w.Now.Add(readTimeLimit)}
	s, err := readGroups(ctx, targets, finder)
	if err != nil {
		return "", err
	}
	for arn, targets := range s.targets {
		for _, t := range targets {
			if !finder.Contains(t.ID) {
				continue
			}
			ours := stillIn([]run.Registration{{Group: arn, Port: t.Port}}, i.Capture)
			if t.Registered() || (ours && t.State != "unused") {
				text := fmt.Sprintf(
					"the instance is %s in target group %s, port %d",
					t.State,
					run.ShortARN(arn),
					t.Port,
				)
				if busy == "" || text < busy {
					busy = text
				}
			}
		}
	}
	return busy, nil
}

// call writes the call down, and makes it. A call that was certainly refused (a throttle, a missing
// permission, an instance in no state for it) is taken back: what can't be known is only what
// became of a call without an answer.
func (r Reboot) call(
	ctx context.Context, w *instanceWork, plan *run.Plan,
) (instanceOutcome, error) {
	i, before := w.Item, *w.Item
	unasked := func() {
		i.RebootAskedAt, i.RebootedAt, i.CalledAt = before.RebootAskedAt, before.RebootedAt, before.CalledAt
		i.RebootCalls, i.Boot.Renewed = before.RebootCalls, before.Boot.Renewed
	}

	now := r.Now()
	if i.RebootAskedAt.IsZero() {
		i.RebootAskedAt = now
	}
	i.RebootedAt, i.CalledAt = now, time.Time{}
	i.RebootCalls++
	i.Boot.Command, i.Boot.Asked, i.Boot.Renewed = "", 0, 0
	if err := w.Save(ctx); err != nil {
		unasked()
		return instanceOutcome{}, err
	}

	err := r.EC2.Reboot(ctx, i.ID)
	if err != nil && (transient.IsNotApplied(err) || !transient.Is(err)) {
		unasked()
	}
	switch {
	case errors.Is(err, run.ErrGone):
		return w.GiveUp("EC2 refused the reboot: " + err.Error()), nil
	case err != nil:
		return instanceOutcome{}, fmt.Errorf("reboot %s: %w", i.ID, err)
	}
	i.CalledAt = choreo.After(r.Now())
	return w.Next(run.StepCheck, i.CalledAt.Add(firstLook(plan, i)).Sub(w.Now)), nil
}
