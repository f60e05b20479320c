package ssm_test

import (
	"context"
	"errors"
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
	"quickstep/shared/run"
	"quickstep/shared/transient"
)

func TestStatesReadsAllPages(t *testing.T) {
	w := cloudtest.Serve(t, inTurn(
		`"InstancePatchStates":[{"InstanceId":"i-2","BaselineId":"pb-2","PatchGroup":"","Operation":"Install","OperationEndTime":0}]`,
		`"InstancePatchStates":[]`,
		`"InstancePatchStates":[{"InstanceId":"i-1","PatchGroup":"web","BaselineId":"pb-1","SnapshotId":"521c3536","InstalledCount":123,
			"InstalledOtherCount":334,"InstalledPendingRebootCount":4,"MissingCount":1,"FailedCount":2,"NotApplicableCount":2063,
			"OperationStartTime":1767589560.5,"OperationEndTime":1767589569.25,"Operation":"Scan","RebootOption":"NoReboot"}]`,
	))
	got, err := ssm.New(w.Config).States(t.Context(), []string{"i-3", "i-2", "i-1", "i-2"})
	want := []report.State{
		{ID: "i-1", Baseline: "pb-1", Group: "web", Snapshot: "521c3536", Operation: "Scan",
			Ended: time.Date(
				2026,
				1,
				5,
				5,
				6,
				9,
				250e6,
				time.UTC,
			), Installed: 123, Missing: 1, Failed: 2, PendingReboot: 4},
		{ID: "i-2", Baseline: "pb-2", Operation: "Install"},
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
	}
	const d = "DescribeInstancePatchStates"
	wants(t, w, d+" "+d+" "+d, map[string]any{"InstanceIds": []any{"i-1", "i-2", "i-3"}, "MaxResults": 50.0})
}

func TestStatesOfManyNodes(t *testing.T) {
	var all []string
	for n := range 120 {
		all = append(all, fmt.Sprintf("i-%03d", n))
	}
	w := cloudtest.Serve(t, func(c cloudtest.Call) cloudtest.Answer {
		var states []string
		for _, id := range c.JSON()["InstanceIds"].([]any) {
			states = append(states, fmt.Sprintf(`{"InstanceId":"%s"}`, id))
		}
		if len(states) > 50 {
			return cloudtest.JSON("ValidationException")
		}
		return cloudtest.Answer{Body: `{"InstancePatchStates":[` + strings.Join(states, ",") + `]}`}
	})
	got, err := ssm.New(w.Config).States(t.Context(), slices.Concat(all[60:], all[:60]))
	if err != nil || len(got) != 120 || got[0].ID != "i-000" || got[119].ID != "i-119" || len(w.Calls()) != 3 {
		t.Errorf("got %d states by %d calls, %v", len(got), len(w.Calls()), err)
	}
	if got, err := ssm.New(w.Config).States(t.Context(), nil); len(got) > 0 || err != nil || len(w.Calls()) != 3 {
		t.Errorf("of no ids: %v, %v", got, err)
	}
}

func TestPatchesReadsOnePage(t *testing.T) {
	w := cloudtest.Serve(t, say(`{"NextToken":"three","Patches":[
		{"Title":"Security Update (KB4480979)","KBId":"KB4480979","Classification":"SecurityUpdates","Severity":"Critical","State":"Missing",
			"InstalledTime":0.0,"CVEIds":"CVE-2026-1,CVE-2026-2"},
		{"Title":"","KBId":"kernel.x86_64","Classification":"","Severity":"","State":"InstalledPendingReboot","InstalledTime":1546992000.0},
		{"KBId":"KB1","State":"Failed","InstalledTime":-62135596800},{"KBId":"KB2","State":"Failed"}]}`))
	got, next, err := ssm.New(
		w.Config,
	).Patches(
		t.Context(),
		"i-1",
		[]string{report.Missing, report.Failed, report.InstalledPendingReboot},
		"two",
	)
	want := []report.Patch{
		{
			KB:             "KB4480979",
			Title:          "Security Update (KB4480979)",
			Classification: "SecurityUpdates",
			Severity:       "Critical",
			State:          "Missing",
			CVEs:           "CVE-2026-1,CVE-2026-2",
		},
		{KB: "kernel.x86_64", State: "InstalledPendingReboot", Installed: time.Date(2019, 1, 9, 0, 0, 0, 0, time.UTC)},
		{KB: "KB1", State: "Failed"}, {KB: "KB2", State: "Failed"},
	}
	if err != nil || next != "three" || !slices.Equal(got, want) {
		t.Errorf("got  %+v, next %q, %v\nwant %+v", got, next, err, want)
	}
	in := map[string]any{"InstanceId": "i-1", "MaxResults": 50.0, "NextToken": "two", "Filters": []any{
		map[string]any{"Key": "State", "Values": []any{"Missing", "Failed", "InstalledPendingReboot"}}}}
	if c := w.Calls(); len(c) != 1 || c[0].Operation != "DescribeInstancePatches" ||
		!reflect.DeepEqual(c[0].JSON(), in) {
		t.Errorf("%s sent %s", c[0].Operation, c[0].Body)
	}
}

func TestTheFirstPageOfAllPatches(t *testing.T) {
	w := cloudtest.Serve(t, say(`{"Patches":[]}`))
	if got, next, err := ssm.New(w.Config).Patches(t.Context(), "mi-1", nil, ""); len(got) > 0 || next != "" ||
		err != nil {
		t.Errorf("got %v, next %q, %v", got, next, err)
	}
	if in := w.Calls()[0].JSON(); !reflect.DeepEqual(in, map[string]any{"InstanceId": "mi-1", "MaxResults": 50.0}) {
		t.Errorf("sent %v", in)
	}
}

func TestAnEmptyPageOfPatchesIsNotTheLast(t *testing.T) {
	w := cloudtest.Serve(t, say(`{"Patches":[],"NextToken":"two"}`))
	if got, next, err := ssm.New(w.Config).Patches(t.Context(), "i-1", nil, ""); len(got) > 0 || next != "two" ||
		err != nil {
		t.Errorf("got %v, next %q, %v", got, next, err)
	}
}

func TestPatchesThatCannotBeHad(t *testing.T) {
	for code, want := range map[string]error{"InvalidNextToken": report.ErrToken, "InvalidInstanceId": run.ErrUnmanaged} {
		w := cloudtest.Serve(t, refuse(code))
		got, next, err := ssm.New(w.Config).Patches(t.Context(), "i-1", nil, "two")
		if !errors.Is(err, want) || transient.Is(err) || got != nil || next != "" ||
			!strings.Contains(err.Error(), "i-1") ||
			len(w.Calls()) != 1 {
			t.Errorf("%s: got %v, %q, %v", code, got, next, err)
		}
	}
	w := cloudtest.Serve(t, refuse("InvalidFilter"))
	if _, _, err := ssm.New(w.Config).Patches(t.Context(), "i-1", nil, ""); err == nil || transient.Is(err) ||
		errors.Is(err, report.ErrToken) {
		t.Errorf("got %v", err)
	}
}

func TestFailuresOfPatches(t *testing.T) {
	for name, call := range map[string]func(context.Context, ssm.SystemsManager) error{
		"States": func(ctx context.Context, s ssm.SystemsManager) error {
			_, err := s.States(ctx, []string{"i-1"})
			return err
		},
		"Patches": func(ctx context.Context, s ssm.SystemsManager) error {
			_, _, err := s.Patches(ctx, "i-1", []string{report.Missing}, "")
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			on := func(ctx context.Context, cfg aws.Config) error { return call(ctx, ssm.New(cfg)) }
			whole := `{"InstancePatchStates":[{"InstanceId":"i-1"}],"Patches":[{"KBId":"KB1","State":"Missing"}]}`
			cloudtest.Failures(t, cloudtest.JSON, on)
			cloudtest.Garbled(t, cloudtest.Answer{Body: whole}, on)
			if err := on(t.Context(), onceThrottled(t, whole).Config); err != nil {
				t.Errorf("after a throttle: %v", err)
			}
		})
	}
}
