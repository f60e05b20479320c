package reports

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

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
	unknown, clean := 0, 0
	for _, n := range j.Nodes {
		want, sure := j.belongs(n, d, first)
		if said[n.ID] == 1 && gaps[n.ID] == "" {
			j.reboot(d, first, n)
			unknown += map[bool]int{true: 1}[j.unknown(d, n)]
			clean += map[bool]int{true: 1}[len(n.first()["missing"])+len(n.first()["failed"]) == 0 && !j.unknown(d, n)]
		}
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
	if t := d.Totals; t.Instances != len(d.Rows.Instances)+len(gaps) || t.Gaps != len(gaps) ||
		t.Patches != len(d.Rows.Patches) {
		j.broken("contents", "%s has the totals %+v; they aren't", d.Report, t)
	} else if t.Unknown != unknown && len(j.touched) == 0 {
		j.broken("contents", "%s says that of %d nodes it isn't known what they lack, want %d", d.Report, t.Unknown, unknown)
	}
	if said := nothing.FindStringSubmatch(d.subject); said != nil && len(j.touched) == 0 {
		if n, _ := strconv.Atoi(said[1]); n > clean {
			j.broken("contents", "%q, and only %d nodes are known to lack nothing", d.subject, clean)
		}
	}
}

var nothing = regexp.MustCompile(`nothing to install on (\d+)`)

// unknown says that nobody knows all that a node lacks, by what the scenario has set.
func (j *judge) unknown(d document, n Node) bool {
	late := d.Phase == report.After
	switch n.Kind {
	case unmanaged, never, unknown:
		return true
	case patched: // a second report is about the installation itself
		j.saw("not scanned since an installation", !late)
		return !late
	case counted:
		return !late || !n.Installs
	}
	return false
}

// reboot checks whether a report asks for a node's reboot: something waits for it, it is up, and no run has rebooted it since.
func (j *judge) reboot(d, first document, n Node) {
	if j.touched[n.ID] || (d.Window.ID != "" && d.Window.Opens.IsZero()) || n.Kind == denied {
		return
	}
	late := d.Phase == report.After
	patches := n.Before
	if late {
		patches = n.After
	}
	pending := slices.ContainsFunc(
		patches,
		func(p report.Patch) bool { return p.State == report.InstalledPendingReboot },
	)
	known := n.Kind == rebooted && (!late || !n.Installs)
	want := pending && !known && n.Kind != stopped && n.Kind != unmanaged && n.Kind != never && n.Kind != unknown
	asked := false
	for _, r := range d.Rows.Reboots {
		asked = asked || slices.Contains(r.Instances, n.ID)
	}
	if asked != want {
		j.broken("contents", "%s asks for a reboot of %s (%s): %t, want %t", d.Report, n.ID, n.Kind, asked, want)
	}
	j.saw("rebooted by a run", pending && known)
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
	if j.touched[n.ID] ||
		(d.Window.ID != "" && d.Window.Opens.IsZero()) { // asked by hand, and only begun when the window had opened
		return
	}
	if n.Kind == denied {
		j.broken("contents", "%s tells of %s, which nobody may read", d.Report, n.ID)
	}
	late := d.Phase == report.After
	want := j.flags(n, late)
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
		if expected = n.second(d.Window.Opens); first.Report == "" || !read {
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

// flags are what a report must flag a node with, but for whether it is compared.
func (j *judge) flags(n Node, late bool) string {
	pending := slices.ContainsFunc(
		n.Before,
		func(p report.Patch) bool { return p.State == report.InstalledPendingReboot },
	)
	var all []string
	add := func(flag string, yes bool) {
		if yes {
			all = append(all, flag)
		}
	}
	heard := late && n.Installs // of its installation: what was before it doesn't count
	add("notFound", n.Kind == unknown)
	add("notManaged", n.Kind == unmanaged)
	add("offline", n.Kind == stopped)
	add("neverScanned", n.Kind == never)
	if n.Kind != unknown && n.Kind != unmanaged && n.Kind != never {
		add("notPatched", late && len(n.Windows) > 0 && !n.Installs)
		add("notRescanned", !late && n.Kind == patched)
		add("stale", !late && n.Kind == stale)
		add("countsDiffer", n.Kind == counted && !heard)
		add("rebooted", n.Kind == rebooted && pending && !heard)
	}
	add("stopped", n.Kind == stopped)
	return strings.Join(all, " ")
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

// second is what came of what a first report said of the node: by the window, if it was installed since that opened; by somebody
// else, if it was before; and if only the day is known, in whatever time zone, or not even that, nobody knows.
func (n Node) second(opens time.Time) map[string][]string {
	all, was := map[string][]string{}, map[string]string{}
	for _, p := range n.Before {
		was[p.KB] = p.State
	}
	for _, p := range n.After {
		as := map[string]string{report.Missing: "missing", report.Failed: "failed", report.InstalledPendingReboot: "pendingReboot", report.Installed: "installed"}[p.State]
		_, known := was[p.KB]
		before := p.Installed.Before(opens)
		day := p.Installed.Equal(p.Installed.Truncate(24 * time.Hour))
		sure := !p.Installed.IsZero() && (!day || p.Installed.Before(opens.AddDate(0, 0, -2)))
		switch {
		case p.State == report.Installed && was[p.KB] == report.Installed,
			p.State == report.Installed && !known && sure && before:
			delete(was, p.KB)
			continue // it is none of this window's
		case p.State == report.Installed && !known && p.Installed.IsZero():
			continue // as much as on any system
		case p.State == report.InstalledPendingReboot && was[p.KB] == p.State:
			as = "stillPending"
		case p.State == report.Installed && was[p.KB] == report.InstalledPendingReboot:
			as = "installedBefore"
		case p.State == report.Installed && !sure && n.Installs:
			as = "installedUndetermined"
		case p.State == report.Installed && before:
			as = "installedBefore"
		case p.State == report.InstalledPendingReboot && sure && before:
			as = "pendingBefore"
		case !known:
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
