// Package notify writes every mail that people get: of rolling reboots, and of what keeps patch
// reports from them. A mail has a short subject with the verdict first, then what, where, since
// when, and what to do next. One builder lays them out, makes text from outside fit, and keeps the
// bounds of SNS. What a patch report itself says is shared/report's.
package notify

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"quickstep/shared/run"
	"quickstep/shared/sanitize"
)

const (
	// MaxSubject is the longest subject, in characters; SNS wants fewer than 100.
	MaxSubject = 99
	// MaxText is the longest text, in bytes; SNS takes 256 KiB.
	MaxText = 256 << 10
)

// Note is one message to people.
type Note struct{ Subject, Text string }

// Repeated is what a message has before its subject that may have been sent already.
const Repeated = "Repeated: "

// Repeat is the note as it is sent again by whoever doesn't know whether it was sent before.
func (n Note) Repeat() Note {
	return Note{Repeated + n.Subject, "REPEATED: an earlier try may have sent this message already.\n\n" + n.Text}
}

// mail builds a note line by line. Lines end where a format does: what the arguments hold is made fit.
type mail struct {
	strings.Builder
	width int // of a row's label; zero: narrow
}

// narrow is the width of most labels, and of Next.
const narrow = 8

// fit is a text that was made fit already, and that may be longer than one from outside.
type fit string

// line writes a line.
func (m *mail) line(format string, args ...any) {
	m.WriteString(sanitize.Sprintf(format+"\n", args...))
}

// blank writes an empty line.
func (m *mail) blank() { m.WriteString("\n") }

// row writes a line with a label.
func (m *mail) row(label, format string, args ...any) {
	width := m.width
	if width == 0 {
		width = narrow
	}
	m.line(fmt.Sprintf("%-*s", width, label+":")+format, args...)
}

// section writes a title and rows below it, if there are any.
func (m *mail) section(title string, rows []string) {
	if len(rows) == 0 {
		return
	}
	m.blank()
	m.line("%s:", title)
	for _, row := range rows {
		m.line("  %s", row)
	}
}

// steps numbers what to do next.
func (m *mail) steps(steps ...string) {
	if len(steps) == 1 {
		m.next("%s", steps[0])
		return
	}
	for n, step := range steps {
		if n == 0 {
			m.next("1. %s", step)
		} else {
			m.more("%d. %s", n+1, step)
		}
	}
}

// next begins to say what to do next.
func (m *mail) next(format string, args ...any) {
	m.line(fmt.Sprintf("%-*s", narrow, "Next:")+format, args...)
}

// more is another line of what to do next.
func (m *mail) more(format string, args ...any) {
	m.line(strings.Repeat(" ", narrow)+format, args...)
}

// note is what was written, without empty lines at its end, under a subject.
func (m *mail) note(subject string, args ...any) Note {
	return Note{
		Subject: short(ascii(sanitize.Sprintf(subject, args...))),
		Text:    whole(strings.TrimRight(m.String(), "\n") + "\n"),
	}
}

// short is a subject of ASCII that SNS takes.
func short(subject string) string {
	return strings.TrimSpace(subject[:min(len(subject), MaxSubject)])
}

// ascii is a text in the characters that a subject can hold.
func ascii(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, text)
}

// whole is a text that SNS takes. One that is too long loses its last lines, and says so: it is better than no
// mail.
func whole(text string) string {
	if len(text) <= MaxText {
		return text
	}
	const room = 100 // for what is said about it
	end := strings.LastIndexByte(text[:MaxText-room], '\n') + 1
	left := run.Count(strings.Count(text[end:], "\n"), "line")
	return text[:end] + "\n" + left + " more than a message can hold.\n"
}

// Time is a point in time as mails give it.
func Time(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// LocalTime is a time in the time zone of a window's schedule, and in UTC.
func LocalTime(t time.Time, zone string) string {
	if t.IsZero() {
		return "not scheduled"
	}
	place, err := time.LoadLocation(zone)
	if err != nil || zone == "" || zone == "UTC" || zone == "Etc/UTC" {
		return Time(t)
	}
	return t.In(place).Format("2006-01-02T15:04:05-07:00") + " " + zone + " = " + Time(t)
}

// control is what to invoke the control function with.
func control(command, about, what string) string {
	return fmt.Sprintf("invoke the control function with {%q:%q,%q:%q}", "command", command, about, what)
}

// event is JSON to copy from a mail.
func event(v any) fit {
	text, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("notify: %T can't be written as JSON: %v", v, err)) // our own types always can
	}
	return fit(sanitize.JSON(text))
}
