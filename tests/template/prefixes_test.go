package template_test

import (
	"testing"

	"quickstep/tests/template"
)

// arns in account 123456789012.
const (
	ruleARN  = "arn:aws:events:us-east-1:123456789012:rule/"
	alarmARN = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:"
	muteARN  = "arn:aws:cloudwatch:us-east-1:123456789012:alarm-mute-rule:"
)

// TestPrefixesNarrowWhatMayBeMuted is what AWS answers to start and finish, by the parameters and the resource.
func TestPrefixesNarrowWhatMayBeMuted(t *testing.T) {
	const disable, mute = "events:DisableRule", "cloudwatch:PutAlarmMuteRule"
	for _, c := range []struct {
		what, prefix, action, resource string
		want                           bool
	}{
		{"a rule, without a prefix", "", disable, ruleARN + "app-x", false},
		{"a rule of another bus, without a prefix", "", disable, ruleARN + "orders/app-x", false},
		{"an alarm, without a prefix", "", mute, alarmARN + "app-x", false},

		{"a rule that begins so", "app-", disable, ruleARN + "app-x", true},
		{"one that doesn't", "app-", disable, ruleARN + "x-app-", false},
		{"a rule of another bus that begins so", "app-", disable, ruleARN + "orders/app-x", true},
		{"one that doesn't", "app-", disable, ruleARN + "orders/x", false},
		{"a rule of a bus that begins so", "app-", disable, ruleARN + "app-orders/nightly", false},
		{"a rule that begins so, of a bus that begins so", "app-", disable, ruleARN + "app-orders/app-x", false},
		{"a rule of a partner's bus", "app-", disable, ruleARN + "aws.partner/example.com/app-x", true},
		{"a rule of a partner's bus of which a part begins so", "app-", disable, ruleARN + "aws.partner/app-1/nightly", false},
		{"an alarm that begins so", "app-", mute, alarmARN + "app-x", true},
		{"one that doesn't", "app-", mute, alarmARN + "x", false},
		{"an alarm of our own", "quick", mute, alarmARN + "quickstep-drain-errors", false},

		{"any rule", "*", disable, ruleARN + "x", true},
		{"any rule of any bus", "*", disable, ruleARN + "app-orders/x", true},
		{"any alarm", "*", mute, alarmARN + "x", true},
		{"an alarm of our own, for all that", "*", mute, alarmARN + "quickstep-drain-errors", false},
	} {
		stack := load(t, map[string]string{"AlarmPrefix": c.prefix, "RulePrefix": c.prefix})
		for _, name := range []string{"start", "finish"} {
			if got := stack.Functions[name].Role.Permits(c.action, c.resource); got != c.want {
				t.Errorf("%s, prefix %q: %s may %s: %t", c.what, c.prefix, name, c.action, got)
			}
		}
	}
}

// TestWhatIsMutedCanAlwaysBeRestored is about prefixes that are changed while a run is under way.
func TestWhatIsMutedCanAlwaysBeRestored(t *testing.T) {
	for _, prefix := range []string{"", "app-", "*"} {
		stack := load(t, map[string]string{"AlarmPrefix": prefix, "RulePrefix": prefix})
		for _, c := range []struct{ function, action, resource string }{
			{"start", "events:EnableRule", ruleARN + "web-nightly"}, {"start", "events:EnableRule", ruleARN + "app-orders/web-nightly"},
			{"finish", "events:EnableRule", ruleARN + "web-nightly"}, {"finish", "events:EnableRule", ruleARN + "app-orders/web-nightly"},
			{"finish", "cloudwatch:DeleteAlarmMuteRule", muteARN + "quickstep-run-1-1-1"},
		} {
			if !stack.Functions[c.function].Role.Permits(c.action, c.resource) {
				t.Errorf("prefix %q: %s may not %s %s", prefix, c.function, c.action, c.resource)
			}
		}
	}
}

func TestPermits(t *testing.T) {
	role := template.Role{Statements: []template.Statement{
		{Effect: "Allow", Actions: []string{"s3:Get"}, Resources: []string{"a/*/b?", "*z"}},
		{Effect: "Deny", Actions: []string{"s3:Get", "s3:Put"}, Resources: []string{"a/x*"}},
	}}
	for resource, want := range map[string]bool{"a//b1": true, "a/1/2/b1": true, "a/1/b": false, "a/1/b12": false, "a/x/b1": false,
		"z": true, "yz": true, "zy": false, "": false} {
		if got := role.Permits("s3:Get", resource); got != want {
			t.Errorf("%q: %t", resource, got)
		}
	}
	if role.Permits("s3:Put", "z") {
		t.Error("what nothing allows is permitted")
	}
}
