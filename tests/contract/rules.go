package contract

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"quickstep/shared/run"
)

// Rules is what the steps see of EventBridge.
type Rules interface {
	Rules(ctx context.Context, bus string, prefixes, names []string) ([]run.Rule, error)
	Rule(ctx context.Context, bus, name string) (run.Rule, error)
	Disable(ctx context.Context, r run.Rule) error
	Enable(ctx context.Context, r run.Rule) error
}

// RulesFixture is an event bus without rules whose names begin with Prefix.
type RulesFixture struct {
	Port        Rules
	Bus, Prefix string
	Add         func(t *testing.T, name string, enabled bool)
	Delete      func(t *testing.T, name string)
	// Managed adds a rule that an AWS service manages.
	Managed func(t *testing.T, name string)
}

// ExerciseRules tests EventBridge rules.
func ExerciseRules(t *testing.T, open func(t *testing.T) RulesFixture) {
	t.Helper()
	exercise(t, open, []part[RulesFixture]{
		{"rules are found by prefix, as they are, in order", rulesByPrefix},
		{"rules are found by name, exactly, and only once", rulesByName},
		{"a prefix that nothing bears finds nothing", rulesAbsent},
		{"a name that nothing bears is ErrNoRule, and is named", rulesNoRule},
		{"many rules are all found", rulesMany},
		{"what AWS manages is left out", rulesManaged},
		{"what AWS manages is ErrNotOurs when it is named", rulesManagedNamed},
		{"an empty prefix, which is all of the bus, is refused", rulesEmptyPrefix},
		{"a rule is disabled and enabled, as often as one likes", rulesSwitch},
		{"a rule that was deleted can't be disabled: ErrNoRule", rulesDisableDeleted},
		{"a rule that was deleted can be enabled: there is nothing to do", rulesEnableDeleted},
	})
}

func (f RulesFixture) is(name string, enabled bool) run.Rule {
	return run.Rule{Bus: f.Bus, Name: f.Prefix + name, Enabled: enabled}
}

func rulesByPrefix(t *testing.T, f RulesFixture) {
	f.Add(t, f.Prefix+"b", false)
	f.Add(t, f.Prefix+"a", true)
	want := []run.Rule{f.is("a", true), f.is("b", false)}
	same(t, "found", must(f.Port.Rules(t.Context(), f.Bus, []string{f.Prefix}, nil))(t), want)
	same(t, "with two prefixes", must(f.Port.Rules(t.Context(), f.Bus, []string{f.Prefix, f.Prefix + "a"}, nil))(t), want)
	same(t, "with a longer one", must(f.Port.Rules(t.Context(), f.Bus, []string{f.Prefix + "b"}, nil))(t), want[1:])
}

func rulesByName(t *testing.T, f RulesFixture) {
	f.Add(t, f.Prefix+"a", true)
	f.Add(t, f.Prefix+"ab", true)
	same(t, "found", must(f.Port.Rules(t.Context(), f.Bus, nil, []string{f.Prefix + "a"}))(t), []run.Rule{f.is("a", true)})
	same(t, "by both", must(f.Port.Rules(t.Context(), f.Bus, []string{f.Prefix}, []string{f.Prefix + "a"}))(t), []run.Rule{f.is("a", true), f.is("ab", true)})
	if got := must(f.Port.Rule(t.Context(), f.Bus, f.Prefix+"a"))(t); got != f.is("a", true) {
		t.Errorf("it is %+v", got)
	}
}

func rulesAbsent(t *testing.T, f RulesFixture) {
	same(t, "found", must(f.Port.Rules(t.Context(), f.Bus, []string{f.Prefix}, nil))(t), nil)
}

func rulesNoRule(t *testing.T, f RulesFixture) {
	f.Add(t, f.Prefix+"a", true)
	_, several := f.Port.Rules(t.Context(), f.Bus, nil, []string{f.Prefix + "a", f.Prefix + "missing"})
	_, one := f.Port.Rule(t.Context(), f.Bus, f.Prefix+"missing")
	for what, err := range map[string]error{"Rules": several, "Rule": one} {
		if final(t, what, err); !errors.Is(err, run.ErrNoRule) || !strings.Contains(err.Error(), f.Prefix+"missing") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func rulesMany(t *testing.T, f RulesFixture) {
	for n := range 120 {
		f.Add(t, fmt.Sprintf("%s%03d", f.Prefix, n), true)
	}
	if got := must(f.Port.Rules(t.Context(), f.Bus, []string{f.Prefix}, nil))(t); len(got) != 120 {
		t.Errorf("%d of 120 are found", len(got))
	}
}

func rulesManaged(t *testing.T, f RulesFixture) {
	f.Managed(t, f.Prefix+"theirs")
	same(t, "found", must(f.Port.Rules(t.Context(), f.Bus, []string{f.Prefix}, nil))(t), nil)
}

func rulesManagedNamed(t *testing.T, f RulesFixture) {
	f.Managed(t, f.Prefix+"theirs")
	_, several := f.Port.Rules(t.Context(), f.Bus, nil, []string{f.Prefix + "theirs"})
	_, one := f.Port.Rule(t.Context(), f.Bus, f.Prefix+"theirs")
	for what, err := range map[string]error{"Rules": several, "Rule": one} {
		if !errors.Is(err, run.ErrNotOurs) {
			t.Errorf("%s: %v, want ErrNotOurs", what, err)
		}
	}
}

func rulesEmptyPrefix(t *testing.T, f RulesFixture) {
	_, err := f.Port.Rules(t.Context(), f.Bus, []string{""}, nil)
	final(t, "an empty prefix", err)
}

func rulesSwitch(t *testing.T, f RulesFixture) {
	f.Add(t, f.Prefix+"a", true)
	f.Add(t, f.Prefix+"b", true)
	for _, enabled := range []bool{false, false, true, true, false} {
		set := f.Port.Disable
		if enabled {
			set = f.Port.Enable
		}
		ok(t, set(t.Context(), f.is("a", true)))
		same(t, "they are", must(f.Port.Rules(t.Context(), f.Bus, []string{f.Prefix}, nil))(t), []run.Rule{f.is("a", enabled), f.is("b", true)})
	}
}

func rulesDisableDeleted(t *testing.T, f RulesFixture) {
	f.Add(t, f.Prefix+"a", true)
	f.Delete(t, f.Prefix+"a")
	err := f.Port.Disable(t.Context(), f.is("a", true))
	if final(t, "a deleted rule", err); !errors.Is(err, run.ErrNoRule) {
		t.Errorf("the error is %v", err)
	}
}

func rulesEnableDeleted(t *testing.T, f RulesFixture) {
	f.Add(t, f.Prefix+"a", false)
	f.Delete(t, f.Prefix+"a")
	ok(t, f.Port.Enable(t.Context(), f.is("a", true)))
	same(t, "they are", must(f.Port.Rules(t.Context(), f.Bus, []string{f.Prefix}, nil))(t), nil)
}
