// Package sanitize makes text from outside fit to be read beside ours: reasons of check functions,
// AWS's errors, names, tags, and what requests hold. Such text can't begin a line, reorder or hide
// what stands beside it, steer a terminal, or call people and hide links in a chat. Everything that
// isn't ours passes through here on its way into a mail, a subject, a reply, a log line or the
// ledger. Making a text fit twice changes nothing more.
package sanitize

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf16"
)

// MaxText is how many bytes of one text are kept: far more than AWS's names and most of its errors
// have, and so little that no text brings an item near to DynamoDB's 400 KB or a message near to
// SNS's 256 KiB.
const MaxText = 1000

// Text makes a text one line of at most MaxText bytes of valid UTF-8. A longer one is cut in its middle, and says
// so.
func Text(s string) string { return Cut(s, MaxText) }

// Cut is Text of at most so many bytes: at least 100, so that the note of the cut has room.
func Cut(s string, most int) string {
	if len(s) <= most && ordinary(s) {
		return s
	}
	text := defuse(oneLine(s))
	switch {
	case text == "" && strings.TrimSpace(s) != "": // what is there must not read as if nothing were
		return "?"
	case len(text) <= most:
		return text
	}
	return cut(text, most)
}

// ordinary says that a text needs no second look, as nearly all do.
func ordinary(s string) bool {
	for n := range len(s) {
		c := s[n]
		odd := c < ' ' || c > '~' || strings.IndexByte("<]@", c) >= 0
		if odd || (c == ' ' && (n == 0 || n == len(s)-1 || s[n+1] == ' ')) {
			return false
		}
	}
	return true
}

// cut notes how much is left out. What follows a note must not become a mention because it begins there.
func cut(text string, most int) string {
	note := fmt.Sprintf(" … (%d bytes cut) … ", len(text)-most)
	room := max(most-len(note)-4, 0) // the number grows by what the note itself takes
	head, tail := ends(text, room)
	tail = strings.TrimLeft(tail, "@ ")
	head = strings.TrimRight(head, " ")
	return head + fmt.Sprintf(" … (%d bytes cut) … ", len(text)-len(head)-len(tail)) + tail
}

// Middle shortens a string in its middle, to at most so many bytes, with a mark where something is missing.
func Middle(s string, most int, mark string) string {
	if len(s) <= most {
		return s
	}
	head, tail := ends(s, max(most-len(mark), 0))
	return head + mark + tail
}

// ends are the beginning and the end of a string, together at most room bytes, without torn characters.
func ends(s string, room int) (head, tail string) {
	return strings.ToValidUTF8(s[:(room+1)/2], ""), strings.ToValidUTF8(s[len(s)-room/2:], "")
}

// oneLine drops what can't be seen, and makes each run of white space and control characters one
// blank: many blanks push what follows into a line of its own where lines are wrapped.
func oneLine(s string) string {
	var b strings.Builder
	blank := false
	for _, r := range strings.ToValidUTF8(s, "?") {
		switch {
		case invisible(r):
		case unicode.IsSpace(r), unicode.IsControl(r), r == '\u2028', r == '\u2029':
			blank = true
		default:
			if blank && b.Len() > 0 {
				b.WriteByte(' ')
			}
			blank = false
			b.WriteRune(r)
		}
	}
	return b.String()
}

// invisible says that a character shows nothing of its own: Unicode's format characters, among them
// those that change the direction of text (U+202A to U+202E, U+2066 to U+2069, U+200E, U+200F,
// U+061C), have no width (U+200B to U+200D, U+2060, U+FEFF) or are tags (U+E0000 to U+E007F),
// variation selectors, and letters that are blank.
func invisible(r rune) bool {
	switch {
	case unicode.Is(unicode.Cf, r), unicode.Is(unicode.Variation_Selector, r),
		unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r):
		return true
	case r == '\u034f', r == '\u2800': // combining grapheme joiner; blank Braille pattern
		return true
	}
	return false
}

var (
	// angled begins a mention, a special mention or a link of Slack, a mention of Teams, an HTML tag or comment.
	angled = regexp.MustCompile(`<([!@#/?A-Za-z])`)
	// linked is what a link or an image of Markdown has between its text and its address.
	linked = regexp.MustCompile(`\]([(\[])`)
	// mention calls people where a chat links names; the @ of an e-mail address follows a letter.
	mention = regexp.MustCompile(`(^|[^\pL\pN_])@([\pL\pN_])`)
)

// defuse takes the effect from a chat's markup by blanks, so that it can still be read.
func defuse(s string) string {
	if !strings.ContainsAny(s, "<]@") {
		return s
	}
	s = angled.ReplaceAllString(s, "< $1")
	s = linked.ReplaceAllString(s, "] $1")
	return mention.ReplaceAllString(s, "$1@ $2")
}

// Sprintf formats like fmt.Sprintf, with every string and error among the arguments made fit: line
// breaks are those of the format alone.
func Sprintf(format string, args ...any) string {
	fit := make([]any, len(args))
	for n, arg := range args {
		switch v := arg.(type) {
		case string:
			fit[n] = Text(v)
		case error:
			fit[n] = text(v)
		default:
			fit[n] = arg
		}
	}
	return fmt.Sprintf(format, fit...)
}

// JSON makes JSON without white space between its values fit for a message from which it is copied:
// what Text would drop or defuse is escaped, so that it means the same.
func JSON(text []byte) string {
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(string(text), "?") {
		blank := r != ' ' && (unicode.IsSpace(r) || unicode.IsControl(r))
		switch {
		case r > 0xffff && invisible(r):
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		case strings.ContainsRune("<>&@(", r), blank, invisible(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
