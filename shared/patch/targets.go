package patch

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"quickstep/shared/report"
)

// inSet finds the nodes that fit all targets of a set: by ids, by resource group, by tags, or
// several of these at once.
func (s Survey) inSet(
	ctx context.Context, set []report.Target,
) (nodes []report.Node, remarks []string, err error) {
	var ids [][]string
	var tags []report.Target
	var types []string
	for _, t := range set {
		if strings.EqualFold(t.Key, report.KeyTypes) {
			types = t.Values
		}
	}
	for _, t := range set {
		switch key := strings.ToLower(t.Key); {
		case key == report.KeyIDs:
			ids = append(ids, t.Values)
		case key == report.KeyGroup:
			members, missing, err := s.members(ctx, t.Values, types)
			if err != nil {
				return nil, nil, err
			}
			for _, group := range missing {
				remarks = append(remarks, "resource group "+group+
					" doesn't exist; the window patches none of its instances")
			}
			ids = append(ids, members)
		case len(t.Values) > 0 && (strings.HasPrefix(key, "tag:") || key == "tag-key"):
			tags = append(tags, t)
		}
	}
	if len(ids) == 0 && len(tags) == 0 {
		return nil, []string{"a target of the window names nothing: it was left out"}, nil
	}
	nodes, err = s.inAll(ctx, ids, tags)
	return nodes, remarks, err
}

// inAll finds the nodes that are in each of the lists of ids and fit all of the tags.
func (s Survey) inAll(
	ctx context.Context, lists [][]string, tags []report.Target,
) (nodes []report.Node, err error) {
	in := map[string]int{}
	for _, ids := range lists {
		for _, id := range slices.Compact(slices.Sorted(slices.Values(ids))) {
			in[id]++
		}
	}
	if len(tags) > 0 {
		nodes, err = s.find(ctx, report.Selection{Tags: tags})
		nodes = slices.DeleteFunc(nodes, func(n report.Node) bool {
			return n.State == "terminated" || n.State == "shutting-down" || in[n.ID] < len(lists)
		})
		return nodes, err
	}
	maps.DeleteFunc(in, func(_ string, n int) bool { return n < len(lists) })
	return s.byIDs(ctx, slices.Collect(maps.Keys(in)))
}

// members are the instances of resource groups. Those that don't exist are named.
func (s Survey) members(
	ctx context.Context, groups, types []string,
) (ids, missing []string, err error) {
	for _, g := range groups {
		found, err := s.Groups.Members(ctx, g, types)
		if errors.Is(err, report.ErrNoGroup) {
			missing = append(missing, g)
			continue
		}
		if err != nil {
			return nil, nil, fmt.Errorf("list resource group %s: %w", g, err)
		}
		ids = append(ids, found...)
	}
	return ids, missing, nil
}

// byIDs finds nodes by id; one that nobody knows has nothing but its id.
func (s Survey) byIDs(ctx context.Context, ids []string) ([]report.Node, error) {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	if len(ids) == 0 {
		return nil, nil
	}
	nodes, err := s.find(ctx, report.Selection{IDs: ids})
	if err != nil {
		return nil, err
	}
	known := map[string]bool{}
	for _, n := range nodes {
		known[n.ID] = true
	}
	for _, id := range ids {
		if !known[id] {
			nodes = append(nodes, report.Node{ID: id})
		}
	}
	slices.SortFunc(nodes, byID)
	return nodes, nil
}

// find asks EC2 and Systems Manager: an instance without an agent is known to the one alone, a
// machine elsewhere to the other.
func (s Survey) find(ctx context.Context, which report.Selection) ([]report.Node, error) {
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

func byID(a, b report.Node) int { return strings.Compare(a.ID, b.ID) }
