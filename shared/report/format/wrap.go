package format

import "strings"

// width is where the text wraps, in characters.
const width = 110

// paragraph is a text of its own; its lines after the first are indented, so that no name from
// outside begins a line.
func paragraph(text string) string { return strings.TrimPrefix(wrap("  ", text), "  ") }

// wrap breaks a text at blanks, so that lines are no wider than width; those after the first are
// indented as far as the first one's head.
func wrap(head, text string) string {
	var b strings.Builder
	indent := strings.Repeat(" ", min(len(head), 14))
	line := head
	for n, word := range strings.Fields(text) {
		if n > 0 && len(line)+1+len(word) > width {
			b.WriteString(strings.TrimRight(line, " ") + "\n")
			line = indent
		} else if n > 0 {
			line += " "
		}
		line += word
	}
	b.WriteString(strings.TrimRight(line, " ") + "\n")
	return b.String()
}
