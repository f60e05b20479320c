package report_test

import (
	"slices"
	"testing"
	"time"

	"quickstep/shared/report"
	"quickstep/shared/run"
)

// Each case makes something of the state of an instance, three of whose patches are listed: one that is missing, one
// that failed, one that waits for a reboot.
func TestAStateIsNeverTakenForMoreThanItSays(t *testing.T) {
	read := []string{report.Failed, report.InstalledPendingReboot, report.Missing}
	three := []report.Patch{
		found("KB1", report.Missing, time.Time{}), found("KB2", report.Failed, time.Time{}),
		found("KB3", report.InstalledPendingReboot, opensAt.AddDate(0, 0, -9)),
	}
	ended := opensAt.Add(-5 * time.Hour)
	for _, c := range []struct {
		name    string
		patches []report.Patch
		change  func(*report.Scan)
		flags   []string
		unknown bool
		reboot  bool
	}{
		{"a scan that counts what is listed", three,
			func(s *report.Scan) { s.Patched.Missing, s.Patched.Failed, s.Patched.PendingReboot = 1, 1, 1 }, nil, false, true},
		{"an installation that lists nothing as missing", three[1:],
			func(s *report.Scan) { s.Patched.Operation = "Install" }, []string{report.FlagNotRescanned}, true, true},
		{"an installation by a list of its own", three,
			func(s *report.Scan) { s.Patched.Operation = "Install" }, nil, false, true},
		{"an installation long ago: that it wasn't scanned since says it all", three[1:2],
			func(s *report.Scan) { s.Patched.Operation, s.Patched.Ended = "Install", ended.AddDate(0, 0, -60) },
			[]string{report.FlagNotRescanned}, true, false},
		{"twelve are counted", three[:1], func(s *report.Scan) { s.Patched.Missing = 12 },
			[]string{report.FlagCountsDiffer}, true, false},
		{"twelve are counted that nobody asked for", nil,
			func(s *report.Scan) { s.Patched.Missing, s.States = 12, read[:2] }, nil, false, false},
		{"two wait for a reboot", three, func(s *report.Scan) { s.Patched.PendingReboot = 2 },
			[]string{report.FlagCountsDiffer}, false, true},
		{"a run has rebooted it since", three,
			func(s *report.Scan) { s.Rebooted = &run.LastReboot{Run: "r", At: ended.Add(time.Second)} },
			[]string{report.FlagRebooted}, false, false},
		{"a run has rebooted it before", three,
			func(s *report.Scan) { s.Rebooted = &run.LastReboot{Run: "r", At: ended.Add(-time.Second)} }, nil, false, true},
		{"a run has rebooted it in the second in which its scan ended", three,
			func(s *report.Scan) { s.Rebooted = &run.LastReboot{Run: "r", At: ended} }, nil, false, true},
		{"a run has rebooted it since, and nothing waited", three[:1],
			func(s *report.Scan) { s.Rebooted = &run.LastReboot{Run: "r", At: ended.Add(time.Second)} }, nil, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := node("i-1", ended)
			s.States = read
			c.change(s)
			catalog, r := report.Catalog{}, first()
			own := results(catalog, r, []*report.Scan{s}, map[string][]report.Patch{"i-1": c.patches})
			got := report.Compile(r, catalog, report.NewResults(catalog, r), own)
			i := got.Instances[0]
			if !slices.Equal(i.Flags, c.flags) || i.Unknown() != c.unknown || (len(got.Reboots) == 1) != c.reboot {
				t.Errorf("flags %v, unknown %t, to reboot %v; want %v, %t, %t",
					i.Flags, i.Unknown(), got.Reboots, c.flags, c.unknown, c.reboot)
			}
		})
	}
}
