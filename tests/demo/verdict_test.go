package main

import (
	"strings"
	"testing"

	"quickstep/shared/choreo"
	"quickstep/shared/run"
	"quickstep/tests/loadenv"
	"quickstep/tests/sim"
	"quickstep/tests/world"
)

func TestVerdict(t *testing.T) {
	kept := finding{rule: "it holds"}
	for name, c := range map[string]struct {
		evidence evidence
		failed   bool
		last     string
	}{
		"no request failed and every rule held": {evidence{requests: loadenv.Tally{Requests: 9}, findings: []finding{kept}}, false, "requests 9, failed 0"},
		"a request failed":                      {evidence{requests: loadenv.Tally{Requests: 9, Failed: 1}, findings: []finding{kept}}, true, "requests 9, failed 1"},
		"a rule was broken": {evidence{requests: loadenv.Tally{Requests: 9}, findings: []finding{kept, {rule: "it doesn't", broken: []string{"R1"}}}}, true,
			"once:\n          R1\n\nrequests 9, failed 0"},
		"nobody sent a request": {evidence{findings: []finding{kept}}, true, "requests 0, failed 0"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.evidence.failed() != c.failed {
				t.Errorf("failed is %t", !c.failed)
			}
			var out strings.Builder
			c.evidence.print(page{out: &out})
			if !strings.HasSuffix(out.String(), c.last+"\n") {
				t.Errorf("it doesn't end with %q:\n%s", c.last, out.String())
			}
		})
	}
}

// asExpected is how the fleet should end.
func asExpected() (rows []ending) {
	for n := 1; n <= size; n++ {
		i := run.Instance{ID: sim.ID(n), Position: choreo.Position{Step: run.Done}}
		if n == lost {
			i.Step = run.Failed
		}
		rows = append(rows, ending{Instance: i, boots: 1})
	}
	return rows
}

func TestEndsAreThoseThatHabitsAskFor(t *testing.T) {
	if wrong := ends(asExpected()); len(wrong) > 0 {
		t.Errorf("wrong: %v", wrong)
	}
	for name, spoil := range map[string]func([]ending) []ending{
		"an instance is missing":                     func(r []ending) []ending { return r[1:] },
		"an instance was skipped":                    func(r []ending) []ending { r[0].Step = run.Skipped; return r },
		"an instance was rebooted twice":             func(r []ending) []ending { r[0].boots = 2; return r },
		"an instance is done without a reboot":       func(r []ending) []ending { r[0].boots = 0; return r },
		"the one that never comes back counts as in": func(r []ending) []ending { r[lost-1].Step = run.Done; return r },
	} {
		if len(ends(spoil(asExpected()))) == 0 {
			t.Errorf("%s, and nobody minds", name)
		}
	}
}

func TestPeopleAreTold(t *testing.T) {
	about := world.Note{Text: "Instance " + sim.ID(lost) + " failed"}
	if wrong := told([]world.Note{about}, make([]world.Note, 2)); len(wrong) > 0 {
		t.Errorf("wrong: %v", wrong)
	}
	if len(told(nil, make([]world.Note, 2))) == 0 ||
		len(told([]world.Note{about, about}, make([]world.Note, 2))) == 0 ||
		len(told([]world.Note{about}, nil)) == 0 {
		t.Error("too little or too much was sent, and nobody minds")
	}
}
