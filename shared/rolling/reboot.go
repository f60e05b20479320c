package rolling

import (
	"context"
	"errors"
	"fmt"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/ledger"
	"quickstep/shared/passing"
	"quickstep/shared/run"
)

// Reboot reboots an instance once no target group can send it new traffic any more.
type Reboot struct {
	Ledger ledger.Store
	EC2    interface {
		Machines
		Reboot(ctx context.Context, instance string) error
	}
	Targets Targets
	Boots   Boots
	Now     func() time.Time
}

// Act is safe to repeat: each call is written down before it is made; a try that finds that an earlier call has worked
// makes none; and after more than one call the check believes nothing for five minutes.
func (r Reboot) Act(ctx context.Context, w *choreo.Work[*run.Instance]) (choreo.Outcome, error) {
	i := w.Item
	plan, err := (book{r.Ledger}).plan(ctx, i.Run)
	if err != nil {
		return choreo.Outcome{}, err
	}
	m, err := machine(ctx, r.EC2, i.ID)
	if err != nil {
		return choreo.Outcome{}, err
	}
	switch {
	case m == nil || m.Gone():
		return terminated(i), nil
	case m.State != "running":
		return choreo.GiveUp(fmt.Sprintf("the instance is %s; start it, or terminate it", m.State)), nil
	}
	if rest := i.GoneAt.Add(plan.DrainDelay(i.Capture)).Sub(r.Now()); rest > 0 {
		return choreo.Again(rest, "waiting for the end of the deregistration delay"), nil
	}
	if out, done, err := r.boot(ctx, w, plan); done || err != nil {
		return out, err
	}
	busy, err := r.reached(ctx, i, m)
	if err != nil {
		return choreo.Outcome{}, err
	}
	if busy != "" {
		if r.Now().After(i.GoneAt.Add(plan.DrainTimeout(i.Capture))) {
			return choreo.GiveUp("never drained: " + busy), nil
		}
		return choreo.Again(15*time.Second, busy), nil
	}
	return r.call(ctx, w, plan)
}

// boot reads the boot id right before the first call (somebody else may reboot the instance while it drains), and after one whose fate is unknown finds out whether it has worked.
func (r Reboot) boot(ctx context.Context, w *choreo.Work[*run.Instance], plan *run.Plan) (out choreo.Outcome, done bool, err error) {
	i := w.Item
	if plan.Request.Proof == run.ProofOff || i.Boot.Unreadable || (i.Boot.Old != "" && i.RebootCalls == 0) {
		return out, false, nil
	}
	if i.RebootCalls > 0 && (i.Boot.Old == "" || i.Boot.Asked >= bootQuestions) {
		return out, false, nil
	}
	if i.RebootCalls == 0 && i.Boot.Command == "" && i.Boot.Asked == 0 {
		managed, err := r.Boots.Managed(ctx, i.ID)
		if err != nil {
			return out, false, fmt.Errorf("ask Systems Manager about %s: %w", i.ID, err)
		}
		if !managed {
			return r.unreadable(i, plan, "Systems Manager doesn't manage the instance, or its agent is offline")
		}
	}
	id, why, err := readBoot(ctx, r.Boots, w, r.Now())
	switch {
	case err != nil:
		return out, false, err
	case id == "" && i.Boot.Asked >= bootQuestions && i.RebootCalls == 0:
		return r.unreadable(i, plan, why)
	case id == "":
		return choreo.Again(bootAnswer, why), true, nil
	case i.RebootCalls > 0 && !run.SameBoot(id, i.Boot.Old):
		return choreo.Next(run.StepCheck, 0), true, nil
	case i.RebootCalls == 0:
		i.Boot.Old = id
	}
	return out, false, nil
}

func (r Reboot) unreadable(i *run.Instance, plan *run.Plan, why string) (choreo.Outcome, bool, error) {
	i.Boot = run.Boot{Unreadable: true}
	if plan.Request.Proof == run.ProofRequired {
		return choreo.GiveUp("no proof of the reboot could be had: " + why), true, nil
	}
	return choreo.Outcome{}, false, nil
}

// reached reads every target group and says which one can still send traffic to the instance, or isn't done draining.
func (r Reboot) reached(ctx context.Context, i *run.Instance, m *run.Machine) (busy string, err error) {
	groups, _, err := sweep(ctx, r.Targets, map[string]bool{m.VPC: true}, names(m))
	if err != nil {
		return "", err
	}
	for arn, targets := range groups {
		for _, t := range targets {
			if !names(m)[t.ID] {
				continue
			}
			ours := stillIn([]run.Registration{{Group: arn, Port: t.Port}}, i.Capture)
			if t.Registered() || (ours && t.State != "unused") {
				text := fmt.Sprintf("the instance is %s in target group %s, port %d", t.State, run.ShortARN(arn), t.Port)
				if busy == "" || text < busy {
					busy = text
				}
			}
		}
	}
	return busy, nil
}

// call writes the call down, and makes it. A call that was certainly refused (a throttle, a missing
// permission, an instance in no state for it) is taken back: what can't be known is only what became of a call without an
// answer.
func (r Reboot) call(ctx context.Context, w *choreo.Work[*run.Instance], plan *run.Plan) (choreo.Outcome, error) {
	i, before := w.Item, *w.Item
	unasked := func() {
		i.RebootAskedAt, i.RebootedAt, i.RebootCalls = before.RebootAskedAt, before.RebootedAt, before.RebootCalls
	}
	now := r.Now()
	if i.RebootAskedAt.IsZero() {
		i.RebootAskedAt = now
	}
	i.RebootedAt = now
	i.RebootCalls++
	i.Boot.Command, i.Boot.Asked = "", 0
	if err := w.Save(ctx); err != nil {
		unasked()
		return choreo.Outcome{}, err
	}
	err := r.EC2.Reboot(ctx, i.ID)
	switch {
	case err != nil && (passing.IsRefused(err) || !passing.Is(err)):
		unasked()
		if errors.Is(err, run.ErrGone) {
			return choreo.GiveUp("EC2 refused the reboot: " + err.Error()), nil
		}
		return choreo.Outcome{}, fmt.Errorf("reboot %s: %w", i.ID, err)
	case err != nil:
		return choreo.Outcome{}, fmt.Errorf("reboot %s: %w", i.ID, err)
	}
	return choreo.Next(run.StepCheck, time.Duration(plan.Request.BootWait)), nil
}
