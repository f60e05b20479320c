package patch

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// installs says whether a task installs patches.
func (t Task) installs() bool {
	return slices.Contains(patchDocuments, t.Document) && !strings.EqualFold(t.Operation, "Scan")
}

// targets are the sets of targets of a window's patch tasks, each set naming instances that fit all
// of its targets. A window that was named by its id, and whose tasks are none that are known to
// install patches, is about all that any of its tasks is aimed at, and about all that is registered
// with it.
func (s Survey) targets(ctx context.Context, r *Report) (sets [][]Target, err error) {
	tasks, err := s.Windows.Tasks(ctx, r.Window.ID)
	if err != nil {
		return nil, fmt.Errorf("list the tasks of window %s: %w", r.Window.ID, err)
	}
	registered, err := s.Windows.Targets(ctx, r.Window.ID)
	if err != nil {
		return nil, fmt.Errorf("list the targets of window %s: %w", r.Window.ID, err)
	}
	installing := slices.DeleteFunc(slices.Clone(tasks), func(t Task) bool { return !t.installs() })
	if len(installing) > 0 || !r.Named {
		tasks = installing
	} else {
		for _, g := range registered {
			sets = append(sets, g.Targets)
		}
	}
	for _, t := range tasks {
		var own []Target
		for _, target := range t.Targets {
			if !strings.EqualFold(target.Key, "WindowTargetIds") {
				own = append(own, target)
				continue
			}
			for _, g := range registered {
				if slices.Contains(target.Values, g.ID) {
					sets = append(sets, g.Targets)
				}
			}
		}
		if len(own) > 0 {
			sets = append(sets, own)
		}
	}
	return sets, nil
}

// The keys of targets, lower-case: Systems Manager takes them in any.
const (
	keyIDs   = "instanceids"
	keyGroup = "resource-groups:name"
	keyTypes = "resource-groups:resourcetypefilters"
)

// set finds the nodes that fit all targets of a set: by ids, by resource group, by tags, or several of these at
// once.
func (s Survey) set(ctx context.Context, set []Target) (nodes []Node, remarks []string, err error) {
	var ids [][]string
	var tags []Target
	var types []string
	for _, t := range set {
		if strings.EqualFold(t.Key, keyTypes) {
			types = t.Values
		}
	}
	for _, t := range set {
		switch key := strings.ToLower(t.Key); {
		case key == keyIDs:
			ids = append(ids, t.Values)
		case key == keyGroup:
			members, missing, err := s.members(ctx, t.Values, types)
			if err != nil {
				return nil, nil, err
			}
			for _, group := range missing {
				remarks = append(remarks, fmt.Sprintf(
					"resource group %s doesn't exist; the window patches none of its instances", group))
			}
			ids = append(ids, members)
		case len(t.Values) > 0 && (strings.HasPrefix(key, "tag:") || key == "tag-key"):
			tags = append(tags, t)
		}
	}
	if len(ids) == 0 && len(tags) == 0 {
		return nil, []string{"a target of the window names nothing: it was left out"}, nil
	}
	nodes, err = s.both(ctx, ids, tags)
	return nodes, remarks, err
}

// both finds the nodes that are in each of the lists of ids and fit all of the tags.
func (s Survey) both(ctx context.Context, lists [][]string, tags []Target) (nodes []Node, err error) {
	in := map[string]int{}
	for _, ids := range lists {
		for _, id := range slices.Compact(slices.Sorted(slices.Values(ids))) {
			in[id]++
		}
	}
	if len(tags) > 0 {
		nodes, err = s.find(ctx, Selection{Tags: tags})
		nodes = slices.DeleteFunc(nodes, func(n Node) bool {
			return n.State == "terminated" || n.State == "shutting-down" || in[n.ID] < len(lists)
		})
		return nodes, err
	}
	maps.DeleteFunc(in, func(_ string, n int) bool { return n < len(lists) })
	return s.byIDs(ctx, slices.Collect(maps.Keys(in)))
}

// members are the instances of resource groups. Those that don't exist are named.
func (s Survey) members(ctx context.Context, groups, types []string) (ids, missing []string, err error) {
	for _, g := range groups {
		some, err := s.Groups.Members(ctx, g, types)
		if errors.Is(err, ErrNoGroup) {
			missing = append(missing, g)
			continue
		}
		if err != nil {
			return nil, nil, fmt.Errorf("list resource group %s: %w", g, err)
		}
		ids = append(ids, some...)
	}
	return ids, missing, nil
}

// byIDs finds nodes by id; one that nobody knows has nothing but its id.
func (s Survey) byIDs(ctx context.Context, ids []string) ([]Node, error) {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	if len(ids) == 0 {
		return nil, nil
	}
	nodes, err := s.find(ctx, Selection{IDs: ids})
	if err != nil {
		return nil, err
	}
	known := map[string]bool{}
	for _, n := range nodes {
		known[n.ID] = true
	}
	for _, id := range ids {
		if !known[id] {
			nodes = append(nodes, Node{ID: id})
		}
	}
	slices.SortFunc(nodes, byID)
	return nodes, nil
}

// find asks EC2 and Systems Manager: an instance without an agent is known to the one alone, a
// machine elsewhere to the other.
func (s Survey) find(ctx context.Context, which Selection) ([]Node, error) {
	machines, err := s.EC2.Nodes(ctx, which)
	if err != nil {
		return nil, fmt.Errorf("list the instances: %w", err)
	}
	managed, err := s.Managed.Nodes(ctx, which)
	if err != nil {
		return nil, fmt.Errorf("list what Systems Manager manages: %w", err)
	}
	place := map[string]int{}
	for at, m := range machines {
		place[m.ID] = at
	}
	for _, m := range managed {
		at, ok := place[m.ID]
		if !ok {
			machines = append(machines, m)
			continue
		}
		n := &machines[at]
		n.Platform, n.Managed, n.Online = m.Platform, m.Managed, m.Online
		if n.Name == "" {
			n.Name = m.Name
		}
	}
	return machines, nil
}
