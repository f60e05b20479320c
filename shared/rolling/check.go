package rolling

import (
	"context"
	"fmt"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/run"
)

// Check asks whether an instance has started, again and again, up to a bound.
type Check struct {
	choreo.Deps
	EC2 interface {
		Machines
		Status(ctx context.Context, instance string) (run.StatusChecks, error)
	}
	Boots     Boots
	Probes    Probes
	Functions interface {
		Ready(ctx context.Context, function string, payload any) (ready bool, why string, err error)
	}
	AlarmTopic Topic
}

// fewLooks is how many looks must have failed, however late it is: after an outage the first one
// may fail by chance.
const fewLooks = 3

// Handler is the code of the check function.
func (c Check) Handler() choreo.Function { return choreo.SQSHandler(c.mover()) }

// mover moves instances by check. Errors say nothing about the instance, which has rebooted and may
// be well.
func (c Check) mover() choreo.Mover[*run.Instance] {
	m := moveInstances(c.Deps, "check", c.Act)
	m.Tolerance = externalErrors
	return m
}

// Act is safe to repeat: it only looks.
func (c Check) Act(ctx context.Context, w *instanceWork) (instanceOutcome, error) {
	out, err := c.look(ctx, w)
	notifyTrouble(ctx, c.AlarmTopic, w, c.Now(), err)
	return out, err
}

func (c Check) look(ctx context.Context, w *instanceWork) (instanceOutcome, error) {
	i := w.Item
	if why := unrecorded(i); why != "" {
		return w.GiveUp(why), nil
	}
	plan, err := (store{c.Ledger}).plan(ctx, i.Run)
	if err != nil {
		return instanceOutcome{}, err
	}
	m, err := machine(ctx, c.EC2, i.ID)
	if err != nil {
		return instanceOutcome{}, err
	}
	switch {
	case m == nil || m.Gone():
		return terminated(i), nil
	case m.State == "stopped" || m.State == "stopping":
		return w.GiveUp("the instance is " + m.State + " since its reboot; start it and look at its log"), nil
	}

	found, err := c.ready(ctx, plan, i, m)
	if err != nil {
		return instanceOutcome{}, err
	}
	i.Watch(found, c.Now())
	if !found.OK {
		i.PassingSince, i.Boot.Unanswered = time.Time{}, 0
	} else if i.PassingSince.IsZero() {
		i.PassingSince = c.Now()
	}
	unproven, wait, err := c.proof(ctx, w.Item)
	if err != nil {
		return instanceOutcome{}, err
	}
	return c.decide(i, plan, found, unproven, wait), nil
}

// decide goes on once all checks pass on a boot that is proven to be new, gives up when the time
// for that is over, or comes again. The bound is time, not a number of looks: those who look for a
// proof come close together.
func (c Check) decide(
	i *run.Instance, plan *run.Plan, found run.Finding, unproven string, wait time.Duration,
) instanceOutcome {
	now := c.Now()
	since := now.Sub(i.RebootedAt)
	rest := time.Duration(plan.Request.BootWait) - since
	switch {
	case found.OK && unproven == "" && rest > 0: // it was looked at early to see it down alone
		return choreo.Again[*run.Instance](rest, "it has started, and bootWait isn't over")
	case found.OK && unproven == "":
		i.StartedAt = now
		return choreo.Next[*run.Instance](run.StepRejoin, 0)
	case found.OK && wait == 0 && since >= max(plan.CheckFor(), run.WaitForProof) && c.asked(i):
		return choreo.GiveUp[*run.Instance](
			fmt.Sprintf("all checks pass, and %s after the reboot there is no proof of a new boot: %s",
				run.Span(since), unproven),
		)
	case found.OK && wait > 0:
		return choreo.Again[*run.Instance](min(wait, c.interval(plan, i, since)), unproven)
	case found.OK:
		return choreo.Again[*run.Instance](c.interval(plan, i, since), unproven)
	}

	i.Checks++
	if since >= plan.CheckFor() && i.Checks >= min(fewLooks, plan.Request.MaxChecks) {
		return choreo.GiveUp[*run.Instance](fmt.Sprintf("not started after %s, %s after the reboot: %s",
			run.Count(i.Checks, "check"), run.Span(since), found.Why))
	}
	return choreo.Again[*run.Instance](c.interval(plan, i, since), found.Why)
}

// asked says that a proof was asked for often enough since all checks pass: whoever comes late, after
// an outage, gives up after no single question, nor after those that were sent while it was down.
func (c Check) asked(i *run.Instance) bool {
	return i.Boot.Old == "" || i.Boot.Asked == 0 || i.Boot.Unanswered >= bootQuestions
}
