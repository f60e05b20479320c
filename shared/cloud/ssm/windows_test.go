package ssm_test

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

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

func TestTasks(t *testing.T) {
	w := cloudtest.Serve(t, asked(inTurn(
		`"Tasks":[`+task(
			"h",
			"RUN_COMMAND",
			"AWS-RunPatchBaseline",
		)+`,`+task(
			"a",
			"RUN_COMMAND",
			"arn:aws:ssm:us-east-1::document/AWS-RunPatchBaseline",
		)+`]`,
		`"Tasks":[`+task(
			"b",
			"LAMBDA",
			"arn:aws:lambda:us-east-1:1:function:f",
		)+`,`+task(
			"c",
			"STEP_FUNCTIONS",
			"arn:aws:states:us-east-1:1:stateMachine:s",
		)+`]`,
		`"Tasks":[`+task(
			"d",
			"AUTOMATION",
			"arn:aws:ssm:us-east-1::automation-definition/AWS-PatchInstanceWithRollback:$LATEST",
		)+`,`+
			task(
				"e",
				"AUTOMATION",
				"AWS-RunPatchBaselineWithHooks:3",
			)+`,`+task(
			"f",
			"RUN_COMMAND",
			"AWS-InstallWindowsUpdates",
		)+`,`+
			task(
				"g",
				"RUN_COMMAND",
				"arn:aws:ssm:eu-west-1:111122223333:document/Team-Patch:12",
			)+`,`+task(
			"i",
			"RUN_COMMAND",
			"AWS-ApplyPatchBaseline",
		)+`]`,
	),
		map[string]string{
			"h": `{"RunCommand":{"Parameters":{"Operation":["Scan"],"RebootOption":["NoReboot"]}}}`,
			"a": `{"RunCommand":{"Parameters":{"Operation":["Install"]}}}`,
			"e": `{"Automation":{"Parameters":{"Operation":["Install","Scan"]}}}`,
			"f": `{"RunCommand":{"Parameters":{"Action":["Scan"]}}}`,
		}))
	got, err := ssm.New(w.Config).Tasks(t.Context(), "mw-1")
	var lines []string
	for _, x := range got {
		lines = append(lines, strings.TrimSpace(x.Targets[0].Values[0]+" "+x.Document+" "+x.Operation))
	}
	want := []string{
		"a AWS-RunPatchBaseline Install",
		"d AWS-PatchInstanceWithRollback",
		"e AWS-RunPatchBaselineWithHooks Install",
		"f AWS-InstallWindowsUpdates Scan",
		"g Team-Patch",
		"h AWS-RunPatchBaseline Scan",
	} // i is deleted since it was listed
	if err != nil || !slices.Equal(lines, want) {
		t.Errorf("got %q, %v\nwant %q", lines, err, want)
	}
	const d, g = "DescribeMaintenanceWindowTasks", "GetMaintenanceWindowTask"
	if calls := strings.Join(w.Operations(), " "); calls != strings.Join([]string{d, d, d, g, g, g, g, g}, " ") {
		t.Errorf("called %s", calls)
	}
	if list := sent(w)[0]; !reflect.DeepEqual(list, map[string]any{"WindowId": "mw-1", "MaxResults": 100.0}) {
		t.Errorf("sent %v", list)
	}
}

func TestATaskThatSaysNothingOfItsOperation(t *testing.T) {
	for name, in := range map[string]string{"no parameters": `{"RunCommand":{}}`, "none of that name": `{"RunCommand":{"Parameters":{"RebootOption":["NoReboot"]}}}`,
		"no values": `{"RunCommand":{"Parameters":{"Operation":[]}}}`, "nothing": `{}`, "null": `null`} {
		w := cloudtest.Serve(
			t,
			asked(inTurn(`"Tasks":[`+task("a", "RUN_COMMAND", "AWS-RunPatchBaseline")+`]`), map[string]string{"a": in}),
		)
		got, err := ssm.New(w.Config).Tasks(t.Context(), "mw-1")
		if err != nil || len(got) != 1 || got[0].Operation != "" {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
}

func TestAWindowThatDoesNotExistIsEmpty(t *testing.T) {
	w := cloudtest.Serve(t, refuse("DoesNotExistException"))
	tasks, err := ssm.New(w.Config).Tasks(t.Context(), "mw-9")
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
	if got, err := ssm.New(w.Config).Tasks(t.Context(), "mw-1"); got != nil || !transient.IsNotApplied(err) ||
		!strings.Contains(err.Error(), "mw-1") {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestFailuresOfWindows(t *testing.T) {
	for name, call := range map[string]func(context.Context, ssm.SystemsManager) error{
		"Windows": func(ctx context.Context, s ssm.SystemsManager) error { _, err := s.Windows(ctx); return err },
		"Tasks":   func(ctx context.Context, s ssm.SystemsManager) error { _, err := s.Tasks(ctx, "mw-1"); return err },
		"Targets": func(ctx context.Context, s ssm.SystemsManager) error { _, err := s.Targets(ctx, "mw-1"); return err },
	} {
		t.Run(name, func(t *testing.T) {
			on := func(ctx context.Context, cfg aws.Config) error { return call(ctx, ssm.New(cfg)) }
			whole := `{"WindowIdentities":[{"WindowId":"mw-1"}],"Tasks":[],"Targets":[]}`
			cloudtest.Failures(t, cloudtest.JSON, on)
			cloudtest.Garbled(t, cloudtest.Answer{Body: whole}, on)
			if err := on(t.Context(), onceThrottled(t, whole).Config); err != nil {
				t.Errorf("after a throttle: %v", err)
			}
		})
	}
}
