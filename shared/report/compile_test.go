package report_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"quickstep/shared/input"
	"quickstep/shared/report"
)

// node is an instance that was scanned at a time, and read to its end.
func node(id string, ended time.Time) *report.Scan {
	s := &report.Scan{
		Node:    report.Node{ID: id, Platform: "Amazon Linux 2023", Managed: true, Online: true},
		Patched: &report.State{Operation: "Scan", Ended: ended},
	}
	s.Step = report.Done
	return s
}

// found is a patch as it was found on an instance.
func found(kb, state string, installed time.Time) report.Patch {
	return report.Patch{KB: kb, Title: kb + " title", Severity: "Low", State: state, Installed: installed}
}

// results are what the scans of a report have found, by instance.
func results(
	catalog report.Catalog, r *report.Report, scans []*report.Scan, patches map[string][]report.Patch,
) *report.Results {
	all := report.NewResults(catalog, r)
	for _, s := range scans {
		all.AddScan(s)
	}
	for id, some := range patches {
		all.AddPage(id, 0, some)
	}
	return all
}

func first() *report.Report {
	return &report.Report{
		ID: "r", Phase: report.Before, States: []string{report.Missing, report.Failed},
		StaleAfter: input.Duration(7 * 24 * time.Hour), Closed: opensAt.Add(-time.Hour),
		Window: &report.Opening{ID: "mw-1", Name: "web", Opens: opensAt},
	}
}

func second() *report.Report {
	r := first()
	r.ID, r.Phase, r.First, r.Closed = "r-after", report.After, "r", opensAt.Add(3*time.Hour)
	return r
}

func TestWhatBecomesOfAPatchIsItsCategory(t *testing.T) {
	never, before, since := time.Time{}, opensAt.AddDate(0, 0, -2), opensAt.Add(time.Hour)
	day := opensAt.Truncate(24 * time.Hour)
	const none = "(none)" // the patch isn't listed, or isn't told
	for _, c := range []struct {
		was, now  string
		installed time.Time
		want      string
	}{
		{report.Missing, report.Installed, since, report.IsInstalled},
		{report.Missing, report.Installed, never, report.IsUndetermined},
		{report.Missing, report.Installed, day, report.IsUndetermined},
		{report.Missing, report.InstalledOther, before, report.IsInstalledBefore},
		{report.Missing, report.Missing, never, report.IsMissing},
		{report.Missing, report.Failed, never, report.IsFailed},
		{report.Missing, report.InstalledPendingReboot, since, report.IsPending},
		{report.Missing, none, never, report.IsNotListed},
		{report.Failed, none, never, report.IsNotListed},
		{report.Installed, none, never, none},
		{report.Installed, report.Installed, before, none},
		{report.InstalledPendingReboot, none, never, none},
		{report.InstalledPendingReboot, report.InstalledPendingReboot, before, report.IsStillPending},
		{report.InstalledPendingReboot, report.Installed, before, report.IsInstalledBefore},
		{report.InstalledPendingReboot, report.Installed, never, report.IsInstalledBefore},
		{report.InstalledPendingReboot, report.Installed, since, report.IsInstalled},
		{report.Missing, report.InstalledPendingReboot, before, report.IsPendingBefore},
		{report.Missing, report.InstalledPendingReboot, day, report.IsPending},
		{none, report.InstalledPendingReboot, before, report.IsPendingBefore},
		{none, report.Installed, day, report.IsUndetermined},
		{none, report.Installed, since, report.IsNotAnnounced},
		{none, report.Installed, before, none},
		{none, report.Installed, never, none},
		{none, report.Missing, never, report.IsMissing},
		{none, report.NotApplicable, never, "notApplicable"},
	} {
		t.Run(c.was+" then "+c.now, func(t *testing.T) {
			page := func(state string, at time.Time) map[string][]report.Patch {
				if state == none {
					return nil
				}
				return map[string][]report.Patch{"i-1": {found("KB1", state, at)}}
			}
			catalog, r := report.Catalog{}, second()
			one := results(catalog, first(), []*report.Scan{node("i-1", before)}, page(c.was, before))
			two := results(catalog, r, []*report.Scan{node("i-1", since)}, page(c.now, c.installed))
			got := none
			for category := range report.Compile(r, catalog, one, two).Totals {
				got = category
			}
			if got != c.want {
				t.Errorf("it is %s, want %s", got, c.want)
			}
		})
	}
}

func TestAnInstanceThatCannotBeComparedSaysWhy(t *testing.T) {
	unmanaged, unread, unscanned := node("i-2", opensAt), node("i-3", opensAt), node("i-4", time.Time{})
	unmanaged.Managed, unread.Step = false, report.Unread
	catalog, r := report.Catalog{}, second()
	one := results(catalog, first(), []*report.Scan{node("i-1", opensAt), unmanaged, unread, unscanned}, nil)
	var now []*report.Scan
	for n := range 5 {
		now = append(now, node(fmt.Sprint("i-", n+1), opensAt.Add(time.Hour)))
	}
	c := report.Compile(r, catalog, one, results(catalog, r, now, nil))
	for n, want := range []string{
		"",
		"Systems Manager didn't manage it when the first report was made",
		"the first report couldn't read it",
		"it had never been scanned when the first report was made",
		"it wasn't in the first report",
	} {
		i := c.Instances[n]
		if i.NotCompared != want || i.Has(report.FlagNotCompared) != (want != "") {
			t.Errorf("%s: %q, flags %v; want %q", i.ID, i.NotCompared, i.Flags, want)
		}
	}
	if c.Flagged != 4 {
		t.Errorf("%d are flagged", c.Flagged)
	}
}

func TestASecondReportWithoutAFirstComparesNothing(t *testing.T) {
	catalog, r := report.Catalog{}, second()
	since := opensAt.Add(time.Hour)
	own := results(catalog, r, []*report.Scan{node("i-1", since)}, map[string][]report.Patch{
		"i-1": {found("KB1", report.Installed, since), found("KB2", report.Installed, opensAt.AddDate(0, -1, 0))},
	})
	c := report.Compile(r, catalog, results(catalog, first(), nil, nil), own)
	if c.Report.First != "" || c.Totals[report.IsInstalled] != 1 || c.Instances[0].NotCompared != "" {
		t.Errorf("first %q, totals %v, %q", c.Report.First, c.Totals, c.Instances[0].NotCompared)
	}
	if r.First != "r" {
		t.Error("the ledger's own report was changed")
	}
}

func TestFlags(t *testing.T) {
	old, fresh := opensAt.AddDate(0, 0, -9), opensAt.Add(-2*time.Hour)
	for _, c := range []struct {
		name    string
		node    report.Node
		scanned time.Time
		after   bool
		flags   string
		unknown bool
	}{
		{"all is well", report.Node{Managed: true, Online: true, State: "running"}, fresh, false, "", false},
		{"nobody knows it", report.Node{}, time.Time{}, false, "notFound", true},
		{"it has no agent", report.Node{State: "running"}, time.Time{}, false, "notManaged", true},
		{"its agent is silent", report.Node{Managed: true}, fresh, false, "offline", false},
		{"it was never scanned", report.Node{Managed: true, Online: true}, time.Time{}, false,
			"neverScanned", true},
		{"its scan is old", report.Node{Managed: true, Online: true}, old, false, "stale", false},
		{"it is stopped", report.Node{Managed: true, State: "stopped"}, old, false,
			"offline stale stopped", false},
		{"nothing was heard since the opening", report.Node{Managed: true, Online: true}, fresh, true,
			"notPatched", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := first()
			if c.after {
				r = second()
			}
			s := node("i-1", c.scanned)
			s.Node = c.node
			s.ID = "i-1"
			catalog := report.Catalog{}
			one := results(catalog, first(), []*report.Scan{node("i-1", old)}, nil)
			got := report.Compile(r, catalog, one, results(catalog, r, []*report.Scan{s}, nil))
			i := got.Instances[0]
			if flags := strings.Join(i.Flags, " "); flags != c.flags || i.Unknown() != c.unknown {
				t.Errorf("flags %q, unknown %v; want %q, %v", flags, i.Unknown(), c.flags, c.unknown)
			}
		})
	}
}

func TestTheWorstSeverityComesFirst(t *testing.T) {
	patch := func(kb, severity string) report.Patch {
		return report.Patch{KB: kb, Title: kb, Severity: severity, State: report.Missing}
	}
	r, catalog := first(), report.Catalog{}
	own := results(catalog, r, []*report.Scan{node("i-1", opensAt), node("i-2", opensAt)},
		map[string][]report.Patch{
			"i-1": {patch("e", ""), patch("d", "Zebra"), patch("c", "low"), patch("b", "CRITICAL"),
				patch("a", "Important")},
			"i-2": {patch("a", "Critical"), patch("f", "Important")},
		})
	c := report.Compile(r, catalog, own, own)
	var kbs []string
	for _, p := range c.Patches {
		kbs = append(kbs, p.KB+" "+p.Severity)
	}
	want := "[a Critical b Critical f Important c Low e  d Zebra]"
	if got := fmt.Sprint(kbs); got != want {
		t.Errorf("the patches are %s, want %s", got, want)
	}
	want = "[{Critical 2 2} {Important 1 1} {Low 1 1} { 1 1} {Zebra 1 1}]"
	if got := fmt.Sprint(c.Severities); got != want {
		t.Errorf("the severities are %s, want %s", got, want)
	}
}

func TestEqualInstancesShareAList(t *testing.T) {
	a, b := found("a", report.Missing, time.Time{}), found("b", report.Failed, time.Time{})
	r, catalog := first(), report.Catalog{}
	var scans []*report.Scan
	pages := map[string][]report.Patch{}
	for n, patches := range [][]report.Patch{{a, b}, {b, a}, {a}, nil, {a, b, b}} {
		id := fmt.Sprint("i-", n+1)
		scans, pages[id] = append(scans, node(id, opensAt)), patches
	}
	own := results(catalog, r, scans, pages)
	c := report.Compile(r, catalog, own, own)
	var lists []string
	for _, i := range c.Instances {
		lists = append(lists, i.List)
	}
	if want := []string{"L1", "L1", "L2", "", "L1"}; !slices.Equal(lists, want) {
		t.Errorf("the instances have the lists %q, want %q", lists, want)
	}
	if len(c.Lists) != 2 || c.Lists[0].Instances != 3 || c.Lists[1].Instances != 1 ||
		len(c.Lists[0].Findings) != 2 {
		t.Errorf("the lists are %+v", c.Lists)
	}
	if c.Totals[report.IsMissing] != 4 || c.Totals[report.IsFailed] != 3 {
		t.Errorf("the totals are %v", c.Totals)
	}
}

func TestPatchesHaveNamesOfTheirOwn(t *testing.T) {
	for _, c := range []struct{ name, patches, want string }{
		{"by their ids", "KB1|Update one;KB2|Update two", "KB1;KB2"},
		{"one id, two titles", "bash|bash-1;bash|bash-2", "bash-1;bash-2"},
		{"titles that don't hold the id", "KB1|one;KB1|two", "KB1 one;KB1 two"},
		{"no title", "KB1|", "KB1"},
		{"no id", "|Update", "Update"},
		{"neither", "|", "(no name)"},
		{"an id that is another's title", "KB1|;|KB1", "KB1 (no title);KB1 (no id)"},
		{"no id, and another's name", "a|a b;a|c;|a c", "a b;a c;a c (no id)"},
		{"in the end a number", "x|y x;x|x1;y|y x;y|y1", "y x;x1;y x #2;y1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var page []report.Patch
			for _, p := range strings.Split(c.patches, ";") {
				kb, title, _ := strings.Cut(p, "|")
				page = append(page, report.Patch{KB: kb, Title: title, State: report.Missing})
			}
			r, catalog := first(), report.Catalog{}
			own := results(catalog, r, []*report.Scan{node("i-1", opensAt)},
				map[string][]report.Patch{"i-1": page})
			var labels []string
			for _, p := range report.Compile(r, catalog, own, own).Patches {
				labels = append(labels, p.Label)
			}
			slices.Sort(labels)
			want := strings.Split(c.want, ";")
			slices.Sort(want)
			if !slices.Equal(labels, want) {
				t.Errorf("their names are %q, want %q", labels, want)
			}
		})
	}
}
