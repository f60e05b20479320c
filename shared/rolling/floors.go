package rolling

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"quickstep/shared/input"
	"quickstep/shared/run"
)

// size measures the target groups: how many targets each has, and how many healthy ones must be
// left. Those that earlier runs left out count as part of the group.
func size(
	ctx context.Context, targets MeasuredTargets, plan *run.Plan, f *fleet, outs []run.Out,
) error {
	ours := map[string]bool{}
	for _, m := range f.machines {
		ours[m.ID] = true
	}
	refused := &input.Mistakes{}
	var longest time.Duration
	plan.Groups = map[string]run.GroupPlan{}
	for _, g := range f.groups {
		delay, err := targets.Delay(ctx, g.ARN)
		if err != nil {
			return fmt.Errorf("read the deregistration delay of %s: %w", g.Name, err)
		}
		members, own, healthy := map[run.Address]bool{}, map[string]int{}, map[run.Address]bool{}
		for _, t := range f.targets[g.ARN] {
			if t.Registered() {
				members[t.Address] = true
			}
			if t.Healthy() {
				healthy[t.Address] = true
			}
		}
		left := 0
		for _, o := range outs {
			for _, c := range o.Capture {
				at := run.Address{ID: o.Instance, Port: c.Port}
				if c.Group == g.ARN {
					members[at] = true
				}
				if c.Group == g.ARN && !healthy[at] {
					left++
				}
			}
		}
		most := 0
		for t := range members {
			if ours[t.ID] {
				own[t.ID]++
				most = max(most, own[t.ID])
			}
		}
		p := run.GroupPlan{
			Name:    g.Name,
			Network: g.Network(),
			Size:    len(members),
			Floor:   plan.Request.MinHealthy.Up(len(members)),
			Delay:   input.Duration(delay),
			Health:  g.Health,
		}
		plan.Groups[g.ARN] = p
		longest = max(longest, plan.DrainDelay([]run.Registration{{Group: g.ARN}}))
		switch {
		case p.Size-most < p.Floor:
			refused.Refuse("minHealthy", fmt.Sprintf("give %d or less; 0 accepts that the group "+
				"is without a target meanwhile", p.Size-most),
				"target group %s has %s and must keep %d healthy, so no instance could ever "+
					"leave it", g.Name, run.Count(p.Size, "target"), p.Floor)
		case p.Size-left-most < p.Floor:
			refused.Refuse("minHealthy", "repair and release those (control's status lists "+
				"them), or give less",
				"target group %s has %s, %d of which failed out of service in earlier runs, and "+
					"must keep %d healthy, so no instance could leave it", g.Name, run.Count(p.Size,
					"target"), left, p.Floor)
		}
	}
	if limit := time.Duration(plan.Request.DrainTimeout); limit > 0 && limit < longest {
		refused.Refuse("drainTimeout", fmt.Sprintf("give %s or more, or leave it out",
			run.Span(longest)),
			"%s is shorter than the longest deregistration delay, "+
				"%s", run.Span(limit), run.Span(longest))
	}
	return refused.Err()
}

// small refuses a plan that the ledger can't hold.
func small(plan *run.Plan) error {
	text, err := json.Marshal(plan)
	if err != nil {
		return fmt.Errorf("write the plan as JSON: %w", err)
	}
	if len(text) <= maxPlan {
		return nil
	}
	field := "request"
	if !plan.Request.Mute.Empty() {
		field = "mute"
	}
	return input.Refuse(field, "name fewer of them, or split the fleet",
		"with %s and %s to mute, the run's plan has %d bytes; the ledger takes %d at most",
		run.Count(len(plan.Alarms), "alarm"), run.Count(len(plan.Rules),
			"rule"), len(text), maxPlan)
}

// limits are the numbers that follow from the size of the fleet.
func limits(r *run.Run, plan *run.Plan, instances int) {
	r.Limit = min(max(1, plan.Request.MaxConcurrency.Down(instances)), run.MaxTokens, max(1, instances))
	r.MaxErrors = plan.Request.MaxErrors.Down(instances)
}
