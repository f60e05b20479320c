package format

import (
	"fmt"
	"strings"

	"quickstep/shared/notify"
	"quickstep/shared/report"
)

// about is what a report says first, before its verdict: what its window does.
func about(r *report.Report) string {
	w := r.Window
	if w == nil {
		return "The instances that were named"
	}
	window := "aintenance window " + w.Name
	switch {
	case r.Phase == report.After:
		return "After m" + window + " has closed"
	case w.Does == report.DoesScan:
		return "M" + window + " only scans; it installs nothing. At present"
	case w.Does == report.DoesNothing:
		return "M" + window + " has no task that installs patches. At present"
	case w.Does == report.DoesUnknown:
		return "Whether m" + window + " installs patches isn't known. At present"
	case w.Disabled:
		return "M" + window + " is disabled, so it isn't going to open. At present"
	case w.Opens.IsZero():
		return "M" + window + " isn't going to open. At present"
	}
	return "Before m" + window + " opens"
}

// windowRows are the lines about a report's window: when it opens, what it runs, whether it reboots,
// and, once it has closed, what became of its execution.
func windowRows(r *report.Report) (rows []string) {
	add := func(label, text string) { rows = append(rows, headRow(label+":", text)) }
	w := r.Window
	if w == nil {
		return nil
	}
	add("Window", fmt.Sprintf("%s (%s)", w.Name, w.ID))
	if w.Disabled {
		add("Opens", "never, while it is disabled")
	} else {
		add("Opens", notify.LocalTime(w.Opens, w.Zone))
	}
	if !w.Closes.IsZero() {
		add("Closes", notify.LocalTime(w.Closes, w.Zone))
	}
	for _, t := range taskTexts(r.Tasks) {
		add("Task", t)
	}
	if text := rebootText(r.Tasks); text != "" {
		add("Reboots", text)
	}
	if r.Execution != nil {
		add("Executed", executionText(r.Execution))
	}
	return rows
}

// taskTexts are a window's tasks in words, the first few.
func taskTexts(tasks []report.WindowTask) (all []string) {
	const most = 5
	for n, t := range tasks {
		if n == most {
			more := report.Quantity(len(tasks)-most, "task", "s")
			return append(all, "and "+more+" more")
		}
		does := map[string]string{
			report.DoesInstall: "installs",
			report.DoesScan:    "scans",
			report.DoesRestart: "starts, stops or restarts instances",
			report.DoesUnknown: "what it does isn't known",
		}[t.Does]
		details := []string{does}
		for _, detail := range []struct{ name, value string }{
			{"", t.Reboot}, {"MaxConcurrency ", t.MaxConcurrency}, {"MaxErrors ", t.MaxErrors},
		} {
			if detail.value != "" {
				details = append(details, detail.name+detail.value)
			}
		}
		said := strings.Join(details, ", ")
		all = append(all, fmt.Sprintf("%s (%s), task %s", t.Document, said, t.Task))
	}
	return all
}

// rebootText says whether the window reboots instances; empty if it installs nothing.
func rebootText(tasks []report.WindowTask) string {
	count := map[string]int{}
	for _, t := range tasks {
		count[t.Does]++
	}
	installs := count[report.DoesInstall]
	switch option := report.Reboot(tasks); {
	case installs == 0:
		return ""
	case option == report.RebootIfNeeded:
		return "the window reboots instances on which it installs something, or that wait for a reboot"
	case option == report.NoReboot:
		return "the window doesn't reboot"
	case count[report.DoesRestart] > 0:
		return "tasks that don't install start, stop or restart instances"
	case installs > 1 && count[report.DoesUnknown] == 0:
		return "the window's tasks differ, or don't say whether they reboot"
	}
	return "whether the window reboots isn't known"
}

// executionText is what Systems Manager says of the window's execution.
func executionText(e *report.Execution) string {
	if e.Status == report.ExecutionNone {
		return "Systems Manager lists none"
	}
	text := e.Status
	if !e.Started.IsZero() {
		text += ", began " + notify.Time(e.Started)
	}
	if !e.Ended.IsZero() {
		text += ", ended " + notify.Time(e.Ended)
	}
	return text
}

// aboutReboots is what the window has to do with the instances that need a reboot; empty if nothing
// is known of that.
func aboutReboots(r *report.Report) string {
	after := r.Phase == report.After
	switch option := report.Reboot(r.Tasks); {
	case r.Window == nil || (!after && !r.Installs()):
		return ""
	case option == report.RebootIfNeeded && after && !r.Execution.Finished():
		return ""
	case option == report.RebootIfNeeded && after:
		return "The window reboots instances itself. That these still wait for a reboot is odd: " +
			"its task may have failed, or the cutoff may have come first."
	case option == report.RebootIfNeeded:
		return "The window reboots these itself when it opens, without taking them out of service " +
			"first. A run before that does it without downtime."
	case option == report.NoReboot && after:
		return "The window doesn't reboot: somebody else has to reboot these."
	case option == report.NoReboot:
		return "The window doesn't reboot: somebody else has to reboot these, and after the window " +
			"those as well on which it has installed what needs a reboot."
	}
	return ""
}

// openingText is what a subject says in place of the opening of a window that installs nothing.
func openingText(r *report.Report) string {
	switch w := r.Window; {
	case w == nil:
		return ""
	case w.Disabled:
		return "is disabled"
	case w.Does == report.DoesScan && !w.Opens.IsZero():
		return "scans " + w.Opens.UTC().Format("2006-01-02T15:04Z")
	}
	return ""
}
