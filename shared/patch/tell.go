package patch

import (
	"fmt"
	"strings"
	"time"

	"quickstep/shared/notify"
)

// verdict is a report in one line.
func verdict(c *content) string {
	gaps := ""
	if n := len(c.gaps); n > 0 {
		gaps = fmt.Sprintf("GAPS (%d not read), ", n)
	}
	on, patched := 0, 0
	for _, i := range c.instances {
		if i.counts[isMissing]+i.counts[isFailed] > 0 {
			on++
		}
	}
	for _, p := range c.patches {
		if p.counts[isMissing]+p.counts[isFailed] > 0 {
			patched++
		}
	}
	switch {
	case len(c.instances) == 0:
		return "no instance to patch"
	case c.Phase == After:
		return fmt.Sprintf("%s%d installed, %d failed, %d still missing", gaps, c.totals[isInstalled]+c.totals[isPending]+c.totals[isSurprise],
			c.totals[isFailed], c.totals[isMissing])
	case c.pending() == 0:
		return fmt.Sprintf("%snothing to install on %s", gaps, count(len(c.instances), "instance", "s"))
	}
	return fmt.Sprintf("%s%s for %d of %s", gaps, count(patched, "patch", "es"), on, count(len(c.instances), "instance", "s"))
}

// about says which window a report is about, for its subject.
func about(c *content) string {
	switch w := c.Window; {
	case w == nil:
		return ""
	case c.Phase == After:
		return ", " + w.Name + " closed"
	case w.Opens.IsZero():
		return ", " + w.Name
	default:
		return ", " + w.Name + " opens " + w.Opens.Format("2006-01-02T15:04Z")
	}
}

// head is what a report begins with: what is wrong with it first.
func head(c *content, stored *Stored) (lines []string) {
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	switch {
	case c.Phase == After:
		add("What maintenance window %s has installed: %s.", c.Window.Name, verdict(c))
	case c.Window != nil:
		add("What maintenance window %s is going to install: %s.", c.Window.Name, verdict(c))
	default:
		add("What is missing on the instances that were named: %s.", verdict(c))
	}
	if n := len(c.gaps); n > 0 {
		add("")
		add("GAPS: %d of %s couldn't be read, so that this isn't all. See \"Not read\".", n, count(len(c.instances), "instance", "s"))
	}
	add("")
	if w := c.Window; w != nil {
		add("Window:   %s (%s)", w.Name, w.ID)
		add("Opens:    %s", local(w.Opens, w.Zone))
		if !w.Closes.IsZero() {
			add("Closes:   %s", local(w.Closes, w.Zone))
		}
	}
	add("Report:   %s, read %s to %s", c.ID, clock(c.Began), clock(c.Closed))
	if c.First != "" {
		add("Compared: with report %s", c.First)
	}
	add("Found:    %s", tallied(c.totals))
	if stored != nil && stored.Failed != "" {
		add("Stored:   NOT: %s", stored.Failed)
	} else if stored != nil {
		add("Stored:   %s", stored.JSON)
		add("          %s", stored.CSV)
	}
	for _, r := range c.Remarks {
		add("Note:     %s", r)
	}
	return lines
}

// local is a time in the time zone of a window's schedule, and in UTC.
func local(t time.Time, zone string) string {
	if t.IsZero() {
		return "not scheduled"
	}
	place, err := time.LoadLocation(zone)
	if err != nil || zone == "" || zone == "UTC" || zone == "Etc/UTC" {
		return clock(t)
	}
	return t.In(place).Format("2006-01-02T15:04:05-07:00") + " " + zone + " = " + clock(t)
}

// refusal tells that a schedule's request was refused.
func refusal(request string, now time.Time, why error) notify.Note {
	return notify.Note{Subject: "Quickstep: scheduled patch reports refused", Text: strings.Join([]string{
		"A scheduled request for patch reports was refused. This is said once a day.", "",
		"Why:    " + why.Error(), "When:   " + clock(now), "Asked:  " + request, "",
		"Next:   correct the field that the reason names, in the schedule's input or in the stack's parameters.", ""}, "\n")}
}

// gapsNote tells that a report has gaps.
func gapsNote(c *content) notify.Note {
	const most = 40
	lines := []string{fmt.Sprintf("Patch report %s was sent with gaps: %d of %s couldn't be read.", c.ID, len(c.gaps), count(len(c.instances), "instance", "s")), ""}
	for n, g := range c.gaps {
		if n == most {
			lines = append(lines, fmt.Sprintf("  and %d more; the report names them all.", len(c.gaps)-most))
			break
		}
		lines = append(lines, "  "+g)
	}
	lines = append(lines, "", "Next:   mend what the reasons say; to read them again, invoke the survey function by hand.", "")
	return notify.Note{Subject: fmt.Sprintf("Quickstep: patch report with %s", count(len(c.gaps), "gap", "s")), Text: strings.Join(lines, "\n")}
}

// failure tells that there is no report.
func failure(r *Report, reason string, now time.Time) notify.Note {
	what := "of the instances that were named"
	if r.Window != nil {
		what = fmt.Sprintf("of maintenance window %s (%s)", r.Window.Name, r.Window.ID)
	}
	lines := []string{"There is no patch report " + what + ".", "", "Why:    " + reason, "When:   " + clock(now), "Report: " + r.ID}
	if r.Window != nil && !r.Window.Opens.IsZero() {
		lines = append(lines, "Opens:  "+local(r.Window.Opens, r.Window.Zone))
	}
	lines = append(lines, "", "Next:   mend what the reason says, then invoke the survey function by hand.", "")
	return notify.Note{Subject: "Quickstep: NO patch report " + what, Text: strings.Join(lines, "\n")}
}
