package report

import (
	"cmp"
	"slices"
	"time"
)

// Kind is what instances have in common beside what was found on them.
type Kind struct {
	Platform, Group, Baseline, BaselineName string
	Operation                               string // that their states are of; empty: they have none
}

// KindOfInstances are instances of one kind, in the order of their ids.
type KindOfInstances struct {
	Kind
	Instances []*Instance
	// Oldest and Latest are when the operations have ended that their states are of.
	Oldest, Latest time.Time
}

// Kinds groups instances by their kinds: the largest group first.
func Kinds(instances []*Instance) (all []*KindOfInstances) {
	groups := map[Kind]*KindOfInstances{}
	for _, i := range instances {
		k, last := Kind{Platform: i.Platform}, i.LastState()
		if last != nil {
			k.Group, k.Baseline, k.BaselineName = last.Group, last.Baseline, last.BaselineName
			k.Operation = last.Operation
		}
		g := groups[k]
		if g == nil {
			g = &KindOfInstances{Kind: k}
			groups[k] = g
			all = append(all, g)
		}
		g.Instances = append(g.Instances, i)
		if last != nil && (g.Oldest.IsZero() || last.Ended.Before(g.Oldest)) {
			g.Oldest = last.Ended
		}
		if last != nil && last.Ended.After(g.Latest) {
			g.Latest = last.Ended
		}
	}
	slices.SortStableFunc(all, func(a, b *KindOfInstances) int {
		return cmp.Compare(len(b.Instances), len(a.Instances))
	})
	return all
}

// InstancesByList are the instances of each list of findings, by its label, and, by the empty one, those on
// which nothing was found and about which nothing is odd.
func (c *Content) InstancesByList() map[string][]*Instance {
	all := map[string][]*Instance{}
	for n := range c.Instances {
		i := &c.Instances[n]
		if i.List != "" || (i.Step != Unread && len(i.Flags) == 0) {
			all[i.List] = append(all[i.List], i)
		}
	}
	return all
}
