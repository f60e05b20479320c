package format

import (
	"fmt"
	"strings"

	"quickstep/shared/notify"
	"quickstep/shared/report"
	"quickstep/shared/sanitize"
)

// head is what a report begins with: what is wrong with it first.
func head(c *report.Content, verdict string) string {
	var b strings.Builder
	add := func(label, text string) { b.WriteString(headRow(label, text)) }
	r := c.Report
	b.WriteString(paragraph(about(r) + ": " + verdict + "."))
	if n := len(c.Gaps); n > 0 {
		fmt.Fprintf(&b, "\nGAPS: %d of %s couldn't be read, so that this isn't all. See \"Not read\".\n",
			n, instances(len(c.Instances)))
	}
	b.WriteString("\n")
	for _, row := range windowRows(r) {
		b.WriteString(row)
	}
	add("Found:", totalsText(c))
	if n := len(c.Reboots); n > 0 {
		add("Pending:", pendingText(n))
	}
	for n, s := range c.Severities[:min(len(c.Severities), mostInEach)] {
		title := ""
		if n == 0 {
			title = "Severity:"
		}
		add(title, severityText(s)+" on "+instances(s.Instances))
	}
	if s := scansText(c); s != "" {
		add("Scans:", s)
	}
	if text := attention(c); text != "" {
		add("Look at:", text)
	}
	add("Report:", fmt.Sprintf("%s, read %s to %s", r.ID, notify.Time(r.Began), notify.Time(r.Closed)))
	if r.First != "" {
		add("Compared:", "with report "+r.First)
	}
	if s := r.Stored; s != nil && s.Failed != "" {
		add("Stored:", "NOT: "+s.Failed)
	} else if s != nil {
		add("Stored:", s.JSON)
		add("", s.CSV)
		add("", s.Link)
	}
	for _, remark := range remarks(c) {
		add("Note:", remark)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// headRow is a line of the head. What doesn't fit into it goes on below its text.
func headRow(label, text string) string { return wrap(fmt.Sprintf("%-10s", label), text) }

// scansText says how old the oldest scan is on which a report relies. A second report relies on the
// window's installations.
func scansText(c *report.Content) string {
	if c.Report.Phase == report.After || len(c.Instances) == 0 {
		return ""
	}
	text := "no scan is known"
	if t := c.OldestScan; !t.IsZero() {
		text = fmt.Sprintf("the oldest is %s old, of %s", age(c.Since(t)), notify.Time(t))
	}
	switch n := c.NotRescanned; {
	case n == 1:
		text += "; 1 instance hasn't been scanned since its last installation"
	case n > 1:
		text += fmt.Sprintf("; %d instances haven't been scanned since their last installation", n)
	}
	return text
}

// totalsText is what was found on all instances. "Nothing" alone is said only where all is known.
func totalsText(c *report.Content) string {
	text := countsText(c.Totals)
	if text != "nothing" {
		return text + " (patches times instances)"
	}
	if len(c.Gaps)+c.Unknown+c.Stale+c.InstancesUnknown() == 0 {
		return text
	}
	return "nothing, as far as is known"
}

// pendingText is how many instances need a reboot now, whoever makes it.
func pendingText(n int) string {
	if n == 1 {
		return "1 instance needs a reboot"
	}
	return fmt.Sprintf("%d instances need a reboot", n)
}

// remarks are those of the survey and of what was read, fit to stand in each part.
func remarks(c *report.Content) (all []string) {
	for n, remark := range c.Report.Remarks {
		if n == mostInEach {
			return append(all, fmt.Sprintf("and %d remarks more", len(c.Report.Remarks)-mostInEach))
		}
		all = append(all, sanitize.Text(remark))
	}
	return all
}
