package format

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"quickstep/shared/notify"
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

// flagsText writes an instance's flags for people.
func flagsText(c *report.Content, i *report.Instance) string {
	var all []string
	for _, f := range i.Flags {
		switch f {
		case report.FlagNotCompared:
			f = i.NotCompared + ": what was announced isn't known"
		case report.FlagNotFound:
			f = "neither EC2 nor Systems Manager knows it"
		case report.FlagNotManaged:
			f = "Systems Manager doesn't manage it: nothing can be installed"
		case report.FlagOffline:
			f = "its agent is offline"
		case report.FlagNeverScanned:
			f = "it was never scanned: what is missing isn't known"
		case report.FlagStale:
			f = "its last scan is " + age(c.Age(i.Patched)) + " old"
		case report.FlagNotPatched:
			f = "nothing was heard of it since the window opened; its last scan is of " +
				notify.Time(i.Patched.Ended)
		case report.FlagNotRebooted:
			f = "it still waits for a reboot, although the window reboots"
		default:
			f = "it is " + f
		}
		all = append(all, f)
	}
	return strings.Join(all, "; ")
}
