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
	add := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	r := c.Report
	add("%s", intent(r, verdict))
	if n := len(c.Gaps); n > 0 {
		add("")
		add("GAPS: %d of %s couldn't be read, so that this isn't all. See \"Not read\".",
			n, instances(len(c.Instances)))
	}
	add("")
	for _, row := range windowRows(r) {
		add("%s", row)
	}
	add("Found:    %s", totalsText(c))
	for n, s := range c.Severities[:min(len(c.Severities), mostInEach)] {
		title := ""
		if n == 0 {
			title = "Severity:"
		}
		add("%-9s %s on %s", title, severityText(s), instances(s.Instances))
	}
	if s := scansText(c); s != "" {
		add("Scans:    %s", s)
	}
	if text := attention(c); text != "" {
		add("Look at:  %s", text)
	}
	add("Report:   %s, read %s to %s", r.ID, notify.Time(r.Began), notify.Time(r.Closed))
	if r.First != "" {
		add("Compared: with report %s", r.First)
	}
	if s := r.Stored; s != nil && s.Failed != "" {
		add("Stored:   NOT: %s", s.Failed)
	} else if s != nil {
		add("Stored:   %s", s.JSON)
		add("          %s", s.CSV)
		add("          %s", s.Link)
	}
	for _, remark := range remarks(c) {
		add("Note:     %s", remark)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// scansText says how old the oldest scan is on which a report relies. A second report relies on the
// window's installations.
func scansText(c *report.Content) string {
	if c.Report.Phase == report.After || len(c.Instances) == 0 {
		return ""
	}
	text := "none is known"
	if t := c.OldestScan; !t.IsZero() {
		text = fmt.Sprintf("the oldest is %s old, of %s", age(c.Since(t)), notify.Time(t))
	}
	switch n := c.NotRescanned; {
	case n == 1:
		text += "; 1 instance wasn't scanned since its installation"
	case n > 1:
		text += fmt.Sprintf("; %d instances weren't scanned since their installation", n)
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
