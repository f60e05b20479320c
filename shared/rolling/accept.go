package rolling

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"quickstep/shared/input"
	"quickstep/shared/ledger"
	"quickstep/shared/run"
)

// checkFleet asks AWS whether the plan's request can be done at all, and fills in what it found. It changes nothing.
func (s Start) checkFleet(ctx context.Context, plan *run.Plan) (*fleet, error) {
	q := &plan.Request
	reads, began := &counted{targets: s.Targets}, s.Now()
	f, err := find(ctx, s.EC2, reads, s.Allowed, q)
	if err != nil {
		return nil, err
	}
	plan.Reading = run.Reading{Groups: reads.n, Took: input.Duration(s.Now().Sub(began))}
	if err := f.excludes(q); err != nil {
		return nil, err
	}
	if err := f.acceptGroups(q, s.Allowed); err != nil {
		return nil, err
	}
	if err := checkReadingFits(q, plan.Reading); err != nil {
		return nil, err
	}
	outs, _, err := (store{s.Ledger}).outs(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.checkUnlocked(ctx, q, f); err != nil {
		return nil, err
	}
	if err := s.size(ctx, plan, f, outs); err != nil {
		return nil, err
	}
	if err := s.check(q, plan, f); err != nil {
		return nil, err
	}
	return f, s.planMute(ctx, plan)
}

// checkUnlocked refuses instances that can be seen in another run: one in no target group has no other lock.
func (s Start) checkUnlocked(ctx context.Context, q *run.Request, f *fleet) error {
	for chunk := range slices.Chunk(f.machines, ledger.MaxWrites) {
		keys := make([]ledger.Key, 0, len(chunk))
		for _, m := range chunk {
			keys = append(keys, instanceLock(m.ID))
		}
		docs, err := s.Ledger.Get(ctx, keys...)
		if err != nil {
			return fmt.Errorf("read the locks of the instances: %w", err)
		}
		for _, d := range docs {
			var l run.Lock
			if err := d.Decode(&l); err != nil {
				return err
			}
			id := strings.TrimPrefix(d.PK, "LOCK#")
			rev, err := ledger.Read(ctx, s.Ledger, activeKey(l.Run), newActive())
			if err != nil {
				return err
			}
			if rev != 0 { // a lock of an ended run marks an instance that failed out of service
				return input.Refuse(selectorField(q), "wait for its end, or cancel it",
					"run %s is at work on instance %s since %s", l.Run, id, l.Since.UTC().Format(time.RFC3339))
			}
		}
	}
	return nil
}

// size measures the target groups: how many targets each has, and how many healthy ones must be left. Those that earlier
// runs left out count as part of the group.
func (s Start) size(ctx context.Context, plan *run.Plan, f *fleet, outs []run.Out) error {
	ours := map[string]bool{}
	for _, m := range f.machines {
		ours[m.ID] = true
	}
	var longest time.Duration
	plan.Groups = map[string]run.GroupPlan{}
	for _, g := range f.groups {
		delay, err := s.Targets.Delay(ctx, g.ARN)
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
		p := run.GroupPlan{Name: g.Name, Network: g.Network(), Size: len(members), Floor: plan.Request.MinHealthy.Up(len(members)),
			Delay: input.Duration(delay), Health: g.Health}
		plan.Groups[g.ARN] = p
		longest = max(longest, plan.DrainDelay([]run.Registration{{Group: g.ARN}}))
		if p.Size-most < p.Floor {
			return input.Refuse("minHealthy", fmt.Sprintf("give %d or less; 0 accepts that the group is without a target meanwhile", p.Size-most),
				"target group %s has %s and must keep %d healthy, so no instance could ever leave it", g.Name, run.Count(p.Size, "target"), p.Floor)
		}
		if p.Size-left-most < p.Floor {
			return input.Refuse("minHealthy", "repair and release those (control's status lists them), or give less",
				"target group %s has %s, %d of which failed out of service in earlier runs, and must keep %d healthy, so no instance could leave it", g.Name, run.Count(p.Size, "target"), left, p.Floor)
		}
	}
	if limit := time.Duration(plan.Request.DrainTimeout); limit > 0 && limit < longest {
		return input.Refuse("drainTimeout", "give more, or leave it out",
			"%s is shorter than the longest deregistration delay, %s", run.Span(limit), run.Span(longest))
	}
	return nil
}

// check refuses checks that could never be made.
func (s Start) check(q *run.Request, plan *run.Plan, f *fleet) error {
	c := q.Check
	if c.HTTP != nil || c.TCP != nil {
		if err := s.reaches(c, f); err != nil {
			return err
		}
	}
	if c.HTTP != nil && c.HTTP.Port == 0 {
		for _, m := range f.machines {
			if !slices.ContainsFunc(f.in[m.ID], func(arn string) bool { return plan.Groups[arn].Health.HTTP() }) {
				return input.Refuse("check.http.port", "give the port",
					"instance %s is in no target group with an HTTP health check, so there is no port to take", m.ID)
			}
		}
	}
	if l := c.Lambda; l != nil {
		prefix, wild := strings.CutSuffix(s.Allowed.CheckFunction, "*")
		if s.Allowed.CheckFunction == "" || (l.Function != prefix && (!wild || !strings.HasPrefix(l.Function, prefix))) {
			return input.Refuse("check.lambda.function", "set the stack parameter CheckFunctionName",
				"the stack doesn't allow to call function %s", l.Function)
		}
	}
	return nil
}

// reaches refuses checks over the network that could reach no instance, or not all of them.
func (s Start) reaches(c run.Check, f *fleet) error {
	field := "check.http"
	if c.HTTP == nil {
		field = "check.tcp"
	}
	if !s.Allowed.InVPC {
		return input.Refuse(field, "deploy with the stack parameters SubnetIds and SecurityGroupIds",
			"the check function can't reach the instances: it doesn't run in a VPC")
	}
	for _, m := range f.machines {
		switch {
		case m.Host() == "":
			return input.Refuse(field, "use check.ec2 or check.lambda for it",
				"instance %s has no private IPv4 address and no IPv6 address to probe", m.ID)
		case m.PrivateIP == "" && !s.Allowed.IPv6:
			return input.Refuse(field, "deploy with the stack parameter CheckIPv6=true and dual-stack subnets in SubnetIds",
				"instance %s has only an IPv6 address, and the check function sends no IPv6", m.ID)
		}
	}
	return nil
}

// mostDependents bounds what the plan says about composite alarms: steps read it often.
const mostDependents = 100

// planMute finds the alarms and rules that are to be muted. Names that nothing bears are refused: a misspelt one would fire.
func (s Start) planMute(ctx context.Context, plan *run.Plan) error {
	m := plan.Request.Mute
	if err := s.Allowed.muting(m); err != nil {
		return err
	}
	if m.Alarms() {
		found, err := s.Alarms.Alarms(ctx, m.AlarmPrefixes, m.AlarmNames)
		if err != nil {
			return fmt.Errorf("list the alarms to mute: %w", err)
		}
		for _, a := range found {
			if !strings.HasPrefix(a.Name, s.Stack+"-") {
				plan.Alarms = append(plan.Alarms, a.Name)
			}
		}
		if err := s.matched("mute.alarm", m.AlarmPrefixes, m.AlarmNames, plan.Alarms); err != nil {
			return err
		}
		if most := 10 * muteRuleAlarms; len(plan.Alarms) > most {
			return input.Refuse("mute.alarmPrefixes", fmt.Sprintf("%d at most", most),
				"%d alarms are too many", len(plan.Alarms))
		}
		composites, err := s.Alarms.Composites(ctx)
		if err != nil {
			return err
		}
		plan.Dependents = run.Dependents(composites, plan.Alarms)
		plan.Dependents = plan.Dependents[:min(len(plan.Dependents), mostDependents)]
	}
	if !m.Rules() {
		return nil
	}
	rules, err := s.Rules.Rules(ctx, m.EventBus, m.RulePrefixes, m.RuleNames)
	if err != nil {
		return missingRule(err)
	}
	names := make([]string, 0, len(rules))
	for _, r := range rules {
		names = append(names, r.Name)
		plan.Rules = append(plan.Rules, run.Rule{Bus: r.Bus, Name: r.Name})
	}
	return s.matched("mute.rule", m.RulePrefixes, m.RuleNames, names)
}

// missingRule is a request's error if a rule that it names doesn't exist or can't be muted.
func missingRule(err error) error {
	if errors.Is(err, run.ErrNoRule) || errors.Is(err, run.ErrNotOurs) {
		return input.Refuse("mute.ruleNames", "name rules of your own that exist on the event bus",
			"%s", err.Error())
	}
	return fmt.Errorf("list the rules to mute: %w", err)
}

// matched refuses prefixes and names for which nothing was found.
func (s Start) matched(field string, prefixes, names, found []string) error {
	for _, p := range prefixes {
		if !slices.ContainsFunc(found, func(n string) bool { return strings.HasPrefix(n, p) }) {
			return input.Refuse(field+"Prefixes", "correct it or leave it out; Quickstep's own alarms are never muted",
				"nothing was found that begins with %q", p)
		}
	}
	for _, n := range names {
		if !slices.Contains(found, n) {
			return input.Refuse(field+"Names", "correct it or leave it out",
				"%q doesn't exist, or is one of Quickstep's own alarms", n)
		}
	}
	return nil
}
