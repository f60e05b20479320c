// Package template_test holds template.yaml against the folders, the events and itself.
package template_test

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"quickstep/tests/template"
)

const root = "../../"

func load(t *testing.T, params map[string]string) *template.Stack {
	t.Helper()
	stack, err := template.Load(root+"template.yaml", params)
	if err != nil {
		t.Fatal(err)
	}
	return stack
}

// schedule is a function's only one.
func schedule(t *testing.T, stack *template.Stack, function string) template.Schedule {
	t.Helper()
	var found []template.Schedule
	for _, s := range stack.Schedules {
		if s.Function == function {
			found = append(found, s)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%s: %d schedules", function, len(found))
	}
	return found[0]
}

func TestEveryFolderIsAFunctionAndBack(t *testing.T) {
	stack := load(t, nil)
	entries, err := os.ReadDir(root + "functions")
	if err != nil {
		t.Fatal(err)
	}
	var folders []string
	for _, e := range entries {
		if e.IsDir() {
			folders = append(folders, e.Name())
		}
	}
	if declared := slices.Sorted(maps.Keys(stack.Functions)); !slices.Equal(folders, declared) {
		t.Errorf("folders %v\ntemplate %v", folders, declared)
	}
}

func TestOneWordPerStep(t *testing.T) {
	stack := load(t, nil)
	for name, f := range stack.Functions {
		capital := strings.ToUpper(name[:1]) + name[1:]
		for _, c := range []struct{ what, got, want string }{
			{"logical id", f.LogicalID, capital + "Function"},
			{"name", f.FunctionName, stack.Name + "-" + name},
			{"role", f.Role.LogicalID, capital + "Role"},
			{"log group", f.LogGroup, capital + "LogGroup"},
		} {
			if c.got != c.want {
				t.Errorf("%s: %s %q, want %q", name, c.what, c.got, c.want)
			}
		}
		queue := name
		switch name {
		case "triage":
			queue = "dead"
		case "watchdog", "control":
			queue = ""
		}
		var got string
		if f.Source != nil {
			got = f.Source.Queue
		}
		if got != queue {
			t.Errorf("%s: fed by queue %q, want %q", name, got, queue)
		}
	}
}

func TestFunctionsAreBuiltAsSAMExpects(t *testing.T) {
	stack := load(t, nil)
	for name, f := range stack.Functions {
		res := stack.Resources[f.LogicalID]
		for key, want := range map[string]any{"Runtime": "provided.al2023", "Handler": "bootstrap", "CodeUri": "functions/" + name + "/"} {
			if got := res.Properties[key]; got != want {
				t.Errorf("%s: %s is %v, want %v", name, key, got, want)
			}
		}
		if got := res.Metadata["BuildMethod"]; got != "go1.x" {
			t.Errorf("%s: BuildMethod is %v", name, got)
		}
	}
}

func TestEveryLogGroupIsAFunctionsAndIsKeptForTheGivenDays(t *testing.T) {
	stack := load(t, map[string]string{"LogRetentionDays": "7"})
	used := map[string]bool{}
	for name, f := range stack.Functions {
		used[f.LogGroup] = true
		if got, want := stack.Resources[f.LogGroup].Properties["LogGroupName"], "/aws/lambda/"+f.FunctionName; got != want {
			t.Errorf("%s: log group %v, want %s", name, got, want)
		}
	}
	for id, res := range stack.Resources {
		if res.Type != "AWS::Logs::LogGroup" {
			continue
		}
		if !used[id] {
			t.Errorf("%s is no function's", id)
		}
		if got := res.Properties["RetentionInDays"]; got != "7" {
			t.Errorf("%s is kept for %v days", id, got)
		}
	}
}

func TestQueuesAndFunctionsAgree(t *testing.T) {
	stack := load(t, nil)
	fed := map[string]string{}
	for name, f := range stack.Functions {
		if f.Source == nil {
			if f.RecursiveLoop != "" {
				t.Errorf("%s: RecursiveLoop, but no queue feeds it", name)
			}
			continue
		}
		if other, twice := fed[f.Source.Queue]; twice {
			t.Errorf("%s feeds %s and %s", f.Source.Queue, name, other)
		}
		fed[f.Source.Queue] = name
		if f.Source.BatchSize != 1 || !f.Source.PartialFailures {
			t.Errorf("%s: batch size %d, partial failures %v", name, f.Source.BatchSize, f.Source.PartialFailures)
		}
		if f.RecursiveLoop != "Allow" {
			t.Errorf("%s: RecursiveLoop is %q, so Lambda breaks off its chain", name, f.RecursiveLoop)
		}
		if q := stack.Queues[f.Source.Queue]; q.Visibility < 6*f.Timeout {
			t.Errorf("%s: messages hide for %s, its timeout is %s", name, q.Visibility, f.Timeout)
		}
	}
	for name := range stack.Queues {
		if fed[name] == "" && name != "last" {
			t.Errorf("queue %s feeds nothing", name)
		}
	}
	if fed["last"] != "" {
		t.Errorf("the last queue is for humans, it feeds %s", fed["last"])
	}
}

func TestEveryQueueEndsInTheDeadLettersAndTheseInTheLastQueue(t *testing.T) {
	stack := load(t, nil)
	const day = 24 * time.Hour
	for name, q := range stack.Queues {
		dead, receives, retention := "dead", 5, 4*day
		switch name {
		case "dead":
			dead, retention = "last", 14*day
		case "last":
			dead, receives, retention = "", 0, 14*day
		}
		if q.Dead != dead || q.MaxReceives != receives {
			t.Errorf("%s: redrives to %q after %d receives, want %q after %d", name, q.Dead, q.MaxReceives, dead, receives)
		}
		if q.Retention != retention {
			t.Errorf("%s: keeps messages for %s, want %s", name, q.Retention, retention)
		}
		if !q.Encrypted {
			t.Errorf("%s: not encrypted", name)
		}
	}
}

func TestQueuesAndTopicsRefusePlainHTTP(t *testing.T) {
	stack := load(t, nil)
	covered := map[string]bool{}
	for _, res := range stack.Resources {
		targets := map[string]string{"AWS::SQS::QueuePolicy": "Queues", "AWS::SNS::TopicPolicy": "Topics"}[res.Type]
		if targets == "" {
			continue
		}
		policy, _ := res.Properties["PolicyDocument"].(map[string]any)
		if policy["Version"] != "2012-10-17" {
			t.Errorf("%s: Version is %v", res.LogicalID, policy["Version"])
		}
		statements, _ := policy["Statement"].([]any)
		if !slices.ContainsFunc(statements, deniesPlainHTTP) {
			continue
		}
		for _, target := range res.Properties[targets].([]any) {
			covered[target.(string)] = true // of a queue, its URL: with an ARN the policy would never be attached
		}
	}
	for name := range stack.Queues {
		if !covered["queue:"+name] {
			t.Errorf("queue %s takes plain HTTP", name)
		}
	}
	for name := range stack.Topics {
		if !covered["topic:"+name] {
			t.Errorf("topic %s takes plain HTTP", name)
		}
	}
}

func deniesPlainHTTP(statement any) bool {
	s, _ := statement.(map[string]any)
	condition, _ := s["Condition"].(map[string]any)
	secure, _ := condition["Bool"].(map[string]any)
	return s["Effect"] == "Deny" && s["Principal"] == "*" && secure["aws:SecureTransport"] == "false"
}

func TestALeaseOutlivesItsFunctionAndEndsBeforeItsMessageComesBack(t *testing.T) {
	stack := load(t, nil)
	for name, f := range stack.Functions {
		text, declared := f.Environment["LEASE"]
		if (f.Source != nil) != declared {
			t.Errorf("%s: fed by a queue %v, LEASE declared %v", name, f.Source != nil, declared)
		}
		if !declared {
			continue
		}
		lease, err := time.ParseDuration(text)
		if err != nil {
			t.Errorf("%s: LEASE: %v", name, err)
		}
		if hidden := stack.Queues[f.Source.Queue].Visibility; lease <= f.Timeout || lease >= hidden {
			t.Errorf("%s: timeout %s, lease %s, message hidden for %s", name, f.Timeout, lease, hidden)
		}
	}
}

func TestTheLedgerIsKept(t *testing.T) {
	want := template.Table{
		LogicalID: "Table", Partition: "pk", Sort: "sk", TTL: "expires",
		OnDemand: true, PointInTime: true, Encrypted: true, DeletionProtection: true, Retained: true,
	}
	if got := load(t, nil).Table; got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestTheWatchdogRunsEveryMinuteAndIsNotRetried(t *testing.T) {
	stack := load(t, nil)
	s := schedule(t, stack, "watchdog")
	if s.Expression != "rate(1 minute)" || !s.Enabled || s.Retries != 0 || s.MaxAge != time.Minute {
		t.Errorf("%+v", s)
	}
	if a := stack.Functions["watchdog"].Async; a == nil || a.Retries != 0 {
		t.Errorf("Lambda retries it: %+v", a)
	}
}

func TestTheSurveyRunsEveryHourAndItsRetriesEndBeforeTheNext(t *testing.T) {
	s := schedule(t, load(t, nil), "survey")
	if s.Expression != "rate(1 hour)" || !s.Enabled || s.Retries == 0 || s.MaxAge == 0 || s.MaxAge >= time.Hour || s.Dead != "last" {
		t.Errorf("%+v", s)
	}
	given := schedule(t, load(t, map[string]string{"PatchScheduleState": "DISABLED", "PatchScheduleExpression": "cron(0 6 * * ? *)"}), "survey")
	if given.Enabled || given.Expression != "cron(0 6 * * ? *)" {
		t.Errorf("%+v", given)
	}
}

func TestSchedulesLetASecondStackBe(t *testing.T) {
	for _, s := range load(t, nil).Schedules {
		if !s.OmitName {
			t.Errorf("%s: OmitName is missing, a second stack would collide", s.Name)
		}
		invokes := slices.ContainsFunc(s.Role.Statements, func(st template.Statement) bool {
			return slices.Equal(st.Actions, []string{"lambda:InvokeFunction"}) && slices.Equal(st.Resources, []string{"arn:function:" + s.Function})
		})
		if !invokes || !slices.Equal(s.Role.Principals, []string{"scheduler.amazonaws.com"}) {
			t.Errorf("%s: its role can't invoke %s: %+v", s.Name, s.Function, s.Role)
		}
		if sends := allowed(s.Role)["sqs:SendMessage"]; (s.Dead != "") != slices.Contains(sends, "arn:queue:"+s.Dead) {
			t.Errorf("%s: dead letters go to %q, its role sends to %v", s.Name, s.Dead, sends)
		}
	}
}

func TestWhatNobodyWaitsForReachesTheAlarmTopicWhenItFails(t *testing.T) {
	for _, name := range []string{"start", "survey"} {
		if a := load(t, nil).Functions[name].Async; a == nil || a.Retries != 2 || a.OnFailure != "topic:alarm" {
			t.Errorf("%s: %+v", name, a)
		}
	}
}

func TestAlarms(t *testing.T) {
	stack := load(t, nil)
	seen := map[string]bool{} // metric of what
	for _, a := range stack.Alarms {
		if !strings.HasPrefix(a.Name, stack.Name+"-") {
			t.Errorf("%s: named %q; start tells our own alarms, which are never muted, by the prefix %s-", a.LogicalID, a.Name, stack.Name)
		}
		if !slices.Equal(a.Actions, []string{"topic:alarm"}) {
			t.Errorf("%s: tells %v", a.LogicalID, a.Actions)
		}
		want := "notBreaching"
		if a.Metric == "Invocations" {
			want = "breaching" // no invocation, no data
		}
		if a.MissingData != want {
			t.Errorf("%s: missing data is %s, want %s", a.LogicalID, a.MissingData, want)
		}
		for _, of := range a.Dimensions {
			seen[a.Metric+" of "+of] = true
		}
	}
	for name, f := range stack.Functions {
		for _, metric := range []string{"Errors", "Throttles"} {
			if !seen[metric+" of "+f.FunctionName] {
				t.Errorf("%s: no alarm on %s", name, metric)
			}
		}
	}
	for _, want := range []string{
		"ApproximateAgeOfOldestMessage of queue:dead",
		"ApproximateNumberOfMessagesVisible of queue:last",
		"Invocations of quickstep-watchdog",
	} {
		if !seen[want] {
			t.Errorf("no alarm on %s", want)
		}
	}
}

func TestOptionsAreOffUntilTheirParametersAreGiven(t *testing.T) {
	off := load(t, nil)
	on := load(t, map[string]string{
		"OperatorEmail":           "operator@example.com",
		"FleetScheduleFleet":      "web",
		"FleetScheduleExpression": "cron(0 2 ? * SUN *)",
		"FleetScheduleTimeZone":   "Europe/Paris",
		"SubnetIds":               "subnet-0a1b2c3d, subnet-4e5f6071",
		"SecurityGroupIds":        "sg-0a1b2c3d",
		"CheckFunctionName":       "ready-*",
		"PatchAfter":              "true",
		"PatchReportBucket":       "example-reports",
	})
	facts := func(s *template.Stack) map[string]bool {
		_, mail := s.Resources["AlarmSubscription"]
		_, reports := s.Resources["ReportSubscription"]
		check := s.Functions["check"]
		return map[string]bool{
			"schedule":             schedule(t, s, "start").Enabled,
			"alarms by e-mail":     mail,
			"reports by e-mail":    reports,
			"check in VPC":         check.VPC,
			"start knows of VPC":   s.Functions["start"].Environment["IN_VPC"] == "true",
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
	if got := allowed(on.Functions["check"].Role)["lambda:InvokeFunction"]; !slices.Equal(got, []string{"arn:aws:lambda:us-east-1:123456789012:function:ready-*"}) {
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
		"PatchWindowPrefix": "patch-",
		"PatchStates":       "Missing,Failed, AvailableSecurityUpdate",
		"PatchLead":         "90h",
		"PatchStaleAfter":   "48h",
		"PatchDeadline":     "20m",
		"PatchReportPrefix": "",
	})
	for _, c := range []struct{ variable, without, with string }{
		{"PATCH_WINDOW_IDS", "", "mw-0123456789abcdef0,mw-0fedcba9876543210"},
		{"PATCH_WINDOW_PREFIX", "", "patch-"},
		{"PATCH_STATES", "Missing,Failed", "Missing,Failed,AvailableSecurityUpdate"},
		{"PATCH_LEAD", "24h", "90h"},
		{"PATCH_STALE_AFTER", "168h", "48h"},
		{"PATCH_DEADLINE", "1h", "20m"},
		{"BUCKET_PREFIX", "quickstep/", ""},
	} {
		if without[c.variable] != c.without || with[c.variable] != c.with {
			t.Errorf("%s is %q, given %q; want %q, given %q", c.variable, without[c.variable], with[c.variable], c.without, c.with)
		}
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
		{"a third processor", "Architecture", "riscv", "arm64"},
		{"a number of days that CloudWatch refuses", "LogRetentionDays", "8", "none of"},
		{"an id that is none", "SubnetIds", "subnet-1a,web", "Ids of subnets"},
		{"a window's name for its id", "PatchWindowIds", "mw-0123456789abcdef0,nightly", "Ids of maintenance windows"},
		{"a wildcard for windows", "PatchWindowPrefix", "patch-*", "letters"},
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

func TestOutputsNameEverythingThatPeopleCall(t *testing.T) {
	stack := load(t, nil)
	var want []string
	for _, f := range stack.Functions {
		want = append(want, f.LogicalID+"Name")
	}
	for _, q := range stack.Queues {
		want = append(want, q.LogicalID+"Url")
	}
	for _, topic := range stack.Topics {
		want = append(want, topic.LogicalID+"Arn")
	}
	for _, name := range append(want, "TableName", "StartCommand", "StatusCommand", "SurveyCommand") {
		if stack.Outputs[name] == nil {
			t.Errorf("no output %s", name)
		}
	}
}

func TestAFunctionReadsTheVariablesThatItDeclaresAndNoOthers(t *testing.T) {
	tag := regexp.MustCompile("`env:\"([A-Z_]+)")
	for name, f := range load(t, nil).Functions {
		code, err := os.ReadFile(root + "functions/" + name + "/main.go")
		if err != nil {
			t.Error(err)
			continue
		}
		var read []string
		for _, m := range tag.FindAllSubmatch(code, -1) {
			read = append(read, string(m[1]))
		}
		slices.Sort(read)
		if declared := slices.Sorted(maps.Keys(f.Environment)); !slices.Equal(read, declared) {
			t.Errorf("%s: reads %v\ndeclares %v", name, read, declared)
		}
	}
}
