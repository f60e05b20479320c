package world

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"quickstep/shared/report"
)

// node is a machine that isn't EC2's, which Systems Manager knows all the same.
type node struct {
	report.Node
	tags map[string]string
}

// AddNode registers a machine elsewhere (mi-…) with Systems Manager. Name, Platform and Online are as given.
func (w *World) AddNode(n report.Node, tags map[string]string) {
	if w.nodes[n.ID] != nil || w.machines[n.ID] != nil {
		panic(fmt.Sprintf("world: there is a node %s already", n.ID))
	}
	n.Managed, n.State = true, ""
	w.nodes[n.ID] = &node{Node: n, tags: tags}
}

// RemoveNode takes a machine elsewhere out of Systems Manager, by hand.
func (w *World) RemoveNode(id string) {
	w.happen(Op{Service: "hand", Name: "RemoveNode", Subject: id})
	delete(w.nodes, id)
}

// SetOnline lets the agent of a machine elsewhere answer from now on, or not.
func (w *World) SetOnline(id string, online bool) {
	if w.nodes[id] == nil {
		panic(fmt.Sprintf("world: there is no node %s", id))
	}
	w.nodes[id].Online = online
}

// managed is how Systems Manager lists a node, if it knows it: machines of EC2 under the name that they call themselves.
func (w *World) managed(id string) (n report.Node, tags map[string]string, ok bool) {
	if other := w.nodes[id]; other != nil {
		return other.Node, other.tags, true
	}
	m := w.machines[id]
	if m == nil || !m.spec.Managed || !m.shown(w.now) {
		return n, nil, false
	}
	n = report.Node{ID: id, Platform: "Amazon Linux 2023", Managed: true, Online: m.online(w.now)}
	if m.spec.Windows {
		n.Platform = "Microsoft Windows Server 2022 Datacenter 10.0.20348"
	}
	if m.spec.IP != "" {
		n.Name = "ip-" + strings.ReplaceAll(m.spec.IP, ".", "-") + ".ec2.internal"
	}
	return n, m.spec.Tags, true
}

// Nodes are the nodes of a selection that Systems Manager knows, sorted by id; one effect, however many calls AWS would
// take. A selection of nothing is an error.
func (s *SSM) Nodes(ctx context.Context, chosen report.Selection) (found []report.Node, err error) {
	w := s.world
	op := Op{Service: "ssm", Name: "Nodes", Detail: w.say("%v %v", chosen.IDs, chosen.Tags)}
	err = w.effect(ctx, op, func(*Op) error {
		all := slices.Concat(slices.Collect(maps.Keys(w.machines)), slices.Collect(maps.Keys(w.nodes)))
		ids, err := candidates(chosen, all)
		for _, id := range ids {
			if n, tags, ok := w.managed(id); ok && fits(tags, chosen.Tags) {
				found = append(found, n)
			}
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list managed nodes: %w", err)
	}
	return found, nil
}

// Nodes are the instances of a selection, terminated ones included, sorted by id; one effect, however many calls AWS would
// take. Ids that aren't of EC2's form are left out; of those alone there is no call. A selection of nothing is an error.
func (e *EC2) Nodes(ctx context.Context, chosen report.Selection) (found []report.Node, err error) {
	w := e.world
	ours := slices.DeleteFunc(slices.Clone(chosen.IDs), func(id string) bool { return !strings.HasPrefix(id, "i-") })
	if len(chosen.IDs) > 0 && len(ours) == 0 {
		return nil, nil
	}
	chosen.IDs = ours
	op := Op{Service: "ec2", Name: "Nodes", Detail: w.say("%v %v", chosen.IDs, chosen.Tags)}
	err = w.effect(ctx, op, func(op *Op) error {
		ids, err := candidates(chosen, slices.Collect(maps.Keys(w.machines)))
		at := w.asOf(op)
		for _, id := range ids {
			if m := w.machines[id]; m != nil && m.shown(at) && fits(m.spec.Tags, chosen.Tags) {
				found = append(found, m.node(at))
			}
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list instances: %w", err)
	}
	return found, nil
}

func (m *machine) node(at time.Time) report.Node {
	return report.Node{ID: m.spec.ID, Name: m.spec.Tags["Name"], State: m.states.at(at)}
}

// candidates are the ids that a selection names, or all, sorted; its tags still have to fit.
func candidates(s report.Selection, all []string) ([]string, error) {
	if len(s.IDs) == 0 && len(s.Tags) == 0 {
		return nil, errors.New("ValidationException: a selection needs ids or tags")
	}
	for _, t := range s.Tags {
		key := strings.ToLower(t.Key)
		if len(t.Values) == 0 || key != "tag-key" && (!strings.HasPrefix(key, "tag:") || key == "tag:") {
			return nil, fmt.Errorf("InvalidFilterKey: %q with %d values chooses no tags", t.Key, len(t.Values))
		}
	}
	if len(s.IDs) > 0 {
		all = s.IDs
	}
	return slices.Compact(slices.Sorted(slices.Values(all))), nil
}

// fits says that tags fit all targets, and one of the values of each. Values are meant as they are: there are no wildcards.
func fits(tags map[string]string, targets []report.Target) bool {
	for _, t := range targets {
		if !slices.ContainsFunc(t.Values, func(value string) bool { return has(tags, t.Key, value) }) {
			return false
		}
	}
	return true
}

// has says that tags have the one that a value of tag:<key>, or of tag-key, stands for.
func has(tags map[string]string, key, value string) bool {
	if strings.EqualFold(key, "tag-key") {
		_, ok := tags[value]
		return ok
	}
	got, ok := tags[key[len("tag:"):]]
	return ok && got == value
}
