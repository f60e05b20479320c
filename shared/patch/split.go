package patch

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"time"

	"quickstep/shared/notify"
)

// Mail is one message of a report as it waits in the ledger to be sent: to the report topic, or, the last one, to the alarm
// topic. What is sent is the same in each try, whatever code makes it.
type Mail struct {
	Subject    string         `json:"subject"`
	Text       string         `json:"text"`
	JSON       string         `json:"json,omitempty"` // of the form for machines; empty: it goes to the alarm topic
	Attributes map[string]any `json:"attributes,omitempty"`
	Expires    time.Time      `json:"-"`
}

// Expiry is when the message may be forgotten.
func (m *Mail) Expiry() time.Time { return m.Expires }

// note is the message as it goes to the alarm topic.
func (m *Mail) note(repeated bool) notify.Note {
	if repeated {
		return notify.Note{Subject: "Repeated: " + m.Subject, Text: again + m.Text}
	}
	return notify.Note{Subject: m.Subject, Text: m.Text}
}

// again is what a message begins with that may have been sent already.
const again = "REPEATED: an earlier try may have sent this message already.\n\n"

// announcement is the message as it goes to the report topic.
func (m *Mail) announcement(repeated bool) (Announcement, error) {
	var d document
	if err := json.Unmarshal([]byte(m.JSON), &d); err != nil {
		return Announcement{}, fmt.Errorf("decode a message: %w", err)
	}
	n, attributes := m.note(repeated), maps.Clone(m.Attributes)
	d.Repeated, attributes["repeated"] = repeated, repeated
	for name, value := range attributes {
		if number, ok := value.(float64); ok { // as JSON reads it
			attributes[name] = int(number)
		}
	}
	return Announcement{Subject: n.Subject[:min(len(n.Subject), 99)], Text: n.Text, JSON: encode(d), Attributes: attributes}, nil
}

// part is one message of a report while it is made.
type part struct {
	*content
	number, of int
	units      []unit
}

// slack is what a part keeps free for what isn't counted unit by unit: its head, titles, attributes, commas.
const slack = 12 << 10

// render makes the messages of a report: as many as it takes, nothing is cut.
func render(c *content, stack string) []*part {
	parts := []*part{{content: c}}
	size, most := 0, MaxAnnouncement-slack-headSize(c)
	for _, u := range units(c, stack) {
		n := u.size()
		last := parts[len(parts)-1]
		if size+n > most && len(last.units) > 0 {
			last = &part{content: c}
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
	return len(encode(string(encode(d)))) + len(encode(strings.Join(head(c), "\n")))
}

// mail is the part as it waits to be sent.
func (p *part) mail() *Mail {
	subject := "Quickstep: " + verdict(p.content) + about(p.content)
	if p.of > 1 {
		subject = fmt.Sprintf("Quickstep (%d/%d): %s", p.number, p.of, verdict(p.content)+about(p.content))
	}
	d := p.document()
	d.Part, d.Parts, d.Rows = p.number, p.of, map[string][]json.RawMessage{}
	for _, u := range p.units {
		if u.row != nil {
			d.Rows[u.section.rows] = append(d.Rows[u.section.rows], u.row)
		}
	}
	return &Mail{Subject: subject, Text: p.text(), JSON: string(encode(d)), Attributes: p.attributes(), Expires: p.Closed.Add(belongings)}
}

func (p *part) text() string {
	var b strings.Builder
	if p.of > 1 {
		fmt.Fprintf(&b, "Part %d of %d.\n\n", p.number, p.of)
	}
	if p.number == 1 {
		b.WriteString(strings.Join(head(p.content), "\n") + "\n")
	} else {
		fmt.Fprintf(&b, "%s\n\nReport:   %s\n", verdict(p.content), p.ID)
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

// attributes are for the filter policies of subscriptions: with "repeated" ten, for a queue with raw delivery gets no message
// that has more.
func (p *part) attributes() map[string]any {
	a := map[string]any{"kind": "patch-report", "phase": p.Phase, "part": p.number,
		"gaps": len(p.gaps), "missing": p.totals[isMissing], "failed": p.totals[isFailed], "reboot": len(p.reboot)}
	if p.Window != nil {
		a["window"] = p.Window.ID
	}
	if len(p.severities) > 0 && p.severities[0].Severity != "" {
		a["severity"] = p.severities[0].Severity
	}
	return a
}
