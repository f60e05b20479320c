package docs_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"quickstep/tests/docs"
)

const (
	root = "../../"
	// A README is read in five minutes, or not at all.
	mostWords    = 1200
	mostPictures = 3
	// What a terminal and a diff show without wrapping. Rows of tables and links can't be wrapped.
	mostColumns = 120
)

// page is a Markdown file.
type page struct {
	path string // from the root
	text string
}

func read(t *testing.T, path string) page {
	t.Helper()
	text, err := os.ReadFile(root + path)
	if err != nil {
		t.Fatal(err)
	}
	return page{path: path, text: string(text)}
}

// pages are all that people are shown.
func pages(t *testing.T) (all []page) {
	t.Helper()
	paths, err := docs.Pages(root)
	if err != nil || len(paths) < 6 {
		t.Fatalf("there are %d pages, %v", len(paths), err)
	}
	for _, path := range paths {
		all = append(all, read(t, path))
	}
	return all
}

// block is a fenced block of code.
type block struct{ language, text string }

var fence = regexp.MustCompile("(?ms)^```([a-z]*)\n(.*?)^```$")

func (p page) blocks(language string) (all []block) {
	for _, m := range fence.FindAllStringSubmatch(p.text, -1) {
		if m[1] == language {
			all = append(all, block{m[1], m[2]})
		}
	}
	return all
}

// prose is the text without its blocks of code.
func (p page) prose() string { return fence.ReplaceAllString(p.text, "") }

// row is the line of a table that begins with this cell.
func (p page) row(cell string) string {
	for line := range strings.Lines(p.text) {
		if strings.HasPrefix(line, "| "+cell+" |") {
			return line
		}
	}
	return ""
}

// rows are the lines of the first table with this header.
func (p page) rows(t *testing.T, header string) (all []string) {
	t.Helper()
	_, rest, found := strings.Cut(p.text, header+"\n")
	if !found {
		t.Fatalf("%s has no table %q", p.path, header)
	}
	for line := range strings.Lines(rest) {
		if !strings.HasPrefix(line, "|") {
			break
		}
		if !strings.HasPrefix(line, "| ---") {
			all = append(all, line)
		}
	}
	return all
}

var code = regexp.MustCompile("`([^`]+)`")

// cell gives what is in code in a cell of a row, counted from 0.
func cell(row string, n int) (all []string) {
	for _, m := range code.FindAllStringSubmatch(strings.Split(row, "|")[n+1], -1) {
		all = append(all, m[1])
	}
	return all
}

var (
	picture    = regexp.MustCompile(`!\[([^\]]*)\]\([^)]*\)`)
	link       = regexp.MustCompile(`\[([^\]]*)\]\(([^)\s]*)\)`)
	reference  = regexp.MustCompile(`\[([^\]]*)\]\[([^\]]+)\]`)
	definition = regexp.MustCompile(`(?m)^\[([^\]]+)\]: (\S+)$`)
)

// words counts what a reader reads: everything but the syntax of links and pictures.
func words(text string) (n int) {
	text = definition.ReplaceAllString(text, "")
	for _, syntax := range []*regexp.Regexp{picture, link, reference} {
		text = syntax.ReplaceAllString(text, "$1")
	}
	for _, word := range strings.Fields(text) {
		if strings.ContainsFunc(word, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }) {
			n++
		}
	}
	return n
}

func TestWordsAreCounted(t *testing.T) {
	for text, want := range map[string]int{
		"":                           0,
		"Two words.":                 2,
		"| a | `b` | --- |":          2,
		"[two words](docs/run.md)":   2,
		"![two words](docs/a.svg)":   2,
		"[two words][ref] ¹":         3,
		"[ref]: https://example.com": 0,
		"```sh\nmake demo\n```":      3,
	} {
		if got := words(text); got != want {
			t.Errorf("%q: %d words, want %d", text, got, want)
		}
	}
}

func TestTheREADMEIsShort(t *testing.T) {
	text := read(t, "README.md").text
	if n := words(text); n > mostWords {
		t.Errorf("README.md has %d words; it may have %d, and the rest belongs into docs/", n, mostWords)
	}
	if n := len(picture.FindAllString(text, -1)); n == 0 || n > mostPictures {
		t.Errorf("README.md has %d pictures; it may have %d", n, mostPictures)
	}
}

func TestTheREADMEsOrder(t *testing.T) {
	text, at := read(t, "README.md").text, 0
	for _, next := range []string{
		"# Quickstep", "(docs/demo.svg)", "## Why not Step Functions?", "(docs/architecture.svg)", "## Try it",
		"## Deploy it", "## What it costs", "**Idle:**", "## What it covers, and what it refuses",
		"## What always holds", "## More",
	} {
		i := strings.Index(text[at:], next)
		if i < 0 {
			t.Fatalf("README.md has no %q, or not in its place", next)
		}
		at += i
	}
}

func TestTheComparisonIsWholeAndHasSources(t *testing.T) {
	p := read(t, "README.md")
	columns := 0
	for _, row := range []string{
		"healthy targets kept", "proof of reboot", "alarm muting", "after a crash", "stop", "dry run", "price of 1,000 reboots", "limits",
	} {
		cells := strings.Split(strings.Trim(strings.TrimSpace(p.row(row)), "|"), "|")
		if len(cells) != 8 || slices.ContainsFunc(cells, func(c string) bool { return strings.TrimSpace(c) == "" }) {
			t.Errorf("the row %q has %d cells, or an empty one", row, len(cells))
			continue
		}
		columns++
	}
	if columns != 8 {
		t.Errorf("%d rows of 8", columns)
	}
	if n := len(definition.FindAllString(p.text, -1)); n < 6 {
		t.Errorf("the comparison has %d sources; each of the six others needs one", n)
	}
}

func TestLinesCanBeRead(t *testing.T) {
	for _, p := range append(pages(t), read(t, "CHANGELOG.md")) {
		n := 0
		for line := range strings.Lines(p.text) {
			n++
			line = strings.TrimSuffix(line, "\n")
			long := utf8.RuneCountInString(line) > mostColumns
			if long && !strings.HasPrefix(line, "|") && !definition.MatchString(line) && p.path != "CHANGELOG.md" {
				t.Errorf("%s:%d is %d columns wide", p.path, n, utf8.RuneCountInString(line))
			}
			if strings.HasSuffix(line, " ") || strings.Contains(line, "\t") {
				t.Errorf("%s:%d has a tab, or a space at its end", p.path, n)
			}
		}
	}
}

// anchor is what GitHub calls a heading in a link.
func anchor(heading string) string {
	var out strings.Builder
	for _, r := range strings.ToLower(strings.TrimSpace(heading)) {
		switch {
		case unicode.IsLetter(r), unicode.IsNumber(r), r == '-', r == '_':
			out.WriteRune(r)
		case r == ' ':
			out.WriteRune('-')
		}
	}
	return out.String()
}

func (p page) anchors() (all []string) {
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(p.prose(), -1) {
		all = append(all, anchor(m[1]))
	}
	return all
}

// broken says what is wrong with a link of this page, if anything is.
func (p page) broken(t *testing.T, to string) string {
	t.Helper()
	if strings.HasPrefix(to, "https://") {
		return ""
	}
	path, heading, hasHeading := strings.Cut(to, "#")
	target := p
	if path != "" {
		where := filepath.Join(filepath.Dir(p.path), path)
		if _, err := os.Stat(root + where); err != nil {
			return "there is no such file"
		}
		if hasHeading {
			target = read(t, where)
		}
	}
	if hasHeading && !slices.Contains(target.anchors(), heading) {
		return "there is no such heading"
	}
	return ""
}

func TestLinksResolve(t *testing.T) {
	for _, p := range append(pages(t), read(t, "CHANGELOG.md")) {
		var all []string
		for _, m := range link.FindAllStringSubmatch(p.prose(), -1) {
			all = append(all, m[2])
		}
		defined := map[string]bool{}
		for _, m := range definition.FindAllStringSubmatch(p.prose(), -1) {
			defined[m[1]] = false
			all = append(all, m[2])
		}
		for _, to := range all {
			if why := p.broken(t, to); why != "" {
				t.Errorf("%s links to %s: %s", p.path, to, why)
			}
		}
		for _, m := range reference.FindAllStringSubmatch(p.prose(), -1) {
			if _, ok := defined[m[2]]; !ok {
				t.Errorf("%s: nothing says where [%s] is", p.path, m[2])
			}
			defined[m[2]] = true
		}
		for name, used := range defined {
			if !used {
				t.Errorf("%s: nothing links to [%s]", p.path, name)
			}
		}
	}
}

func TestBrokenLinksAreFound(t *testing.T) {
	p := page{path: "docs/run.md", text: "# A b\n"}
	for to, want := range map[string]bool{
		"https://example.com": false, "#a-b": false, "../README.md": false, "../README.md#try-it": false,
		"README.md": true, "#c": true, "../README.md#nothing": true,
	} {
		if got := p.broken(t, to) != ""; got != want {
			t.Errorf("%s: broken %v, want %v", to, got, want)
		}
	}
}

func TestThePagesSpellAsAmericansDo(t *testing.T) {
	british := regexp.MustCompile(
		`(?i)\b(cancelled|behaviour|colour|whilst|recognise|organise|licence|ageing)\b`)
	for _, p := range pages(t) {
		if found := british.FindString(p.prose()); found != "" {
			t.Errorf("%s says %q", p.path, found)
		}
	}
}

func TestEveryPageIsReachedFromTheREADME(t *testing.T) {
	text := []byte(read(t, "README.md").text)
	for _, p := range pages(t)[1:] {
		if !bytes.Contains(text, []byte("("+p.path+")")) {
			t.Errorf("README.md has no link to %s", p.path)
		}
	}
}
