package world

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"quickstep/shared/run"
)

type ruleKey struct{ bus, name string }

type rule struct {
	enabled   bool
	managedBy string
}

// AddRule adds an EventBridge rule; managedBy is the AWS service that owns it, if one does.
func (w *World) AddRule(bus, name string, enabled bool, managedBy string) {
	w.rules[ruleKey{bus, name}] = &rule{enabled: enabled, managedBy: managedBy}
}

// RuleEnabled says whether a rule exists and is enabled.
func (w *World) RuleEnabled(bus, name string) bool {
	r := w.rules[ruleKey{bus, name}]
	return r != nil && r.enabled
}

// SetRule enables or disables a rule by hand.
func (w *World) SetRule(bus, name string, enabled bool) {
	w.happen(Op{Service: "hand", Name: "SetRule", Subject: name, Detail: fmt.Sprint(enabled)})
	if r := w.rules[ruleKey{bus, name}]; r != nil {
		r.enabled = enabled
	}
}

// DeleteRule deletes a rule by hand.
func (w *World) DeleteRule(bus, name string) {
	w.happen(Op{Service: "hand", Name: "DeleteRule", Subject: name})
	delete(w.rules, ruleKey{bus, name})
}

// Rules is the port to EventBridge.
type Rules struct{ world *World }

// Rules is the port to EventBridge.
func (w *World) Rules() *Rules { return &Rules{w} }

// Rules are those of a bus whose name begins with a prefix or is among the names, sorted; AWS's own are left out.
func (p *Rules) Rules(ctx context.Context, bus string, prefixes, names []string) (found []run.Rule, err error) {
	w := p.world
	bus = cmp.Or(bus, "default")
	op := Op{Service: "events", Name: "Rules", Subject: bus, Detail: w.say("%v %v", prefixes, names)}
	err = w.effect(ctx, op, func(*Op) error {
		if slices.Contains(prefixes, "") {
			return errors.New("an empty prefix would be all of the bus")
		}
		for _, name := range names {
			switch r := w.rules[ruleKey{bus, name}]; {
			case r == nil:
				return fmt.Errorf("%s: %w", name, run.ErrNoRule)
			case r.managedBy != "":
				return fmt.Errorf("%s, which %s manages: %w", name, r.managedBy, run.ErrNotOurs)
			}
		}
		for key, r := range w.rules {
			if key.bus == bus && r.managedBy == "" && chosen(key.name, prefixes, names) {
				found = append(found, run.Rule{Bus: bus, Name: key.name, Enabled: r.enabled})
			}
		}
		slices.SortFunc(found, func(a, b run.Rule) int { return cmp.Compare(a.Name, b.Name) })
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list rules of %s: %w", bus, err)
	}
	return found, nil
}

// Rule is one rule that no AWS service manages.
func (p *Rules) Rule(ctx context.Context, bus, name string) (found run.Rule, err error) {
	key := ruleKey{cmp.Or(bus, "default"), name}
	err = p.world.effect(ctx, Op{Service: "events", Name: "Rule", Subject: name, Detail: key.bus}, func(*Op) error {
		r := p.world.rules[key]
		switch {
		case r == nil:
			return run.ErrNoRule
		case r.managedBy != "":
			return run.ErrNotOurs
		}
		found = run.Rule{Bus: key.bus, Name: name, Enabled: r.enabled}
		return nil
	})
	if err != nil {
		return found, fmt.Errorf("read rule %s: %w", name, err)
	}
	return found, nil
}

// Disable turns a rule off.
func (p *Rules) Disable(ctx context.Context, r run.Rule) error {
	err := p.set(ctx, "Disable", r, func(found *rule) error {
		if found == nil {
			return fmt.Errorf("ResourceNotFoundException: %w", run.ErrNoRule)
		}
		found.enabled = false
		return nil
	})
	if err != nil {
		return fmt.Errorf("disable rule %s: %w", r.Name, err)
	}
	return nil
}

// Enable turns a rule on, if it still exists.
func (p *Rules) Enable(ctx context.Context, r run.Rule) error {
	err := p.set(ctx, "Enable", r, func(found *rule) error {
		if found != nil {
			found.enabled = true
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("enable rule %s: %w", r.Name, err)
	}
	return nil
}

func (p *Rules) set(ctx context.Context, name string, r run.Rule, do func(*rule) error) error {
	key := ruleKey{cmp.Or(r.Bus, "default"), r.Name}
	return p.world.effect(ctx, Op{Service: "events", Name: name, Subject: r.Name, Detail: key.bus}, func(*Op) error {
		return do(p.world.rules[key])
	})
}
