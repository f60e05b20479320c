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
}

// registeredIn lists the groups in which instances are registered: one look at each target, for there may be
// 100,000 of them.
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

// find reads which instances a request means, and every target group of the Region that holds one of them.
func find(ctx context.Context, ec2 Machines, targets Targets, allowed Allowed, q *run.Request) (*fleet, error) {
	ids, err := selectedIDs(ctx, targets, q)
	if err != nil {
		return nil, err
	}
	machines, err := ec2.Machines(ctx, run.Selection{IDs: ids, Tags: q.Tags})
	if err != nil {
		return nil, fmt.Errorf("describe the instances of fleet %s: %w", q.Fleet, err)
	}
	f := &fleet{machines: machines}
	if err := f.filter(q, allowed); err != nil {
		return nil, err
	}
	finder := run.NewFinder(q.NotOurs, f.machines...)
	found, err := readGroups(ctx, targets, finder)
	if err != nil {
		return nil, err
	}
	f.groupReadings, f.in, f.finder = *found, registeredIn(found), finder
	return f, nil
}

// selectedIDs lists the instances that targetGroupArns and instanceIds name together; nil if neither is given.
func selectedIDs(ctx context.Context, targets Targets, q *run.Request) ([]string, error) {
	if len(q.TargetGroupARNs) == 0 {
		return q.InstanceIDs, nil
	}
	ids, named := []string{}, set(q.InstanceIDs)
	for _, arn := range q.TargetGroupARNs {
		found, err := targets.Targets(ctx, arn)
		if errors.Is(err, run.ErrNoGroup) {
			return nil, input.Refuse("targetGroupArns", "name groups of this account and Region",
				"there is no target group %s", arn)
		}
		if err != nil {
			return nil, fmt.Errorf("read target group %s: %w", run.ShortARN(arn), err)
		}
		for _, t := range found {
			if !strings.HasPrefix(t.ID, "i-") {
				return nil, input.Refuse("targetGroupArns", "only target groups of type instance can be handled",
					"target %s of group %s is no instance", t.ID, run.ShortARN(arn))
			}
			if t.Registered() && (len(named) == 0 || named[t.ID]) {
				ids = append(ids, t.ID)
			}
		}
	}
	slices.Sort(ids)
	if ids = slices.Compact(ids); len(ids) == 0 {
		return nil, noInstance(q)
	}
	return ids, nil
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

func noInstance(q *run.Request) error {
	return input.Refuse(selectorField(q), "targetGroupArns, instanceIds and tags narrow one another; at least one running instance must fit all that are given",
		"no running instance was found for fleet %s", q.Fleet)
}

// filter leaves out what is terminated, and refuses what must not be touched.
func (f *fleet) filter(q *run.Request, allowed Allowed) error {
	var kept []run.Machine
	for _, m := range f.machines {
		if m.Gone() {
			continue
		}
		if group := m.AutoScalingGroup(); group != "" {
			return input.Refuse(selectorField(q), "leave its instances out, or use the group's instance refresh",
				"instance %s belongs to Auto Scaling group %s, which would replace it while it reboots", m.ID, group)
		}
		if key, value, ok := strings.Cut(allowed.InstanceTag, "="); ok && m.Tags[key] != value {
			return input.Refuse(selectorField(q), "tag the instances that Quickstep may reboot (stack parameters InstanceTagKey and InstanceTagValue)",
				"instance %s doesn't have the tag %s", m.ID, allowed.InstanceTag)
		}
		kept = append(kept, m)
	}
	if len(q.InstanceIDs) > 0 && len(q.Tags) == 0 && len(q.TargetGroupARNs) == 0 {
		there := map[string]bool{}
		for _, m := range kept {
			there[m.ID] = true
		}
		for _, id := range q.InstanceIDs {
			if !there[id] {
				return input.Refuse("instanceIds", "name instances of this account and Region that aren't terminated",
					"there is no instance %s", id)
			}
		}
	}
	if !slices.ContainsFunc(kept, func(m run.Machine) bool { return m.State == "running" || m.State == "pending" }) {
		return noInstance(q)
	}
	f.machines = kept
	return nil
}

func set(texts []string) map[string]bool {
	all := make(map[string]bool, len(texts))
	for _, t := range texts {
		all[t] = true
	}
	return all
}

func (f *fleet) acceptGroups(q *run.Request, allowed Allowed) error {
	for _, g := range f.groups {
		if g.TargetType == "ip" {
			return f.byAddress(q, g)
		}
		if !strings.HasPrefix(g.Name, allowed.TargetGroupPrefix) {
			return input.Refuse(selectorField(q), "widen the stack parameter TargetGroupPrefix",
				"target group %s holds an instance of the fleet, and its name doesn't begin with %q", g.Name, allowed.TargetGroupPrefix)
		}
	}
	if len(f.groups) > run.MaxGroups {
		return input.Refuse(selectorField(q), fmt.Sprintf("%d at most; split the fleet", run.MaxGroups),
			"the fleet's instances stand in %d target groups", len(f.groups))
	}
	return nil
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
			"target group %s registers instance %s by its IP address %s", g.Name, instances[0], t.ID)
	}
	return nil
}

// excludes refuses a notOurs that can't be meant: what doesn't exist, and what knows instances by their
// ids, which nothing else can have.
func (f *fleet) excludes(q *run.Request) error {
	types := map[string]string{}
	for _, g := range f.region {
		types[g.ARN] = g.TargetType
	}
	for _, arn := range q.NotOurs {
		switch of, ok := types[arn]; {
		case !ok:
			return input.Refuse("notOurs", "name groups of this account and Region, or leave it out",
				"there is no target group %s", arn)
		case of != "ip":
			return input.Refuse("notOurs", "leave it out",
				"target group %s is of type %s, not ip: no address can be mistaken in it", run.ShortARN(arn), of)
		}
	}
	return nil
}
