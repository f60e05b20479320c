package rolling

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"quickstep/shared/input"
	"quickstep/shared/ledger"
	"quickstep/shared/run"
)

// checkFleet asks AWS whether the plan's request can be done at all, and fills in what it found. It
// changes nothing.
func (s Start) checkFleet(ctx context.Context, plan *run.Plan) (*fleet, error) {
	q := &plan.Request
	reads, began := &counted{targets: s.Targets}, s.Now()
	f, err := search{s.EC2, reads, s.Allowed}.find(ctx, q)
	if err != nil {
		return nil, err
	}
	plan.Reading = run.Reading{Groups: reads.n, Took: input.Duration(s.Now().Sub(began))}
	outs, _, err := (store{s.Ledger}).outs(ctx)
	if err != nil {
		return nil, err
	}
	if err := all(
		func() error { return f.excludes(q) },
		func() error { return f.acceptGroups(q, s.Allowed) },
		func() error { return checkReadingFits(q, plan.Reading) },
		func() error { return s.checkUnlocked(ctx, q, f) },
	); err != nil {
		return nil, err
	}
	return f, all(
		func() error { return size(ctx, s.Targets, plan, f, outs) },
		func() error { return s.check(q, plan, f) },
		func() error { return s.planMute(ctx, plan) },
		func() error { return small(plan) },
	)
}

// all makes all checks and collects what they refuse. Another error ends it.
func all(checks ...func() error) error {
	m := &input.Mistakes{}
	for _, check := range checks {
		if err := check(); err != nil && !m.Add(err) {
			return err
		}
	}
	return m.Err()
}

// maxPlan is how many bytes a plan may have as JSON: DynamoDB's items have 400 KB at most, and a
// plan changes a little while the run starts.
const maxPlan = 350_000

// checkUnlocked refuses instances that can be seen in another run: one in no target group has no
// other lock.
func (s Start) checkUnlocked(ctx context.Context, q *run.Request, f *fleet) error {
	since, held := map[string]time.Time{}, map[string][]string{} // by run
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
			if first, ok := since[l.Run]; !ok || l.Since.Before(first) {
				since[l.Run] = l.Since
			}
			held[l.Run] = append(held[l.Run], strings.TrimPrefix(d.PK, "LOCK#"))
		}
	}
	m := &input.Mistakes{}
	for _, id := range slices.Sorted(maps.Keys(held)) {
		rev, err := ledger.Read(ctx, s.Ledger, activeKey(id), newActive())
		if err != nil {
			return err
		}
		if rev != 0 { // a lock of an ended run marks an instance that failed out of service
			m.Refuse(selectorField(q), "wait for its end, or cancel it",
				"run %s is at work on instance %s since %s",
				id, input.Some(held[id], mostNamed), since[id].UTC().Format(time.RFC3339))
		}
	}
	return m.Err()
}

// mostNamed is how many instances, groups or names an error lists.
const mostNamed = 10

// check refuses checks that could never be made.
func (s Start) check(q *run.Request, plan *run.Plan, f *fleet) error {
	c, m := q.Check, &input.Mistakes{}
	if c.HTTP != nil || c.TCP != nil {
		s.reaches(m, c, f)
	}
	if c.HTTP != nil && c.HTTP.Port == 0 && len(plan.Groups) == len(f.groups) {
		without := f.those(func(o run.Machine) bool {
			return !slices.ContainsFunc(f.in[o.ID],
				func(arn string) bool { return plan.Groups[arn].Health.HTTP() })
		})
		if len(without) > 0 {
			m.Refuse("check.http.port", "give the port",
				"instance %s is in no target group with an HTTP health check, so there is no "+
					"port to take", input.Some(without, mostNamed))
		}
	}
	if l := c.Lambda; l != nil {
		prefix, wild := strings.CutSuffix(s.Allowed.CheckFunction, "*")
		if s.Allowed.CheckFunction == "" ||
			(l.Function != prefix && (!wild || !strings.HasPrefix(l.Function, prefix))) {
			m.Refuse("check.lambda.function", "set the stack parameter CheckFunctionName",
				"the stack doesn't allow to call function %s", l.Function)
		}
	}
	return m.Err()
}

// those are the ids of the instances of which something is true.
func (f *fleet) those(is func(run.Machine) bool) (ids []string) {
	for _, m := range f.machines {
		if is(m) {
			ids = append(ids, m.ID)
		}
	}
	return ids
}

// reaches refuses checks over the network that could reach no instance, or not all of them.
func (s Start) reaches(m *input.Mistakes, c run.Check, f *fleet) {
	field := "check.http"
	if c.HTTP == nil {
		field = "check.tcp"
	}
	if !s.Allowed.InVPC {
		m.Refuse(field, "deploy with the stack parameters SubnetIds and SecurityGroupIds",
			"the check function can't reach the instances: it doesn't run in a VPC")
	}
	if none := f.those(func(o run.Machine) bool { return o.Host() == "" }); len(none) > 0 {
		m.Refuse(field, "use check.ec2 or check.lambda for it",
			"instance %s has no private IPv4 address and no IPv6 address to probe", input.Some(none,
				mostNamed))
	}
	six := f.those(func(o run.Machine) bool { return o.Host() != "" && o.PrivateIP == "" })
	if len(six) > 0 && !s.Allowed.IPv6 {
		m.Refuse(field, "deploy with the stack parameter CheckIPv6=true and dual-stack subnets "+
			"in SubnetIds",
			"instance %s has only an IPv6 address, and the check function sends no "+
				"IPv6", input.Some(six, mostNamed))
	}
}

// mostDependents bounds what the plan says about composite alarms: steps read it often.
const mostDependents = 100

// planMute finds the alarms and rules that are to be muted. Names that nothing bears are refused: a
// misspelt one would fire.
func (s Start) planMute(ctx context.Context, plan *run.Plan) error {
	m := plan.Request.Mute
	return all(
		func() error { return s.Allowed.muting(m) },
		func() error { return s.quietAlarms(ctx, plan, m) },
		func() error { return s.quietRules(ctx, plan, m) },
	)
}

func (s Start) quietAlarms(ctx context.Context, plan *run.Plan, m run.Mute) error {
	if !m.Alarms() {
		return nil
	}
	found, err := s.Alarms.Alarms(ctx, m.AlarmPrefixes, m.AlarmNames)
	if err != nil {
		return fmt.Errorf("list the alarms to mute: %w", err)
	}
	for _, a := range found {
		if !strings.HasPrefix(a.Name, s.Stack+"-") {
			plan.Alarms = append(plan.Alarms, a.Name)
		}
	}
	if err := matched("mute.alarm", m.AlarmPrefixes, m.AlarmNames, plan.Alarms); err != nil {
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
	return nil
}

func (s Start) quietRules(ctx context.Context, plan *run.Plan, m run.Mute) error {
	if !m.Rules() {
		return nil
	}
	rules, err := s.Rules.Rules(ctx, m.EventBus, m.RulePrefixes, m.RuleNames)
	if noRule(err) {
		return s.missingRules(ctx, m, err)
	}
	if err != nil {
		return fmt.Errorf("list the rules to mute: %w", err)
	}
	names := make([]string, 0, len(rules))
	for _, r := range rules {
		names = append(names, r.Name)
		plan.Rules = append(plan.Rules, run.Rule{Bus: r.Bus, Name: r.Name})
	}
	return matched("mute.rule", m.RulePrefixes, m.RuleNames, names)
}

// noRule says that a rule that a request names doesn't exist or can't be muted.
func noRule(err error) bool {
	return errors.Is(err, run.ErrNoRule) ||
		errors.Is(err, run.ErrNotOurs)
}

// missingRules refuses all names of rules that don't exist or can't be muted: the error that came
// first speaks of one.
func (s Start) missingRules(ctx context.Context, m run.Mute, first error) error {
	refused := &input.Mistakes{}
	refuse := func(err error) {
		refused.Refuse("mute.ruleNames", "name rules of your own that exist on the event bus", "%v",
			err)
	}
	for _, name := range m.RuleNames {
		_, err := s.Rules.Rules(ctx, m.EventBus, nil, []string{name})
		if err != nil && !noRule(err) {
			return fmt.Errorf("list the rules to mute: %w", err)
		}
		if err != nil {
			refuse(err)
		}
	}
	if refused.Err() == nil { // of a prefix, or it is there by now
		refuse(first)
	}
	return refused.Err()
}

// matched refuses prefixes and names for which nothing was found.
func matched(field string, prefixes, names, found []string) error {
	m := &input.Mistakes{}
	none := func(p string) bool {
		return !slices.ContainsFunc(found, func(n string) bool { return strings.HasPrefix(n, p) })
	}
	if idle := quoted(prefixes, none); len(idle) > 0 {
		m.Refuse(field+"Prefixes", "correct it or leave it out; Quickstep's own alarms are never "+
			"muted",
			"nothing was found that begins with %s", input.Some(idle, mostNamed))
	}
	if missing := quoted(names, func(n string) bool {
		return !slices.Contains(found,
			n)
	}); len(missing) > 0 {
		m.Refuse(field+"Names", "correct it or leave it out",
			"%s doesn't exist, or is one of Quickstep's own alarms", input.Some(missing, mostNamed))
	}
	return m.Err()
}

// quoted are those names of which something is true, in quotes.
func quoted(names []string, is func(string) bool) (all []string) {
	for _, n := range names {
		if is(n) {
			all = append(all, fmt.Sprintf("%.60q", n))
		}
	}
	return all
}
