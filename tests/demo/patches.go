package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"quickstep/shared/report"
	"quickstep/tests/sim"
	"quickstep/tests/world"
)

const (
	// window is a maintenance window that opens hours later: the demo reports what it is going to install, and goes on.
	window      = "mw-0123456789abcdef0"
	windowName  = "web-patches"
	opensIn     = 20 * time.Hour
	behind      = 5                // hasn't been scanned for longer than a week
	reportWaits = 10 * time.Minute // in the fleet's time: several times what the report takes
)

// updates are what the maintenance window will find: all of them on most instances, the kernel's on some.
var updates = []report.Patch{
	{
		KB:             "openssl.x86_64",
		Title:          "openssl.x86_64:1:3.0.8-1.amzn2023.0.24",
		Classification: "Security",
		Severity:       "Critical",
		State:          report.Missing,
		CVEs:           "CVE-2025-69419,CVE-2026-22795",
	},
	{
		KB:             "curl-minimal.x86_64",
		Title:          "curl-minimal.x86_64:0:8.15.0-4.amzn2023",
		Classification: "Security",
		Severity:       "Important",
		State:          report.Failed,
		CVEs:           "CVE-2025-15079",
	},
	{
		KB:             "kernel.x86_64",
		Title:          "kernel.x86_64:0:6.1.161-183.298.amzn2023",
		Classification: "Security",
		Severity:       "Important",
		State:          report.InstalledPendingReboot,
	},
	{
		KB:             "tzdata.noarch",
		Title:          "tzdata.noarch:0:2026a-1.amzn2023",
		Classification: "Bugfix",
		Severity:       "Low",
		State:          report.Missing,
	},
}

// addPatches gives the instances patches, and the maintenance window that installs them.
func (f *fleet) addPatches() {
	now := f.Now()
	for n, id := range f.IDs {
		state := &report.State{
			Baseline:      "pb-0123456789abcdef0",
			Operation:     "Scan",
			Ended:         now.Add(-3 * time.Hour),
			Missing:       2,
			Failed:        1,
			PendingReboot: 1,
		}
		if n+1 == behind {
			state.Ended = now.Add(-9 * 24 * time.Hour)
		}
		patches := updates
		if n%3 == 0 { // no new kernel yet
			patches, state.PendingReboot = slices.Concat(updates[:2], updates[3:]), 0
		}
		f.SetPatches(id, state, patches)
	}
	f.AddWindow(
		world.WindowSpec{
			ID:         window,
			Name:       windowName,
			Zone:       "Europe/Berlin",
			Hours:      3,
			Executions: []time.Time{now.Add(opensIn).Truncate(time.Hour)},
			Tasks: []report.Task{
				{
					Document:  "AWS-RunPatchBaseline",
					Operation: "Install",
					Targets:   []report.Target{{Key: "WindowTargetIds", Values: []string{"web"}}},
				},
			},
			Targets: []report.Registered{
				{ID: "web", Targets: []report.Target{{Key: "tag:Role", Values: []string{"web"}}}},
			},
		},
	)
}

// patchReport asks for the report as an operator would, and shows the head of what people get.
func (f *fleet) patchReport(ctx context.Context, p page) error {
	asked := f.Now()
	if _, err := f.Call("survey", map[string]any{"windowIds": []string{window}}); err != nil {
		return fmt.Errorf("ask for the patch report: %w", err)
	}
	for over := false; !over; {
		if err := sleep(ctx, 20*time.Millisecond); err != nil {
			return err
		}
		f.Do(func() { over = len(f.Docs("REPORTS")) == 0 })
		if f.Now().Sub(asked) > reportWaits {
			return fmt.Errorf("the patch report isn't out after %s", reportWaits)
		}
	}
	var sent []world.Note
	f.Do(func() { sent = f.Published("report") })
	p.printf("First, what maintenance window %s is going to install, as it is sent by e-mail:\n", windowName)
	return p.printReport(sent, folder())
}

// sleep waits in real time.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}

// misreported says how the patch report differs from what the instances have.
func misreported(sent []world.Note) (wrong []string) {
	found := map[string]int{}
	var instances []string
	for _, note := range sent {
		var part struct {
			Rows struct {
				Instances []struct{ Instance string }
				Patches   []struct {
					Patch     string
					Instances int
				}
			}
		}
		if err := json.Unmarshal([]byte(note.JSON), &part); err != nil {
			return []string{fmt.Sprintf("the patch report can't be read: %v", err)}
		}
		for _, i := range part.Rows.Instances {
			instances = append(instances, i.Instance)
		}
		for _, p := range part.Rows.Patches {
			found[p.Patch] += p.Instances
		}
	}
	want := map[string]int{}
	for _, u := range updates {
		want[u.KB] = size
	}
	want["kernel.x86_64"] = size - (size+2)/3
	if !maps.Equal(found, want) {
		wrong = append(wrong, fmt.Sprintf("the patch report names %v, and the instances have %v", found, want))
	}
	if slices.Sort(instances); len(instances) != size || instances[0] != sim.ID(1) ||
		len(slices.Compact(instances)) != size {
		wrong = append(wrong, "the patch report names "+strings.Join(instances, ", "))
	}
	return wrong
}
