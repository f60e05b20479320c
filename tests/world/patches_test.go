package world_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"quickstep/shared/report"
	"quickstep/shared/run"
	"quickstep/shared/transient"
	"quickstep/tests/template"
	"quickstep/tests/world"
)

func lacking(n int) (all []report.Patch) {
	for i := range n {
		all = append(all, report.Patch{KB: fmt.Sprint("KB", i), State: report.Missing})
	}
	return all
}

func TestANextExecutionIsWrittenAsTheWindowSays(t *testing.T) {
	w := newWorld(t)
	opens := []time.Time{began.Add(time.Hour), began.Add(25 * time.Hour)}
	w.AddWindow(world.WindowSpec{ID: "mw-2", Name: "b", Hours: 2, Executions: opens, Layout: "2006-01-02T15:04Z07:00"})
	w.AddWindow(world.WindowSpec{ID: "mw-1", Name: "a", Zone: "Europe/Paris", Hours: 2, Executions: opens})
	w.AddWindow(world.WindowSpec{ID: "mw-3", Name: "c", Disabled: true, Executions: opens})
	for _, want := range [][]string{
		{"2026-01-05T04:00:00+01:00", "2026-01-05T03:00Z", ""},
		{"2026-01-06T04:00:00+01:00", "2026-01-06T03:00Z", ""},
		{"", "", ""},
	} {
		found, err := w.SSM().Windows(ctx)
		done(t, err)
		var next []string
		for _, x := range found {
			next = append(next, x.Next)
		}
		if !slices.Equal(next, want) {
			t.Errorf("at %s: %q, want %q", w.Now(), next, want)
		}
		w.Advance(24*time.Hour - time.Minute)
	}
	w.ChangeWindow(
		"mw-3",
		func(s *world.WindowSpec) { s.Disabled, s.Executions = false, []time.Time{w.Now().Add(time.Hour)} },
	)
	w.DeleteWindow("mw-1")
	if found, err := w.SSM().Windows(ctx); err != nil || len(found) != 2 || !found[1].Enabled || found[1].Next == "" {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestAStoppedMachineIsOfflineAndATerminatedOneIsForgotten(t *testing.T) {
	w := newWorld(t)
	w.AddMachine(machine("i-1"))
	s := report.Selection{IDs: []string{"i-1", "mi-1"}}
	w.AddNode(report.Node{ID: "mi-1", Online: true}, nil)
	look := func(when string, online bool, state string, known int) {
		t.Helper()
		managed, err := w.SSM().Nodes(ctx, s)
		done(t, err)
		instances, err := w.EC2().Nodes(ctx, s)
		done(t, err)
		if len(managed) != known || len(instances) != known-1 ||
			(known == 2 && (managed[0].Online != online || instances[0].State != state)) {
			t.Errorf("%s: %+v, %+v", when, managed, instances)
		}
	}
	look("at first", true, "running", 2)
	w.Stop("i-1")
	w.Advance(10 * time.Minute)
	look("stopped", false, "stopped", 2)
	w.Terminate("i-1")
	w.Advance(10 * time.Minute)
	look("terminated", false, "terminated", 2)
	w.Advance(time.Hour)
	look("an hour later", false, "", 1)
	w.SetOnline("mi-1", false)
	if found, err := w.SSM().Nodes(ctx, s); err != nil || len(found) != 1 || found[0].Online {
		t.Errorf("%+v, %v", found, err)
	}
	w.RemoveNode("mi-1")
	if _, _, err := w.SSM().Patches(ctx, "mi-1", nil, ""); !errors.Is(err, run.ErrUnmanaged) {
		t.Errorf("removed: %v", err)
	}
}

func TestPatchesAreThrottledAtTheirRate(t *testing.T) {
	w := newWorld(t)
	w.AddMachine(machine("i-1"))
	w.PatchRate = 2
	call := func() bool {
		_, _, err := w.SSM().Patches(ctx, "i-1", nil, "")
		if err != nil && !transient.IsNotApplied(err) {
			t.Fatal(err)
		}
		return err == nil
	}
	for n, want := range []bool{true, true, false, false} {
		if call() != want {
			t.Errorf("call %d passed: %t", n+1, !want)
		}
	}
	w.Advance(500 * time.Millisecond)
	if !call() || call() {
		t.Error("half a second later exactly one call should pass")
	}
	w.Advance(time.Hour)
	passed := 0
	for range 3 {
		if call() {
			passed++
		}
	}
	if passed != 2 {
		t.Errorf("an hour later %d calls passed, want two", passed)
	}
	if got := w.Count("ssm.PatchThrottles"); got != 4 || w.Count("ssm.Patches") != 9 {
		t.Errorf("%d throttles of %d calls", got, w.Count("ssm.Patches"))
	}
}

func TestATokenEnds(t *testing.T) {
	w := newWorld(t)
	w.AddMachine(machine("i-1"))
	w.SetPatches("i-1", &report.State{Missing: 120}, lacking(120))
	_, token, err := w.SSM().Patches(ctx, "i-1", []string{report.Missing}, "")
	done(t, err)
	page, next, err := w.SSM().Patches(ctx, "i-1", []string{report.Missing}, token)
	if err != nil || len(page) != 50 || page[0].KB != "KB50" || next == "" {
		t.Errorf("%d patches, next %q, %v", len(page), next, err)
	}
	w.SetPatches("i-1", &report.State{Missing: 20}, lacking(20))
	if page, next, err = w.SSM().Patches(ctx, "i-1", []string{report.Missing}, token); err != nil || len(page) != 0 ||
		next != "" {
		t.Errorf("past the end: %d patches, next %q, %v", len(page), next, err)
	}
	w.ExpireTokens()
	if _, _, err := w.SSM().Patches(ctx, "i-1", []string{report.Missing}, token); !errors.Is(err, report.ErrToken) {
		t.Errorf("expired: %v", err)
	}
}

func TestEffectsOfTheReportsPorts(t *testing.T) {
	w := newWorld(t)
	var ids []string
	for n := range 120 {
		ids = append(ids, fmt.Sprintf("i-%03d", n))
	}
	_, err := w.SSM().States(ctx, ids)
	done(t, err)
	_, err = w.SSM().States(ctx, nil)
	done(t, err)
	_, err = w.EC2().Nodes(ctx, report.Selection{IDs: []string{"mi-1"}})
	done(t, err)
	if w.Count("ssm.States") != 3 || w.Count("ec2.Nodes") != 0 {
		t.Errorf("%v", w.Counts())
	}
	w.Fault = func(world.Op) world.Fault { return world.ReplyLost }
	if err := w.Bucket("reports").Put(ctx, "key", "text/csv", []byte("x")); !transient.Is(err) ||
		len(w.Objects("reports")) != 1 {
		t.Errorf("%v, %v", err, w.Objects("reports"))
	}
}

func TestAScheduleOfAFunctionWithoutCodeDoesNothing(t *testing.T) {
	w := newWorld(t, func(s *template.Stack) {
		s.Functions["survey"] = template.Function{Timeout: time.Minute}
		s.Schedules = append(
			s.Schedules,
			template.Schedule{Function: "survey", Name: "Survey", Expression: "rate(1 hour)", Enabled: true,
				Input: `{"id":"<aws.scheduler.schedule-arn> <aws.scheduler.scheduled-time>"}`},
		)
	})
	w.Advance(3 * time.Hour)
	if got := w.Count("lambda.Invocations"); got != 0 {
		t.Errorf("%d invocations", got)
	}
	var events []string
	w.Handle("survey", func(_ context.Context, event json.RawMessage) (any, error) {
		events = append(events, string(event))
		return nil, nil
	})
	w.Advance(2 * time.Hour)
	at := w.Now().Truncate(time.Second)
	w.FireSchedule("survey", "Survey")
	w.Advance(0)
	want := fmt.Sprintf(
		`{"id":"arn:aws:scheduler:us-east-1:123456789012:schedule/default/Survey %s"}`,
		at.Format(time.RFC3339),
	)
	if len(events) != 3 || events[2] != want {
		t.Errorf("%q, want the last to be %s", events, want)
	}
}
