package docs_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"quickstep/tests/sim"
	"quickstep/tests/world"
)

// sources calls f with every text file of the repository that people write, by its path from the
// root.
func sources(t *testing.T, f func(path, text string)) {
	t.Helper()
	// Without an extension: the Makefile and its like.
	kinds := []string{".go", ".md", ".yaml", ".yml", ".txt", ".toml", ".json", ""}
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		name := d.Name()
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains([]string{".git", ".tools", ".aws-sam"}, name):
			return filepath.SkipDir
		case d.IsDir() || name == "LICENSE" || !slices.Contains(kinds, filepath.Ext(name)):
			return nil
		}
		text, err := os.ReadFile(path)
		if err == nil {
			f(strings.TrimPrefix(path, root), string(text))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

var (
	ruleDefined = regexp.MustCompile(`(?m)^- \*\*(R\d+)\.\*\* \S`)
	ruleCited   = regexp.MustCompile(`\bR(?:[1-9]\d?)\b`)
	ruleTest    = regexp.MustCompile(`(?m)^func Test(R[1-9]\d?)[A-Z]\w*\(t \*testing\.T\)`)
)

// TestEveryRuleIsDefinedAndTested: whoever meets R7 anywhere finds it in docs/design.md, and each
// rule there has a test that says so in its name.
func TestEveryRuleIsDefinedAndTested(t *testing.T) {
	defined := map[string]bool{}
	for _, m := range ruleDefined.FindAllStringSubmatch(read(t, designPage).text, -1) {
		if defined[m[1]] {
			t.Errorf("%s is defined twice", m[1])
		}
		defined[m[1]] = true
	}
	if len(defined) < 12 {
		t.Errorf("%s defines the rules %v only", designPage, slices.Sorted(maps.Keys(defined)))
	}

	cited, tested := 0, map[string]bool{}
	sources(t, func(path, text string) {
		for _, rule := range ruleCited.FindAllString(text, -1) {
			cited++
			if !defined[rule] {
				t.Errorf("%s cites %s, which %s doesn't define", path, rule, designPage)
			}
		}
		if strings.HasSuffix(path, "_test.go") {
			for _, m := range ruleTest.FindAllStringSubmatch(text, -1) {
				tested[m[1]] = true
				if !defined[m[1]] {
					t.Errorf("%s tests %s, which %s doesn't define", path, m[1], designPage)
				}
			}
		}
	})
	for rule := range defined {
		if !tested[rule] {
			t.Errorf("no test is named Test%s…", rule)
		}
	}
	if cited < 100 {
		t.Errorf("only %d citations were found", cited)
	}
}

// TestR12AFleetInAnAutoScalingGroupIsRefused: as long as nothing can be done with such a group, the
// rule is kept by refusal.
func TestR12AFleetInAnAutoScalingGroupIsRefused(t *testing.T) {
	f, err := sim.New(1, 3)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	const group = "web-asg"
	f.ChangeMachine(sim.ID(2), func(m *world.MachineSpec) {
		m.Tags["aws:autoscaling:groupName"] = group
	})
	_, err = f.Ask(nil)
	if text := fmt.Sprint(err); !strings.Contains(text, group) || !strings.Contains(text, sim.ID(2)) {
		t.Errorf("the answer was %v", err)
	}
	if all := f.Partitions(); len(all) > 0 {
		t.Errorf("the ledger has %v", all)
	}
}
