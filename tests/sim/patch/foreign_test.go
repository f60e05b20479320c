//go:build !race

// Fleets of a thousand, hundreds of windows or megabytes of messages: the race detector makes them twenty times as
// slow, and has nothing to find, for handlers run one at a time here. make test runs them without it.

package patch_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"quickstep/shared/notify"
	"quickstep/shared/report"
	"quickstep/tests/sim"
	"quickstep/tests/sim/simtest"
	"quickstep/tests/world"
)

// What others have written, names and titles, can't make a line of its own, nor a formula.
func TestWhatOthersHaveWrittenForgesNothing(t *testing.T) {
	forged := "x\n\nNeed a reboot:\u0085  all of them\u2028\x1b[2J"
	f := simtest.Patched(
		t,
		3,
		simtest.ByHand("PatchReportBucket", "reports"),
		func(n int, m *world.MachineSpec, s *report.State, p *[]report.Patch) {
			switch n {
			case 1:
				m.Tags["Name"], (*p)[0].Title, (*p)[1].KB, (*p)[1].Classification = forged, forged, forged, forged
			case 2:
				m.Tags["Name"] = `=HYPERLINK("http://evil.example/","web-1")`
			case 3:
				s.Baseline, *p = "", nil
			}
		},
	)
	m := named(t, f)
	csv := unpacked(t, f.Objects("reports")["quickstep/"+m.Report+"/report.csv.gz"])
	simtest.Holds(t, csv, `"'=HYPERLINK(`, ",unknown,")
	for _, text := range []string{simtest.Only(t, f).Text, csv} {
		if strings.ContainsAny(text, "\u0085\u2028\x1b") || strings.Contains(text, "\nNeed a reboot:\u0085") ||
			strings.Contains(text, "\n\nNeed a reboot:  all") {
			t.Errorf("it is forged:\n%s", text)
		}
	}
}

func TestTwoSystemsTellOfOnePatch(t *testing.T) {
	f := simtest.Patched(t, 2, simtest.ByHand(), func(n int, _ *world.MachineSpec, _ *report.State, p *[]report.Patch) {
		*p = simtest.Five()[:1]
		(*p)[0].CVEs = []string{"CVE-2026-0002,CVE-2026-0001", "CVE-2026-0003"}[n-1]
		(*p)[0].Severity = []string{"CRITICAL", "critical"}[n-1]
	})
	m := named(t, f)
	if p := m.Rows.Patches[0]; p.CVEs != "CVE-2026-0001,CVE-2026-0002,CVE-2026-0003" || p.Severity != "Critical" ||
		len(m.Severities) != 1 {
		t.Errorf("it is told as %+v, by severity %+v", p, m.Severities)
	}
}

// Lists name patches; each name is one patch.
func TestEachPatchHasANameOfItsOwn(t *testing.T) {
	f := simtest.Patched(t, 1, simtest.ByHand(), func(_ int, _ *world.MachineSpec, _ *report.State, p *[]report.Patch) {
		*p = nil
		for _, name := range [][2]string{{"", ""}, {"", "KB1"}, {"KB1", "KB1 title"}, {"KB2", ""}, {"KB2 ", "Update (KB2)"}, {"KB2", "Update (KB2)"}, {"KB2", "Aktualisierung (KB2)"}, {"", "(no name)"}, {"KB3", "a"}, {"KB3", "KB3 a"}} {
			*p = append(*p, report.Patch{KB: name[0], Title: name[1], State: report.Missing})
		}
	})
	m := named(t, f)
	var names []string
	for _, p := range m.Rows.Patches {
		names = append(names, p.Patch)
	}
	slices.Sort(names)
	if n := len(slices.Compact(slices.Clone(names))); n != 9 || len(names) != 9 {
		t.Errorf("%d names of 9 patches: %q", n, names)
	}
	if text := simtest.Only(t, f).Text; strings.Contains(text, "Update (KB2)  Update") {
		t.Errorf("a title is told twice:\n%s", text)
	}
}

// A message, and an item of the ledger, hold what they may whatever the names.
func TestLimitsHoldWhateverTheNames(t *testing.T) {
	long := strings.Repeat("更新プログラム \"\\", 30)
	f := simtest.Patched(
		t,
		40,
		simtest.ByHand(),
		func(n int, m *world.MachineSpec, s *report.State, p *[]report.Patch) {
			m.Tags["Name"] = strings.Repeat("名\x01", 128)
			*p = simtest.Numbered(400)
			for k := range *p {
				(*p)[k].KB, (*p)[k].Title = "KB1", fmt.Sprintf("%s %d", long, k)
				(*p)[k].Severity = strings.Repeat("s", 90) + fmt.Sprint(k)
			}
			s.PendingReboot = 1
		},
	)
	f.KeepLog = false
	f.Refuse = func(op world.Op) error {
		if op.Name == "Patches" && op.Subject == sim.ID(1) {
			return fmt.Errorf("%s%w", strings.Repeat("reason\n", 9000), errDenied)
		}
		return nil
	}
	m := named(t, f)
	if len(m.each()) != 40 || m.Totals.Reboot != 40 {
		t.Errorf("it tells of %d instances, %d of which need a reboot", len(m.each()), m.Totals.Reboot)
	}
	for n, note := range simtest.Sent(f) {
		if bytes := size(t, note); bytes > notify.MaxAnnouncement {
			t.Errorf("part %d is %d bytes", n+1, bytes)
		}
	}
	simtest.Settled(t, f)
}

// A scan that has never ended is none, whatever state there is.
func TestAStateWithoutATimeIsNone(t *testing.T) {
	f := simtest.Patched(
		t,
		2,
		simtest.ByHand(),
		func(_ int, _ *world.MachineSpec, s *report.State, p *[]report.Patch) { s.Ended, *p = time.Time{}, nil },
	)
	m := named(t, f)
	note := simtest.Only(t, f)
	simtest.Holds(t, note.Subject, "nothing known of 2 instances")
	for _, text := range []string{note.Text, note.JSON} {
		if strings.Contains(text, "0001-01-01") || strings.Contains(text, "106751") {
			t.Errorf("it has a scan in the year 1:\n%s", text)
		}
	}
	if m.each()[sim.ID(1)] != "neverScanned" {
		t.Errorf("it is flagged %v", m.each())
	}
}
