// Package template_test holds template.yaml against the folders, the events and itself.
package template_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

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
func schedule(t *testing.T, stack *template.Stack, function, name string) template.Schedule {
	t.Helper()
	var found []template.Schedule
	for _, s := range stack.Schedules {
		if s.Function == function && s.Name == name {
			found = append(found, s)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%s: %d schedules %s", function, len(found), name)
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
			t.Errorf(
				"%s: redrives to %q after %d receives, want %q after %d",
				name,
				q.Dead,
				q.MaxReceives,
				dead,
				receives,
			)
		}
		if q.Retention != retention {
			t.Errorf("%s: keeps messages for %s, want %s", name, q.Retention, retention)
		}
		if !q.Encrypted {
			t.Errorf("%s: not encrypted", name)
		}
	}
}

// TestOnlyTheStepsRedriveToTheDeadLetters: whoever may redrive there can make triage act.
func TestOnlyTheStepsRedriveToTheDeadLetters(t *testing.T) {
	stack := load(t, nil)
	dead := stack.Queues["dead"]
	var want []string
	for _, q := range stack.Queues {
		if q.Dead == "dead" {
			want = append(want, q.ARN())
		}
	}
	slices.Sort(want)
	if got := slices.Sorted(slices.Values(dead.Sources)); dead.Permits != "byQueue" || !slices.Equal(got, want) ||
		len(got) > 10 {
		t.Errorf("%s: %v, want byQueue: %v", dead.Permits, got, want)
	}
	for _, name := range []string{"dead", "last"} { // replaced, they would lose what nothing sends again
		if q := stack.Queues[name]; q.QueueName != "" {
			t.Errorf("queue %s is named %s", name, q.QueueName)
		}
	}
}

// TestNamesOfQueuesAreNeverTooLong for SQS, as long as the stack's name isn't too long for its functions.
func TestNamesOfQueuesAreNeverTooLong(t *testing.T) {
	stack := load(t, nil)
	const lambdaMost, sqsMost = 64, 80
	longest := lambdaMost
	for _, f := range stack.Functions {
		longest = min(longest, lambdaMost-len(strings.TrimPrefix(f.FunctionName, stack.Name)))
	}
	id := regexp.MustCompile(`^-[a-z]+-[0-9a-f]{8}$`)
	for name, q := range stack.Queues {
		rest, ours := strings.CutPrefix(q.QueueName, stack.Name)
		if q.Dead == "dead" &&
			(!ours || !id.MatchString(rest) || !strings.HasPrefix(rest, "-"+name+"-") || longest+len(rest) > sqsMost) {
			t.Errorf("queue %s is named %q; a stack's name may have %d characters", name, q.QueueName, longest)
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

func TestALeaseEndsBetweenTheTimeoutAndTheNextReceive(t *testing.T) {
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
	s := schedule(t, stack, "watchdog", "Minute")
	if s.Expression != "rate(1 minute)" || !s.Enabled || s.Retries != 0 || s.MaxAge != time.Minute {
		t.Errorf("%+v", s)
	}
	if a := stack.Functions["watchdog"].Async; a == nil || a.Retries != 0 {
		t.Errorf("Lambda retries it: %+v", a)
	}
}

func TestTheSurveyRunsEveryHourAndItsRetriesEndBeforeTheNext(t *testing.T) {
	s := schedule(t, load(t, nil), "survey", "Patches")
	if s.Expression != "rate(1 hour)" || !s.Enabled || s.Retries == 0 || s.MaxAge == 0 || s.MaxAge >= time.Hour ||
		s.Dead != "last" {
		t.Errorf("%+v", s)
	}
	given := schedule(
		t,
		load(t, map[string]string{"PatchScheduleState": "DISABLED", "PatchScheduleExpression": "cron(0 6 * * ? *)"}),
		"survey", "Patches",
	)
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
			return slices.Equal(st.Actions, []string{"lambda:InvokeFunction"}) &&
				slices.Equal(st.Resources, []string{"arn:function:" + s.Function})
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
			t.Errorf(
				"%s: named %q; start tells our own alarms, which are never muted, by the prefix %s-",
				a.LogicalID,
				a.Name,
				stack.Name,
			)
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

// TestWhatIsNotAnnouncedHasAnAlarm: whoever can write the metric by which people learn that the alarm topic wasn't
// reached has an alarm on it.
func TestWhatIsNotAnnouncedHasAnAlarm(t *testing.T) {
	stack := load(t, nil)
	alarms := map[string]bool{} // by function
	for _, a := range stack.Alarms {
		if a.Namespace == "Quickstep" && a.Metric == "FailuresNotAnnounced" {
			alarms[a.Dimensions["FunctionName"]] = true
		}
	}
	for name, f := range stack.Functions {
		main, err := os.ReadFile(root + "functions/" + name + "/main.go")
		if err != nil {
			t.Fatal(err)
		}
		writes := slices.ContainsFunc(
			unannouncing(t),
			func(kind string) bool { return strings.Contains(string(main), kind+"{") },
		)
		if writes != alarms[f.FunctionName] {
			t.Errorf("%s: writes FailuresNotAnnounced %t, has an alarm on it %t", name, writes, alarms[f.FunctionName])
		}
	}
}

// unannouncing are the steps, such as rolling.Triage, whose methods call notify.NotAnnounced.
func unannouncing(t *testing.T) (kinds []string) {
	t.Helper()
	paths, err := filepath.Glob(root + "shared/*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || !names(f, "NotAnnounced") {
				continue
			}
			if f.Recv == nil {
				t.Errorf("%s: %s is no step's: this test can't tell whose log it writes to", path, f.Name)
				continue
			}
			kinds = append(kinds, file.Name.Name+"."+f.Recv.List[0].Type.(*ast.Ident).Name)
		}
	}
	if len(kinds) == 0 {
		t.Error("nobody calls notify.NotAnnounced")
	}
	return kinds
}

func names(f *ast.FuncDecl, name string) (found bool) {
	ast.Inspect(f, func(n ast.Node) bool {
		s, ok := n.(*ast.SelectorExpr)
		found = found || ok && s.Sel.Name == name
		return !found
	})
	return found
}

func TestMailsComeFromASenderOfTheStacksName(t *testing.T) {
	stack := load(t, nil)
	for _, topic := range stack.Topics {
		if got := stack.Resources[topic.LogicalID].Properties["DisplayName"]; got != stack.Name {
			t.Errorf("%s: DisplayName is %v", topic.LogicalID, got)
		}
	}
}

func TestTheReportHasMemoryToSpare(t *testing.T) {
	stack := load(t, nil)
	megabytes, _ := stack.Resources["ReportFunction"].Properties["MemorySize"].(int)
	limit, err := strconv.Atoi(strings.TrimSuffix(stack.Functions["report"].Environment["GOMEMLIMIT"], "MiB"))
	if err != nil || limit < megabytes/2 || limit > megabytes*9/10 {
		t.Errorf(
			"GOMEMLIMIT is %d MiB of %d, %v; it should leave a tenth for what isn't Go's heap",
			limit,
			megabytes,
			err,
		)
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
	for _, name := range append(want, "TableName", "ReportRoleArn", "StartCommand", "StatusCommand", "SurveyCommand") {
		if stack.Outputs[name] == nil {
			t.Errorf("no output %s", name)
		}
	}
}

// TestASecondScheduleFindsWhatItNeeds: what the stack's own schedules have, people who make others find among the
// outputs.
func TestASecondScheduleFindsWhatItNeeds(t *testing.T) {
	stack := load(t, nil)
	value := func(output string) any {
		o, _ := stack.Outputs[output].(map[string]any)
		return o["Value"]
	}
	for output, want := range map[string]string{
		"StartFunctionArn": "arn:function:start", "SurveyFunctionArn": "arn:function:survey", "LastQueueArn": "arn:queue:last",
	} {
		if got := value(output); got != want {
			t.Errorf("output %s is %v, want %s", output, got, want)
		}
	}
	for output, s := range map[string]template.Schedule{
		"FleetScheduleRoleArn": schedule(t, stack, "start", "Fleet"),
		"PatchScheduleRoleArn": schedule(t, stack, "survey", "Patches"),
	} {
		function, role := s.Function, s.Role
		if got, want := value(output), "arn:role:"+role.LogicalID; got != want {
			t.Errorf("output %s is %v, want %s", output, got, want)
		}
		want := map[string][]string{
			"lambda:InvokeFunction": {"arn:function:" + function},
			"sqs:SendMessage":       {"arn:queue:last"},
		}
		if got := allowed(role); !reflect.DeepEqual(got, want) {
			t.Errorf("%s allows %v, want %v", role.LogicalID, got, want)
		}
	}
}

// TestNobodyElsesSchedulesTakeTheRoles: AWS knows no narrower source than a schedule group, and asks for its ARN,
// not a schedule's.
func TestNobodyElsesSchedulesTakeTheRoles(t *testing.T) {
	want := map[string]any{"StringEquals": map[string]any{
		"aws:SourceAccount": "123456789012",
		"aws:SourceArn":     "arn:aws:scheduler:us-east-1:123456789012:schedule-group/default",
	}}
	stack := load(t, nil)
	for _, s := range stack.Schedules {
		policy, _ := stack.Resources[s.Role.LogicalID].Properties["AssumeRolePolicyDocument"].(map[string]any)
		statements, _ := policy["Statement"].([]any)
		if len(statements) != 1 || !reflect.DeepEqual(statements[0].(map[string]any)["Condition"], want) {
			t.Errorf("%s is assumed by %v", s.Role.LogicalID, statements)
		}
	}
}

// TestZonesComeWithTheFunctionsThatShowThem: Lambda's runtime has none.
func TestZonesComeWithTheFunctionsThatShowThem(t *testing.T) {
	for _, name := range []string{"survey", "report", "triage"} {
		list := exec.CommandContext(t.Context(), "go", "list", "-deps", "./functions/"+name)
		list.Dir = root
		packages, err := list.Output()
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(strings.Fields(string(packages)), "time/tzdata") {
			t.Errorf("%s doesn't import time/tzdata: times of a window's zone couldn't be told", name)
		}
	}
}

func TestAFunctionReadsTheVariablesThatItDeclaresAndNoOthers(t *testing.T) {
	for name, f := range load(t, nil).Functions {
		read := append(variablesOf(t, "functions/"+name, "env"), "TABLE")
		if f.Source != nil {
			read = append(read, "LEASE")
		}
		slices.Sort(read)
		declared := slices.DeleteFunc(slices.Sorted(maps.Keys(f.Environment)), func(name string) bool {
			// all queues are read by function.MustLoad, and GOMEMLIMIT by Go itself
			return name == "GOMEMLIMIT" || strings.HasSuffix(name, "_QUEUE")
		})
		if !slices.Equal(read, declared) {
			t.Errorf("%s: reads %v\ndeclares %v", name, read, declared)
		}
	}
	every := variablesOf(t, "shared/cloud/function", "all")
	if want := []string{"TABLE", "LEASE"}; !slices.Equal(every, want) {
		t.Errorf("every function reads %v, want %v", every, want)
	}
}

// variablesOf lists the variables in the tags of a struct of this name, a variable or a type in the
// folder, and in those of the structs of other packages that it holds.
func variablesOf(t *testing.T, folder, name string) (variables []string) {
	t.Helper()
	found := regexp.MustCompile("(?ms)(?:var|type) " + name + " struct \\{$(.*?)^\t?\\}$")
	tag := regexp.MustCompile("`env:\"([A-Z0-9_]+)")
	held := regexp.MustCompile(`(?m)^\s+\w+\s+(\w+)\.([A-Z]\w+)$`)
	paths, err := filepath.Glob(root + folder + "/*.go")
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: no Go files, %v", folder, err)
	}
	for _, path := range paths {
		code, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, body := range found.FindAllSubmatch(code, -1) {
			for _, m := range tag.FindAllSubmatch(body[1], -1) {
				variables = append(variables, string(m[1]))
			}
			for _, m := range held.FindAllSubmatch(body[1], -1) {
				variables = append(variables, variablesOf(t, "shared/"+string(m[1]), string(m[2]))...)
			}
		}
	}
	return variables
}
