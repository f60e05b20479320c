package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"quickstep/shared/cloud/dynamodb"
	"quickstep/shared/report"
	"quickstep/tests/cloud/stage"
	"quickstep/tests/sim"
	"quickstep/tests/world"
)

const (
	window = "mw-0123456789abcdef0"
	// updates are what each managed instance of web misses: three pages of Systems Manager's.
	updates = 120
	// reporting is how long the report may take: some seconds on an idle machine.
	reporting = 3 * time.Minute
)

func update(n int) report.Patch {
	return report.Patch{
		KB:             fmt.Sprintf("package-%03d.x86_64", n),
		Title:          fmt.Sprintf("package-%03d.x86_64:0:2.%d-1.amzn2023", n, n),
		Classification: "Security",
		Severity:       "Important",
		State:          report.Missing,
		CVEs:           fmt.Sprintf("CVE-2026-%05d", n),
	}
}

// addPatches gives web's instances patches, and the maintenance window that installs them tomorrow.
func (r *region) addPatches() {
	var missing []report.Patch
	for n := range updates {
		missing = append(missing, update(n))
	}
	for n := web.first; n < web.first+web.size; n++ {
		if managed(n) {
			r.SetPatches(
				sim.ID(n),
				&report.State{
					Baseline:  "pb-0123456789abcdef0",
					Operation: "Scan",
					Ended:     r.Now().Add(-3 * time.Hour),
					Missing:   updates,
				},
				missing,
			)
		}
	}
	r.AddWindow(
		world.WindowSpec{
			ID:         window,
			Name:       "web-patches",
			Zone:       "Europe/Berlin",
			Hours:      3,
			Executions: []time.Time{r.Now().Add(20 * time.Hour).Truncate(time.Hour)},
			Tasks: []report.Task{
				{
					Document:  "AWS-RunPatchBaseline",
					Operation: "Install",
					Targets:   []report.Target{{Key: "WindowTargetIds", Values: []string{web.name}}},
				},
			},
			Targets: []report.Registered{
				{ID: web.name, Targets: []report.Target{{Key: "tag:Role", Values: []string{web.name}}}},
			},
		},
	)
}

// report asks for the patch report of the window, and judges whether all of it arrives.
func (p *play) report(ctx context.Context) error {
	var answer json.RawMessage
	if err := p.account.Invoke(ctx, "survey", map[string]any{"windowIds": []string{window}}, &answer); err != nil {
		return err
	}
	p.Say("operator", "asks what maintenance window web-patches is going to install: %s", answer)
	ledger := dynamodb.New(p.account.Config, p.account.Table)
	if err := await(ctx, "the end of the patch report", reporting, func() (bool, error) {
		docs, err := ledger.List(ctx, "REPORTS", "", "", 0)
		return len(docs) == 0, err
	}); err != nil {
		return err
	}
	var wrong []string
	err := await(ctx, "the patch report in the mailbox", time.Minute, func() (bool, error) {
		wrong = misreported(p.mail.About("report", "web-patches"))
		return len(wrong) == 0, nil
	})
	if err != nil && ctx.Err() != nil {
		return err
	}
	p.Judge(
		"operator",
		fmt.Sprintf("gets the patch report whole: %d instances, %d patches", web.size, updates),
		wrong...)
	return nil
}

// misreported says how a report, in as many parts as it came, differs from what the instances miss.
func misreported(parts []stage.Note) (wrong []string) {
	found, instances := map[string]int{}, map[string]bool{}
	for _, n := range parts {
		var part struct {
			Rows struct {
				Instances []struct{ Instance string }
				Patches   []struct {
					Patch     string
					Instances int
				}
			}
		}
		if err := json.Unmarshal([]byte(n.Text), &part); err != nil {
			return []string{fmt.Sprintf("a part can't be read: %v", err)}
		}
		for _, i := range part.Rows.Instances {
			instances[i.Instance] = true
		}
		for _, one := range part.Rows.Patches {
			found[one.Patch] += one.Instances
		}
	}
	want, known := map[string]int{}, 0
	for n := web.first; n < web.first+web.size; n++ {
		if managed(n) {
			known++
		}
	}
	for n := range updates {
		want[update(n).KB] = known
	}
	if !maps.Equal(found, want) {
		wrong = append(
			wrong,
			fmt.Sprintf(
				"in %d parts it names %d patches, and should name %d on %d instances each",
				len(parts),
				len(found),
				len(want),
				known,
			),
		)
	}
	if got := slices.Sorted(maps.Keys(instances)); !slices.Equal(got, web.ids()) {
		wrong = append(wrong, fmt.Sprintf("it names the instances %v", got))
	}
	return wrong
}
