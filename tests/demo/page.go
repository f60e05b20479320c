package main

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"unicode/utf8"
)

// columns is the widest line that is printed: two windows of it stand side by side on most screens.
const columns = 100

// page is where the demo writes: lines of at most columns characters, in color on a terminal only.
type page struct {
	out   io.Writer
	color bool
}

// color is what a terminal is told before a word that stands out.
type color string

const (
	bold   color = "\x1b[1m"
	dim    color = "\x1b[2m"
	red    color = "\x1b[31m"
	green  color = "\x1b[32m"
	yellow color = "\x1b[33m"
	normal       = "\x1b[0m"
)

func (p page) paint(c color, s string) string {
	if !p.color || s == "" {
		return s
	}
	return string(c) + s + normal
}

// printf prints lines, and breaks those that are too long.
func (p page) printf(format string, args ...any) {
	for line := range strings.Lines(fmt.Sprintf(format, args...)) {
		for _, part := range wrap(strings.TrimRight(line, " \n"), columns) {
			fmt.Fprintln(p.out, part)
		}
	}
}

// interactive says whether somebody looks at a terminal that can draw a table again and again. A
// log of a CI job can't, and NO_COLOR and TERM=dumb ask for plain lines.
func interactive(out *os.File, env func(string) string) bool {
	info, err := out.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && drawable(env)
}

func drawable(env func(string) string) bool {
	return env("TERM") != "" && env("TERM") != "dumb" && env("NO_COLOR") == "" && env("CI") == ""
}

var colors = regexp.MustCompile("\x1b\\[[0-9;]*m")

// width is how many characters of a line can be seen.
func width(line string) int { return utf8.RuneCountInString(colors.ReplaceAllString(line, "")) }

// deepest is the farthest that the rest of a broken line is moved in: it must leave room for words.
const deepest = columns / 2

// wrap breaks a line at its spaces. What follows stands below the last column of the line's own, if
// it has any. A word that is longer than a line stays whole, for somebody may want to copy it.
func wrap(line string, most int) (lines []string) {
	indent := strings.Repeat(" ", hang(line))
	for width(line) > most {
		at := breakpoint(line, most, len(indent))
		if at < 0 {
			break
		}
		lines = append(lines, strings.TrimRight(line[:at], " "))
		line = indent + strings.TrimLeft(line[at:], " ")
	}
	return append(lines, line)
}

// breakpoint is the last space that leaves no more than most characters before it, or else the
// first one.
func breakpoint(line string, most, indent int) int {
	at := -1
	for n := indent + 1; n < len(line); n++ {
		if line[n] != ' ' || line[n-1] == ' ' {
			continue
		}
		if at >= 0 && width(line[:n]) > most {
			break
		}
		at = n
	}
	return at
}

// hang is where the last column of a line begins: after two spaces or more.
func hang(line string) int {
	plain := colors.ReplaceAllString(line, "")
	at := 0
	for n := 2; n < min(len(plain), deepest); n++ {
		if plain[n] != ' ' && plain[n-1] == ' ' && plain[n-2] == ' ' {
			at = n
		}
	}
	return at
}

// clip cuts a line that would be broken by the terminal.
func clip(line string, most int) string {
	letters := []rune(line)
	if len(letters) <= most {
		return line
	}
	return string(letters[:most-1]) + "…"
}
