package world

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"quickstep/shared/report"
)

// AddResourceGroup adds a resource group of instances (i-…) and machines elsewhere (mi-…), or changes what is in it.
func (w *World) AddResourceGroup(name string, ids ...string) {
	w.resourceGroups[name] = slices.Clone(ids)
}

// DeleteResourceGroup deletes a resource group by hand.
func (w *World) DeleteResourceGroup(name string) {
	w.happen(Op{Service: "hand", Name: "DeleteResourceGroup", Subject: name})
	delete(w.resourceGroups, name)
}

// ResourceGroups is the port to resource groups.
type ResourceGroups struct{ world *World }

// ResourceGroups is the port to resource groups.
func (w *World) ResourceGroups() *ResourceGroups { return &ResourceGroups{w} }

// Members are the ids of a group's nodes of some types, of both types of node if none are given, sorted; one effect,
// however many pages AWS would take, and none if no type is one of nodes.
func (g *ResourceGroups) Members(ctx context.Context, group string, types []string) (ids []string, err error) {
	w := g.world
	chosen := prefixes(types)
	if len(chosen) == 0 {
		return nil, nil
	}
	op := Op{Service: "resourcegroups", Name: "Members", Subject: group, Detail: w.say("%v", types)}
	err = w.effect(ctx, op, func(*Op) error {
		members, ok := w.resourceGroups[group]
		if !ok {
			return fmt.Errorf("NotFoundException: %w", report.ErrNoGroup)
		}
		for _, id := range members {
			prefix, _, _ := strings.Cut(id, "-")
			if slices.Contains(chosen, prefix) {
				ids = append(ids, id)
			}
		}
		ids = slices.Compact(slices.Sorted(slices.Values(ids)))
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list the resource group %s: %w", group, err)
	}
	return ids, nil
}

// nodeTypes are the resource types of nodes, by how their ids begin.
var nodeTypes = map[string]string{"i": "AWS::EC2::Instance", "mi": "AWS::SSM::ManagedInstance"}

// prefixes are how the ids of nodes of some types begin; a type's letters may be of any case, as in a window's targets.
func prefixes(types []string) (chosen []string) {
	for _, prefix := range slices.Sorted(maps.Keys(nodeTypes)) {
		is := func(t string) bool { return strings.EqualFold(t, nodeTypes[prefix]) }
		if len(types) == 0 || slices.ContainsFunc(types, is) {
			chosen = append(chosen, prefix)
		}
	}
	return chosen
}
