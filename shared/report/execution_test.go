package report_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"quickstep/shared/report"
)

func TestWhichExecutionIsThatOfAnOpening(t *testing.T) {
	opens := time.Date(2026, 1, 10, 2, 0, 0, 0, time.UTC)
	o := &report.Opening{Opens: opens, Closes: opens.Add(2 * time.Hour)}
	at := func(id string, after time.Duration) report.Execution {
		return report.Execution{ID: id, Status: report.ExecutionSuccess, Started: opens.Add(after)}
	}
	undated := report.Execution{ID: "undated", Status: report.ExecutionSkipped}
	for _, c := range []struct {
		name string
		all  []report.Execution
		want string
	}{
		{"none", nil, ""},
		{"its own", []report.Execution{at("own", 12*time.Second)}, "own"},
		{"one that began some seconds before the minute", []report.Execution{at("own", -5*time.Second)}, "own"},
		{"that of another opening", []report.Execution{at("before", -24*time.Hour), at("next", 2*time.Hour)}, ""},
		{"the first of several",
			[]report.Execution{at("late", time.Hour), at("own", 0), at("later", 90*time.Minute)}, "own"},
		{"one of which it isn't said when", []report.Execution{undated}, "undated"},
		{"one that is dated, rather", []report.Execution{undated, at("own", time.Minute)}, "own"},
	} {
		got := o.ExecutionOf(c.all)
		if got.ID != c.want || (c.want == "") != (got.Status == report.ExecutionNone) {
			t.Errorf("%s: %+v, want %q", c.name, got, c.want)
		}
	}
}

func TestAnExecutionInWords(t *testing.T) {
	task := func(status, details string) []report.TaskExecution {
		return []report.TaskExecution{{Document: "AWS-RunPatchBaseline", Status: status, Details: details}}
	}
	tasks := []report.WindowTask{
		{Task: "patch-web", Document: "AWS-RunPatchBaseline", Does: report.DoesInstall},
		{Task: "scan-web", Document: "AWS-FindWindowsUpdates", Does: report.DoesScan},
	}
	for _, c := range []struct {
		e       report.Execution
		brief   string
		said    string
		remarks []string
	}{
		{report.Execution{Status: "SUCCESS", Tasks: task("SUCCESS", "")}, "", "the execution succeeded", nil},
		{report.Execution{Status: "FAILED", Details: "The following SSM parameters are invalid: LevelUp"},
			"execution FAILED", "the execution failed", []string{
				"Systems Manager says of the execution: The following SSM parameters are invalid: LevelUp",
				"the execution began 0 of 1 task of AWS-RunPatchBaseline"}},
		{report.Execution{Status: "TIMED_OUT", Tasks: task("TIMED_OUT", "")}, "execution TIMED_OUT",
			"the execution timed out: the window's cutoff ended it",
			[]string{"task AWS-RunPatchBaseline timed out: the window's cutoff ended it"}},
		{report.Execution{Status: "SUCCESS", Tasks: task("FAILED", "No instances in tag")}, "task FAILED",
			"task AWS-RunPatchBaseline failed", []string{"task AWS-RunPatchBaseline failed: No instances in tag"}},
		{report.Execution{Status: "SUCCESS"}, "", "the execution succeeded",
			[]string{"the execution began 0 of 1 task of AWS-RunPatchBaseline: the cutoff may have come first"}},
		{report.Execution{Status: "SKIPPED_OVERLAPPING"}, "execution SKIPPED_OVERLAPPING",
			"the execution was skipped, because the one before was still running", nil},
		{report.Execution{Status: "CANCELLED", Tasks: task("CANCELLED", "")}, "execution CANCELLED",
			"the execution was canceled", []string{"task AWS-RunPatchBaseline was canceled"}},
		{report.Execution{Status: "IN_PROGRESS"}, "execution IN_PROGRESS", "the execution isn't over (IN_PROGRESS)", nil},
		{report.Execution{Status: "IN_PROGRESS", Tasks: task("IN_PROGRESS", "")}, "execution IN_PROGRESS",
			"the execution isn't over (IN_PROGRESS)", []string{"task AWS-RunPatchBaseline isn't over (IN_PROGRESS)"}},
		{report.Execution{Status: "CANCELLING"}, "execution CANCELLING", "the execution is being canceled", nil},
		{report.Execution{Status: "NONE"}, "no execution",
			"Systems Manager lists no execution of the window at that time", nil},
		{report.Execution{Status: "NEW_STATUS", Tasks: task("SUCCESS", "")}, "execution NEW_STATUS",
			"the execution is NEW_STATUS", nil},
	} {
		if got := c.e.Brief(); got != c.brief {
			t.Errorf("%s: in brief %q, want %q", c.e.Status, got, c.brief)
		}
		if got := c.e.Said(); got != c.said {
			t.Errorf("%s: %q, want %q", c.e.Status, got, c.said)
		}
		if got := c.e.Remarks(tasks); !slices.Equal(got, c.remarks) {
			t.Errorf("%s: %q, want %q", c.e.Status, got, c.remarks)
		}
	}
	if got := (*report.Execution)(nil).Brief(); got != "" {
		t.Errorf("what wasn't asked for says %q", got)
	}
}

func TestAnExecutionIsBounded(t *testing.T) {
	e := report.Execution{Status: "FAILED", Details: "a\nb"}
	for range 100 {
		e.Tasks = append(e.Tasks, report.TaskExecution{Status: "FAILED", Details: strings.Repeat("x", 5000)})
	}
	size := 0
	for _, x := range e.Cut().Tasks {
		size += len(x.Details)
	}
	if cut := e.Cut(); size > 20*300 || strings.Contains(cut.Details, "\n") {
		t.Errorf("%d bytes, details %q", size, cut.Details)
	}
}

// Two tasks may run the same document.
func TestATaskThatTheCutoffKeptFromBeginning(t *testing.T) {
	e := report.Execution{Status: "TIMED_OUT", Tasks: []report.TaskExecution{{Document: "Acme", Status: "SUCCESS"}}}
	tasks := []report.WindowTask{
		{
			Task:     "a",
			Document: "Acme",
			Does:     report.DoesInstall,
		}, {Task: "b", Document: "Acme", Does: report.DoesInstall},
	}
	want := []string{"the execution began 1 of 2 tasks of Acme: the cutoff may have come first"}
	if got := e.Remarks(tasks); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
