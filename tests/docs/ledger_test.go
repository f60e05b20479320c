package docs_test

import (
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"quickstep/shared/report"
	"quickstep/tests/sim"
	"quickstep/tests/world"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler)) // what the product logs while it is played
	os.Exit(m.Run())
}

// ledgerKeys are the keys, "pk sk", of every item that the ledger has at any moment of two nights:
// a run that mutes, of which one instance is done and one fails out of service; a patch report by hand, and a
// window that can't be read.
func ledgerKeys(t *testing.T) map[string]bool {
	t.Helper()
	seen := map[string]bool{}
	rebooted(t, seen)
	reported(t, seen)
	return seen
}

// keysOf notes every key of the ledger after each write.
func keysOf(f *sim.Fleet, seen map[string]bool) {
	f.Also(func(op world.Op) {
		if op.Service != "dynamodb" || op.Name != "Write" {
			return
		}
		for _, pk := range f.Partitions() {
			for _, doc := range f.Docs(pk) {
				seen[fmt.Sprintf("%s %s", doc.PK, doc.SK)] = true
			}
		}
	})
}

func rebooted(t *testing.T, seen map[string]bool) {
	t.Helper()
	f, err := sim.New(1, 2)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	f.AddAlarm("web-5xx", "OK")
	f.AddRule("default", "web-nightly", true, "")
	f.ChangeMachine(sim.ID(2), func(m *world.MachineSpec) { m.NeverReturns = true })
	keysOf(f, seen)
	_, err = f.Ask(map[string]any{
		"maxErrors": 1, "maxChecks": 2,
		"mute": map[string]any{"alarmNames": []string{"web-5xx"}, "ruleNames": []string{"web-nightly"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Run(f.Over, 6*time.Hour); err != nil {
		t.Fatal(err)
	}
}

func reported(t *testing.T, seen map[string]bool) {
	t.Helper()
	f, err := sim.New(1, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	f.ChangeMachine(sim.ID(1), func(m *world.MachineSpec) { m.Managed = true })
	missing := report.Patch{KB: "KB1", Title: "Update", State: report.Missing}
	scanned := report.State{Baseline: "pb-1", Operation: "Scan", Ended: sim.Began.Add(-time.Hour)}
	f.SetPatches(sim.ID(1), &scanned, []report.Patch{missing})
	keysOf(f, seen)
	const none = "mw-0123456789abcdef0"
	for _, request := range []map[string]any{
		{"instanceIds": []string{sim.ID(1)}},
		{"windowIds": []string{none}, "scheduled": sim.Began.Format(time.RFC3339)},
	} {
		if _, err := f.Call("survey", request); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Run(func() bool { return len(f.Docs("REPORTS")) == 0 }, 2*time.Hour); err != nil {
		t.Fatal(err)
	}
}
