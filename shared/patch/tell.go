package patch

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"quickstep/shared/notify"
)

// verdict is a report in one line. What isn't known is never told as "nothing".
func verdict(c *content) string {
	gaps, rest := "", ""
	if n := len(c.gaps); n > 0 {
		gaps = fmt.Sprintf("GAPS (%d not read), ", n)
	}
	if c.unknown > 0 {
		rest = fmt.Sprintf(", %d not known", c.unknown)
	}
	on, patched, total := 0, 0, count(len(c.instances), "instance", "s")
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
	case len(c.gaps)+c.unknown == len(c.instances):
		return gaps + "nothing known of " + total
	case c.Phase == After:
		return gaps + fmt.Sprintf("%d installed, %d failed, %d still missing", c.totals[isInstalled]+c.totals[isPending]+c.totals[isSurprise],
			c.totals[isFailed], c.totals[isMissing]) + rest
	case patched == 0 && !slices.Contains(c.States, Missing):
		return gaps + fmt.Sprintf("nothing %s on %s", strings.Join(c.States, " or "), total) + rest
	case patched == 0:
		return gaps + "nothing to install on " + total + rest
	}
	return gaps + fmt.Sprintf("%s for %d of %s", count(patched, "patch", "es"), on, total) + rest
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
func head(c *content) (lines []string) {
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
	if c.stored != nil && c.stored.Failed != "" {
		add("Stored:   NOT: %s", c.stored.Failed)
	} else if c.stored != nil {
		add("Stored:   %s", c.stored.JSON)
		add("          %s", c.stored.CSV)
	}
	for _, r := range c.Remarks {
		add("Note:     %s", r)
	}
	if c.Phase == After && c.silent() {
		add("Note:     nothing was heard of any instance since the window was to open. Did it? It may be disabled, or moved.")
	}
	return lines
}

// silent says that Systems Manager has heard of no instance since the window was to open.
func (c *content) silent() bool {
	return len(c.instances) > 0 && !slices.ContainsFunc(c.instances, func(i instance) bool {
		return i.Step != Unread && i.Patched != nil && !i.Patched.Ended.Before(c.Window.Opens)
	})
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

// trouble tells that a report can't be got on with, while there is still time to mend what is wrong.
func trouble(r *Report, reason string, now time.Time) notify.Note {
	lines := []string{"Patch report " + r.ID + " is ready, and can't be got out. It is tried again every hour.", "",
		"Why:    " + reason, "When:   " + clock(now)}
	if r.Phase == Before && r.Window != nil && !r.Window.Opens.IsZero() {
		lines = append(lines, "Opens:  "+local(r.Window.Opens, r.Window.Zone)+"; after that it isn't sent any more")
	}
	if r.Parts > 0 {
		lines = append(lines, fmt.Sprintf("Sent:   %d of %d messages", min(r.Sent, r.Parts), r.Parts))
	}
	lines = append(lines, "", "Next:   mend what the reason says (a permission, a topic, a key); it then goes out by itself, within the hour.", "")
	return notify.Note{Subject: "Quickstep: trouble with patch report " + r.ID, Text: strings.Join(lines, "\n")}
}

// failure tells that there is no report, or none that is whole.
func failure(r *Report, reason string, now time.Time) notify.Note {
	what := "of the instances that were named"
	if r.Window != nil {
		what = fmt.Sprintf("of maintenance window %s (%s)", r.Window.Name, r.Window.ID)
	}
	lines := []string{"There is no patch report " + what + ".", "", "Why:    " + reason, "When:   " + clock(now), "Report: " + r.ID}
	if r.Window != nil && !r.Window.Opens.IsZero() {
		lines = append(lines, "Opens:  "+local(r.Window.Opens, r.Window.Zone))
	}
	if r.Sent > 0 || r.InDoubt {
		lines[0] = "The patch report " + what + " isn't whole."
		doubt := ""
		if r.InDoubt {
			doubt = "; one more may have been"
		}
		lines = append(lines, fmt.Sprintf("Sent:   %d of %d messages%s", r.Sent, r.Parts, doubt))
	}
	lines = append(lines, "", "Next:   mend what the reason says, then invoke the survey function by hand.", "")
	return notify.Note{Subject: "Quickstep: NO patch report " + what, Text: strings.Join(lines, "\n")}
}
