package patch_test

import (
	"strings"
	"testing"
	"time"

	"quickstep/shared/report"
	"quickstep/tests/sim"
	"quickstep/tests/sim/simtest"
	"quickstep/tests/world"
)

// silent runs a window in which nothing is installed, and gives its second report.
func silent(t *testing.T, outcome *report.Execution, change func(f *sim.Fleet)) (*sim.Fleet, form) {
	t.Helper()
	f := tasked(t, simtest.ByHand(), rebooting(""))
	simtest.Survey(t, f, simtest.All{"windowIds": []string{simtest.Window}, "after": true})
	f.ChangeWindow(simtest.Window, func(w *world.WindowSpec) {
		if outcome != nil {
			w.Outcomes = map[time.Time]report.Execution{w.Executions[0]: *outcome}
		}
	})
	if change != nil {
		change(f)
	}
	f.Advance(simtest.Opens + 5*time.Hour)
	return f, parsed(t, simtest.Sent(f)[1:])
}

func TestASecondReportThatSawNothingNamesTheExecutionsStatus(t *testing.T) {
	task := func(status string) []report.TaskExecution {
		return []report.TaskExecution{{Document: "AWS-RunPatchBaseline", Status: status}}
	}
	type outcome struct {
		outcome              *report.Execution
		status, subject, why string
		remark               string
	}
	for _, c := range simtest.Some([]outcome{
		{nil, "SUCCESS", "no installation seen", "the execution succeeded", "no installation was seen"},
		{&report.Execution{Status: "FAILED", Details: "The following SSM parameters are invalid: LevelUp"},
			"FAILED", "execution FAILED, no installation seen", "the execution failed",
			"The following SSM parameters are invalid: LevelUp"},
		{&report.Execution{Status: "TIMED_OUT", Tasks: task("TIMED_OUT")}, "TIMED_OUT",
			"execution TIMED_OUT, no installation seen", "the execution timed out: the window's cutoff ended it",
			"task AWS-RunPatchBaseline timed out"},
		{&report.Execution{Status: "SUCCESS"}, "SUCCESS", "no installation seen", "the execution succeeded",
			"the execution began 0 of 1 task of AWS-RunPatchBaseline: the cutoff may have come first"},
		{&report.Execution{Status: "SUCCESS", Tasks: task("TIMED_OUT")}, "SUCCESS",
			"task TIMED_OUT, no installation seen",
			"task AWS-RunPatchBaseline timed out: the window's cutoff ended it", "timed out"},
		{&report.Execution{Status: "SKIPPED_OVERLAPPING"}, "SKIPPED_OVERLAPPING",
			"execution SKIPPED_OVERLAPPING", "the execution was skipped, because the one before was still running", ""},
		{&report.Execution{Status: "CANCELLED", Tasks: task("CANCELLED")}, "CANCELLED",
			"execution CANCELLED, no installation seen", "the execution was canceled", ""},
		{&report.Execution{Status: "NONE"}, "NONE", "no execution, no installation seen",
			"Systems Manager lists no execution of the window at that time", "disabled, moved or deleted"},
	}) {
		f, m := silent(t, c.outcome, nil)
		second := simtest.Sent(f)[1]
		if m.Execution == nil || m.Execution.Status != c.status {
			t.Errorf("%+v: the execution is %+v", c.outcome, m.Execution)
		}
		first, _, _ := strings.Cut(second.Text, "\n\n")
		simtest.Holds(t, first, "web-patches has closed: "+c.why+", no installation seen")
		simtest.Holds(t, second.Subject, "Quickstep: "+c.subject)
		simtest.Holds(t, second.Text, c.remark)
		simtest.Quiet(t, f)
	}
}

func TestGoldenASecondReportOfAnExecutionThatFailed(t *testing.T) {
	f, _ := silent(t, &report.Execution{Status: "FAILED", Details: "The following SSM parameters are invalid: LevelUp",
		Tasks: []report.TaskExecution{{Document: "AWS-RunPatchBaseline", Status: "FAILED", Details: "Failed"}}}, nil)
	golden(t, "execution-failed", simtest.Sent(f)[1:])
}

// A second report is worth sending without what became of the execution.
func TestASecondReportWhoseExecutionCanNotBeRead(t *testing.T) {
	for _, call := range []string{"Executions", "ExecutionTasks"} {
		f, m := silent(t, nil, func(f *sim.Fleet) {
			f.Refuse = func(op world.Op) error {
				if op.Name == call {
					return errDenied
				}
				return nil
			}
		})
		if m.Execution != nil {
			t.Errorf("%s: the execution is %+v", call, m.Execution)
		}
		second := simtest.Sent(f)[1]
		simtest.Holds(t, second.Text, "what became of the window's execution couldn't be read: ")
		simtest.Holds(t, second.Subject, "no installation seen")
		simtest.Quiet(t, f)
	}
}

// The window is gone by the time of its second report.
func TestASecondReportOfAWindowThatIsGone(t *testing.T) {
	f, m := silent(t, nil, func(f *sim.Fleet) {
		f.At(f.Now().Add(simtest.Opens-time.Hour), func() {
			f.DeleteWindow(simtest.Window)
		})
	})
	if m.Execution == nil || m.Execution.Status != "NONE" || len(m.each()) != 2 {
		t.Errorf("the execution is %+v, it tells of %v", m.Execution, m.each())
	}
	simtest.Quiet(t, f)
}
