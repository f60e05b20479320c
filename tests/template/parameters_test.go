package template_test

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"quickstep/tests/template"
)

func TestOptionsAreOffUntilTheirParametersAreGiven(t *testing.T) {
	off := load(t, nil)
	on := load(t, map[string]string{
		"OperatorEmail":           "operator@example.com",
		"FleetScheduleFleet":      "web",
		"FleetScheduleExpression": "cron(0 2 ? * SUN *)",
		"FleetScheduleTimeZone":   "Europe/Paris",
		"SubnetIds":               "subnet-0a1b2c3d, subnet-4e5f6071",
		"SecurityGroupIds":        "sg-0a1b2c3d",
		"CheckIPv6":               "true",
		"CheckFunctionName":       "ready-*",
		"PatchAfter":              "true",
		"PatchReportBucket":       "example-reports",
	})
	facts := func(s *template.Stack) map[string]bool {
		_, mail := s.Resources["AlarmSubscription"]
		_, reports := s.Resources["ReportSubscription"]
		check := s.Functions["check"]
		return map[string]bool{
			"schedule":             schedule(t, s, "start", "Fleet").Enabled,
			"alarms by e-mail":     mail,
			"reports by e-mail":    reports,
			"check in VPC":         check.VPC,
			"start knows of VPC":   s.Functions["start"].Environment["IN_VPC"] == "true",
			"check sends IPv6":     check.IPv6,
			"start knows of IPv6":  s.Functions["start"].Environment["CHECK_DUAL_STACK"] == "true",
			"network interfaces":   allowed(check.Role)["ec2:CreateNetworkInterface"] != nil,
			"operator's functions": allowed(check.Role)["lambda:InvokeFunction"] != nil,
			"second patch report":  s.Functions["survey"].Environment["PATCH_AFTER"] == "true",
			"report knows bucket":  s.Functions["report"].Environment["BUCKET"] != "",
			"report may write":     allowed(s.Functions["report"].Role)["s3:PutObject"] != nil,
		}
	}
	for what, is := range facts(off) {
		if is {
			t.Errorf("%s: on without parameters", what)
		}
	}
	for what, is := range facts(on) {
		if !is {
			t.Errorf("%s: off with parameters", what)
		}
	}
	if got := allowed(on.Functions["check"].Role)["lambda:InvokeFunction"]; !slices.Equal(
		got,
		[]string{"arn:aws:lambda:us-east-1:123456789012:function:ready-*"},
	) {
		t.Errorf("a check may call %v", got)
	}
}

func TestThePatchReportsParametersReachItsFunctions(t *testing.T) {
	variables := func(params map[string]string) map[string]string {
		stack := load(t, params)
		out := maps.Clone(stack.Functions["survey"].Environment)
		maps.Copy(out, stack.Functions["report"].Environment)
		return out
	}
	without, with := variables(nil), variables(map[string]string{
		"PatchWindowIds":    "mw-0123456789abcdef0, mw-0fedcba9876543210",
		"PatchDocuments":    "Acme-Patch, Acme-Patch2",
		"PatchStates":       "Missing,Failed, AvailableSecurityUpdate",
		"PatchLead":         "90h",
		"PatchStaleAfter":   "48h",
		"PatchDeadline":     "20m",
		"PatchReportPrefix": "",
	})
	for _, c := range []struct{ variable, without, with string }{
		{"PATCH_WINDOW_IDS", "", "mw-0123456789abcdef0,mw-0fedcba9876543210"},
		{"PATCH_DOCUMENTS", "", "Acme-Patch,Acme-Patch2"},
		{"PATCH_STATES", "Missing,Failed", "Missing,Failed,AvailableSecurityUpdate"},
		{"PATCH_LEAD", "24h", "90h"},
		{"PATCH_STALE_AFTER", "168h", "48h"},
		{"PATCH_DEADLINE", "1h", "20m"},
		{"BUCKET_PREFIX", "quickstep/", ""},
	} {
		if without[c.variable] != c.without || with[c.variable] != c.with {
			t.Errorf(
				"%s is %q, given %q; want %q, given %q",
				c.variable,
				without[c.variable],
				with[c.variable],
				c.without,
				c.with,
			)
		}
	}
	prefix := variables(map[string]string{"PatchWindowPrefix": "patch-"})
	if prefix["PATCH_WINDOW_PREFIX"] != "patch-" || without["PATCH_WINDOW_PREFIX"] != "" {
		t.Errorf("PATCH_WINDOW_PREFIX is %q, given %q", without["PATCH_WINDOW_PREFIX"], prefix["PATCH_WINDOW_PREFIX"])
	}
}

func TestParametersAreRefusedWithAReason(t *testing.T) {
	for _, c := range []struct{ name, key, value, want string }{
		{"half a schedule, the fleet", "FleetScheduleFleet", "web", "FleetScheduleExpression is needed"},
		{"half a schedule, the expression", "FleetScheduleExpression", "rate(7 days)", "FleetScheduleFleet is needed"},
		{"no expression at all", "FleetScheduleExpression", "every sunday", "EventBridge Scheduler"},
		{"no address", "OperatorEmail", "operator", "An e-mail address"},
		{"a path that ends in a slash", "FleetPrefix", "/fleets/", "no slash at its end"},
		{"a tag that closes the policy's string", "InstanceTagValue", `a"}}`, "letters"},
		{"every function", "CheckFunctionName", "*", "beginning of one"},
		{"a wildcard in a prefix", "AlarmPrefix", "web*", "no *"},
		{"a wildcard in a prefix of rules", "RulePrefix", "web*", "* alone"},
		{"two wildcards for all", "RulePrefix", "**", "* alone"},
		{"a third processor", "Architecture", "riscv", "arm64"},
		{"a number of days that CloudWatch refuses", "LogRetentionDays", "8", "none of"},
		{"an id that is none", "SubnetIds", "subnet-1a,web", "Ids of subnets"},
		{"a window's name for its id", "PatchWindowIds", "mw-0123456789abcdef0,nightly", "Ids of maintenance windows"},
		{"a document's ARN", "PatchDocuments", "arn:aws:ssm:us-east-1:111122223333:document/Acme-Patch", "Names of documents"},
		{"a wildcard for windows", "PatchWindowPrefix", "patch-*", "letters"},
		{"a tag without a value", "PatchTags", "Role=web,Stage", "Tags such as Role=web"},
		{"a tag with a quotation mark", "PatchTags", `Role=w"eb`, "Tags such as Role=web"},
		{"a tag with a line break", "PatchTags", "Role=web\n1", "Tags such as Role=web"},
		{"a tag with two equals signs", "PatchTags", "Role=web=1", "Tags such as Role=web"},
		{"a name for an instance", "PatchInstanceIds", "i-0123456789abcdef0,web-1", "Ids such as"},
		{"instances' schedule that is over after once", "PatchInstancesExpression", "at(2026-01-05T02:00:00)", "recurring"},
		{"a switch that is neither on nor off", "PatchScheduleState", "on", "none of"},
		{"a schedule that is over after once", "PatchScheduleExpression", "at(2026-01-05T02:00:00)", "recurring"},
		{"a state that Systems Manager doesn't know", "PatchStates", "Missing,missing", "AvailableSecurityUpdate"},
		{"a duration without a unit", "PatchLead", "24", "hours"},
		{"no time at all", "PatchDeadline", "0s", "hours"},
		{"days, which Go doesn't know", "PatchStaleAfter", "7d", "hours"},
		{"a yes", "PatchAfter", "yes", "none of"},
		{"an ARN for a bucket", "PatchReportBucket", "arn:aws:s3:::reports", "A bucket's name"},
		{"every key of the bucket, by a wildcard", "PatchReportPrefix", "*", "letters"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := template.Load(root+"template.yaml", map[string]string{c.key: c.value})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q in it", err, c.want)
			}
		})
	}
}

func TestWindowsAreGivenByIdOrByPrefix(t *testing.T) {
	ids, prefix := "mw-0123456789abcdef0,mw-0fedcba9876543210", "patch-"
	for _, params := range []map[string]string{{"PatchWindowIds": ids}, {"PatchWindowPrefix": prefix}} {
		if _, err := template.Load(root+"template.yaml", params); err != nil {
			t.Errorf("%v: %v", params, err)
		}
	}
	both := map[string]string{"PatchWindowIds": ids, "PatchWindowPrefix": prefix}
	if _, err := template.Load(root+"template.yaml", both); err == nil ||
		!strings.Contains(err.Error(), "PatchWindowIds must be empty") {
		t.Errorf("both: %v", err)
	}
}

func TestInstancesAreGivenByTagOrById(t *testing.T) {
	both := map[string]string{"PatchTags": "Role=web", "PatchInstanceIds": "i-0123456789abcdef0"}
	if _, err := template.Load(root+"template.yaml", both); err == nil ||
		!strings.Contains(err.Error(), "PatchInstanceIds must be empty") {
		t.Errorf("both: %v", err)
	}
}

// A fleet without a maintenance window (a patch policy of Quick Setup, an association of State
// Manager) gets a schedule of its own from two parameters.
func TestTheScheduleOfInstancesWithoutAWindow(t *testing.T) {
	const fixed = `{"id":"<aws.scheduler.schedule-arn>/<aws.scheduler.scheduled-time>",` +
		`"scheduled":"<aws.scheduler.scheduled-time>",`
	for _, c := range []struct {
		name       string
		parameters map[string]string
		enabled    bool
		input      string
	}{
		{"by default there is none", nil, false, `"instanceIds":[""]}`},
		{"one tag", map[string]string{"PatchTags": "Patch Group=web servers"}, true,
			`"tags":{"Patch Group":"web servers"}}`},
		{"several tags", map[string]string{"PatchTags": "Role=web,Stage=prod"}, true,
			`"tags":{"Role":"web","Stage":"prod"}}`},
		{"ids", map[string]string{"PatchInstanceIds": "i-0123456789abcdef0,mi-0123456789abcdef0"}, true,
			`"instanceIds":["i-0123456789abcdef0","mi-0123456789abcdef0"]}`},
		{"switched off with the other", map[string]string{"PatchTags": "Role=web", "PatchScheduleState": "DISABLED"},
			false, `"tags":{"Role":"web"}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := schedule(t, load(t, c.parameters), "survey", "Instances")
			if s.Enabled != c.enabled || s.Input != fixed+c.input {
				t.Errorf("enabled %t, %s", s.Enabled, s.Input)
			}
			if s.Expression != "cron(0 7 ? * MON *)" || s.TimeZone != "UTC" || s.Dead != "last" || s.Retries == 0 {
				t.Errorf("%+v", s)
			}
		})
	}
	given := map[string]string{"PatchTags": "Role=web", "PatchInstancesExpression": "rate(1 day)",
		"PatchInstancesTimeZone": "Europe/Paris"}
	if s := schedule(t, load(t, given), "survey", "Instances"); s.Expression != "rate(1 day)" ||
		s.TimeZone != "Europe/Paris" {
		t.Errorf("%+v", s)
	}
}

func TestEveryParameterIsDescribedConstrainedLabelledAndInAGroup(t *testing.T) {
	text, err := os.ReadFile(root + "template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Metadata struct {
			Interface struct {
				ParameterGroups []struct {
					Parameters []string `yaml:"Parameters"`
				} `yaml:"ParameterGroups"`
				ParameterLabels map[string]struct {
					Default string `yaml:"default"`
				} `yaml:"ParameterLabels"`
			} `yaml:"AWS::CloudFormation::Interface"`
		} `yaml:"Metadata"`
	}
	if err := yaml.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	var grouped []string
	for _, g := range doc.Metadata.Interface.ParameterGroups {
		grouped = append(grouped, g.Parameters...)
	}
	parameters := load(t, nil).Parameter
	for name, p := range parameters {
		if p.Description == "" || doc.Metadata.Interface.ParameterLabels[name].Default == "" {
			t.Errorf("%s: no description or no label", name)
		}
		if len(p.Values) == 0 && (p.Pattern == "" || p.Constraint == "") {
			t.Errorf("%s: any value is taken, or refused without a reason", name)
		}
	}
	slices.Sort(grouped)
	if want := slices.Sorted(maps.Keys(parameters)); !slices.Equal(grouped, want) {
		t.Errorf("in groups %v\ndeclared %v", grouped, want)
	}
	if n := len(doc.Metadata.Interface.ParameterLabels); n != len(parameters) {
		t.Errorf("%d labels for %d parameters", n, len(parameters))
	}
}
