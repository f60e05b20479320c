package contract

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"quickstep/shared/report"
)

// Windows is what the patch report sees of maintenance windows.
type Windows interface {
	Windows(ctx context.Context) ([]report.Window, error)
	Tasks(ctx context.Context, window string, read func(document string) bool) ([]report.Task, error)
	Targets(ctx context.Context, window string) ([]report.Registered, error)
	Executions(ctx context.Context, window string, from, to time.Time) ([]report.Execution, error)
	ExecutionTasks(ctx context.Context, execution string) ([]report.TaskExecution, error)
}

// NewWindow is a maintenance window to be made.
type NewWindow struct {
	Name, Zone string
	Hours      int
	Disabled   bool
	Opens      []time.Time // in order
	Tasks      []report.Task
	Targets    []report.Registered
}

// WindowsFixture is a Region, with windows of others perhaps.
type WindowsFixture struct {
	Port    Windows
	Add     func(t *testing.T, w NewWindow) (id string)
	Delete  func(t *testing.T, id string)
	Missing string // the id of a window that doesn't exist
	Now     func() time.Time
	Wait    Wait
}

// ExerciseWindows tests maintenance windows.
func ExerciseWindows(t *testing.T, open func(t *testing.T) WindowsFixture) {
	t.Helper()
	exercise(t, open, []part[WindowsFixture]{
		{"a window is described", windowDescribed},
		{"windows are listed in the order of their ids", windowsSorted},
		{"many windows are all listed", windowsMany},
		{"a disabled window is listed as such", windowDisabled},
		{"the next execution is that of its zone", windowZones},
		{"once a window opens, the next execution is the one after", windowJumps},
		{"a window that won't open again has no next execution", windowOver},
		{"a window that was deleted isn't listed", windowDeleted},
		{"tasks are as they were made", windowTasks},
		{"what a task gives its document is read if it is wanted", windowUnreadTasks},
		{"an opening has an execution, and that its tasks", windowExecutions},
		{"executions are listed once they begin, the latest first", windowExecutionsBegin},
		{"many executions are all listed", windowExecutionsMany},
		{"targets are in the order of their ids", windowTargets},
		{"a window that doesn't exist has neither tasks, targets nor executions", windowMissing},
	})
}

// find is a window as it is listed, if it is.
func (f WindowsFixture) find(t *testing.T, id string) (report.Window, bool) {
	t.Helper()
	for _, w := range must(f.Port.Windows(t.Context()))(t) {
		if w.ID == id {
			return w, true
		}
	}
	return report.Window{}, false
}

// opens is when a window that is listed opens next.
func (f WindowsFixture) opens(t *testing.T, id string) time.Time {
	t.Helper()
	w, listed := f.find(t, id)
	if !listed {
		t.Fatalf("window %s isn't listed", id)
	}
	return must(w.Opens())(t)
}

func (f WindowsFixture) in(d time.Duration) time.Time {
	return f.Now().Add(d).UTC().Truncate(time.Minute)
}

func windowDescribed(t *testing.T, f WindowsFixture) {
	id := f.Add(t, NewWindow{Name: "patch-web", Zone: "Europe/Paris", Hours: 3, Opens: []time.Time{f.in(time.Hour)}})
	got, listed := f.find(t, id)
	next := got.Next
	got.Next = ""
	if want := (report.Window{ID: id, Name: "patch-web", Enabled: true, Zone: "Europe/Paris", Hours: 3}); !listed ||
		got != want ||
		next == "" {
		t.Errorf("%+v, next %q, want %+v", got, next, want)
	}
}

func windowsSorted(t *testing.T, f WindowsFixture) {
	var want, got []string
	for n := range 3 {
		want = append(want, f.Add(t, NewWindow{Name: fmt.Sprint("patch-", n), Hours: 1}))
	}
	slices.Sort(want)
	for _, w := range must(f.Port.Windows(t.Context()))(t) {
		if slices.Contains(want, w.ID) {
			got = append(got, w.ID)
		}
	}
	same(t, "listed", got, want)
}

func windowsMany(t *testing.T, f WindowsFixture) {
	const many = 230 // more than two pages
	before := len(must(f.Port.Windows(t.Context()))(t))
	for n := range many {
		f.Add(t, NewWindow{Name: fmt.Sprint("patch-", n), Hours: 1})
	}
	if got := len(must(f.Port.Windows(t.Context()))(t)) - before; got != many {
		t.Errorf("%d of %d windows are listed", got, many)
	}
}

func windowDisabled(t *testing.T, f WindowsFixture) {
	id := f.Add(t, NewWindow{Name: "patch-off", Hours: 1, Disabled: true, Opens: []time.Time{f.in(time.Hour)}})
	if w, listed := f.find(t, id); !listed || w.Enabled {
		t.Errorf("listed %t, %+v", listed, w)
	}
}

func windowZones(t *testing.T, f WindowsFixture) {
	for _, zone := range []string{"", "UTC", "America/New_York", "Asia/Kolkata"} {
		at := f.in(90 * time.Minute)
		id := f.Add(t, NewWindow{Name: "patch-zone", Zone: zone, Hours: 1, Opens: []time.Time{at}})
		if got := f.opens(t, id); !got.Equal(at) {
			t.Errorf("in zone %q: %s, want %s", zone, got, at)
		}
	}
}

func windowJumps(t *testing.T, f WindowsFixture) {
	first, second := f.in(2*time.Minute), f.in(2*time.Hour)
	id := f.Add(t, NewWindow{Name: "patch-twice", Hours: 1, Opens: []time.Time{first, second}})
	if got := f.opens(t, id); !got.Equal(first) {
		t.Errorf("at first it opens next at %s, want %s", got, first)
	}
	f.Wait.until(t, "the window opens", 4*time.Minute, func() bool { return f.opens(t, id).Equal(second) })
	if f.Now().Before(first) {
		t.Errorf("it jumped to %s before %s", second, first)
	}
}

func windowOver(t *testing.T, f WindowsFixture) {
	id := f.Add(t, NewWindow{Name: "patch-once", Hours: 1, Opens: []time.Time{f.in(2 * time.Minute)}})
	f.Wait.until(t, "the window opens", 4*time.Minute, func() bool { return f.opens(t, id).IsZero() })
}

func windowDeleted(t *testing.T, f WindowsFixture) {
	id := f.Add(t, NewWindow{Name: "patch-gone", Hours: 1})
	f.Delete(t, id)
	if w, listed := f.find(t, id); listed {
		t.Errorf("it is listed: %+v", w)
	}
}

// every reads what all tasks give their documents.
func every(string) bool { return true }

func windowTasks(t *testing.T, f WindowsFixture) {
	role := []report.Target{{Key: "tag:Role", Values: []string{"web", "db"}}}
	want := []report.Task{
		{Name: "patch", Type: report.RunCommand, Document: "AWS-RunPatchBaseline", Operation: "Install", Targets: role,
			Parameters:     map[string][]string{"Operation": {"Install"}, "RebootOption": {"NoReboot"}},
			MaxConcurrency: "10%", MaxErrors: "1"},
		{Name: "rollback", Type: report.Automation, Document: "AWS-PatchInstanceWithRollback",
			Parameters: map[string][]string{"InstanceId": {"i-0123456789abcdef0"}}},
		{Name: "lambda", Type: report.Lambda, Document: "arn:aws:lambda:us-east-1:111122223333:function:patch",
			Targets: []report.Target{
				{Key: "WindowTargetIds", Values: []string{"0e842a8d-2d44-4886-bb62-af8dc0000000"}},
			}},
	}
	got := must(f.Port.Tasks(t.Context(), f.Add(t, NewWindow{Name: "patch-tasks", Hours: 1, Tasks: want}), every))(t)
	for _, task := range want {
		same := func(g report.Task) bool {
			g.ID = ""
			return reflect.DeepEqual(g, task)
		}
		if !slices.ContainsFunc(got, same) {
			t.Errorf("%+v isn't among %+v", task, got)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d tasks, want %d", len(got), len(want))
	}
}

func windowUnreadTasks(t *testing.T, f WindowsFixture) {
	id := f.Add(t, NewWindow{Name: "patch-unread", Hours: 1, Tasks: []report.Task{
		{Document: "AWS-RunPatchBaseline", Operation: "Scan",
			Targets: []report.Target{{Key: "tag-key", Values: []string{"a"}}}},
	}})
	for _, read := range []bool{true, false} {
		got := must(f.Port.Tasks(t.Context(), id, func(document string) bool {
			return read && document == "AWS-RunPatchBaseline"
		}))(t)
		if len(got) != 1 || (got[0].Operation == "Scan") != read {
			t.Errorf("read %t: %+v", read, got)
		}
	}
}

func windowExecutions(t *testing.T, f WindowsFixture) {
	opens := f.in(2 * time.Minute)
	document := "AWS-RunPatchBaseline"
	id := f.Add(t, NewWindow{Name: "patch-ran", Hours: 1, Opens: []time.Time{opens}, Tasks: []report.Task{
		{Document: document, Targets: []report.Target{{Key: "tag-key", Values: []string{"none"}}}},
	}})
	executions := func(from, to time.Duration) []report.Execution {
		return must(f.Port.Executions(t.Context(), id, opens.Add(from), opens.Add(to)))(t)
	}
	if got := executions(-time.Hour, time.Hour); len(got) > 0 {
		t.Errorf("before it opens: %+v", got)
	}
	ran := func() bool { return len(executions(-time.Minute, time.Hour)) > 0 }
	f.Wait.until(t, "the window has opened", 6*time.Minute, ran)
	got := executions(-time.Minute, time.Hour)
	if len(got) != 1 || got[0].ID == "" || got[0].Status == "" || got[0].Started.Before(opens.Add(-time.Minute)) {
		t.Fatalf("it had %+v", got)
	}
	if later := executions(time.Hour, 2*time.Hour); len(later) > 0 {
		t.Errorf("an hour later: %+v", later)
	}
	tasks := must(f.Port.ExecutionTasks(t.Context(), got[0].ID))(t)
	if len(tasks) != 1 || tasks[0].Document != document || tasks[0].Status == "" {
		t.Errorf("it began %+v", tasks)
	}
}

func windowTargets(t *testing.T, f WindowsFixture) {
	want := []report.Registered{
		{
			ID:      "0e842a8d-2d44-4886-bb62-af8dc0000001",
			Targets: []report.Target{{Key: "InstanceIds", Values: []string{"i-0123456789abcdef0"}}},
		},
		{
			ID: "0e842a8d-2d44-4886-bb62-af8dc0000002",
			Targets: []report.Target{
				{Key: "tag:Role", Values: []string{"web"}},
				{Key: "tag-key", Values: []string{"Owner"}},
			},
		},
	}
	id := f.Add(t, NewWindow{Name: "patch-targets", Hours: 1, Targets: []report.Registered{want[1], want[0]}})
	if got := must(f.Port.Targets(t.Context(), id))(t); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func windowMissing(t *testing.T, f WindowsFixture) {
	tasks := must(f.Port.Tasks(t.Context(), f.Missing, every))(t)
	targets := must(f.Port.Targets(t.Context(), f.Missing))(t)
	ran := must(f.Port.Executions(t.Context(), f.Missing, f.in(-time.Hour), f.in(time.Hour)))(t)
	if len(tasks)+len(targets)+len(ran) > 0 {
		t.Errorf("%v, %v, %v", tasks, targets, ran)
	}
}

// listed are the executions of a window since a time, in short.
func (f WindowsFixture) listed(t *testing.T, id string, after time.Time) (all []string) {
	t.Helper()
	for _, e := range must(f.Port.Executions(t.Context(), id, after, f.Now().Add(time.Minute)))(t) {
		ended := "not ended"
		if !e.Ended.IsZero() {
			ended = "ended"
		}
		all = append(all, fmt.Sprintf("%s %s %s", e.Started.UTC().Format("15:04"), e.Status, ended))
	}
	return all
}

func windowExecutionsBegin(t *testing.T, f WindowsFixture) {
	first, second := f.in(2*time.Minute), f.in(3*time.Hour)
	id := f.Add(t, NewWindow{Name: "patch-executions", Hours: 1, Opens: []time.Time{first, second}})
	began := f.Now()
	same(t, "before it opens", f.listed(t, id, began), nil)
	f.Wait(3 * time.Minute)
	same(t, "while it is open", f.listed(t, id, began),
		[]string{first.Format("15:04") + " IN_PROGRESS not ended"})
	f.Wait(3 * time.Hour)
	same(t, "while it is open again", f.listed(t, id, began), []string{
		second.Format("15:04") + " IN_PROGRESS not ended",
		first.Format("15:04") + " SUCCESS ended"})
}

func windowExecutionsMany(t *testing.T, f WindowsFixture) {
	const many = 130 // more than one page
	var opens []time.Time
	for n := range many {
		opens = append(opens, f.in(time.Duration(2+n)*time.Minute))
	}
	id := f.Add(t, NewWindow{Name: "patch-often", Hours: 1, Opens: opens})
	began := f.Now()
	f.Wait((many + 3) * time.Minute)
	if n := len(f.listed(t, id, began)); n != many {
		t.Errorf("%d of %d executions are listed", n, many)
	}
}
