package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestEveryMutantCanStillBePlanted(t *testing.T) {
	for _, m := range every() {
		for _, e := range m.edits {
			text, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(e.file)))
			if n := bytes.Count(text, []byte(e.old)); err != nil || n != 1 {
				t.Errorf("%s: %s has %d times, not once: %s (%v)", m.name, e.file, n, e.old, err)
			}
		}
	}
}

func TestEveryMutantHasANameOfItsOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range every() {
		if seen[m.name] || strings.ContainsAny(m.name, "\t\n") || strings.HasPrefix(m.name, "#") {
			t.Errorf("%q is no name of its own that a line of %s can begin with", m.name, hintsFile)
		}
		seen[m.name] = true
	}
}

func TestEveryHintIsOfAMutantThatNeedsOne(t *testing.T) {
	all, err := parseHints(checkedIn)
	if err != nil {
		t.Fatal(err)
	}
	for name := range all {
		if !slices.ContainsFunc(every(), func(m mutant) bool { return m.name == name && m.hinted() }) {
			t.Errorf("%s has a hint for %q, and no such mutant is found by a trial", hintsFile, name)
		}
	}
	if again := all.String(); again != checkedIn {
		t.Errorf("%s isn't as -update writes it:\n%s", hintsFile, again)
	}
}

func TestHintsThatCannotBeReadAreRefused(t *testing.T) {
	for _, text := range []string{"a name", "a name\tsunshine", "twice\tseed 1\ntwice\tseed 2"} {
		if all, err := parseHints(text); err == nil {
			t.Errorf("%q is read as %v", text, all)
		}
	}
}

func TestEveryTestThatStandsForAMutantExists(t *testing.T) {
	for _, m := range every() {
		if (m.test == "") != (m.why == "") {
			t.Errorf("%s: a test that stands for a mutant and why no storm can find it go together", m.name)
		}
		if m.test == "" {
			continue
		}
		folder, name, _ := strings.Cut(m.test, " ")
		files, err := filepath.Glob(filepath.Join("..", "..", filepath.FromSlash(folder), "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		there := regexp.MustCompile(`(?m)^func ` + regexp.QuoteMeta(name) + `\(t \*testing\.T\)`)
		if !slices.ContainsFunc(files, func(file string) bool {
			text, err := os.ReadFile(file)
			return err == nil && there.Match(text)
		}) {
			t.Errorf("%s: %s has no %s", m.name, folder, name)
		}
	}
}
