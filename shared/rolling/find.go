package rolling

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"quickstep/shared/input"
	"quickstep/shared/run"
)

// fleet is what a request's instances and their target groups are right now.
type fleet struct {
	machines []run.Machine
	groupReadings
	in     map[string][]string // ARNs of the groups in which an instance is registered, by its id
	finder *run.Finder
	// skipped are instances that must not be touched and don't run, each with why.
	skipped map[string]string
}

// size is how many instances the fleet has, those that are skipped among them.
func (f *fleet) size() int { return len(f.machines) + len(f.skipped) }

// registeredIn lists the groups in which instances are registered: one look at each target, for
// there may be 100,000 of them.
func registeredIn(s *groupReadings) map[string][]string {
	in := map[string][]string{}
	for _, g := range s.groups {
		for _, t := range s.targets[g.ARN] {
			if groups := in[t.ID]; t.Registered() && (len(groups) == 0 || groups[len(groups)-1] != g.ARN) {
				in[t.ID] = append(groups, g.ARN)
			}
		}
	}
	return in
}

// search reads which instances a request means.
type search struct {
	ec2     FleetMachines
	targets Targets
	allowed Allowed
}

// find reads which instances a request means, and every target group of the Region that holds one
// of them.
func (r search) find(ctx context.Context, q *run.Request) (*fleet, error) {
	ids, inGroups, err := r.selectedIDs(ctx, q)
	if err != nil {
		return nil, err
	}
	f := &fleet{skipped: map[string]string{}}
	if len(q.TargetGroupARNs) == 0 || len(ids) > 0 {
		f.machines, err = r.ec2.Machines(ctx, run.Selection{IDs: ids, Tags: q.Tags})
		if err != nil {
			return nil, fmt.Errorf("describe the instances of fleet %s: %w", q.Fleet, err)
		}
	}
	maintained, err := r.maintained(ctx, f.machines)
	if err != nil {
		return nil, err
	}
	if err := f.filter(q, r.allowed, maintained); err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(f.machines, run.Machine.Runs) {
		return nil, r.noInstance(ctx, q, inGroups, f)
	}
	finder := run.NewFinder(q.NotOurs, f.machines...)
	found, err := readGroups(ctx, r.targets, finder)
	if err != nil {
		return nil, err
	}
	f.groupReadings, f.in, f.finder = *found, registeredIn(found), finder
	return f, nil
}

// maintained are the EC2 Fleets that replace their instances. AWS isn't asked if no instance was
// launched by any.
func (r search) maintained(ctx context.Context, machines []run.Machine) (map[string]bool, error) {
	if !slices.ContainsFunc(machines, func(m run.Machine) bool { return m.Fleet() != "" }) {
		return nil, nil
	}
	fleets, err := r.ec2.Maintained(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask which EC2 Fleets replace their instances: %w", err)
	}
	return set(fleets), nil
}

// selectedIDs lists the instances that targetGroupArns and instanceIds name together, nil if
// neither is given; and those that are registered in the target groups.
func (r search) selectedIDs(
	ctx context.Context, q *run.Request,
) (ids, inGroups []string, err error) {
	if len(q.TargetGroupARNs) == 0 {
		return q.InstanceIDs, nil, nil
	}
	region, err := r.targets.Groups(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("list target groups: %w", err)
	}
	types := map[string]string{}
	for _, g := range region {
		types[g.ARN] = g.TargetType
	}
	var missing, wrong []string
	for _, arn := range q.TargetGroupARNs {
		switch of, ok := types[arn]; {
		case !ok:
			missing = append(missing, arn)
			continue
		case of != "instance":
			wrong = append(wrong, fmt.Sprintf("%s (type %s)", run.ShortARN(arn), of))
			continue
		}
		found, err := r.targets.Targets(ctx, arn)
		if errors.Is(err, run.ErrNoGroup) { // deleted a moment ago
			missing = append(missing, arn)
			continue
		}
		if err != nil {
			return nil, nil, fmt.Errorf("read target group %s: %w", run.ShortARN(arn), err)
		}
		for _, t := range found {
			if t.Registered() {
				inGroups = append(inGroups, t.ID)
			}
		}
	}
	m := &input.Mistakes{}
	if len(missing) > 0 {
		m.Refuse("targetGroupArns", "name groups of this account and Region",
			"there is no target group %s", input.Some(missing, 3))
	}
	if len(wrong) > 0 {
		m.Refuse("targetGroupArns", "only target groups of type instance can be handled: "+
			"functions, load balancers and addresses can't be rebooted",
			"no instances are registered by their ids in target group %s", input.Some(wrong, 10))
	}
	slices.Sort(inGroups)
	inGroups = slices.Compact(inGroups)
	named := set(q.InstanceIDs)
	ids = slices.Clone(inGroups)
	if len(named) > 0 {
		ids = slices.DeleteFunc(ids, func(id string) bool { return !named[id] })
	}
	return ids, inGroups, m.Err()
}

// noInstance refuses a request by which no running instance is left: it says how many each of its
// selectors matches.
func (r search) noInstance(ctx context.Context, q *run.Request, inGroups []string, f *fleet) error {
	var parts []string
	for _, s := range []struct {
		field string
		given bool
		which run.Selection
	}{
		{"targetGroupArns", len(q.TargetGroupARNs) > 0, run.Selection{IDs: inGroups}},
		{"instanceIds", len(q.InstanceIDs) > 0, run.Selection{IDs: q.InstanceIDs}},
		{"tags", len(q.Tags) > 0, run.Selection{Tags: q.Tags}},
	} {
		if !s.given {
			continue
		}
		there, running, err := r.count(ctx, s.which)
		if err != nil {
			return err
		}
		parts = append(parts, fmt.Sprintf("%s matches %s, %d running", s.field,
			run.Count(there, "instance"), running))
	}
	why := strings.Join(parts, "; ")
	if len(parts) > 1 {
		why += fmt.Sprintf("; all together match %d, none running", len(f.machines)+len(f.skipped))
	}
	return input.Refuse(selectorField(q), "targetGroupArns, instanceIds and tags narrow one "+
		"another; at least one running instance must fit all that are given",
		"no running instance was found for fleet %s: %s", q.Fleet, why)
}

// count says how many instances a selection matches that aren't terminated.
func (r search) count(ctx context.Context, which run.Selection) (there, running int, err error) {
	if len(which.IDs)+len(which.Tags) == 0 {
		return 0, 0, nil
	}
	machines, err := r.ec2.Machines(ctx, which)
	if err != nil {
		return 0, 0, fmt.Errorf("count the instances: %w", err)
	}
	for _, m := range machines {
		if !m.Gone() {
			there++
		}
		if m.Runs() {
			running++
		}
	}
	return there, running, nil
}

// selectorField is the field by which a request says, most precisely, which instances it means.
func selectorField(q *run.Request) string {
	switch {
	case len(q.InstanceIDs) > 0:
		return "instanceIds"
	case len(q.TargetGroupARNs) > 0:
		return "targetGroupArns"
	}
	return "tags"
}

// bar is why an instance must not be touched, said of one and of several, and what to do about it.
type bar struct{ one, many, want string }

// barred says why an instance must not be touched; nothing, if it may be.
func barred(m run.Machine, allowed Allowed, maintained map[string]bool) (bar, bool) {
	if by := m.Replacer(maintained); by != "" {
		belong := by + ", which may replace it while it reboots"
		return bar{"belongs to " + belong, "belong to " + belong,
			"leave its instances out, or let it replace them (an instance refresh, for " +
				"example)"}, true
	}
	if key, value, ok := strings.Cut(allowed.InstanceTag, "="); ok && m.Tags[key] != value {
		return bar{"doesn't have the tag " + allowed.InstanceTag, "don't have the tag " +
			allowed.InstanceTag,
			"tag the instances that Quickstep may reboot (stack parameters InstanceTagKey and " +
				"InstanceTagValue), or leave them out"}, true
	}
	return bar{}, false
}

// filter leaves out what is terminated, and refuses what must not be touched, all of it at once. Of
// those that must not be touched, one that doesn't run is skipped: nothing would be done to it
// anyway.
func (f *fleet) filter(q *run.Request, allowed Allowed, maintained map[string]bool) error {
	var kept []run.Machine
	var bars []bar
	there, behind := map[string]bool{}, map[bar][]string{}
	for _, m := range f.machines {
		if m.Gone() {
			continue
		}
		there[m.ID] = true
		why, ok := barred(m, allowed, maintained)
		switch {
		case !ok:
			kept = append(kept, m)
		case !m.Runs():
			f.skipped[m.ID] = fmt.Sprintf("it is %s, and %s", m.State, why.one)
		default:
			if behind[why] == nil {
				bars = append(bars, why)
			}
			behind[why] = append(behind[why], m.ID)
		}
	}
	f.machines = kept
	refused := &input.Mistakes{}
	for _, b := range bars {
		const most = 10
		ids := behind[b]
		if len(ids) == 1 {
			refused.Refuse(selectorField(q), b.want, "instance %s %s", ids[0], b.one)
		} else {
			refused.Refuse(selectorField(q), b.want, "%d instances %s: %s", len(ids), b.many,
				input.Some(ids, most))
		}
	}
	if len(q.InstanceIDs) > 0 && len(q.Tags) == 0 && len(q.TargetGroupARNs) == 0 {
		missing := slices.DeleteFunc(slices.Clone(q.InstanceIDs),
			func(id string) bool { return there[id] })
		if len(missing) > 0 {
			refused.Refuse("instanceIds", "name instances of this account and Region that aren't "+
				"terminated", "there is no instance %s", input.Some(missing, 10))
		}
	}
	return refused.Err()
}

func set(texts []string) map[string]bool {
	all := make(map[string]bool, len(texts))
	for _, t := range texts {
		all[t] = true
	}
	return all
}

// acceptGroups refuses target groups that can't be handled, all of them at once.
func (f *fleet) acceptGroups(q *run.Request, allowed Allowed) error {
	m := &input.Mistakes{}
	var foreign []string
	for _, g := range f.groups {
		switch {
		case g.TargetType == "ip":
			m.Add(f.byAddress(q, g))
		case !strings.HasPrefix(g.Name, allowed.TargetGroupPrefix):
			foreign = append(foreign, g.Name)
		}
	}
	if len(foreign) > 0 {
		m.Refuse(selectorField(q), "widen the stack parameter TargetGroupPrefix",
			"the names of target groups that hold instances of the fleet don't begin with %q: "+
				"%s", allowed.TargetGroupPrefix, input.Some(foreign, 10))
	}
	if len(f.groups) > run.MaxGroups {
		m.Refuse(selectorField(q), fmt.Sprintf("%d at most; split the fleet", run.MaxGroups),
			"the fleet's instances stand in %d target groups", len(f.groups))
	}
	return m.Err()
}

// byAddress refuses a target group that registers instances by their addresses.
func (f *fleet) byAddress(q *run.Request, g run.Group) error {
	for _, t := range f.targets[g.ARN] {
		instances := f.finder.Find(g, t.ID)
		if len(instances) == 0 {
			continue
		}
		want := "only target groups of type instance can be handled; if this one merely uses the same " +
			"address in another VPC, name " + g.ARN + " in notOurs"
		if slices.Contains(q.NotOurs, g.ARN) {
			want = "take the target out, or leave the instance out; notOurs can't exclude the group, for " +
				"its VPC is the one in which the instance has the address"
		}
		return input.Refuse(selectorField(q), want,
			"target group %s registers instance %s by its IP address "+
				"%s", g.Name, instances[0], t.ID)
	}
	return nil
}

// excludes refuses a notOurs that can't be meant: what doesn't exist, and what knows instances by
// their ids, which nothing else can have.
func (f *fleet) excludes(q *run.Request) error {
	types := map[string]string{}
	for _, g := range f.region {
		types[g.ARN] = g.TargetType
	}
	var unknown, others []string
	for _, arn := range q.NotOurs {
		switch of, ok := types[arn]; {
		case !ok:
			unknown = append(unknown, arn)
		case of != "ip":
			others = append(others, fmt.Sprintf("target group %s is of type %s", run.ShortARN(arn),
				of))
		}
	}
	m := &input.Mistakes{}
	if len(unknown) > 0 {
		m.Refuse("notOurs", "name groups of this account and Region, or leave it out",
			"there is no target group %s", input.Some(unknown, 3))
	}
	if len(others) > 0 {
		m.Refuse("notOurs", "leave it out", "%s, not ip: no address can be mistaken in it",
			input.Some(others, mostNamed))
	}
	return m.Err()
}
