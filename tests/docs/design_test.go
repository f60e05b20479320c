package docs_test

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/input"
	"quickstep/shared/run"
	"quickstep/tests/sim"
)

const designPage = "docs/design.md"

// cells are what stands in a row of a table.
func cells(row string) []string {
	all := strings.Split(strings.Trim(strings.TrimSpace(row), "|"), "|")
	for n := range all {
		all[n] = strings.TrimSpace(all[n])
	}
	return all
}

// keyPattern matches the keys that a row of the ledger's table means.
func keyPattern(row string) *regexp.Regexp {
	side := func(text string) string {
		quoted := regexp.QuoteMeta(strings.Trim(text, "`"))
		quoted = strings.ReplaceAll(quoted, "<instance>", `i-[0-9a-f]{17}`)
		quoted = strings.ReplaceAll(quoted, "<target group ARN>", `arn:[^#]+`)
		return regexp.MustCompile(`<[^>]*>`).ReplaceAllString(quoted, `[^#]+`)
	}
	c := cells(row)
	return regexp.MustCompile("^" + side(c[0]) + " " + side(c[1]) + "$")
}

// TestTheLedgersItemsAreDocumented holds each key that the ledger has on two nights against the
// table: each is described, and each row is met.
func TestTheLedgersItemsAreDocumented(t *testing.T) {
	const header = "| pk | sk | what it holds | written by | expires |"
	rows := read(t, designPage).rows(t, header)
	patterns := make([]*regexp.Regexp, len(rows))
	for n, row := range rows {
		patterns[n] = keyPattern(row)
		if c := cells(row); len(c) != 5 || slices.Contains(c, "") {
			t.Errorf("the row %s has an empty cell", row)
		}
	}

	met := make([]int, len(rows))
	for key := range ledgerKeys(t) {
		found := slices.IndexFunc(patterns, func(p *regexp.Regexp) bool { return p.MatchString(key) })
		if found < 0 {
			t.Errorf("%s doesn't describe the item %q", designPage, key)
			continue
		}
		met[found]++
	}
	for n, row := range rows {
		if met[n] == 0 {
			t.Errorf("the ledger has no item such as %s", row)
		}
	}
}

// TestTheFloorsExample: the gate answers as the example on the page says.
func TestTheFloorsExample(t *testing.T) {
	const (
		header = "| asks | healthy | counted as absent | remaining | floor | answer |"
		size   = 10
	)
	page := read(t, designPage)
	if !strings.Contains(page.text, "ten targets, `minHealthy` is `75%`, `maxConcurrency` is 3") {
		t.Fatal("the example has other numbers")
	}
	floor := input.Amount{N: 75, Percent: true}.Up(size)
	began := time.Date(2026, 1, 5, 2, 0, 0, 0, time.UTC)
	arn := sim.Group("web")

	holders := make([]*run.Instance, 3)
	for n := range holders {
		holders[n] = &run.Instance{ID: sim.ID(n + 1), Groups: []string{arn}}
		holders[n].Step = run.StepDrain
	}
	rows := page.rows(t, header)
	if len(rows) != len(holders) {
		t.Fatalf("%d rows for %d instances", len(rows), len(holders))
	}
	for n, row := range rows {
		me := holders[n]
		var targets []run.Target
		for other := 1; other <= size; other++ {
			at := run.Target{Address: run.Address{ID: sim.ID(other), Port: 80}, State: "healthy"}
			if other <= n {
				at.State, at.Reason = "draining", "Target.DeregistrationInProgress"
			}
			targets = append(targets, at)
		}
		group := run.GroupPlan{Name: "web", Size: size, Floor: floor}
		gate := run.Gate{
			Now: began, Run: &run.Run{}, Me: me, Holders: holders,
			Plan:    &run.Plan{Groups: map[string]run.GroupPlan{arn: group}},
			Machine: &run.Machine{ID: me.ID, State: "running"},
			Targets: map[string][]run.Target{arn: targets},
		}
		got := gate.Decide()
		c, healthy := cells(row), size-n
		told := strings.Join([]string{c[1], c[3], c[4], c[5]}, " ")
		if want := fmt.Sprintf("%d %d %d %s", healthy, healthy-1, floor, got.Answer); told != want {
			t.Errorf("%s\nis %s, because %q", row, want, got.Reason)
		}
		if me.LeftAt = began; got.Answer != run.Go {
			me.LeftAt = time.Time{}
		}
	}
}

// TestTheGlossaryIsInOrder: each word has a sentence and a neighbor in the field, and is found by
// its letter.
func TestTheGlossaryIsInOrder(t *testing.T) {
	var words []string
	for _, row := range read(t, designPage).rows(t, "| word | meaning | elsewhere |") {
		c := cells(row)
		if len(c) != 3 || slices.Contains(c, "") {
			t.Errorf("the row %s has an empty cell", row)
		}
		words = append(words, c[0])
	}
	if !slices.IsSorted(words) {
		t.Errorf("the words aren't in order: %v", words)
	}
	for _, word := range []string{
		"token", "gate", "capture", "drain", "rejoin", "triage", "ledger", "lease", "parked", "fleet",
		"watchdog", "survey", "floor", "gap", "generation", "position", "kind", "redrive", "redelivery",
	} {
		if !slices.Contains(words, word) {
			t.Errorf("the glossary has no %q", word)
		}
	}
}

// TestEveryStepIsNamedInTheDesign: what stands in the ledger and in messages is on the page.
func TestEveryStepIsNamedInTheDesign(t *testing.T) {
	text := read(t, designPage).text
	for _, step := range []string{
		run.StepStarting, run.StepOpen, run.StepFinishing, run.StepWaiting, run.StepDrain, run.StepReboot,
		run.StepCheck, run.StepRejoin, run.StepAwait, run.Done, run.Failed, run.Skipped, choreo.Failing,
	} {
		if !strings.Contains(text, "`"+step+"`") {
			t.Errorf("%s doesn't name the step %s", designPage, step)
		}
	}
	for n := range reflect.TypeFor[choreo.Message]().NumField() {
		name, _, _ := strings.Cut(reflect.TypeFor[choreo.Message]().Field(n).Tag.Get("json"), ",")
		if name != "" && !strings.Contains(text, "`"+name+"`") {
			t.Errorf("%s doesn't name the field %s of a message", designPage, name)
		}
	}
}
