package format

import (
	"strings"
	"unicode"
)

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
	for n, word := range words(text) {
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

// words are those of a text. A number stays with what it counts, and what is in parentheses with
// what stands before it.
func words(text string) (all []string) {
	number := false
	for _, word := range strings.Fields(text) {
		if n := len(all); n > 0 && (number || word[0] == '(') {
			all[n-1] += " " + word
		} else {
			all = append(all, word)
		}
		number = !strings.ContainsFunc(word, func(r rune) bool { return !unicode.IsDigit(r) })
	}
	return all
}
