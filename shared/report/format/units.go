package format

import (
	"fmt"
	"strings"

	"quickstep/shared/notify"
	"quickstep/shared/report"
)

// Units are all of a report below its head. They are made once, for the bucket and for the
// messages. The stack's name is for the command that starts a run.
func Units(c *report.Content, stack string) (all []Unit) {
	for _, i := range c.Instances {
		if i.Step == report.Unread {
			all = append(all, gapUnit(c, i))
		}
	}
	for _, i := range c.Instances {
		if i.Step != report.Unread && len(i.Flags) > 0 {
			text := wrap("", label(i.Node)+": "+flagsText(c, &i))
			all = append(all, newUnit(flagSection, text, nil))
		}
	}
	for _, s := range c.Severities {
		text := fmt.Sprintf("%-12s %s on %s\n", orNone(s.Severity),
			report.Quantity(s.Patches, "patch", "es"), instances(s.Instances))
		all = append(all, newUnit(severitySection, text, nil))
	}
	for _, p := range c.Patches {
		all = append(all, patchUnits(p)...)
	}
	for _, i := range c.Instances {
		if i.Step != report.Unread {
			all = append(all, instanceUnit(c, i))
		}
	}
	for _, l := range c.Lists {
		all = append(all, listUnits(l)...)
	}
	return append(all, rebootUnits(c, stack)...)
}

func gapUnit(c *report.Content, i report.Instance) Unit {
	text := wrap(label(i.Node)+": ", i.Position.Reason)
	if len(i.Flags) > 0 {
		text += wrap("    ", flagsText(c, &i))
	}
	row := gapRow{i.ID, i.Name, i.Position.Reason, i.Flags, i.LastState()}
	return newUnit(gapSection, text+stateText(c, i), row)
}

// patchUnits are a patch, its CVEs a chunk at a time.
func patchUnits(p *report.PatchSummary) (all []Unit) {
	text := fmt.Sprintf("%-12s %s", orNone(p.Severity), p.Label)
	if !strings.Contains(p.Label, p.Title) {
		text += "  " + p.Title
	}
	if p.Classification != "" {
		text += "  (" + p.Classification + ")"
	}
	text += "\n             on " + instances(p.Instances)
	if in := categoriesIn(p.ByCategory); len(in) > 1 || in[0] != report.IsMissing {
		text += ": " + countsText(p.ByCategory)
	}
	text += "\n"
	row := patchRow{
		p.Label, p.KB, p.Title, p.Classification, p.Severity, 1, "", p.Instances, p.ByCategory,
	}
	for cves := range chunks(report.SplitCVEs(p.CVEs), labelSize) {
		row.CVEs = strings.Join(cves, ",")
		text += wrap("             ", strings.Join(cves, ", "))
		all = append(all, newUnit(patchSection, text, row))
		row.Piece++
		text = fmt.Sprintf("%-12s %s, more:\n", orNone(p.Severity), p.Label)
	}
	if len(all) == 0 {
		return []Unit{newUnit(patchSection, text, row)}
	}
	return all
}

func instanceUnit(c *report.Content, i report.Instance) Unit {
	row := instanceRow{i.ID, i.Name, i.Platform, i.ByCategory, i.List, i.Flags, i.LastState()}
	text := label(i.Node) + "\n"
	switch {
	case i.List != "":
		text += "    " + countsText(i.ByCategory) + ": list " + i.List + "\n"
	case i.Has(report.FlagStale):
		text += "    nothing, when it was scanned\n"
	case !i.Unknown():
		text += "    nothing\n"
	}
	if len(i.Flags) > 0 {
		text += wrap("    ", flagsText(c, &i))
	}
	return newUnit(instanceSection, text+stateText(c, i), row)
}

// stateText is the patch state of an instance in words, if it has one.
func stateText(c *report.Content, i report.Instance) string {
	last := i.LastState()
	if last == nil {
		return ""
	}
	return wrap("    ", fmt.Sprintf("baseline %s, %s %s (%s ago)", last.Baseline,
		strings.ToLower(last.Operation), notify.Time(last.Ended), age(c.Age(last))))
}

// listUnits are a list's findings, a chunk at a time.
func listUnits(l report.PatchList) (all []Unit) {
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
			text += wrap("    "+categoryName(category)+": ", labels)
		}
		all = append(all, newUnit(listSection, text, row))
	}
	return all
}
