package format

import (
	"fmt"
	"strings"

	"quickstep/shared/report"
)

// Units are all of a report below its head. They are made once, for the bucket and for the
// messages. The stack's name is for the command that starts a run.
func Units(c *report.Content, stack string) (all []Unit) {
	all = append(all, gapUnits(c)...)
	all = append(all, flagUnits(c)...)
	var waiting []Unit
	for _, p := range c.Patches {
		if onlyWaits(p) {
			waiting = append(waiting, patchUnits(waitingSection, p)...)
		} else {
			all = append(all, patchUnits(patchSection, p)...)
		}
	}
	all = append(all, waiting...)
	members := c.InstancesByList()
	for _, l := range c.Lists {
		all = append(all, listUnits(c, l, members[l.Label])...)
	}
	all = append(all, cleanUnits(c, members[""])...)
	all = append(all, rebootUnits(c, stack)...)
	for _, i := range c.Instances {
		if i.Step != report.Unread {
			all = append(all, instanceUnit(i))
		}
	}
	return all
}

// onlyWaits says that a patch is to be installed nowhere: it waits for reboots alone.
func onlyWaits(p *report.PatchSummary) bool {
	n := p.ByCategory[report.IsPending] + p.ByCategory[report.IsStillPending] +
		p.ByCategory[report.IsPendingBefore]
	return n == p.Instances
}

// gapUnits name the instances that couldn't be read: those that failed in the same way under one
// reason.
func gapUnits(c *report.Content) (all []Unit) {
	var rows []Unit
	gaps := groupBy(c, func(i *report.Instance) string {
		if i.Step != report.Unread {
			return ""
		}
		rows = append(rows, newUnit(gapSection, "",
			gapRow{i.ID, i.Name, i.Position.Reason, i.Flags, i.LastState()}))
		reason := i.Position.Reason
		if len(i.Flags) > 0 {
			reason += " (" + flagsText(c, i) + ")"
		}
		return strings.ReplaceAll(reason, i.ID, "it")
	})
	for _, g := range gaps {
		all = append(all, commonUnits(gapSection, g, len(c.Instances))...)
	}
	return append(all, rows...)
}

// patchUnits are a patch, its CVEs a chunk at a time.
func patchUnits(s section, p *report.PatchSummary) (all []Unit) {
	text := fmt.Sprintf("%-12s %s", orNone(p.Severity), p.Label)
	if !strings.Contains(p.Label, p.Title) {
		text += "  " + p.Title
	}
	if p.Classification != "" {
		text += "  (" + p.Classification + ")"
	}
	text += "\n             on " + instances(p.Instances)
	if found := foundText(s, p); found != "" {
		text += ": " + found
	}
	text += "\n"
	row := patchRow{
		p.Label, p.KB, p.Title, p.Classification, p.Severity, 1, "", p.Instances, p.ByCategory,
	}
	for cves := range chunks(report.SplitCVEs(p.CVEs), labelSize) {
		row.CVEs = strings.Join(cves, ",")
		text += wrap("             ", strings.Join(cves, ", "))
		all = append(all, newUnit(s, text, row))
		row.Piece++
		text = fmt.Sprintf("%-12s %s, more:\n", orNone(p.Severity), p.Label)
	}
	if len(all) == 0 {
		return []Unit{newUnit(s, text, row)}
	}
	return all
}

// foundText is as what a patch is found; nothing where that goes without saying.
func foundText(s section, p *report.PatchSummary) string {
	switch in := categoriesIn(p.ByCategory); {
	case len(in) > 1:
		return countsText(p.ByCategory)
	case s == patchSection && in[0] == report.IsMissing, s == waitingSection && in[0] == report.IsPending:
		return ""
	default:
		return categoryName(in[0])
	}
}

func instanceUnit(i report.Instance) Unit {
	row := instanceRow{
		i.ID, i.Name, i.Platform, i.ByCategory, i.List, i.Flags, i.LastState(), rebooted(i),
	}
	return newUnit(instanceSection, "", row)
}

// rebooted is the run that has rebooted an instance since its scan, if one has.
func rebooted(i report.Instance) *rebootedRow {
	if !i.Has(report.FlagRebooted) {
		return nil
	}
	return &rebootedRow{i.Rebooted.Run, wholeSeconds(i.Rebooted.At)}
}
