package report_test

import (
	"fmt"
	"testing"

	"quickstep/shared/report"
)

func TestTargetSetsAreThoseOfTheTasksThatInstall(t *testing.T) {
	tag := func(value string) report.Target {
		return report.Target{Key: "tag:Role", Values: []string{value}}
	}
	byID := func(ids ...string) report.Target {
		return report.Target{Key: "windowTargetIds", Values: ids}
	}
	task := func(document, operation string, targets ...report.Target) report.Task {
		return report.Task{Document: document, Operation: operation, Targets: targets}
	}
	registered := []report.Registered{
		{ID: "t-1", Targets: []report.Target{tag("one")}}, {ID: "t-2", Targets: []report.Target{tag("two")}},
	}
	const baseline = "AWS-RunPatchBaseline"
	for _, c := range []struct {
		name  string
		tasks []report.Task
		named bool
		want  string
	}{
		{"registered targets", []report.Task{task(baseline, "Install", byID("t-2"))}, false, "[[two]]"},
		{"targets of its own", []report.Task{task(baseline, "Install", tag("a"), tag("b"))}, false,
			"[[a b]]"},
		{"both", []report.Task{task(baseline, "", byID("t-1", "t-2"), tag("a"))}, false,
			"[[one] [two] [a]]"},
		{"a task that scans", []report.Task{task(baseline, "scan", byID("t-1"))}, false, "[]"},
		{"a task that does something else", []report.Task{task("My-Document", "", tag("a"))}, false, "[]"},
		{"one of two installs, and the window was named", []report.Task{
			task("My-Document", "", tag("a")), task(baseline, "Install", tag("b"))}, true, "[[b]]"},
		{"none installs, but the window was named",
			[]report.Task{task("My-Document", "", tag("a"))}, true, "[[one] [two] [a]]"},
		{"a target that isn't registered", []report.Task{task(baseline, "", byID("t-3"))}, false, "[]"},
		{"no task", nil, false, "[]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			sets := [][]string{}
			for _, set := range report.WorkOf(c.tasks, registered, nil, c.named).Targets {
				var values []string
				for _, target := range set {
					values = append(values, target.Values...)
				}
				sets = append(sets, values)
			}
			if got := fmt.Sprint(sets); got != c.want {
				t.Errorf("they are %s, want %s", got, c.want)
			}
		})
	}
}
