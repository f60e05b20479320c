package ssm_test

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"quickstep/shared/cloud/cloudtest"
	"quickstep/shared/cloud/ssm"
	"quickstep/shared/report"
	"quickstep/shared/transient"
)

func TestWindowsReadsAllPages(t *testing.T) {
	w := cloudtest.Serve(t, inTurn(
		`"WindowIdentities":[{"WindowId":"mw-3","Name":"off","Enabled":false,"Duration":1,"Cutoff":0,"Schedule":"rate(7 days)"}]`,
		`"WindowIdentities":[]`,
		`"WindowIdentities":[{"WindowId":"mw-1","Name":"web","Enabled":true,"Duration":4,"Cutoff":1,"Schedule":"cron(0 2 ? * SUN *)",
			"ScheduleTimezone":"Europe/Paris","NextExecutionTime":"2026-01-11T02:00+01:00"},{"WindowId":"mw-2"}]`,
	))
	got, err := ssm.New(w.Config).Windows(t.Context())
	want := []report.Window{
		{ID: "mw-1", Name: "web", Enabled: true, Next: "2026-01-11T02:00+01:00", Zone: "Europe/Paris", Hours: 4},
		{ID: "mw-2"},
		{ID: "mw-3", Name: "off", Hours: 1},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
	}
	const d = "DescribeMaintenanceWindows"
	wants(t, w, d+" "+d+" "+d, map[string]any{"MaxResults": 100.0})
}

func TestTargetsReadsAllPages(t *testing.T) {
	w := cloudtest.Serve(t, inTurn(
		`"Targets":[{"WindowId":"mw-1","WindowTargetId":"b","ResourceType":"INSTANCE","Targets":[{"Key":"tag:Role","Values":["web","db"]},{"Key":"tag-key","Values":["Owner"]}]}]`,
		`"Targets":[{"WindowTargetId":"a","Targets":[{"Key":"InstanceIds","Values":["i-1"]}]},{"WindowTargetId":"c"}]`,
	))
	got, err := ssm.New(w.Config).Targets(t.Context(), "mw-1")
	want := []report.Registered{
		{ID: "a", Targets: []report.Target{{Key: "InstanceIds", Values: []string{"i-1"}}}},
		{
			ID: "b",
			Targets: []report.Target{
				{Key: "tag:Role", Values: []string{"web", "db"}},
				{Key: "tag-key", Values: []string{"Owner"}},
			},
		},
		{ID: "c"},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
	}
	const d = "DescribeMaintenanceWindowTargets"
	wants(t, w, d+" "+d, map[string]any{"WindowId": "mw-1", "MaxResults": 100.0})
}

// task is a task in a list; its target bears its id.
func task(id, kind, arn string) string {
	return fmt.Sprintf(
		`{"WindowTaskId":"%s","Type":"%s","TaskArn":"%s","Targets":[{"Key":"WindowTargetIds","Values":["%s"]}]}`,
		id,
		kind,
		arn,
		id,
	)
}

// asked answers the request for a task by what it is told.
func asked(
	list func(cloudtest.Call) cloudtest.Answer, told map[string]string,
) func(cloudtest.Call) cloudtest.Answer {
	return func(c cloudtest.Call) cloudtest.Answer {
		if c.Operation != "GetMaintenanceWindowTask" {
			return list(c)
		}
		in, ok := told[c.JSON()["WindowTaskId"].(string)]
		if !ok || c.JSON()["WindowId"] != "mw-1" {
			return cloudtest.JSON("DoesNotExistException")
		}
		return cloudtest.Answer{Body: `{"TaskInvocationParameters":` + in + `}`}
	}
}

// every reads what all tasks give their documents.
func every(string) bool { return true }

const (
	stateMachine = "arn:aws:states:us-east-1:1:stateMachine:s"
	lambda       = "arn:aws:lambda:us-east-1:1:function:f"
)

// ofAll are three pages of tasks of every kind, and what some of them give their documents.
func ofAll(t *testing.T) *cloudtest.Wire {
	return cloudtest.Serve(t, asked(inTurn(
		`"Tasks":[`+task("h", "RUN_COMMAND", "AWS-RunPatchBaseline")+`,`+
			task("a", "RUN_COMMAND", "arn:aws:ssm:us-east-1::document/AWS-RunPatchBaseline")+`]`,
		`"Tasks":[`+task("b", "LAMBDA", lambda)+`,`+task("c", "STEP_FUNCTIONS", stateMachine)+`]`,
		`"Tasks":[`+
			task(
				"d",
				"AUTOMATION",
				"arn:aws:ssm:us-east-1::automation-definition/AWS-PatchInstanceWithRollback:$LATEST",
			)+`,`+
			task("e", "AUTOMATION", "AWS-RunPatchBaselineWithHooks:3")+`,`+
			task("f", "RUN_COMMAND", "AWS-InstallWindowsUpdates")+`,`+
			task("g", "RUN_COMMAND", "arn:aws:ssm:eu-west-1:111122223333:document/Team-Patch:12")+`,`+
			task("i", "RUN_COMMAND", "AWS-ApplyPatchBaseline")+`]`,
	),
		map[string]string{
			"h": `{"RunCommand":{"Parameters":{"Operation":["Scan"],"RebootOption":["NoReboot"]}}}`,
			"a": `{"RunCommand":{"Parameters":{"Operation":["Install"]}}}`,
			"d": `{"Automation":{"Parameters":{"InstanceId":["{{TARGET_ID}}"]}}}`,
			"e": `{"Automation":{"Parameters":{"Operation":["Install","Scan"]}}}`,
			"f": `{"RunCommand":{"Parameters":{"Action":["Scan"]}}}`,
			"g": `{"RunCommand":{"Parameters":{"Operation":["Scan"]}}}`,
		}))
}

func TestTasks(t *testing.T) {
	w := ofAll(t)
	got, err := ssm.New(w.Config).Tasks(t.Context(), "mw-1", every)
	var lines []string
	for _, x := range got {
		lines = append(lines, strings.Join(strings.Fields(
			x.Targets[0].Values[0]+" "+x.Type+" "+x.Document+" "+x.Operation), " "))
	}
	want := []string{
		"a RUN_COMMAND AWS-RunPatchBaseline Install",
		"b LAMBDA " + lambda,
		"c STEP_FUNCTIONS " + stateMachine,
		"d AUTOMATION AWS-PatchInstanceWithRollback",
		"e AUTOMATION AWS-RunPatchBaselineWithHooks Install",
		"f RUN_COMMAND AWS-InstallWindowsUpdates Scan",
		"g RUN_COMMAND Team-Patch Scan",
		"h RUN_COMMAND AWS-RunPatchBaseline Scan",
	} // i is deleted since it was listed
	if err != nil || !slices.Equal(lines, want) {
		t.Errorf("got %q, %v\nwant %q", lines, err, want)
	}
	if d := got[3]; !reflect.DeepEqual(d.Parameters, map[string][]string{"InstanceId": {"{{TARGET_ID}}"}}) {
		t.Errorf("the automation gives %v", d.Parameters)
	}
	const d, g = "DescribeMaintenanceWindowTasks", "GetMaintenanceWindowTask"
	if calls := strings.Join(w.Operations(), " "); calls != strings.Join([]string{d, d, d, g, g, g, g, g, g, g}, " ") {
		t.Errorf("called %s", calls)
	}
	if list := sent(w)[0]; !reflect.DeepEqual(list, map[string]any{"WindowId": "mw-1", "MaxResults": 100.0}) {
		t.Errorf("sent %v", list)
	}
}

// What a task gives is read of those documents alone that are wanted: each is a call.
func TestTasksReadsWhatIsWanted(t *testing.T) {
	w := ofAll(t)
	got, err := ssm.New(w.Config).
		Tasks(t.Context(), "mw-1", func(document string) bool { return document == "Team-Patch" })
	if err != nil || len(got) != 9 || got[6].Operation != "Scan" || got[7].Operation != "" {
		t.Errorf("got %+v, %v", got, err)
	}
	const d, g = "DescribeMaintenanceWindowTasks", "GetMaintenanceWindowTask"
	if calls := strings.Join(w.Operations(), " "); calls != strings.Join([]string{d, d, d, g}, " ") {
		t.Errorf("called %s", calls)
	}
}

func TestATaskAsItIsListed(t *testing.T) {
	w := cloudtest.Serve(t, asked(inTurn(`"Tasks":[{"WindowTaskId":"a","Name":"patch","Type":"AUTOMATION",`+
		`"TaskArn":"AWS-PatchAsgInstance","MaxConcurrency":"10%","MaxErrors":"1"}]`), map[string]string{
		"a": `{"Automation":{"Parameters":{"InstanceId":["i-1"]}}},"TaskParameters":{"InstanceId":{"Values":["i-2"]},"Old":{"Values":["x"]}}`,
	}))
	got, err := ssm.New(w.Config).Tasks(t.Context(), "mw-1", every)
	want := []report.Task{{ID: "a", Name: "patch", Type: "AUTOMATION", Document: "AWS-PatchAsgInstance",
		Parameters: map[string][]string{"InstanceId": {"i-1"}, "Old": {"x"}}, MaxConcurrency: "10%", MaxErrors: "1"}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
	}
}

func TestATaskThatSaysNothingOfItsOperation(t *testing.T) {
	for name, in := range map[string]string{"no parameters": `{"RunCommand":{}}`, "none of that name": `{"RunCommand":{"Parameters":{"RebootOption":["NoReboot"]}}}`,
		"no values": `{"RunCommand":{"Parameters":{"Operation":[]}}}`, "nothing": `{}`, "null": `null`} {
		w := cloudtest.Serve(
			t,
			asked(inTurn(`"Tasks":[`+task("a", "RUN_COMMAND", "AWS-RunPatchBaseline")+`]`), map[string]string{"a": in}),
		)
		got, err := ssm.New(w.Config).Tasks(t.Context(), "mw-1", every)
		if err != nil || len(got) != 1 || got[0].Operation != "" {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
}

func TestAWindowThatDoesNotExistIsEmpty(t *testing.T) {
	w := cloudtest.Serve(t, refuse("DoesNotExistException"))
	tasks, err := ssm.New(w.Config).Tasks(t.Context(), "mw-9", every)
	if len(tasks) > 0 || err != nil {
		t.Errorf("tasks %v, %v", tasks, err)
	}
	targets, err := ssm.New(w.Config).Targets(t.Context(), "mw-9")
	if len(targets) > 0 || err != nil {
		t.Errorf("targets %v, %v", targets, err)
	}
}

func TestATaskThatCannotBeReadFailsTheList(t *testing.T) {
	w := cloudtest.Serve(t, func(c cloudtest.Call) cloudtest.Answer {
		if c.Operation == "GetMaintenanceWindowTask" {
			return cloudtest.JSON("ThrottlingException")
		}
		return cloudtest.Answer{Body: `{"Tasks":[` + task("a", "RUN_COMMAND", "AWS-RunPatchBaseline") + `]}`}
	})
	if got, err := ssm.New(w.Config).Tasks(t.Context(), "mw-1", every); got != nil || !transient.IsNotApplied(err) ||
		!strings.Contains(err.Error(), "mw-1") {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestFailuresOfWindows(t *testing.T) {
	for name, call := range map[string]func(context.Context, ssm.SystemsManager) error{
		"Windows": func(ctx context.Context, s ssm.SystemsManager) error { _, err := s.Windows(ctx); return err },
		"Tasks": func(ctx context.Context, s ssm.SystemsManager) error {
			_, err := s.Tasks(ctx, "mw-1", every)
			return err
		},
		"Targets": func(ctx context.Context, s ssm.SystemsManager) error { _, err := s.Targets(ctx, "mw-1"); return err },
		"Executions": func(ctx context.Context, s ssm.SystemsManager) error {
			_, err := s.Executions(ctx, "mw-1", time.Unix(0, 0), time.Unix(9, 0))
			return err
		},
		"ExecutionTasks": func(ctx context.Context, s ssm.SystemsManager) error {
			_, err := s.ExecutionTasks(ctx, "e-1")
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			on := func(ctx context.Context, cfg aws.Config) error { return call(ctx, ssm.New(cfg)) }
			whole := `{"WindowIdentities":[{"WindowId":"mw-1"}],"Tasks":[],"Targets":[],"WindowExecutions":[],"WindowExecutionTaskIdentities":[]}`
			cloudtest.Failures(t, cloudtest.JSON, on)
			cloudtest.Garbled(t, cloudtest.Answer{Body: whole}, on)
			if err := on(t.Context(), onceThrottled(t, whole).Config); err != nil {
				t.Errorf("after a throttle: %v", err)
			}
		})
	}
}

func TestExecutionsReadsAllPages(t *testing.T) {
	w := cloudtest.Serve(t, inTurn(
		`"WindowExecutions":[{"WindowId":"mw-1","WindowExecutionId":"b","Status":"FAILED","StartTime":1557617747.993,
			"EndTime":1557617748.101,"StatusDetails":"The following SSM parameters are invalid: LevelUp"}]`,
		`"WindowExecutions":[{"WindowExecutionId":"a","Status":"SKIPPED_OVERLAPPING"}]`,
	))
	from := time.Date(2019, 5, 11, 23, 59, 0, 0, time.FixedZone("x", 3600))
	got, err := ssm.New(w.Config).Executions(t.Context(), "mw-1", from, from.Add(2*time.Hour))
	want := []report.Execution{
		{ID: "b", Status: "FAILED", Details: "The following SSM parameters are invalid: LevelUp",
			Started: time.UnixMilli(1557617747993).UTC(), Ended: time.UnixMilli(1557617748101).UTC()},
		{ID: "a", Status: "SKIPPED_OVERLAPPING"},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
	}
	const d = "DescribeMaintenanceWindowExecutions"
	wants(t, w, d+" "+d, map[string]any{"WindowId": "mw-1", "MaxResults": 100.0, "Filters": []any{
		map[string]any{"Key": "ExecutedAfter", "Values": []any{"2019-05-11T22:59:00Z"}},
		map[string]any{"Key": "ExecutedBefore", "Values": []any{"2019-05-12T00:59:00Z"}},
	}})
}

func TestExecutionTasksReadsAllPages(t *testing.T) {
	w := cloudtest.Serve(t, inTurn(
		`"WindowExecutionTaskIdentities":[{"TaskArn":"arn:aws:ssm:us-east-1::document/AWS-RunPatchBaseline:1",
			"TaskType":"RUN_COMMAND","Status":"TIMED_OUT","StatusDetails":"cut off"}]`,
		`"WindowExecutionTaskIdentities":[{"TaskArn":"`+lambda+`","TaskType":"LAMBDA","Status":"SUCCESS"}]`,
	))
	got, err := ssm.New(w.Config).ExecutionTasks(t.Context(), "e-1")
	want := []report.TaskExecution{
		{Document: "AWS-RunPatchBaseline", Status: "TIMED_OUT", Details: "cut off"},
		{Document: lambda, Status: "SUCCESS"},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
	}
	const d = "DescribeMaintenanceWindowExecutionTasks"
	wants(t, w, d+" "+d, map[string]any{"WindowExecutionId": "e-1", "MaxResults": 100.0})
}

func TestAnExecutionOfAWindowThatIsGone(t *testing.T) {
	w := cloudtest.Serve(t, refuse("DoesNotExistException"))
	all, err := ssm.New(w.Config).Executions(t.Context(), "mw-9", time.Unix(0, 0), time.Unix(9, 0))
	tasks, taskErr := ssm.New(w.Config).ExecutionTasks(t.Context(), "e-9")
	if len(all)+len(tasks) > 0 || err != nil || taskErr != nil {
		t.Errorf("%v, %v, %v, %v", all, err, tasks, taskErr)
	}
}
