package main

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"quickstep/shared/choreo"
	"quickstep/shared/run"
	"quickstep/tests/template"
)

const root = "../../"

// largest is what a picture may have: a README should be there at once.
const largest = 100_000

func pictures(t *testing.T) map[string]string {
	t.Helper()
	all, err := draw(root + recorded)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func stack(t *testing.T) *template.Stack {
	t.Helper()
	s, err := template.Load(root+"template.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestPicturesAreDrawnFromTheCode: what docs/ shows is what the program draws today.
func TestPicturesAreDrawnFromTheCode(t *testing.T) {
	for name, want := range pictures(t) {
		got, err := os.ReadFile(filepath.Join(root, "docs", name))
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != want {
			t.Errorf("docs/%s isn't what is drawn; go run ./tests/pictures draws it anew", name)
		}
	}
}

// TestPicturesAreSmallAndWhole: well-formed, described, and nothing of theirs comes from elsewhere.
func TestPicturesAreSmallAndWhole(t *testing.T) {
	for name, svg := range pictures(t) {
		if len(svg) > largest {
			t.Errorf("%s has %d bytes, and may have %d", name, len(svg), largest)
		}
		for _, wrong := range faults(svg) {
			t.Errorf("%s: %s", name, wrong)
		}
		if _, err := xmlNames(svg); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// known are the elements that a picture may have. No script is among them, nothing that holds HTML,
// no image, and no link.
var known = []string{
	"svg", "title", "desc", "style", "defs", "marker", "g", "rect", "circle", "path", "text",
}

var (
	references = regexp.MustCompile(`url\(([^)]*)\)|@import|@font-face|https?:|data:|javascript:`)
	handlers   = regexp.MustCompile(`^on|href$`)
	local      = regexp.MustCompile(`^url\(#[a-z-]+\)$`)
)

// faults says what a picture has that it mustn't have, and what it lacks.
func faults(svg string) (wrong []string) {
	names, err := xmlNames(svg)
	if err != nil {
		return []string{err.Error()}
	}
	for name, attributes := range names {
		if !slices.Contains(known, name) {
			wrong = append(wrong, "element "+name)
		}
		for attribute, values := range attributes {
			if handlers.MatchString(attribute) {
				wrong = append(wrong, "attribute "+attribute)
			}
			for _, value := range values {
				if attribute != "xmlns" && !local.MatchString(value) && references.MatchString(value) {
					wrong = append(wrong, "reference "+value)
				}
			}
		}
	}
	_, style, _ := strings.Cut(svg, "<style>")
	style, _, _ = strings.Cut(style, "</style>")
	if found := references.FindString(style); found != "" {
		wrong = append(wrong, "style refers to "+found)
	}
	for _, needed := range []string{`role="img"`, `<title id="title">`, `<desc id="description">`} {
		if !strings.Contains(svg, needed) {
			wrong = append(wrong, "it lacks "+needed)
		}
	}
	return wrong
}

// xmlNames are the elements of a document with the values of their attributes.
func xmlNames(svg string) (map[string]map[string][]string, error) {
	names := map[string]map[string][]string{}
	decoder := xml.NewDecoder(strings.NewReader(svg))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return names, nil
		}
		if err != nil {
			return nil, fmt.Errorf("not well-formed: %w", err)
		}
		switch e := token.(type) {
		case xml.ProcInst, xml.Directive:
			return nil, fmt.Errorf("it holds %v", e)
		case xml.StartElement:
			if names[e.Name.Local] == nil {
				names[e.Name.Local] = map[string][]string{}
			}
			for _, a := range e.Attr {
				names[e.Name.Local][a.Name.Local] = append(names[e.Name.Local][a.Name.Local], a.Value)
			}
		}
	}
}

func TestFaultsAreFound(t *testing.T) {
	const whole = `<svg role="img"><title id="title">t</title><desc id="description">d</desc>` +
		`<style>%s</style>%s</svg>`
	good := fmt.Sprintf(whole, ".a{fill:red}", `<path marker-end="url(#flow-tip)"/>`)
	if wrong := faults(good); len(wrong) > 0 {
		t.Errorf("wrong: %v", wrong)
	}
	for name, c := range map[string][2]string{
		"a script":              {"", `<script>1</script>`},
		"HTML":                  {"", `<foreignObject/>`},
		"a link":                {"", `<a/>`},
		"an image":              {"", `<image href="x.png"/>`},
		"a handler":             {"", `<rect onload="1"/>`},
		"a fill from elsewhere": {"", `<rect fill="url(https://example.com/a.svg#b)"/>`},
		"a font from elsewhere": {"@font-face{src:url(a.woff)}", ""},
		"a style sheet":         {"@import 'a.css';", ""},
		"a tag left open":       {"", `<g>`},
	} {
		if len(faults(fmt.Sprintf(whole, c[0], c[1]))) == 0 {
			t.Errorf("%s, and nobody minds", name)
		}
	}
	if len(faults("<svg/>")) == 0 {
		t.Error("nothing for screen readers, and nobody minds")
	}
}

// TestArchitectureHasTheTemplatesNames: its functions and queues, each once, and no others.
func TestArchitectureHasTheTemplatesNames(t *testing.T) {
	names, err := xmlNames(drawArchitecture())
	if err != nil {
		t.Fatal(err)
	}
	s := stack(t)
	for kind, want := range map[string][]string{
		"function-": slices.Sorted(maps.Keys(s.Functions)), "queue-": slices.Sorted(maps.Keys(s.Queues)),
	} {
		var got []string
		for _, id := range names["g"]["id"] {
			if name, is := strings.CutPrefix(id, kind); is {
				got = append(got, name)
			}
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("%s: drawn are %v, the template has %v", kind, got, want)
		}
	}
	for _, p := range functions {
		queue := ""
		if source := s.Functions[p.name].Source; source != nil {
			queue = source.Queue
		}
		if queue != p.queue {
			t.Errorf("%s is drawn as fed by %q, and is fed by %q", p.name, p.queue, queue)
		}
	}
}

// TestDemoHasTheTemplatesSteps: the recorded run shows the steps that there are today.
func TestDemoHasTheTemplatesSteps(t *testing.T) {
	text, err := os.ReadFile(root + recorded)
	if err != nil {
		t.Fatal(err)
	}
	var r struct {
		Changes []change `json:"changes"`
	}
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile(`^i-\S+ +\[[#.]+\] (\S+)`)
	shown := map[string]bool{}
	for _, c := range r.Changes {
		if m := row.FindStringSubmatch(plain(c.Text)); m != nil {
			shown[m[1]] = true
		}
	}
	functions := stack(t).Functions
	notSteps := []string{
		run.StepWaiting, run.StepAwait, run.Done, run.Failed, run.Skipped, choreo.Failing,
	}
	for step := range shown {
		if _, is := functions[step]; !is && !slices.Contains(notSteps, step) {
			t.Errorf("step %q is in the recording, and no function is called that", step)
		}
	}
	for _, step := range []string{run.StepReboot, run.StepCheck, run.Done, run.Failed} {
		if !shown[step] {
			t.Errorf("step %s is in no line of the recording; make pictures makes a new one", step)
		}
	}
}

func TestDemoEndsWithoutAFailedRequest(t *testing.T) {
	svg := pictures(t)["demo.svg"]
	if !regexp.MustCompile(`<desc [^>]*>.*requests [1-9][0-9]*, failed 0\.</desc>`).MatchString(svg) {
		t.Error("the description doesn't say that no request failed")
	}
	if strings.Contains(svg, "BROKEN") || strings.Contains(svg, "infinite") {
		t.Error("a rule is broken in the picture, or it plays more than once")
	}
}

// TestDemoMovesAsRecorded: each cell stands from the moment at which it was written to the one at
// which something else was; what doesn't change isn't written again.
func TestDemoMovesAsRecorded(t *testing.T) {
	got := intervals([]change{
		{0, 1, "i-1  [#...] \x1b[33mdrain\x1b[0m   10s"},
		{4, 1, "i-1  [##..] \x1b[33mdrain\x1b[0m   20s"},
		{10, 1, "i-1  [####] \x1b[32mdone\x1b[0m"},
		{10, 3, "a <b> & c"},
	})
	var text []string
	for _, s := range got {
		until := "end"
		if !math.IsInf(s.to, 1) {
			until = number(s.to)
		}
		text = append(text, fmt.Sprintf("%d:%d %s %q %s-%s",
			s.row, s.column, s.class, s.text, number(s.from), until))
	}
	want := []string{
		`1:0  "i-1" 0-end`,
		`1:6  "#" 0-2`, `1:6  "##" 2-5`, `1:6  "####" 5-end`,
		`1:7 E "..." 0-2`, `1:8 E ".." 2-5`,
		`1:12 y "drain" 0-5`, `1:12 g "done" 5-end`,
		`1:20  "10s" 0-2`, `1:20  "20s" 2-5`,
		`3:0  "a <b> & c" 5-end`,
	}
	if !slices.Equal(text, want) {
		t.Errorf("got:\n%s", strings.Join(text, "\n"))
	}

	svg, err := drawDemo([]byte(`{"changes":[{"seconds":0,"row":0,"text":"old"},
		{"seconds":3,"row":0,"text":"a <b> & \"c\""}]}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`style="animation:v 1.5s 0s">old</text>`,
		`style="animation:h 1.5s">a &lt;b&gt; &amp; &quot;c&quot;</text>`,
		"prefers-reduced-motion:reduce",
	} {
		if !strings.Contains(svg, want) {
			t.Errorf("%s is missing:\n%s", want, svg)
		}
	}
	for _, bad := range []string{"", "{}", "[]"} {
		if _, err := drawDemo([]byte(bad)); err == nil {
			t.Errorf("%q was drawn", bad)
		}
	}
}

func TestReadmeShowsThePictures(t *testing.T) {
	text, err := os.ReadFile(root + "README.md")
	if err != nil {
		t.Fatal(err)
	}
	for name := range pictures(t) {
		if !regexp.MustCompile(`!\[[^\]]{40,}\]\(docs/` + regexp.QuoteMeta(name) + `\)`).Match(text) {
			t.Errorf("README.md doesn't show docs/%s with a text for those who can't see it", name)
		}
	}
}
