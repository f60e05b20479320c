package format

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"quickstep/shared/notify"
	"quickstep/shared/report"
)

// Messages are all messages of a report: its parts, and, if it has gaps, one to the alarm topic.
type Messages struct {
	content        *report.Content
	verdict, brief []string
	headText       string
	parts          []*part
}

// part is one message to the report topic while it is made.
type part struct {
	*Messages
	number int // from 1
	units  []Unit
}

// slack is what a part keeps free for what isn't counted unit by unit: titles, attributes, commas,
// that it is repeated.
const slack = 12 << 10

// Split makes the messages of a report of its units: as many as it takes, nothing is cut.
func Split(c *report.Content, units []Unit) *Messages {
	m := &Messages{content: c, verdict: c.Verdict(false), brief: c.Verdict(true)}
	m.headText = head(c, strings.Join(m.verdict, ", "))
	m.parts = []*part{{Messages: m, number: 1}}
	size, most, begin := 0, notify.MaxAnnouncement-slack-m.headSize(), 0
	for n, u := range units {
		last := m.parts[len(m.parts)-1]
		if size+u.size > most && n > begin {
			last = &part{Messages: m, number: len(m.parts) + 1}
			m.parts, size, begin = append(m.parts, last), 0, n
		}
		last.units, size = units[begin:n+1], size+u.size
	}
	return m
}

// headSize is what stands in each part.
func (m *Messages) headSize() int {
	return len(encode(string(encode(newDocument(m.content))))) + len(encode(m.headText))
}

// Parts is how many messages go to the report topic.
func (m *Messages) Parts() int { return len(m.parts) }

// Total is how many messages there are.
func (m *Messages) Total() int { return len(m.parts) + min(len(m.content.Gaps), 1) }

// Mail is the nth message, from 0, as it waits to be sent; nil if there is none.
func (m *Messages) Mail(n int) *Mail {
	expires := m.content.Report.Closed.Add(report.ItemRetention)
	switch {
	case n < len(m.parts):
		return m.parts[n].mail(expires)
	case n < m.Total():
		note := gapsNote(m.content)
		return &Mail{Subject: note.Subject, Text: note.Text, Expires: expires}
	}
	return nil
}

// Fingerprint is what makes the messages of a report the same: their contents, and where one ends.
func (m *Messages) Fingerprint() string {
	sum := sha256.New()
	fmt.Fprintf(sum, "%s\x00%s\x00", encode(newDocument(m.content)), m.headText)
	for _, p := range m.parts {
		for _, u := range p.units {
			fmt.Fprintf(sum, "%s\x00%s\x00%s\x00", u.section.title, u.text, u.row)
		}
		fmt.Fprintf(sum, "%s\x01", p.subject())
	}
	return fmt.Sprintf("%.12x", sum.Sum(nil))
}

func (p *part) mail(expires time.Time) *Mail {
	d := newDocument(p.content)
	d.Part, d.Parts, d.Rows = p.number, len(p.parts), rowsOf(p.units)
	return &Mail{
		Subject:    p.subject(),
		Text:       p.fullText(),
		JSON:       string(encode(d)),
		Attributes: attributes(p.content),
		Expires:    expires,
	}
}

// rowsOf are the rows of some units, by section.
func rowsOf(units []Unit) map[string][]json.RawMessage {
	rows := map[string][]json.RawMessage{}
	for _, u := range units {
		if u.row != nil {
			rows[u.section.rows] = append(rows[u.section.rows], u.row)
		}
	}
	return rows
}

func (p *part) fullText() string {
	var b strings.Builder
	if len(p.parts) > 1 {
		fmt.Fprintf(&b, "Part %d of %d.\n\n", p.number, len(p.parts))
	}
	if p.number == 1 {
		b.WriteString(p.headText + "\n")
	} else {
		b.WriteString(paragraph(strings.Join(p.verdict, ", ")+".") + "\n")
		b.WriteString(headRow("Report:", p.content.Report.ID))
	}
	said := false
	for n, u := range p.units {
		if u.text == "" {
			continue
		}
		said = true
		if n == 0 || p.units[n-1].section != u.section {
			fmt.Fprintf(&b, "\n%s:\n", u.section.title)
		}
		for line := range strings.Lines(u.text) {
			b.WriteString("  " + line)
		}
	}
	if !said && p.number > 1 {
		b.WriteString("\nThis part has rows for machines alone; the other parts' texts say all that they do.\n")
	}
	return b.String()
}

func (p *part) subject() string {
	r := p.content.Report
	return notify.ReportSubject{
		Part: p.number, Parts: len(p.parts), Full: p.verdict, Brief: p.brief,
		Window: mailWindow(r.Window), Second: r.Phase == report.After, Opening: openingText(r),
		NotOver: (r.Previous != nil && !r.Previous.Over) || (r.Execution.Running() && !p.content.NoInstall),
	}.String()
}

// attributes are for the filter policies of subscriptions: with "repeated" ten, for a queue with
// raw delivery gets no message that has more. Of the missing and failed, "missing" and "failed"
// count patches times instances, the others count instances.
func attributes(c *report.Content) map[string]any {
	a := map[string]any{
		"kind": "patch-report", "phase": c.Report.Phase,
		"gaps": len(c.Gaps), "unknown": c.Unknown, "reboot": len(c.Reboots),
		"missing": c.Totals[report.IsMissing], "failed": c.Totals[report.IsFailed],
	}
	if c.Report.Window != nil {
		a["window"] = c.Report.Window.ID
	}
	if len(c.Severities) > 0 && c.Severities[0].Severity != "" {
		a["severity"] = c.Severities[0].Severity
	}
	return a
}
