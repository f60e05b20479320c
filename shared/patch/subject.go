package patch

import (
	"fmt"
	"strings"

	"quickstep/shared/sanitize"
)

const (
	// maxSubject is the longest subject that SNS takes, in characters, less what a message may have before it that is sent again.
	maxSubject = 99 - len(repeatedly)
	// fewest is what stays of a window's name before zeros are left out, least what stays before the verdict loses its end.
	fewest, least = 24, 12
)

const repeatedly = "Repeated: "

// subject is a part's, of ASCII. Where it is too long, the window's name is shortened in its middle, then zeros are left out,
// then the verdict loses its end, which a + says; gaps and the opening always stand.
func (p *part) subject() string {
	head := "Quickstep: "
	if p.of > 1 {
		head = fmt.Sprintf("Quickstep (%d/%d): ", p.number, p.of)
	}
	name, opening := about(p.content)
	room := maxSubject - len(head) - len(opening)
	fits := func(verdict string, of int) bool { return len(verdict)+min(len(name), of) <= room }
	all := p.verdicts[0]
	if !fits(strings.Join(all, ", "), fewest) {
		all = p.verdicts[1]
	}
	verdict := strings.Join(all, ", ")
	for n := len(all) - 1; n > 0 && !fits(verdict, least); n-- {
		verdict = strings.Join(all[:n], ", ") + "+"
	}
	return sanitize.Middle(head+verdict+sanitize.Middle(name, max(room-len(verdict), 0), "~")+opening, maxSubject, "~")
}

// about says which window a report is about, and when that opens.
func about(c *content) (name, opening string) {
	switch w := c.Window; {
	case w == nil:
		return "", ""
	case c.Phase == After:
		return ", " + ascii(w.Name), " closed"
	case w.Opens.IsZero():
		return ", " + ascii(w.Name), ""
	default:
		return ", " + ascii(w.Name), " opens " + w.Opens.UTC().Format("2006-01-02T15:04Z")
	}
}

// ascii is a text as a subject can hold it.
func ascii(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, sanitize.Text(text))
}
