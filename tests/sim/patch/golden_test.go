package patch_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"quickstep/shared/report"
	"quickstep/tests/sim"
	"quickstep/tests/sim/simtest"
	"quickstep/tests/world"
)

// golden compares the messages of a report with a file that people read.
func golden(t *testing.T, name string, notes []world.Note) {
	t.Helper()
	var b strings.Builder
	for _, n := range notes {
		fmt.Fprintf(&b, "==== %s\n", n.Subject)
		for _, a := range slices.Sorted(maps.Keys(n.Attributes)) {
			fmt.Fprintf(&b, "== %s: %v\n", a, n.Attributes[a])
		}
		b.WriteString("\n" + n.Text + "\n")
		var indented bytes.Buffer
		if err := json.Indent(&indented, []byte(n.JSON), "", "  "); err != nil {
			t.Fatal(err)
		}
		b.WriteString(indented.String() + "\n\n")
	}
	file := filepath.Join("testdata", name+".txt")
	got := shortened(b.String())
	if *simtest.Update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf(
			"%s: %s(go test ./tests/sim/patch -run Golden -update, if what it has now is right)",
			file,
			simtest.FirstDifference(string(want), got),
		)
	}
}

// shortened leaves out the middle of what is long and alike: nobody reads 256 KiB of it.
func shortened(text string) string {
	const most, head, tail = 60, 12, 8
	var b strings.Builder
	var alike []string
	flush := func() {
		if len(alike) > most {
			alike = slices.Concat(
				alike[:head],
				[]string{fmt.Sprintf("  … %d lines more …\n", len(alike)-head-tail)},
				alike[len(alike)-tail:],
			)
		}
		b.WriteString(strings.Join(alike, ""))
		alike = nil
	}
	for line := range strings.Lines(text) {
		if (!strings.HasPrefix(line, "  ") && !strings.HasPrefix(line, "]")) || strings.HasPrefix(line, `    "`) {
			flush()
		}
		alike = append(alike, line)
	}
	flush()
	return b.String()
}

func TestGoldenAnOrdinaryReport(t *testing.T) {
	f := simtest.Patched(t, 3, simtest.ByHand("PatchReportBucket", "reports"), nil)
	simtest.Holds(t, tick(t, f, simtest.All{"lead": "48h"}), "begun")
	simtest.Reported(t, f, time.Hour)
	golden(t, "ordinary", simtest.Sent(f))
	simtest.Quiet(t, f)
}

// odd is a fleet in which everything is that a report can say of an instance.
func odd(t *testing.T) *sim.Fleet {
	f := simtest.Patched(
		t,
		7,
		simtest.ByHand(),
		func(n int, spec *world.MachineSpec, state *report.State, patches *[]report.Patch) {
			switch n {
			case 2:
				spec.Managed = false
			case 3:
				state.Baseline, *patches = "", nil
			case 4:
				state.Ended, *patches = sim.Began.Add(-9*simtest.Day), (*patches)[:2]
			case 5:
				*patches = nil
			}
		},
	)
	f.AddNode(
		report.Node{ID: "mi-0123456789abcdef0", Name: "till-1", Platform: "Ubuntu"},
		map[string]string{"Patch Group": "web"},
	)
	f.SetPatches(
		"mi-0123456789abcdef0",
		&report.State{Baseline: "pb-1", Operation: "Install", Ended: sim.Began.Add(-time.Hour)},
		simtest.Five()[2:3],
	)
	f.AddResourceGroup("web", sim.ID(1))
	f.ChangeWindow(simtest.Window, func(w *world.WindowSpec) {
		w.Tasks = append(
			w.Tasks,
			simtest.Install(chosen("resource-groups:Name", "lost")),
			simtest.Install(chosen("InstanceIds", nowhere)),
		)
	})
	f.Stop(sim.ID(5))
	f.Advance(10 * time.Minute)
	denied(f, sim.ID(7))
	return f
}

func TestGoldenAReportWithGapsAndFlags(t *testing.T) {
	f := odd(t)
	named(t, f)
	golden(t, "gaps", simtest.Sent(f))
}

func TestGoldenAReportInParts(t *testing.T) {
	f := simtest.Patched(
		t,
		4,
		simtest.ByHand(),
		func(n int, spec *world.MachineSpec, _ *report.State, patches *[]report.Patch) {
			*patches = simtest.Numbered(400 * n)
		},
	)
	named(t, f)
	golden(t, "parts", simtest.Sent(f))
	simtest.Quiet(t, f)
}

// outcome is the fleet after its window: one instance has got all, one waits for its reboot, one failed, one was
// left out, one was patched by somebody else meanwhile, and one has got more than was announced.
func outcome(f *sim.Fleet) {
	ended := sim.Began.Add(simtest.Opens + time.Hour)
	for n := 1; n <= 6; n++ {
		patches := simtest.Five()
		state := &report.State{Baseline: "pb-0123456789abcdef0", Group: "web", Operation: "Install", Ended: ended}
		for k := range patches {
			if n != 4 && patches[k].State != report.InstalledPendingReboot { // that one still waits
				patches[k].State, patches[k].Installed, patches[k].CVEs = report.Installed, ended, ""
			}
		}
		switch n {
		case 2:
			patches[1].State = report.InstalledPendingReboot
		case 3:
			patches[0].State, patches[0].Installed, patches[0].CVEs = report.Failed, time.Time{}, simtest.Five()[0].CVEs
		case 4:
			state.Operation, state.Ended = "Scan", sim.Began.Add(-3*time.Hour)
		case 5:
			patches = patches[1:]
		case 6:
			more := report.Patch{
				KB:             "zlib.x86_64",
				Title:          "zlib.x86_64:0:1.2.11-33.amzn2023.0.5",
				Classification: "Security",
				Severity:       "Low",
				State:          report.Installed,
				Installed:      ended,
			}
			old := report.Patch{
				KB:        "bash.x86_64",
				Title:     "bash.x86_64:0:5.2.15-1.amzn2023.0.2",
				State:     report.Installed,
				Installed: sim.Began.Add(-90 * simtest.Day),
			}
			patches = append(patches, more, old)
		}
		f.SetPatches(sim.ID(n), state, patches)
	}
}

func TestGoldenASecondReportAfterTheWindow(t *testing.T) {
	f := simtest.Patched(t, 6, simtest.ByHand(), nil)
	simtest.Holds(t, tick(t, f, simtest.All{"lead": "48h", "after": true}), "begun")
	f.After(simtest.Opens+time.Hour, func() { outcome(f) })
	f.Advance(simtest.Opens + 2*time.Hour)
	if n := len(simtest.Sent(f)); n != 1 {
		t.Fatalf("%d reports were sent before the window closed", n)
	}
	simtest.Reported(t, f, 3*time.Hour)
	golden(t, "after", simtest.Sent(f)[1:])
	simtest.Quiet(t, f)
}
