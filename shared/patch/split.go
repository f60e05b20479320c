package patch

import (
	"encoding/json"
	"fmt"
	"strings"
)

// part is one message of a report.
type part struct {
	content *content
	number  int
	of      int
	units   []unit
	stored  *Stored
}

// slack is what a part keeps free for what isn't counted unit by unit: its head, titles, attributes, commas.
const slack = 12 << 10

// render makes the messages of a report: as many as it takes, nothing is cut.
func render(c *content, stored *Stored, stack string) []*part {
	parts := []*part{{content: c, stored: stored}}
	size, most := 0, MaxAnnouncement-slack-headSize(c)
	for _, u := range units(c, stack) {
		n := u.size()
		last := parts[len(parts)-1]
		if size+n > most && len(last.units) > 0 {
			last = &part{content: c, stored: stored}
			parts, size = append(parts, last), 0
		}
		last.units, size = append(last.units, u), size+n
	}
	for n, p := range parts {
		p.number, p.of = n+1, len(parts)
	}
	return parts
}

// size is what a unit takes of a message: text and row stand in it as JSON strings.
func (u unit) size() int {
	return len(encode(u.text)) + len(encode(string(u.row))) + len("    \n")*strings.Count(u.text, "\n")
}

// headSize is what stands in each part. The remarks and the severities are few, but nothing bounds them.
func headSize(c *content) int {
	d := c.document()
	d.Rows = map[string]any{}
	return len(encode(string(encode(d)))) + len(encode(strings.Join(head(c, nil), "\n")))
}

// announcement is the part as it is published. repeated says that an earlier try may have sent it.
func (p *part) announcement(repeated bool) Announcement {
	c := p.content
	subject := "Quickstep: " + verdict(c) + about(c)
	if p.of > 1 {
		subject = fmt.Sprintf("Quickstep (%d/%d): %s", p.number, p.of, verdict(c)+about(c))
	}
	if repeated {
		subject = "Repeated: " + subject
	}
	return Announcement{Subject: subject[:min(len(subject), 99)], Text: p.text(repeated), JSON: p.json(repeated), Attributes: p.attributes(repeated)}
}

func (p *part) text(repeated bool) string {
	c := p.content
	var b strings.Builder
	if repeated {
		b.WriteString("REPEATED: an earlier try may have sent this message already.\n\n")
	}
	if p.of > 1 {
		fmt.Fprintf(&b, "Part %d of %d.\n\n", p.number, p.of)
	}
	if p.number == 1 {
		b.WriteString(strings.Join(head(c, p.stored), "\n") + "\n")
	} else {
		fmt.Fprintf(&b, "%s\n\nReport:   %s\n", verdict(c), c.ID)
	}
	for n, u := range p.units {
		if n == 0 || p.units[n-1].section != u.section {
			fmt.Fprintf(&b, "\n%s:\n", u.section.title)
		}
		for line := range strings.Lines(u.text) {
			b.WriteString("  " + line)
		}
	}
	return b.String()
}

func (p *part) json(repeated bool) []byte {
	d := p.content.document()
	d.Part, d.Parts, d.Repeated, d.Stored = p.number, p.of, repeated, p.stored
	rows := map[string][]json.RawMessage{}
	for _, u := range p.units {
		if u.row != nil {
			rows[u.section.rows] = append(rows[u.section.rows], u.row)
		}
	}
	d.Rows = map[string]any{}
	for name, some := range rows {
		d.Rows[name] = some
	}
	return encode(d)
}

// attributes are for the filter policies of subscriptions: ten, for a queue with raw delivery gets no message that has more.
func (p *part) attributes(repeated bool) map[string]any {
	c := p.content
	a := map[string]any{"kind": "patch-report", "phase": c.Phase, "part": p.number, "repeated": repeated,
		"gaps": len(c.gaps), "missing": c.totals[isMissing], "failed": c.totals[isFailed], "reboot": len(c.reboot)}
	if c.Window != nil {
		a["window"] = c.Window.ID
	}
	if len(c.severities) > 0 && c.severities[0].Severity != "" {
		a["severity"] = c.severities[0].Severity
	}
	return a
}
