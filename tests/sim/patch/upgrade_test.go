package patch_test

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"quickstep/shared/ledger"
	"quickstep/tests/sim"
	"quickstep/tests/sim/simtest"
)

// younger are the fields of reports and scans that code of before 2026-11-28 didn't write.
var younger = []string{"lead", "often", "previous", "tasks", "execution", "baselines", "rebooted"}

// asBefore makes all that the ledger has of reports what that code would have written.
func asBefore(t *testing.T, f *sim.Fleet) (stripped int) {
	t.Helper()
	for _, pk := range f.Partitions() {
		if pk != "REPORTS" && !strings.HasPrefix(pk, "REPORT#") {
			continue
		}
		for _, d := range f.Docs(pk) {
			var body map[string]any
			if err := json.Unmarshal(d.Body, &body); err != nil {
				t.Fatal(err)
			}
			before := len(body)
			maps.DeleteFunc(body, func(name string, _ any) bool {
				for _, y := range younger {
					if name == y {
						return true
					}
				}
				return false
			})
			if w, ok := body["window"].(map[string]any); ok {
				before += len(w)
				delete(w, "does")
				delete(w, "disabled")
				before -= len(w)
			}
			if len(body) == before {
				continue
			}
			stripped++
			if err := f.Table().Write(t.Context(), "test", ledger.Put(d.Key, d.Rev, body)); err != nil {
				t.Fatal(err)
			}
		}
	}
	return stripped
}

// TestReportsThatWereBegunBeforeAnUpgradeAreMade, wherever it meets them: at each step the ledger loses what the code
// of before didn't know.
func TestReportsThatWereBegunBeforeAnUpgradeAreMade(t *testing.T) {
	for _, step := range []string{"survey", "scanning", "report", "send"} {
		t.Run(step, func(t *testing.T) {
			f := simtest.Patched(t, 3, simtest.ByHand(), nil)
			simtest.Survey(t, f, simtest.All{"windowIds": []string{simtest.Window}, "after": true})
			at := func() bool {
				for _, d := range f.Docs("REPORTS") {
					var r struct{ Step, Phase string }
					if json.Unmarshal(d.Body, &r) == nil && r.Phase == "before" && r.Step == step {
						return true
					}
				}
				return false
			}
			simtest.Until(t, f, "it is never at "+step, time.Hour, at)
			first := asBefore(t, f)
			f.Advance(simtest.Opens + time.Hour)
			second := asBefore(t, f)
			f.Advance(12 * time.Hour)
			notes := simtest.Sent(f)
			if len(notes) != 2 || first+second == 0 {
				t.Fatalf("%d reports were sent; %d and %d items were as before", len(notes), first, second)
			}
			simtest.Holds(t, notes[0].Subject, "4 patches for 3 of 3 instances", "web-patches opens")
			simtest.Holds(
				t,
				notes[0].Text,
				"Before maintenance window web-patches opens: 4 patches for 3 of 3 instances.",
			)
			simtest.Holds(t, notes[1].Subject, "web-patches closed")
			simtest.Quiet(t, f)
		})
	}
}
