package rolling_test

import (
	"strings"
	"testing"
	"time"

	"quickstep/tests/sim/simtest"

	"quickstep/tests/sim"
)

// prefixed is a fleet on a stack that allows only so much to be muted.
func prefixed(t *testing.T, alarms, rules string) *sim.Fleet {
	t.Helper()
	f := sim.On(simtest.Loaded(t, simtest.ByHand("AlarmPrefix", alarms, "RulePrefix", rules)), 1)
	t.Cleanup(f.Close)
	f.AddGroups("web")
	for n := 1; n <= 2; n++ {
		spec := simtest.Plain
		spec.ID = sim.ID(n)
		f.Add(spec, "web:8080")
	}
	simtest.Settle(f, 1, "web")
	f.AddAlarm("web-5xx", "OK")
	for _, bus := range buses {
		f.AddRule(bus, "web-nightly", true, "")
		f.AddRule(bus, "nightly", true, "")
	}
	return f
}

var buses = []string{"default", "orders", "web-orders", "aws.partner/example.com/web-1", "aws.partner/web-example/1"}

func TestR11WhatTheStackDoesNotAllowToBeMutedIsRefused(t *testing.T) {
	for _, c := range []struct {
		alarms, rules string
		mute          simtest.All
		field, want   string
	}{
		{"", "*", simtest.All{"alarmPrefixes": []string{"web-"}}, "mute.alarmPrefixes", "AlarmPrefix"},
		{"", "*", simtest.All{"alarmNames": []string{"web-5xx"}}, "mute.alarmNames", "AlarmPrefix"},
		{"*", "", simtest.All{"rulePrefixes": []string{"web-"}}, "mute.rulePrefixes", "RulePrefix"},
		{"*", "", simtest.All{"ruleNames": []string{"web-nightly"}}, "mute.ruleNames", "RulePrefix"},
		{"db-", "*", simtest.All{"alarmNames": []string{"web-5xx"}}, "mute.alarmNames", `"web-5xx" doesn't begin with "db-"`},
		{"web-5", "*", simtest.All{"alarmPrefixes": []string{"web-"}}, "mute.alarmPrefixes", `"web-" doesn't begin with "web-5"`},
		{"*", "web-", simtest.All{"ruleNames": []string{"nightly"}}, "mute.ruleNames", `"nightly" doesn't begin with "web-"`},
		{"*", "web-", simtest.All{"ruleNames": []string{"web-nightly"}, "eventBus": "web-orders"}, "mute.eventBus", "RulePrefix"},
		{"*", "web-", simtest.All{"ruleNames": []string{"web-nightly"}, "eventBus": "arn:aws:events:us-east-1:123456789012:event-bus/web-orders"}, "mute.eventBus", "web-orders"},
	} {
		f := prefixed(t, c.alarms, c.rules)
		_, err := f.Ask(simtest.All{"mute": c.mute})
		if err == nil || !strings.Contains(err.Error(), c.field) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("alarms %q, rules %q, %v: %v", c.alarms, c.rules, c.mute, err)
		}
		nothingChanged(t, f)
	}
}

func TestNoPrefixesAreNeededByARunThatMutesNothing(t *testing.T) {
	f := prefixed(t, "", "")
	simtest.Begin(t, f, nil)
	simtest.Finish(t, f, 6*time.Hour)
	simtest.Counts(t, f, 2, 0, 0)
}

// TestStartAcceptsWhatTheRoleMayDisable holds start's answer against AWS's, which goes by the role: what is
// accepted can be disabled, and what can't be is refused before the run begins.
func TestStartAcceptsWhatTheRoleMayDisable(t *testing.T) {
	for _, prefix := range []string{"", "web-", "nightly", "orders", "aws.", "*"} {
		for _, bus := range buses {
			for _, rule := range []string{"web-nightly", "nightly"} {
				f := prefixed(t, "*", prefix)
				_, err := f.Ask(simtest.All{"mute": simtest.All{"ruleNames": []string{rule}, "eventBus": bus}})
				arn := "arn:aws:events:us-east-1:123456789012:rule/" + rule
				if bus != "default" {
					arn = "arn:aws:events:us-east-1:123456789012:rule/" + bus + "/" + rule
				}
				if may := f.Stack.Functions["start"].Role.Permits("events:DisableRule", arn); may != (err == nil) {
					t.Errorf(
						"prefix %q, rule %s of bus %s: the role may disable it: %t; start says %v",
						prefix,
						rule,
						bus,
						may,
						err,
					)
				}
			}
		}
	}
}
