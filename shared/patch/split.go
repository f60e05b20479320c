package patch

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"

	"quickstep/shared/notify"
)

// part is one message of a report while it is made.
type part struct {
	*content
	number, of int
	units      []unit
}

// slack is what a part keeps free for what isn't counted unit by unit: titles, attributes, commas, that it is
// repeated.
const slack = 12 << 10

// render makes the messages of a report of its units: as many as it takes, nothing is cut.
func render(c *content, all []unit) []*part {
	parts := []*part{{content: c}}
	size, most, begin := 0, notify.MaxAnnouncement-slack-headSize(c), 0
	for n, u := range all {
		last := parts[len(parts)-1]
		if size+u.size > most && n > begin {
			last = &part{content: c}
			parts, size, begin = append(parts, last), 0, n
		}
		last.units, size = all[begin:n+1], size+u.size
	}
	for n, p := range parts {
		p.number, p.of = n+1, len(parts)
	}
	return parts
}

// fingerprint is what makes the messages of a report the same: their contents, and where one ends.
func fingerprint(c *content, parts []*part) string {
	sum := sha256.New()
	fmt.Fprintf(sum, "%s\x00%s\x00", encode(c.document()), strings.Join(head(c), "\n"))
	for _, p := range parts {
		for _, u := range p.units {
			fmt.Fprintf(sum, "%s\x00%s\x00%s\x00", u.section.title, u.text, u.row)
		}
		fmt.Fprintf(sum, "%s\x01", p.subject())
	}
	return fmt.Sprintf("%.12x", sum.Sum(nil))
}

// length is what a unit takes of a message: text and row stand in it as JSON strings.
func length(text string, row []byte) int {
	return len(encode(text)) + len(encode(string(row))) + len("    \n")*strings.Count(text, "\n")
}

// headSize is what stands in each part.
func headSize(c *content) int {
	d := c.document()
	return len(encode(string(encode(d)))) + len(encode(strings.Join(head(c), "\n")))
}

// mail is the part as it waits to be sent.
func (p *part) mail() *Mail {
	d := p.document()
	d.Part, d.Parts, d.Rows = p.number, p.of, rows(p.units)
	return &Mail{
		Subject:    p.subject(),
		Text:       p.text(),
		JSON:       string(encode(d)),
		Attributes: p.attributes(),
		Expires:    p.Closed.Add(belongings),
	}
}

// rows are those of some units, by section.
func rows(units []unit) map[string][]json.RawMessage {
	all := map[string][]json.RawMessage{}
	for _, u := range units {
		if u.row != nil {
			all[u.section.rows] = append(all[u.section.rows], u.row)
		}
	}
	return all
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

// attributes are for the filter policies of subscriptions: with "repeated" ten, for a queue with
// raw delivery gets no message that has more. Of the missing and failed, "missing" and "failed"
// count patches times instances, the others count instances.
func (p *part) attributes() map[string]any {
	a := map[string]any{"kind": "patch-report", "phase": p.Phase, "gaps": len(p.gaps), "unknown": p.unknown,
		"missing": p.totals[isMissing], "failed": p.totals[isFailed], "reboot": len(p.reboot)}
	if p.Window != nil {
		a["window"] = p.Window.ID
	}
	if len(p.severities) > 0 && p.severities[0].Severity != "" {
		a["severity"] = p.severities[0].Severity
	}
	return a
}
