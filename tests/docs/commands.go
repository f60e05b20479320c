// Package docs finds the commands that README.md and the pages in docs/ show, and says of each what checks it. Its
// tests hold the pages against the repository: one that has fallen behind the code fails there, before it misleads
// somebody on call.
package docs

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Command is one command of a page, as somebody pastes it.
type Command struct {
	Page    string // from the root
	Heading string // the last one above it
	Text    string // continued lines and a here-document included
	Fenced  bool   // stands in a block; otherwise in a sentence
}

var (
	fence   = regexp.MustCompile("(?ms)^```([a-z]*)\n(.*?)^```$")
	heading = regexp.MustCompile(`(?m)^#+ (.+)$`)
	inline  = regexp.MustCompile("`([^`]+)`")
	// sentence are the commands in sentences that are whole: what begins with aws or sam there is a part of one.
	sentence     = regexp.MustCompile(`^(make|go|python3|git|docker) [a-z]`)
	hereDocument = regexp.MustCompile(`<<-?\s*['"]?(\w+)['"]?`)
)

// Pages are the paths of all pages, from the root of the repository.
func Pages(root string) ([]string, error) {
	all := []string{"README.md"}
	for _, pattern := range []string{"CONTRIBUTING.md", "docs/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			return nil, err
		}
		for _, path := range found {
			from, err := filepath.Rel(root, path)
			if err != nil {
				return nil, err
			}
			all = append(all, filepath.ToSlash(from))
		}
	}
	return all, nil
}

// Commands are those of all pages, in their order.
func Commands(root string) ([]Command, error) {
	paths, err := Pages(root)
	if err != nil {
		return nil, fmt.Errorf("list the pages: %w", err)
	}
	var all []Command
	for _, path := range paths {
		text, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			return nil, fmt.Errorf("read a page: %w", err)
		}
		found, err := In(path, string(text))
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// In are the commands of one page.
func In(path, text string) (all []Command, err error) {
	under, at := "", 0
	prose := func(part string) {
		for _, paragraph := range strings.Split(part, "\n\n") {
			if m := heading.FindStringSubmatch(paragraph); m != nil {
				under = m[1]
			}
			line := strings.ReplaceAll(paragraph, "\n", " ")
			for _, m := range inline.FindAllStringSubmatch(line, -1) {
				if sentence.MatchString(m[1]) {
					all = append(all, Command{Page: path, Heading: under, Text: m[1]})
				}
			}
		}
	}
	for _, m := range fence.FindAllStringSubmatchIndex(text, -1) {
		prose(text[at:m[0]])
		at = m[1]
		if text[m[2]:m[3]] != "sh" {
			continue
		}
		commands, err := split(text[m[4]:m[5]])
		if err != nil {
			return nil, fmt.Errorf("%s, %s: %w", path, under, err)
		}
		for _, c := range commands {
			all = append(all, Command{Page: path, Heading: under, Text: c, Fenced: true})
		}
	}
	prose(text[at:])
	return all, nil
}

// split takes a block apart. A command ends with its line, unless a backslash, a quotation mark that is still open,
// or a here-document carries it on.
func split(block string) (all []string, err error) {
	lines := strings.Split(strings.TrimRight(block, "\n"), "\n")
	for n := 0; n < len(lines); n++ {
		if strings.TrimSpace(lines[n]) == "" {
			continue
		}
		whole := lines[n]
		for unfinished(whole) {
			if n++; n == len(lines) {
				return nil, fmt.Errorf("a command doesn't end: %s", whole)
			}
			whole += "\n" + lines[n]
		}
		all = append(all, strings.TrimSpace(whole))
	}
	return all, nil
}

func unfinished(text string) bool {
	if m := hereDocument.FindStringSubmatch(text); m != nil {
		_, body, begun := strings.Cut(text, "\n")
		return !begun || !slices.Contains(strings.Split(body, "\n"), m[1])
	}
	var quote, before rune
	for _, r := range text {
		switch {
		case before == '\\' && quote != '\'':
			r = 0 // it stands for itself
		case quote == 0 && (r == '\'' || r == '"'):
			quote = r
		case r == quote:
			quote = 0
		}
		before = r
	}
	return quote != 0 || before == '\\'
}

// Line is the command in one line, without its here-document.
func (c Command) Line() string {
	text := c.Text
	if hereDocument.MatchString(text) {
		text, _, _ = strings.Cut(text, "\n")
	}
	return regexp.MustCompile(`\s*\\\n\s*`).ReplaceAllString(text, " ")
}

var (
	writes   = regexp.MustCompile(`^cat >([\w.-]+) <<(\w+)\n`)
	function = regexp.MustCompile(`^(\w+)\(\) \{ (.*); \}$`)
)

// File is the file that a command writes by a here-document, with what the shell makes of it once output has given
// those of the stack's outputs.
func (c Command) File(output func(name string) string) (name, text string, writesOne bool) {
	m := writes.FindStringSubmatch(c.Text)
	if m == nil {
		return "", "", false
	}
	text = strings.TrimSuffix(strings.TrimPrefix(c.Text, m[0]), "\n"+m[2])
	text = strings.ReplaceAll(text, "\\\n", "")
	text = outputs.ReplaceAllStringFunc(
		text,
		func(call string) string { return output(outputs.FindStringSubmatch(call)[1]) },
	)
	return m[1], text, true
}

var outputs = regexp.MustCompile(`\$\(output (\w+)\)`)

// Outputs are the stack's outputs that a command asks for.
func Outputs(c Command) (names []string) {
	for _, m := range outputs.FindAllStringSubmatch(c.Text, -1) {
		names = append(names, m[1])
	}
	return names
}

// Program is the command in one line, without the shell function that it defines, if it defines one.
func (c Command) Program() string {
	if m := function.FindStringSubmatch(c.Line()); m != nil {
		return m[2]
	}
	return c.Line()
}
