package docs_test

import (
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const contributingPage = "CONTRIBUTING.md"

// TestFilesToChangeExist: whoever adds a step, a check, or a field finds each file that the page
// names.
func TestFilesToChangeExist(t *testing.T) {
	p := read(t, contributingPage)
	for _, heading := range []string{
		"Add a step", "Add a kind of check", "Add a field to the report",
	} {
		_, part, found := strings.Cut(p.text, "## "+heading+"\n")
		if !found {
			t.Errorf("there is no part %q", heading)
			continue
		}
		files := 0
		for _, row := range (page{path: p.path, text: part}).rows(t, "| file | what |") {
			for _, file := range cell(row, 0) {
				files++
				if strings.Contains(file, "<") { // of what is added
					continue
				}
				if _, err := os.Stat(root + file); err != nil {
					t.Errorf("%s: %v", heading, err)
				}
			}
		}
		if files < 10 {
			t.Errorf("%s: only %d files were found", heading, files)
		}
	}
}

// TestGoldenFilesAreDocumented: every package whose tests can write their golden files anew is in
// the table.
func TestGoldenFilesAreDocumented(t *testing.T) {
	rows := strings.Join(read(t, contributingPage).rows(t, "| files | command |"), "")
	flag := regexp.MustCompile(`flag\.Bool\("update"|\*simtest\.Update`)
	var packages []string
	sources(t, func(file, text string) {
		if strings.HasSuffix(file, "_test.go") && flag.MatchString(text) {
			if folder := path.Dir(file); !slices.Contains(packages, folder) {
				packages = append(packages, folder)
			}
		}
	})
	for _, folder := range packages {
		if !strings.Contains(rows, " ./"+folder+" -update`") {
			t.Errorf("%s doesn't say how the golden files of %s are written", contributingPage, folder)
		}
	}
	if len(packages) < 5 {
		t.Errorf("only %v were found", packages)
	}
}

// TestEveryTargetIsDocumented: make help is short; the page says how long each takes.
func TestEveryTargetIsDocumented(t *testing.T) {
	named := first(read(t, contributingPage).rows(t, "| target | what it does | time |"))
	elsewhere := []string{"help", "sizes", "release"}
	for _, m := range target.FindAllStringSubmatch(read(t, "Makefile").text, -1) {
		if !slices.Contains(elsewhere, m[1]) && !slices.Contains(named, "make "+m[1]) {
			t.Errorf("%s doesn't tell of make %s", contributingPage, m[1])
		}
	}
}

// TestEveryFunctionIsDocumented: the first table has the stack's functions.
func TestEveryFunctionIsDocumented(t *testing.T) {
	named := first(read(t, contributingPage).rows(t, "| function | what it does |"))
	for name := range stack(t).Functions {
		if !slices.Contains(named, name) {
			t.Errorf("%s doesn't tell of %s", contributingPage, name)
		}
	}
}
