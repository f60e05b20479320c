package reports

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"quickstep/shared/report"
)

// contents checks that a report says exactly what the scenario has set: each node once, its patches, its flags, and a gap only
// where something could have caused one. first is the report that it is compared with, if that was sent.
func (j *judge) contents(d, first document) {
	said := map[string]int{}
	gaps := map[string]string{}
	for _, g := range d.Rows.Gaps {
		said[g.Instance]++
		gaps[g.Instance] = g.Reason
	}
	flags := map[string]string{}
	for _, i := range d.Rows.Instances {
		said[i.Instance]++
		flags[i.Instance] = strings.Join(i.Flags, " ")
	}
	for _, n := range j.Nodes {
		want, sure := j.belongs(n, d, first)
		switch {
		case said[n.ID] > 1:
			j.broken("contents", "%s tells of %s %d times", d.Report, n.ID, said[n.ID])
		case sure && want != (said[n.ID] == 1):
			j.broken("contents", "%s tells of %s: %t, want %t", d.Report, n.ID, said[n.ID] == 1, want)
		case said[n.ID] == 0:
		case gaps[n.ID] != "":
			j.gap(d, n, gaps[n.ID])
		default:
			j.node1(d, first, n, flags[n.ID])
		}
		delete(said, n.ID)
	}
	if len(said) > 0 {
		j.broken("contents", "%s tells of others: %v", d.Report, slices.Collect(maps.Keys(said)))
	}
	if t := d.Totals; t.Instances != len(d.Rows.Instances)+len(gaps) || t.Gaps != len(gaps) || t.Patches != len(d.Rows.Patches) {
		j.broken("contents", "%s has the totals %+v; they aren't", d.Report, t)
	}
}

// belongs says whether a report is about a node, and whether that is sure.
func (j *judge) belongs(n Node, d, first document) (want, sure bool) {
	if first.Report != "" {
		return slices.ContainsFunc(first.Rows.Instances, func(i struct {
			Instance, List string
			Flags          []string
		}) bool {
			return i.Instance == n.ID
		}) || slices.ContainsFunc(first.Rows.Gaps, func(g struct{ Instance, Reason string }) bool { return g.Instance == n.ID }), true
	}
	for w, window := range j.Windows {
		if window.ID == d.Window.ID && window.Kind == elusive {
			return false, true
		}
		if window.ID == d.Window.ID {
			return slices.Contains(n.Windows, w) && (n.Kind != unknown || window.IDs), !j.touched[n.ID]
		}
	}
	return n.Kind != unknown || j.Request["instanceIds"] != nil, !j.touched[n.ID]
}

// enough faults at one scan let it be given up: crashes are bounded by five, errors by more.
const enough = 4

func (j *judge) gap(d document, n Node, reason string) {
	j.saw("gap", true)
	delayed := j.faults >= enough || len(j.Acts) > 0 || j.Rate > 0 || j.Pace > 0
	switch {
	case n.Kind == denied, j.touched[n.ID], j.trouble[n.ID] >= enough:
	case strings.Contains(reason, "deadline") && delayed:
	case strings.Contains(reason, "token") && j.seen["expire"] > 3:
	case j.seen["dead"]+j.seen["throttle"] > 0:
	default:
		j.broken("contents", "%s couldn't read %s (%s): %s, and nothing was in its way", d.Report, n.ID, n.Kind, reason)
	}
}

// node1 checks one node's flags and patches.
func (j *judge) node1(d, first document, n Node, flags string) {
	if j.touched[n.ID] || (d.Window.ID != "" && d.Window.Opens.IsZero()) { // asked by hand, and only begun when the window had opened
		return
	}
	if n.Kind == denied {
		j.broken("contents", "%s tells of %s, which nobody may read", d.Report, n.ID)
	}
	late := d.Phase == report.After
	want := map[string]string{unmanaged: "notManaged", never: "neverScanned", unknown: "notFound", stopped: "offline stopped", stale: "stale"}[n.Kind]
	if late && len(n.Windows) > 0 && want != "neverScanned" && want != "notManaged" && want != "notFound" && !n.Installs {
		want = map[string]string{stopped: "offline notPatched stopped"}[n.Kind]
		if n.Kind != stopped {
			want = "notPatched"
		}
	} else if late && n.Kind == stale {
		want = ""
	}
	if late && d.Window.Does != "" && n.Installs && n.waits() && j.Windows[n.Windows[0]].reboots() {
		want = strings.TrimSpace(want + " notRebooted")
	}
	read := slices.ContainsFunc(first.Rows.Instances, func(i struct {
		Instance, List string
		Flags          []string
	}) bool {
		return i.Instance == n.ID && n.Kind != unmanaged && n.Kind != never && n.Kind != unknown
	})
	if late && first.Report != "" && !read {
		want = strings.TrimSpace("notCompared " + want)
	} else if late && first.Report == "" { // whether it was read for one that was never sent, nobody can say
		flags = strings.TrimSpace(strings.TrimPrefix(flags, "notCompared"))
	}
	if flags != want {
		j.broken("contents", "%s flags %s (%s) as %q, want %q", d.Report, n.ID, n.Kind, flags, want)
	}
	expected := n.first()
	if late {
		if expected = n.second(read); first.Report == "" || !read {
			return // what was announced of it, nobody can say
		}
	}
	got := d.of(n.ID)
	for as := range maps.Keys(expected) {
		slices.Sort(expected[as])
	}
	if fmt.Sprint(got) != fmt.Sprint(expected) {
		j.broken("contents", "%s tells of %s (%s) %.300v, want %.300v", d.Report, n.ID, n.Kind, got, expected)
	}
}

// of are a node's patches in a report, by category.
func (d document) of(id string) map[string][]string {
	names, found := map[string]string{}, map[string][]string{}
	for _, p := range d.Rows.Patches {
		names[p.Patch] = p.KB + " " + p.Title
	}
	for _, i := range d.Rows.Instances {
		for _, l := range d.Rows.Lists {
			for as, some := range l.Patches {
				for _, p := range some {
					if i.Instance == id && i.List == l.List {
						found[as] = append(found[as], names[p])
					}
				}
			}
		}
	}
	for as := range found {
		slices.Sort(found[as])
	}
	return found
}

// waits says that a patch waits for a reboot of the node after its window.
func (n Node) waits() bool {
	return slices.ContainsFunc(n.After, func(p report.Patch) bool { return p.State == report.InstalledPendingReboot })
}

func (n Node) first() map[string][]string {
	all := map[string][]string{}
	for _, p := range n.Before {
		if as := map[string]string{report.Missing: "missing", report.Failed: "failed", report.InstalledPendingReboot: "pendingReboot"}[p.State]; as != "" {
			all[as] = append(all[as], p.KB+" "+p.Title)
		}
	}
	return all
}

// second is what came of what a first report said of the node.
func (n Node) second(bool) map[string][]string {
	all, was := map[string][]string{}, map[string]string{}
	for _, p := range n.Before {
		was[p.KB] = p.State
	}
	for _, p := range n.After {
		as := map[string]string{report.Missing: "missing", report.Failed: "failed", report.InstalledPendingReboot: "pendingReboot", report.Installed: "installed"}[p.State]
		switch was[p.KB] {
		case p.State:
			if p.State == report.Installed {
				continue // it is none of this window's
			}
			if p.State == report.InstalledPendingReboot {
				as = "stillPending"
			}
		}
		if _, known := was[p.KB]; !known {
			as = "notAnnounced"
		}
		delete(was, p.KB)
		all[as] = append(all[as], p.KB+" "+p.Title)
	}
	for _, p := range n.Before {
		if s := was[p.KB]; s == report.Missing || s == report.Failed {
			all["notListed"] = append(all["notListed"], p.KB+" "+p.Title)
		}
	}
	return all
}
