package run_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"quickstep/shared/input"
	"quickstep/shared/run"
)

const ours = "arn:aws:events:us-east-1:123456789012:event-bus/"

func TestAllMistakesAreToldAtOnce(t *testing.T) {
	s := run.Settings{Now: now, Buses: ours, Parameter: run.Parameter{Name: "/quickstep/fleets/web",
		Text: []byte(
			`{"proof":"requird","maxChecks":0,"check":{"http":{"port":65536}},"notOurs":["` + arn("app") +
				`"],"mute":{"eventBus":"a b"}}`)}}
	_, err := run.Parse(
		s,
		[]byte(
			`{"fleet":"web","maxChecks":1001,"notAfter":"2026-01-01T00:00:00Z","tags":{"Role":null},"bootWiat":"1m"}`,
		),
	)
	var several input.Several
	if !errors.As(err, &several) {
		t.Fatal(err)
	}
	var got []string
	for _, e := range several {
		got = append(got, strings.TrimSuffix(fmt.Sprintf("%s, %s", e.Field, e.Where), ", "))
	}
	const where = ", in the SSM parameter /quickstep/fleets/web"
	want := []string{"check.http.port" + where, "mute.eventBus" + where, "notOurs" + where,
		"proof" + where, "bootWiat", "maxChecks", "notAfter", "tags"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("the mistakes are\n%s\nwant\n%s", strings.Join(got, "\n"),
			strings.Join(want, "\n"))
	}
}

// A mistake in one field doesn't make others look wrong.
func TestOneMistakeIsOne(t *testing.T) {
	for _, c := range []struct{ request, field string }{
		{`{"fleet":"web","tags":{"Role":null}}`, "tags"},
		{`{"fleet":"web","instanceIds":["web-1"]}`, "instanceIds"},
		{`{"fleet":7}`, "fleet"},
		{`{"tags":{"Role":"web"}}`, "fleet"},
		{`{"fleet":"web","tags":{"Role":"web"},"check":{"tcp":{"prot":22}}}`, "check.tcp.prot"},
		{`{"fleet":"web","tags":{"Role":"web"},"notAfter":"noon"}`, "notAfter"},
		{`{"fleet":"web"}`, "targetGroupArns"},
	} {
		_, err := run.Parse(over(nil), []byte(c.request))
		if one := single(err); one == nil || one.Field != c.field {
			t.Errorf("%s: %v, not one mistake in %s", c.request, err, c.field)
		}
	}
}

// A form to fill in, and parameters of earlier versions, give 0 for what is left out.
func TestAPortOfZeroIsTheTargetGroups(t *testing.T) {
	r, err := run.Parse(over(nil), []byte(
		`{"fleet":"web","tags":{"Role":"web"},"check":{"http":{"port":0,"path":"/up"}}}`))
	if err != nil || r.Check.HTTP == nil || r.Check.HTTP.Port != 0 {
		t.Errorf("%+v, %v", r.Check.HTTP, err)
	}
}

// single is an error's one mistake; nil if it has none or several.
func single(err error) (one *input.FieldError) {
	var several input.Several
	if errors.As(err, &several) || !errors.As(err, &one) {
		return nil
	}
	return one
}

func TestAFleetWithoutItsParameter(t *testing.T) {
	missing := run.Settings{Now: now, Parameter: run.Parameter{Name: "/quickstep/fleets/wbe"}}
	_, err := run.Parse(missing, []byte(`{"fleet":"wbe"}`))
	if one := single(err); one == nil || one.Field != "fleet" ||
		!strings.Contains(err.Error(), "there is no SSM parameter /quickstep/fleets/wbe") {
		t.Errorf("%v", err)
	}
	if _, err := run.Parse(missing, []byte(`{"fleet":"wbe","tags":{"Role":"web"}}`)); err != nil {
		t.Errorf("the request says all: %v", err)
	}
	there := run.Settings{Now: now, Parameter: run.Parameter{Name: "/quickstep/fleets/web",
		Text: []byte(`{}`)}}
	if _, err := run.Parse(there, []byte(`{"fleet":"web"}`)); err == nil ||
		!strings.HasPrefix(err.Error(), "targetGroupArns: ") ||
		!strings.Contains(err.Error(), "here or in the SSM parameter /quickstep/fleets/web") {
		t.Errorf("%v", err)
	}
}

func TestARNsOfOtherAccountsAndRegions(t *testing.T) {
	group := func(partition, region, account string) string {
		return fmt.Sprintf("arn:%s:elasticloadbalancing:%s:%s:targetgroup/web/0a", partition,
			region, account)
	}
	for arn, want := range map[string]string{
		group("aws", "us-east-1", "123456789012"): "",
		group("aws", "eu-west-1", "123456789012"): "is in Region eu-west-1, not us-east-1;",
		group("aws", "us-east-1", "210987654321"): "is in account 210987654321, not " +
			"123456789012;",
		group("aws-cn", "cn-north-1", "123456789012"): "is in partition aws-cn, not aws, and " +
			"in Region cn-north-1, not us-east-1;",
		"arn:aws:ec2:us-east-1:123456789012:instance/i": "is no target group's ARN;",
	} {
		for _, field := range []string{"targetGroupArns", "notOurs"} {
			text := fmt.Sprintf(`{"fleet":"web","instanceIds":["i-0123456789abcdef0"],%q:[%q]}`,
				field, arn)
			_, err := run.Parse(run.Settings{Now: now, Buses: ours}, []byte(text))
			if (err == nil) != (want == "") || err != nil &&
				(!strings.Contains(err.Error(), want) ||
					!strings.HasPrefix(err.Error(), field+": ")) {
				t.Errorf("%s %s: %v", field, arn, err)
			}
		}
	}
}

// TestNamesAsAWSTakesThem: what AWS's patterns take is taken, at its bounds, and nothing else.
func TestNamesAsAWSTakesThem(t *testing.T) {
	x := func(n int) string { return strings.Repeat("x", n) }
	for _, c := range []struct {
		what, form string // of the request's further fields
		good, bad  []string
	}{
		{"alarm", `"mute":{"alarmNames":[%s]}`,
			[]string{x(255), strings.Repeat("ż", 255), "a b/c (5xx)"}, []string{"", x(256), "a\nb",
				"a\x7f"}},
		{"alarms' prefix", `"mute":{"alarmPrefixes":[%s]}`, []string{x(255), "a b"},
			[]string{"", x(256), "a\tb"}},
		{"rule", `"mute":{"ruleNames":[%s]}`, []string{x(64), "a.b-C_1"},
			[]string{"", x(65), "a b", "a/b", "ż", "a*", "a\n"}},
		{"rules' prefix", `"mute":{"rulePrefixes":[%s]}`, []string{x(64), "a."},
			[]string{"", x(65), "a*"}},
		{"event bus", `"mute":{"eventBus":%s}`,
			[]string{x(256), "aws.partner/example.com/a", ours + "orders"},
			[]string{"", x(257), "a b", "a:b", ours + "a b", ours + x(257),
				"arn:aws:sqs:us-east-1:123456789012:orders"}},
		{"function", `"check":{"lambda":{"function":%s}}`,
			[]string{x(64), "a-b_C", "ready:live", "ready:$LATEST"},
			[]string{"", x(65), "a b", "a.b", "arn:aws:lambda:us-east-1:123456789012:function:a"}},
		{"path", `"check":{"http":{"path":%s}}`, []string{"/" + x(1023), "/a?b=c"},
			[]string{"a", "/" + x(1024), "/a b", "/ż"}},
		{"body", `"check":{"http":{"text":%s}}`, []string{x(1024), "a\nb"}, []string{x(1025)}},
		{"codes", `"check":{"http":{"codes":%s}}`, []string{"200-599", "200,302"},
			[]string{"199", "600", "2xx", "200" + strings.Repeat(",200", 30)}},
		{"fleet", `"fleet":%s`, []string{x(64), "a.b"}, []string{"", x(65), "-a", "a/b", "a\n"}},
		{"id", `"id":%s`, []string{x(1024), "a b\n"}, []string{x(1025)}},
		{"instance", `"instanceIds":[%s]`, []string{"i-01234567", "i-0123456789abcdef0"},
			[]string{"", "i-0123456", "i-0123456789ABCDEF0", "mi-0123456789abcdef0",
				"i-0123456789abcdef01"}},
		{"tag's key", `"tags":{%s:"x"}`, []string{x(128), strings.Repeat("ż", 128),
			"aws:cloudformation:stack-name"}, []string{"", x(129), "a\nb"}},
		{"tag's value", `"tags":{"Role":%s}`, []string{x(256), "web-*", "w?b"},
			[]string{"", x(257), "*", "**", " ? ", "a\nb"}},
	} {
		try := func(value string) error {
			quoted, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			_, err = run.Parse(run.Settings{Now: now, Buses: ours},
				[]byte(web(fmt.Sprintf(c.form, quoted))))
			return err
		}
		for _, value := range c.good {
			if err := try(value); err != nil {
				t.Errorf("%s %.80q is refused: %v", c.what, value, err)
			}
		}
		for _, value := range c.bad {
			if err := try(value); err == nil {
				t.Errorf("%s %.80q is taken", c.what, value)
			}
		}
	}
}

func TestWhoWouldReplaceAnInstance(t *testing.T) {
	maintained := map[string]bool{"fleet-1": true}
	for _, c := range []struct {
		name string
		m    run.Machine
		want string
	}{
		{"nobody", run.Machine{Tags: map[string]string{"Role": "web"}}, ""},
		{"no tags", run.Machine{}, ""},
		{"an Auto Scaling group",
			run.Machine{Tags: map[string]string{"aws:autoscaling:groupName": "web"}}, "Auto " +
				"Scaling group web"},
		{"an EC2 Fleet that maintains its size",
			run.Machine{Tags: map[string]string{"aws:ec2:fleet-id": "fleet-1"}}, "EC2 Fleet " +
				"fleet-1 (type maintain)"},
		{"an EC2 Fleet of another type",
			run.Machine{Tags: map[string]string{"aws:ec2:fleet-id": "fleet-2"}}, ""},
		{"a Spot Fleet",
			run.Machine{Tags: map[string]string{"aws:ec2spot:fleet-request-id": "sfr-1"}}, "Spot " +
				"Fleet sfr-1"},
		{"an EMR cluster",
			run.Machine{Tags: map[string]string{"aws:elasticmapreduce:job-flow-id": "j-1"}}, "EMR cluster j-1"},
		{"an AWS service", run.Machine{Operator: "eks.amazonaws.com"},
			"AWS service eks.amazonaws.com"},
	} {
		if got := c.m.Replacer(maintained); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
