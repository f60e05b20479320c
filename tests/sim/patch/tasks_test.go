package patch_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"quickstep/tests/sim/simtest"

	"quickstep/shared/input"
	"quickstep/shared/report"
	"quickstep/tests/sim"
	"quickstep/tests/world"
)

// acmeUnknown is what people are told of a task whose document isn't known.
const acmeUnknown = "task patch-web runs document Acme-Patch, which isn't known (if it installs patches, " +
	"name it in the stack's parameter PatchDocuments)"

// tasked is a fleet of two whose window has other tasks.
func tasked(t *testing.T, parameters map[string]string, tasks ...report.Task) *sim.Fleet {
	t.Helper()
	f := simtest.Patched(t, 2, parameters, nil)
	f.ChangeWindow(simtest.Window, func(w *world.WindowSpec) { w.Tasks = tasks })
	return f
}

// registered is what is registered with the window.
func registered() []report.Target {
	return []report.Target{{Key: "WindowTargetIds", Values: []string{simtest.Target}}}
}

func ownTask(document string) report.Task {
	return report.Task{Name: "patch-web", Document: document, Targets: registered()}
}

// A window that runs a document of its owner's was never reported, and nobody was told.
func TestAWindowOfADocumentThatIsNotKnownIsSaidOnTheAlarmTopic(t *testing.T) {
	f := tasked(t, nil, ownTask("Acme-Patch"))
	f.Advance(20 * simtest.Day) // two openings
	if n := len(simtest.Sent(f)); n > 0 {
		t.Errorf("%d reports were sent", n)
	}
	alarms := f.Published("alarm")
	if len(alarms) != 1 {
		t.Fatalf("%d alarms in 20 days, want one", len(alarms))
	}
	simtest.Holds(t, alarms[0].Text, "web-patches", "task patch-web", "Acme-Patch", "PatchDocuments", "PatchWindowIds")
	answer := fmt.Sprint(simtest.Survey(t, f, simtest.All{}))
	simtest.Holds(t, answer, acmeUnknown)
	simtest.Settled(t, f)
}

// What is chosen is reported; what isn't known of it, the report says.
func TestAWindowThatIsChosenIsReportedWhateverItRuns(t *testing.T) {
	lambda := report.Task{
		Name: "patch-web", Type: report.Lambda, Document: "arn:aws:lambda:us-east-1:1:function:patch",
		Targets: registered(),
	}
	for _, parameters := range []map[string]string{
		{"PatchWindowIds": simtest.Window}, {"PatchWindowPrefix": "web-"},
	} {
		for _, c := range []struct {
			task   report.Task
			remark string
		}{
			{ownTask("Acme-Patch"), acmeUnknown},
			{lambda, "task patch-web runs the Lambda function arn:aws:lambda:us-east-1:1:function:patch; " +
				"what that does isn't known"},
		} {
			f := tasked(t, parameters, c.task)
			f.Advance(simtest.Opens)
			note := simtest.Only(t, f)
			m := parsed(t, simtest.Sent(f))
			if len(m.each()) != 2 || m.Window.Does != report.DoesUnknown {
				t.Errorf("%v, %s: it tells of %v, the window does %q",
					parameters, c.task.Document, m.each(), m.Window.Does)
			}
			simtest.Holds(t, note.Text, "Note:     "+c.remark,
				"Whether maintenance window web-patches installs patches isn't known. At present: ")
			if strings.Contains(note.Text, "Before maintenance window") {
				t.Errorf("%v, %s: it is going to install", parameters, c.task.Document)
			}
			simtest.Quiet(t, f)
		}
	}
}

func TestADocumentOfOnesOwnIsKnownByParameter(t *testing.T) {
	f := tasked(t, map[string]string{"PatchDocuments": "Acme-Other, Acme-Patch"}, ownTask("Acme-Patch"))
	f.Advance(simtest.Opens)
	note := simtest.Only(t, f)
	simtest.Holds(t, note.Subject, "4 patches for 2 of 2")
	simtest.Holds(t, note.Text, "Before maintenance window web-patches opens: ", "Acme-Patch (installs)")
	if strings.Contains(note.Text, "which isn't known") {
		t.Error("it isn't known")
	}
	simtest.Quiet(t, f)
}

func TestPatchDocumentsAreRefusedByName(t *testing.T) {
	for _, documents := range []string{
		"arn:aws:ssm:us-east-1:1:document/Acme-Patch", "Acme Patch", "ab", "Acme-Patch:3",
	} {
		_, err := report.Parse(report.Settings{
			Documents: []string{"Acme-Patch2", documents}, States: []string{"Missing"}, Lead: simtest.Day,
			StaleAfter: simtest.Day, Deadline: time.Hour,
		}, []byte(`{}`))
		if err == nil {
			t.Errorf("%q was taken", documents)
			continue
		}
		simtest.Holds(t, err.Error(), "the stack's parameter PatchDocuments", "such as Acme-Patch")
		var wrong *input.FieldError
		if !errors.As(err, &wrong) {
			t.Errorf("%q: %T", documents, err)
		}
	}
}

// A pre-patch hook doesn't make a window one that isn't known, and its instances aren't left out in silence.
func TestATaskThatIsNotKnownBesideOneThatIs(t *testing.T) {
	hook := report.Task{Name: "drain", Document: "Acme-Drain",
		Targets: []report.Target{chosen("InstanceIds", sim.ID(9))}}
	f := tasked(t, simtest.ByHand(), hook, simtest.Install(registered()...))
	m := named(t, f)
	if len(m.each()) != 2 || m.Window.Does != report.DoesInstall {
		t.Errorf("it tells of %v", m.each())
	}
	simtest.Holds(t, simtest.Only(t, f).Text, "task drain runs document Acme-Drain, which isn't known (if it "+
		"installs patches, name it in the stack's parameter PatchDocuments); "+
		"of its instances, this report has those alone that another task patches")
}

// balanced is an automation that patches an instance behind a load balancer.
func balanced(parameters map[string][]string, targets ...report.Target) report.Task {
	return report.Task{Name: "patch-web", Type: report.Automation, Document: "AWSEC2-PatchLoadBalancerInstance",
		Parameters: parameters, MaxConcurrency: "1", MaxErrors: "1", Targets: targets}
}

func TestGoldenAnAutomationThatNamesItsInstance(t *testing.T) {
	f := tasked(t, nil, balanced(map[string][]string{"InstanceId": {sim.ID(2)}}))
	f.Advance(simtest.Opens)
	if m := parsed(t, simtest.Sent(f)); len(m.each()) != 1 || m.each()[sim.ID(2)] != "" {
		t.Errorf("it tells of %v", m.each())
	}
	simtest.Holds(t, simtest.Only(t, f).Subject, "4 patches for 1 of 1")
	golden(t, "automation", simtest.Sent(f))
	simtest.Quiet(t, f)
}

func TestGoldenATaskWhoseInstancesAreNotKnown(t *testing.T) {
	f := tasked(t, nil, balanced(map[string][]string{"InstanceId": {"{{ssm:/web/instance}}"}}))
	f.Advance(simtest.Opens)
	note := simtest.Only(t, f)
	if text := note.Subject + note.Text; strings.Contains(text, "no instance to patch") {
		t.Errorf("it says that there is no instance:\n%s", text)
	}
	simtest.Holds(t, note.Subject, "its tasks' instances aren't known")
	simtest.Holds(t, note.Text, "task patch-web takes its instances from {{ssm:/web/instance}}: "+
		"its instances aren't known")
	simtest.Holds(t, note.Text, "Found:    nothing, as far as is known")
	golden(t, "instances-unknown", simtest.Sent(f))
	simtest.Quiet(t, f)
}

func TestSomeTasksInstancesAreNotKnown(t *testing.T) {
	f := tasked(t, simtest.ByHand(), simtest.Install(registered()...), balanced(nil))
	m := named(t, f)
	if len(m.each()) != 2 || !m.Tasks[1].InstancesUnknown {
		t.Errorf("it tells of %v, tasks %+v", m.each(), m.Tasks)
	}
	simtest.Holds(t, simtest.Only(t, f).Text, "4 patches for 2 of 2 instances, the instances of 1 task aren't known.",
		"task patch-web has no targets and names no instances: its instances aren't known")
}

func TestAnOverrideIsRemarked(t *testing.T) {
	for name, value := range map[string]string{
		"InstallOverrideList": "s3://acme/list.yaml", "BaselineOverride": "s3://acme/baseline.json",
	} {
		task := simtest.Install(registered()...)
		task.Name, task.Parameters = "patch-web", map[string][]string{name: {value}}
		f := tasked(t, simtest.ByHand(), task)
		m := named(t, f)
		if !slices.Equal(m.Tasks[0].Overrides, []string{name}) {
			t.Errorf("%s: tasks %+v", name, m.Tasks)
		}
		simtest.Holds(t, simtest.Only(t, f).Text,
			"task patch-web gives "+name+" ("+value+"): what it installs isn't what is listed here")
	}
	f := tasked(t, simtest.ByHand(), ownTask("AWS-InstallSpecificWindowsUpdates"))
	named(t, f)
	simtest.Holds(t, simtest.Only(t, f).Text,
		"AWS-InstallSpecificWindowsUpdates, which goes by no patch baseline: "+
			"what it installs isn't what is listed here")
}

// A window that scans installs nothing, and there is nothing to tell of it afterwards.
func TestGoldenAWindowThatOnlyScans(t *testing.T) {
	scan := simtest.Install(registered()...)
	scan.Name, scan.Operation = "scan-web", "Scan"
	f := tasked(t, map[string]string{"PatchWindowPrefix": "web-", "PatchAfter": "true"}, scan)
	f.Advance(4 * simtest.Day)
	note := simtest.Only(t, f) // there is no second
	simtest.Holds(t, note.Text, "Maintenance window web-patches only scans; it installs nothing.")
	for _, wrong := range []string{"going to install", "to install on", "patches for"} {
		if strings.Contains(note.Subject+note.Text, wrong) {
			t.Errorf("it says %q:\n%s\n%s", wrong, note.Subject, note.Text)
		}
	}
	golden(t, "scans", simtest.Sent(f))
	simtest.Quiet(t, f)
}

func TestGoldenADisabledWindow(t *testing.T) {
	f := simtest.Patched(t, 2, simtest.ByHand("PatchAfter", "true"), nil)
	f.ChangeWindow(simtest.Window, func(w *world.WindowSpec) { w.Disabled = true })
	m := named(t, f)
	if !m.Window.Disabled || !m.Window.Opens.IsZero() {
		t.Errorf("the window is %+v", m.Window)
	}
	note := simtest.Only(t, f)
	simtest.Holds(t, note.Subject, "is disabled")
	simtest.Holds(t, note.Text, "Maintenance window web-patches is disabled, so it isn't going to open.")
	if strings.Contains(note.Text, "Before maintenance window") {
		t.Error("it is going to install")
	}
	golden(t, "disabled", simtest.Sent(f))
}

func TestAWindowThatWillNotOpenAgain(t *testing.T) {
	f := simtest.Patched(t, 2, simtest.ByHand(), nil)
	f.ChangeWindow(simtest.Window, func(w *world.WindowSpec) { w.Executions = nil })
	named(t, f)
	simtest.Holds(t, simtest.Only(t, f).Text,
		"Maintenance window web-patches isn't going to open. At present: ")
}

// rebooting is a window's task with a reboot option; empty: it says nothing of it.
func rebooting(option string) report.Task {
	task := simtest.Install(registered()...)
	task.Name, task.MaxConcurrency, task.MaxErrors = "patch-web", "10%", "1"
	if option != "" {
		task.Parameters = map[string][]string{"RebootOption": {option}}
	}
	return task
}

func TestWhetherTheWindowRebootsStandsInTheHead(t *testing.T) {
	for _, c := range []struct{ option, head, section string }{
		{"", "Reboots:  the window reboots instances on which it installs something, or that wait for a reboot",
			"The window reboots these itself when it opens"},
		{"RebootIfNeeded",
			"AWS-RunPatchBaseline (installs, RebootIfNeeded, MaxConcurrency 10%, MaxErrors 1), task patch-web",
			"The window reboots these itself when it opens"},
		{"NoReboot", "Reboots:  the window doesn't reboot",
			"The window doesn't reboot: somebody else has to reboot these"},
		{"{{x}}", "Reboots:  whether the window reboots isn't known", "Need a reboot"},
	} {
		f := tasked(t, simtest.ByHand(), rebooting(c.option))
		m := named(t, f)
		want := map[string]string{"": "RebootIfNeeded", "{{x}}": ""}
		if w, ok := want[c.option]; (ok && m.Tasks[0].Reboot != w) || (!ok && m.Tasks[0].Reboot != c.option) {
			t.Errorf("%q: the task is %+v", c.option, m.Tasks[0])
		}
		if m.Tasks[0].MaxConcurrency != "10%" || m.Tasks[0].MaxErrors != "1" {
			t.Errorf("%q: the task is %+v", c.option, m.Tasks[0])
		}
		simtest.Holds(t, simtest.Only(t, f).Text, c.head, c.section)
	}
}

// After a window that reboots, what still waits for a reboot is odd; after one that doesn't, it isn't.
func TestWhatWaitsForARebootAfterAWindowThatRebootsIsFlagged(t *testing.T) {
	for option, want := range map[string]string{"RebootIfNeeded": "notRebooted", "NoReboot": ""} {
		f := tasked(t, simtest.ByHand(), rebooting(option))
		simtest.Survey(t, f, simtest.All{"windowIds": []string{simtest.Window}, "after": true})
		f.Advance(simtest.Opens + time.Hour)
		patches := simtest.Five()
		for k := range patches {
			patches[k].State, patches[k].Installed = report.Installed, f.Now()
		}
		f.SetPatches(sim.ID(1), &report.State{Baseline: "pb-1", Operation: "Install", Ended: f.Now()}, patches)
		patches = slices.Clone(patches)
		patches[0].State = report.InstalledPendingReboot
		f.SetPatches(sim.ID(2), &report.State{Baseline: "pb-1", Operation: "Install", Ended: f.Now()}, patches)
		f.Advance(4 * time.Hour)
		m := parsed(t, simtest.Sent(f)[1:])
		if got := m.each(); got[sim.ID(1)] != "" || got[sim.ID(2)] != want {
			t.Errorf("%s: flagged %v, want %q", option, got, want)
		}
		if !slices.Equal(m.reboots(), []string{sim.ID(2)}) {
			t.Errorf("%s: a reboot is needed by %v", option, m.reboots())
		}
	}
}

func TestGoldenAWindowOfADocumentThatIsNotKnown(t *testing.T) {
	f := tasked(t, map[string]string{"PatchWindowPrefix": "web-"}, ownTask("Acme-Patch"))
	f.Advance(simtest.Opens)
	golden(t, "document-unknown", simtest.Sent(f))
}

// What the head and its remarks can say of tasks.
func TestGoldenTasksWithRemarks(t *testing.T) {
	install := rebooting("NoReboot")
	install.Parameters["InstallOverrideList"] = []string{"s3://acme/list.yaml"}
	hook := report.Task{
		Name: "drain", Type: report.Lambda, Document: "arn:aws:lambda:us-east-1:111122223333:function:drain",
		MaxConcurrency: "1", MaxErrors: "0", Targets: registered(),
	}
	f := tasked(t, simtest.ByHand(), hook, install, balanced(nil))
	named(t, f)
	golden(t, "tasks", simtest.Sent(f))
}
