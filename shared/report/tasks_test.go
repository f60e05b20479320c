package report_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"quickstep/shared/report"
)

type given = map[string][]string

// aimed are targets by tag.
func aimed() []report.Target { return []report.Target{{Key: "tag:Role", Values: []string{"web"}}} }

func command(document, operation string, parameters given) report.Task {
	return report.Task{
		Name: "patch", Document: document, Operation: operation, Parameters: parameters, Targets: aimed(),
	}
}

func automation(document string, parameters given, targets []report.Target) report.Task {
	return report.Task{
		Name: "patch", Type: report.Automation, Document: document, Parameters: parameters, Targets: targets,
	}
}

func TestWhatATaskDoes(t *testing.T) {
	own := []string{"Acme-Patch", "AWS-RunShellScript"}
	for _, c := range []struct {
		task report.Task
		want string
	}{
		{command("AWS-RunPatchBaseline", "Install", nil), report.DoesInstall},
		{command("AWS-RunPatchBaseline", "Scan", nil), report.DoesScan},
		{command("AWS-RunPatchBaseline", "", nil), report.DoesInstall},
		{command("AWS-RunPatchBaselineWithHooks", "scan", nil), report.DoesScan},
		{command("AWS-RunPatchBaselineAssociation", "Install", nil), report.DoesInstall},
		{command("AWS-ApplyPatchBaseline", "Install", nil), report.DoesInstall},
		{command("AWS-InstallWindowsUpdates", "Scan", nil), report.DoesScan},
		{command("AWS-InstallMissingWindowsUpdates", "", nil), report.DoesInstall},
		{command("AWS-InstallSpecificWindowsUpdates", "", nil), report.DoesInstall},
		{command("AWS-FindWindowsUpdates", "", nil), report.DoesScan},
		{automation("AWS-PatchInstanceWithRollback", nil, aimed()), report.DoesInstall},
		{automation("AWS-PatchAsgInstance", nil, aimed()), report.DoesInstall},
		{automation("AWSEC2-PatchLoadBalancerInstance", nil, aimed()), report.DoesInstall},
		{command("Acme-Patch", "", nil), report.DoesInstall},
		{command("Acme-Patch", "Scan", nil), report.DoesScan},
		{command("AWS-RunShellScript", "", nil), report.DoesInstall},
		{command("AWS-RunPowerShellScript", "", nil), report.DoesUnknown},
		{command("acme-patch", "", nil), report.DoesUnknown},
		{command("Acme-Patch2", "Install", nil), report.DoesUnknown},
		{automation("AWS-CreateImage", nil, aimed()), report.DoesNothing},
		{report.Task{Type: report.Lambda, Document: "Acme-Patch"}, report.DoesUnknown},
		{report.Task{Type: report.StepFunctions, Document: "arn:aws:states:::x"}, report.DoesUnknown},
	} {
		if got := report.Does([]report.Task{c.task}, own); got != c.want {
			t.Errorf("%s %s does %s, want %s", c.task.Document, c.task.Operation, got, c.want)
		}
	}
}

// One task that installs makes a window that installs; one of which nothing is known may.
func TestWhatAWindowDoes(t *testing.T) {
	install, scan := command("AWS-RunPatchBaseline", "Install", nil), command("AWS-RunPatchBaseline", "Scan", nil)
	unknown, other := command("Acme-Hook", "", nil), command("AWS-UpdateSSMAgent", "", nil)
	for _, c := range []struct {
		tasks []report.Task
		want  string
	}{
		{[]report.Task{other, unknown, scan, install}, report.DoesInstall},
		{[]report.Task{scan, unknown}, report.DoesUnknown},
		{[]report.Task{other, scan}, report.DoesScan},
		{[]report.Task{other}, report.DoesNothing},
		{nil, report.DoesNothing},
	} {
		if got := report.Does(c.tasks, nil); got != c.want {
			t.Errorf("%v: %s, want %s", c.tasks, got, c.want)
		}
	}
}

func TestWhetherAWindowReboots(t *testing.T) {
	const baseline, windows = "AWS-RunPatchBaseline", "AWS-InstallWindowsUpdates"
	for _, c := range []struct {
		name  string
		tasks []report.Task
		want  string
	}{
		{"if nothing is said", []report.Task{command(baseline, "Install", nil)}, report.RebootIfNeeded},
		{"NoReboot", []report.Task{command(baseline, "Install", given{"RebootOption": {"NoReboot"}})},
			report.NoReboot},
		{"said", []report.Task{command(baseline, "Install", given{"RebootOption": {"RebootIfNeeded"}})},
			report.RebootIfNeeded},
		{"of a value that comes later",
			[]report.Task{command(baseline, "Install", given{"RebootOption": {"{{x}}"}})}, ""},
		{"AllowReboot", []report.Task{command(windows, "", given{"AllowReboot": {"False"}})}, report.NoReboot},
		{"AllowReboot, True", []report.Task{command(windows, "", given{"AllowReboot": {"True"}})},
			report.RebootIfNeeded},
		{"AllowReboot, not said", []report.Task{command(windows, "", nil)}, ""},
		{"one's own document", []report.Task{command("Acme-Patch", "", nil)}, ""},
		{"one's own document that says so",
			[]report.Task{command("Acme-Patch", "", given{"RebootOption": {"NoReboot"}})}, report.NoReboot},
		{"two that differ", []report.Task{
			command(baseline, "Install", nil), command(baseline, "Install", given{"RebootOption": {"NoReboot"}}),
		}, ""},
		{"a scan says nothing of it", []report.Task{
			command(baseline, "Scan", nil), command(baseline, "Install", given{"RebootOption": {"NoReboot"}}),
		}, report.NoReboot},
	} {
		w := report.WorkOf(c.tasks, nil, []string{"Acme-Patch"}, false)
		if got := report.Reboot(w.Tasks); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// sets writes sets of targets as "key=value,value & key=value | …".
func sets(all [][]report.Target) string {
	var lines []string
	for _, set := range all {
		var parts []string
		for _, t := range set {
			parts = append(parts, t.Key+"="+strings.Join(t.Values, ","))
		}
		lines = append(lines, strings.Join(parts, " & "))
	}
	return strings.Join(lines, " | ")
}

func TestAnAutomationMayTakeItsInstancesFromAParameter(t *testing.T) {
	const document, one, two = "AWSEC2-PatchLoadBalancerInstance", "i-0123456789abcdef0", "i-0123456789abcdef1"
	for _, c := range []struct {
		name       string
		parameters given
		targets    []report.Target
		want       string
		remark     string
	}{
		{"that of its target", given{"InstanceId": {"{{TARGET_ID}}"}}, aimed(), "tag:Role=web", ""},
		{"with blanks", given{"InstanceId": {"{{ TARGET_ID }}"}}, aimed(), "tag:Role=web", ""},
		{"RESOURCE_ID", given{"InstanceId": {"{{RESOURCE_ID}}"}}, aimed(), "tag:Role=web", ""},
		{"none said", nil, aimed(), "tag:Role=web", ""},
		{"an ID, without targets", given{"InstanceId": {one}}, nil, "InstanceIds=" + one, ""},
		{"an ID, with targets that it doesn't look at", given{"InstanceId": {one}}, aimed(), "InstanceIds=" + one, ""},
		{"IDs", given{"InstanceIds": {one, two}}, nil, "InstanceIds=" + one + "," + two, ""},
		{"IDs in one value", given{"instanceIds": {`["` + one + `", "` + two + `"]`}}, nil,
			"InstanceIds=" + one + "," + two, ""},
		{"a machine elsewhere", given{"InstanceId": {"mi-0123456789abcdef0"}}, nil,
			"InstanceIds=mi-0123456789abcdef0", ""},
		{"an ID, and those of its targets", given{"InstanceIds": {one, "{{TARGET_ID}}"}}, aimed(),
			"InstanceIds=" + one + " | tag:Role=web", ""},
		{"that of a target that it hasn't got", given{"InstanceId": {"{{TARGET_ID}}"}}, nil, "", "{{TARGET_ID}}"},
		{"a parameter of Systems Manager", given{"InstanceId": {"{{ssm:web}}"}}, aimed(), "", "{{ssm:web}}"},
		{"an ID and what isn't known", given{"InstanceIds": {one, "{{ssm:web}}"}}, nil, "", "{{ssm:web}}"},
		{"nothing", nil, nil, "", "no targets and names no instances"},
		{"an empty value", given{"InstanceId": {""}}, nil, "", "no targets and names no instances"},
	} {
		w := report.WorkOf([]report.Task{automation(document, c.parameters, c.targets)}, nil, nil, false)
		if got := sets(w.Targets); got != c.want {
			t.Errorf("%s: targets %q, want %q", c.name, got, c.want)
		}
		unknown := c.remark != ""
		said := slices.ContainsFunc(w.Remarks, func(r string) bool {
			return strings.Contains(r, c.remark) && strings.Contains(r, "instances aren't known")
		})
		if w.Tasks[0].InstancesUnknown != unknown || said != unknown || len(w.Remarks) > 1 {
			t.Errorf("%s: unknown %t, remarks %q", c.name, w.Tasks[0].InstancesUnknown, w.Remarks)
		}
	}
}

// A command takes its instances from its targets, whatever it gives its document.
func TestACommandHasTargets(t *testing.T) {
	task := command("AWS-RunPatchBaseline", "Install", given{"InstanceId": {"i-0123456789abcdef0"}})
	if w := report.WorkOf([]report.Task{task}, nil, nil, false); sets(w.Targets) != "tag:Role=web" {
		t.Errorf("targets %q", sets(w.Targets))
	}
}

func TestRemarksOfTasks(t *testing.T) {
	install := command("AWS-RunPatchBaseline", "Install", nil)
	lambda := report.Task{ID: "t1", Type: report.Lambda, Document: "arn:aws:lambda:us-east-1:1:function:patch"}
	for _, c := range []struct {
		name  string
		tasks []report.Task
		want  []string
	}{
		{"nothing to say", []report.Task{install}, nil},
		{"a document beside one that is known", []report.Task{install, command("Acme-Hook", "", nil)},
			[]string{"task patch runs document Acme-Hook, which isn't known (if it installs patches, " +
				"name it in the stack's parameter PatchDocuments); " +
				"of its instances, this report has those alone that another task patches"}},
		{"a document alone", []report.Task{command("Acme-Hook", "", nil)},
			[]string{"task patch runs document Acme-Hook, which isn't known (if it installs patches, " +
				"name it in the stack's parameter PatchDocuments)"}},
		{"a function", []report.Task{lambda},
			[]string{"task t1 runs the Lambda function arn:aws:lambda:us-east-1:1:function:patch; " +
				"what that does isn't known"}},
		{"a state machine", []report.Task{{Name: "m", Type: report.StepFunctions, Document: "arn:m"}},
			[]string{"task m runs the state machine arn:m; what that does isn't known"}},
		{"InstallOverrideList", []report.Task{
			command("AWS-RunPatchBaseline", "Install", given{"InstallOverrideList": {"s3://bucket/list.yaml"}}),
		}, []string{"task patch gives InstallOverrideList (s3://bucket/list.yaml): " +
			"what it installs isn't what is listed here"}},
		{"a signed URL", []report.Task{command("AWS-RunPatchBaseline", "Install",
			given{"InstallOverrideList": {"https://bucket.s3.amazonaws.com/list.yaml?X-Amz-Signature=secret"}}),
		}, []string{"task patch gives InstallOverrideList (https://bucket.s3.amazonaws.com/list.yaml): " +
			"what it installs isn't what is listed here"}},
		{"BaselineOverride", []report.Task{
			command("AWS-RunPatchBaseline", "Install", given{"BaselineOverride": {"s3://bucket/baseline.json"}}),
		}, []string{"task patch gives BaselineOverride (s3://bucket/baseline.json): " +
			"what it installs isn't what is listed here"}},
		{"an empty override", []report.Task{
			command("AWS-RunPatchBaseline", "Install", given{"InstallOverrideList": {""}}),
		}, nil},
		{"a scan's override", []report.Task{
			command("AWS-RunPatchBaseline", "Scan", given{"InstallOverrideList": {"s3://bucket/list.yaml"}}),
		}, nil},
		{"a document that stores no patch states", []report.Task{command("AWS-RunPatchBaselineAssociation", "Install", nil)},
			[]string{"task patch runs AWS-RunPatchBaselineAssociation, which stores no patch states: " +
				"what it installs can't be seen"}},
		{"Windows Server, without a baseline", []report.Task{command("AWS-InstallWindowsUpdates", "Install", nil)},
			[]string{"task patch runs AWS-InstallWindowsUpdates, which goes by no patch baseline: " +
				"what it installs isn't what is listed here"}},
	} {
		if w := report.WorkOf(c.tasks, nil, nil, true); !slices.Equal(w.Remarks, c.want) {
			t.Errorf("%s: %q, want %q", c.name, w.Remarks, c.want)
		}
	}
}

// Systems Manager puts a 1 where a task without targets can have no such number.
func TestATaskWithoutTargetsHasNoConcurrency(t *testing.T) {
	for _, targets := range [][]report.Target{nil, aimed()} {
		task := automation("AWS-PatchAsgInstance", given{"InstanceId": {"i-0123456789abcdef0"}}, targets)
		task.MaxConcurrency, task.MaxErrors = "1", "1"
		w := report.WorkOf([]report.Task{task}, nil, nil, false).Tasks[0]
		if got, want := w.MaxConcurrency+w.MaxErrors, strings.Repeat("1", 2*len(targets)); got != want {
			t.Errorf("with %d targets: %q, want %q", len(targets), got, want)
		}
	}
}

func TestWhomAWindowIsAbout(t *testing.T) {
	registered := []report.Registered{
		{ID: "a", Targets: []report.Target{{Key: "InstanceIds", Values: []string{"i-1"}}}},
		{ID: "b", Targets: []report.Target{{Key: "InstanceIds", Values: []string{"i-2"}}}},
	}
	at := func(document string, ids ...string) report.Task {
		return report.Task{Document: document, Targets: []report.Target{{Key: "WindowTargetIds", Values: ids}}}
	}
	for _, c := range []struct {
		tasks  []report.Task
		chosen bool
		want   string
	}{
		{[]report.Task{at("AWS-RunPatchBaseline", "a"), at("Acme-Hook", "b")}, true, "InstanceIds=i-1"},
		{[]report.Task{at("Acme-Hook", "b")}, true, "InstanceIds=i-1 | InstanceIds=i-2 | InstanceIds=i-2"},
		{[]report.Task{at("Acme-Hook", "b")}, false, ""},
		{[]report.Task{at("AWS-RunPatchBaseline", "a", "b")}, false, "InstanceIds=i-1 | InstanceIds=i-2"},
	} {
		w := report.WorkOf(c.tasks, registered, nil, c.chosen)
		if got := sets(w.Targets); got != c.want {
			t.Errorf("%s: %q, want %q", fmt.Sprint(c.tasks), got, c.want)
		}
	}
}

// A report whose survey an earlier version has made knows nothing of its window's tasks.
func TestAWindowWhoseTasksWereNotReadIsTakenForOneThatInstalls(t *testing.T) {
	opens := time.Date(2026, 1, 6, 14, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		window *report.Opening
		want   bool
	}{
		{nil, true},
		{&report.Opening{Opens: opens}, true},
		{&report.Opening{Opens: opens, Does: report.DoesInstall}, true},
		{&report.Opening{Opens: opens, Does: report.DoesInstall, Disabled: true}, false},
		{&report.Opening{Does: report.DoesInstall}, false},
		{&report.Opening{Opens: opens, Does: report.DoesScan}, false},
		{&report.Opening{Opens: opens, Does: report.DoesUnknown}, false},
		{&report.Opening{Opens: opens, Does: report.DoesNothing}, false},
	} {
		if got := (&report.Report{Window: c.window}).Installs(); got != c.want {
			t.Errorf("%+v installs: %t", c.window, got)
		}
	}
}
