package format

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"quickstep/shared/report"
	"quickstep/shared/run"
)

func orNone(severity string) string {
	if severity == "" {
		return "(none)"
	}
	return severity
}

// instances writes a number of instances.
func instances(n int) string { return report.Quantity(n, "instance", "s") }

// patches writes a number of patches.
func patches(n int) string { return report.Quantity(n, "patch", "es") }

func severityText(s report.SeverityCount) string {
	if s.Severity == "" {
		return patches(s.Patches) + " without a severity"
	}
	return report.Quantity(s.Patches, s.Severity+" patch", "es")
}

// label is an instance's id, with its name if it has one.
func label(n report.Node) string {
	if n.Name == "" {
		return n.ID
	}
	return n.ID + " (" + n.Name + ")"
}

// age writes how old something is.
func age(d time.Duration) string {
	if d >= 48*time.Hour {
		return fmt.Sprintf("%d days", int(d/(24*time.Hour)))
	}
	return run.Span(d.Truncate(time.Minute))
}

// roughly is how old something is, in hours once there are some: what is as old is told together.
func roughly(d time.Duration) string {
	if d >= 2*time.Hour {
		d = d.Truncate(time.Hour)
	}
	return age(d)
}

// categoryName is a category in words.
func categoryName(category string) string {
	switch category {
	case report.IsPending:
		return "pending reboot"
	case report.IsStillPending:
		return "pending reboot as before"
	case report.IsNotListed:
		return "announced and not listed any more"
	case report.IsNotAnnounced:
		return "installed without being announced"
	case report.IsUndetermined:
		return "installed by the window or before it opened"
	case report.IsInstalledBefore:
		return "installed before the window opened"
	case report.IsPendingBefore:
		return "pending reboot since before the window opened"
	}
	return category
}

// categoriesIn are the categories that occur, in the order in which they are listed.
func categoriesIn(counts map[string]int) (all []string) {
	for _, category := range slices.Concat(report.Categories, slices.Sorted(maps.Keys(counts))) {
		if counts[category] > 0 && !slices.Contains(all, category) {
			all = append(all, category)
		}
	}
	return all
}

// countsText writes counts for people: "12 missing, 1 failed".
func countsText(counts map[string]int) string {
	text := ""
	for _, category := range categoriesIn(counts) {
		if text != "" {
			text += ", "
		}
		text += strconv.Itoa(counts[category]) + " " + categoryName(category)
	}
	if text == "" {
		return "nothing"
	}
	return text
}

// flagName is a flag in a word or two, after a number of instances.
func flagName(flag string) string {
	switch flag {
	case report.FlagNotCompared:
		return "not compared"
	case report.FlagNotFound:
		return "not found"
	case report.FlagNotManaged:
		return "not managed"
	case report.FlagNeverScanned:
		return "without a patch state"
	case report.FlagStale:
		return "with a scan that is too old"
	case report.FlagNotPatched:
		return "not heard of"
	case report.FlagNotRebooted:
		return "not rebooted by the window"
	case report.FlagNotRescanned:
		return "not scanned since an installation"
	case report.FlagCountsDiffer:
		return "with a patch state that contradicts the list of patches"
	case report.FlagRebooted:
		return "rebooted by a run since the last scan"
	}
	return flag
}

// lastText says when an instance was last scanned, or patched.
func lastText(c *report.Content, i *report.Instance) string {
	operation := "scan"
	if i.Patched.Operation == "Install" {
		operation = "installation"
	}
	return "last " + operation + " " + roughly(c.Age(i.Patched)) + " ago"
}

// flagsText writes an instance's flags for people.
func flagsText(c *report.Content, i *report.Instance) string {
	var all []string
	for _, f := range i.Flags {
		switch f {
		case report.FlagNotCompared:
			f = i.NotCompared + ": what was announced isn't known"
		case report.FlagNotFound:
			f = "known neither to EC2 nor to Systems Manager"
		case report.FlagNotManaged:
			f = "not managed by Systems Manager: nothing can be installed"
		case report.FlagOffline:
			f = "agent offline"
		case report.FlagNeverScanned:
			f = "no patch state: what is missing isn't known (AWS-RunPatchBaselineAssociation, by " +
				"which Quick Setup scans, stores none)"
		case report.FlagStale:
			f = lastText(c, i)
		case report.FlagNotPatched:
			f = "nothing was heard since the window opened: " + lastText(c, i)
		case report.FlagNotRebooted:
			f = "still waiting for a reboot, although the window reboots"
		case report.FlagNotRescanned:
			f = "not scanned since the installation " + roughly(c.Age(i.Patched)) +
				" ago: what is missing isn't known"
		case report.FlagCountsDiffer:
			f = "the patch state contradicts the list of patches: " + i.CountsDiffer()
		case report.FlagRebooted:
			f = "rebooted by run " + i.Rebooted.Run + " since the last scan: no reboot is needed"
		}
		all = append(all, f)
	}
	return strings.Join(all, "; ")
}
