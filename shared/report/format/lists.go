package format

import (
	"fmt"
	"strings"
	"time"

	"quickstep/shared/notify"
	"quickstep/shared/report"
)

// listUnits are a list's findings, a chunk at a time, and the instances that have them.
func listUnits(c *report.Content, l report.PatchList, members []*report.Instance) (all []Unit) {
	size := func(f report.Finding) int { return labelSize(f.Label) }
	for findings := range chunks(l.Findings, size) {
		row := listRow{
			List: l.Label, Piece: len(all) + 1, Instances: l.Instances,
			Patches: map[string][]string{},
		}
		counts := map[string]int{}
		for _, f := range findings {
			row.Patches[f.Category] = append(row.Patches[f.Category], f.Label)
			counts[f.Category]++
		}
		text := fmt.Sprintf("%s, %s:\n", l.Label, instances(l.Instances))
		if row.Piece > 1 {
			text = l.Label + ", more:\n"
		}
		for _, category := range categoriesIn(counts) {
			labels := strings.Join(row.Patches[category], ", ")
			head := fmt.Sprintf("    %s, %s: ", categoryName(category), patches(counts[category]))
			text += wrap(head, labels)
		}
		all = append(all, newUnit(listSection, text, row))
	}
	for _, k := range report.Kinds(members) {
		all = append(all, memberUnits(listSection, c, k, kindText(k))...)
	}
	return all
}

// cleanUnits are the instances on which nothing was found.
func cleanUnits(c *report.Content, members []*report.Instance) (all []Unit) {
	for _, k := range report.Kinds(members) {
		head := instances(len(k.Instances))
		if text := kindText(k); text != "" {
			head += ", " + text
		}
		all = append(all, memberUnits(cleanSection, c, k, head)...)
	}
	return all
}

// memberUnits name the instances of a kind under what they have in common.
func memberUnits(s section, c *report.Content, k *report.KindOfInstances, head string) []Unit {
	if head == "" {
		head = "no platform, patch group or baseline is known"
	}
	times := ""
	if k.Operation != "" {
		times = strings.ToLower(k.Operation) + " " + timesText(c, k.Oldest, k.Latest) + ": "
	}
	return labelUnits(s, wrap("    ", head+":"), "        "+times, k.Instances)
}

// labelUnits name instances, a chunk at a time.
func labelUnits(s section, text, head string, some []*report.Instance) (all []Unit) {
	size := func(i *report.Instance) int { return labelSize(label(i.Node)) }
	for chunk := range chunks(some, size) {
		all = append(all, newUnit(s, text+wrap(head, labels(chunk)), nil))
		text, head = "", "        "
	}
	return all
}

// labels are those of instances, in one line.
func labels(all []*report.Instance) string {
	texts := make([]string, len(all))
	for n, i := range all {
		texts[n] = label(i.Node)
	}
	return strings.Join(texts, ", ")
}

// kindText is a kind in words: "Amazon Linux 2023, patch group web, baseline web (pb-0123456789abcdef0)".
func kindText(k *report.KindOfInstances) string {
	var all []string
	if k.Platform != "" {
		all = append(all, k.Platform)
	}
	if k.Group != "" {
		all = append(all, "patch group "+k.Group)
	}
	if k.Baseline != "" {
		all = append(all, "baseline "+baselineText(k.BaselineName, k.Baseline))
	}
	return strings.Join(all, ", ")
}

func baselineText(name, id string) string {
	if name == "" {
		return id
	}
	return name + " (" + report.BaselineID(id) + ")"
}

// timesText says when something was, at the earliest and at the latest, and how long ago that is.
func timesText(c *report.Content, oldest, latest time.Time) string {
	text := agoText(c, oldest)
	if !latest.Equal(oldest) {
		text += " to " + agoText(c, latest)
	}
	return text
}

func agoText(c *report.Content, t time.Time) string {
	return fmt.Sprintf("%s (%s ago)", notify.Time(t), age(c.Since(t)))
}
