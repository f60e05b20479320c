package rolling

import (
	"fmt"
	"slices"
	"strings"

	"quickstep/shared/input"
	"quickstep/shared/run"
)

// Allowed is what the stack's roles permit; a request that asks for more is refused with a clear
// error instead of failing half-way.
type Allowed struct {
	// InstanceTag is Key=Value of the instances that may be rebooted; empty: all.
	InstanceTag string `env:"INSTANCE_TAG"`
	// TargetGroupPrefix is that of the groups' names; empty: all.
	TargetGroupPrefix string `env:"TARGET_GROUP_PREFIX"`
	// AlarmPrefix and RulePrefix are of names; empty: none; *: all.
	AlarmPrefix string `env:"ALARM_PREFIX"`
	RulePrefix  string `env:"RULE_PREFIX"`
	// CheckFunction is a name, or a prefix that ends with *; empty: none.
	CheckFunction string `env:"CHECK_FUNCTION"`
	// EventBuses is what the ARNs of the account's event buses in this Region begin with.
	EventBuses string `env:"EVENT_BUSES"`
	// InVPC says that the check function runs in the operator's VPC, IPv6 that it may send IPv6 there.
	InVPC bool `env:"IN_VPC"`
	IPv6  bool `env:"CHECK_DUAL_STACK"`
}

// everyName is the prefix that stands for all names.
const everyName = "*"

// muting refuses names that the roles couldn't mute: half-way, some of the fleet's alarms would be
// silent and others not.
func (a Allowed) muting(m run.Mute) error {
	refused := &input.Mistakes{}
	for _, list := range []struct {
		field, allowed, parameter, none string
		names                           []string
	}{
		{"mute.alarmPrefixes", a.AlarmPrefix, "AlarmPrefix", "the stack allows no alarm to be muted", m.AlarmPrefixes},
		{"mute.alarmNames", a.AlarmPrefix, "AlarmPrefix", "the stack allows no alarm to be muted", m.AlarmNames},
		{"mute.rulePrefixes", a.RulePrefix, "RulePrefix", "the stack allows no rule to be disabled", m.RulePrefixes},
		{"mute.ruleNames", a.RulePrefix, "RulePrefix", "the stack allows no rule to be disabled", m.RuleNames},
	} {
		want := fmt.Sprintf(
			"set the stack parameter %s to the beginning of these names, or to * for all",
			list.parameter,
		)
		beyond := quoted(list.names, func(name string) bool {
			return !strings.HasPrefix(name, list.allowed)
		})
		switch {
		case len(list.names) == 0, list.allowed == everyName:
		case list.allowed == "":
			refused.Refuse(list.field, want, "%s", list.none)
		case len(beyond) > 0:
			refused.Refuse(list.field, want, "%s doesn't begin with %q",
				input.Some(beyond, mostNamed), list.allowed)
		}
	}
	if m.Rules() {
		refused.Add(a.bus(m.EventBus))
	}
	return refused.Err()
}

// bus refuses event buses whose rules the roles can't tell from others: in the ARN rule/app-x/y,
// app-x is the bus, and it is the rule in rule/app-x. So none of the rules of such a bus may be
// disabled.
func (a Allowed) bus(bus string) error {
	if _, name, ok := strings.Cut(bus, ":event-bus/"); ok {
		bus = name
	}
	segments := strings.Split(bus, "/") // buses of partners have several
	begins := func(s string) bool { return strings.HasPrefix(s, a.RulePrefix) }
	if bus == "default" || a.RulePrefix == everyName || !slices.ContainsFunc(segments, begins) {
		return nil
	}
	return input.Refuse("mute.eventBus", "set the stack parameter RulePrefix to something with "+
		"which no event bus begins, or to * for all",
		"the name of event bus %s begins with %q, and so its rules can't be told from those that "+
			"may be disabled", bus, a.RulePrefix)
}
