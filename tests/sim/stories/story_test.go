package stories_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"quickstep/tests/sim/simtest"
)

// TestStories plays the stories of testdata and compares what an operator would have seen with what is written
// there.
func TestStories(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no stories: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s, err := parseScript(file, string(text))
			if err != nil {
				t.Fatal(err)
			}
			got := playStory(t, s)
			if *simtest.Update && got != s.trace {
				if err := os.WriteFile(file, []byte(s.text+"---\n"+got), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != s.trace {
				t.Errorf("%s: %s(go test ./tests/sim/stories -run Stories -update, if what it has now is right)", file, simtest.FirstDifference(s.trace, got))
			}
		})
	}
}

// playStory plays a story to its end, checks the rules, and gives the trace.
func playStory(t *testing.T, s *script) string {
	t.Helper()
	p := newPlayer(t, s.file)
	for _, l := range s.lines {
		if err := p.do(l); err != nil {
			t.Fatalf("%s:%d: %v\n%s", s.file, l.number, err, p.trace)
		}
	}
	if !p.fleet.Over() {
		t.Fatalf("%s: the story ends before its runs; say: until over\n%s", s.file, p.trace)
	}
	text := p.trace.String()
	p.fleet.Advance(16 * time.Minute) // for messages that were on their way
	p.judge()
	if after := p.trace.String(); after != text {
		t.Errorf("%s: the story goes on after its end:\n%s", s.file, strings.TrimPrefix(after, text))
	}
	return text
}

// judge checks the rules. Who isn't back must have been announced, and stand in the ledger as out of service.
func (p *player) judge() {
	p.t.Helper()
	var left []string
	for _, doc := range p.fleet.Docs("OUT") {
		left = append(left, doc.SK)
		simtest.Told(p.t, p.fleet, "alarm", doc.SK)
	}
	for _, broken := range p.fleet.Watch.End(left...) {
		p.t.Errorf("%s: %s", p.file, broken)
	}
	for name, on := range p.rules {
		if p.fleet.RuleEnabled("default", name) != on {
			p.t.Errorf("%s: R6: rule %s isn't as it was", p.file, name)
		}
	}
}

func TestAScriptWithAMistakeIsRefusedWithItsFileAndLine(t *testing.T) {
	const head = "A title\n\nfleet 2 web:80\n"
	for _, c := range []struct{ name, text, want string }{
		{"an unknown word", head + "explode 1\n", "x.txt:4: explode is no word"},
		{"an unknown word at a time", head + "ask\nat 5m explode 1\n", "x.txt:5: explode is no word"},
		{"no time", head + "at noon purge\n", "x.txt:4: at noon"},
		{"an unknown habit", head + "machine 1 sings\n", "x.txt:4: machine 1 sings"},
		{"an unknown machine", head + "machine 7 never-returns\n", "x.txt:4: there is no machine 7"},
		{"too few words", head + "machine\n", "x.txt:4: machine"},
		{"a field without a value", head + "ask maxErrors\n", "x.txt:4: ask maxErrors"},
		{"a time that is past", head + "ask\nuntil 5m\nat 2m purge\n", "x.txt:6: 2m0s is past"},
		{"no fleet", "A title\n\nask\n", "x.txt:3: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := parseScript("x.txt", c.text)
			if err == nil {
				err = tryAll(t, s)
			}
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("the error is %v; want %s…", err, c.want)
			}
		})
	}
	if _, err := parseScript("x.txt", "A title alone"); err == nil {
		t.Error("a story without anything that happens was taken")
	}
}
