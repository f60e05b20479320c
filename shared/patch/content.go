package patch

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// content is what a report says. It is the same each time it is put together: everything is sorted, and ages are those at the
// time when the last scan was in.
type content struct {
	*Report
	stored     *Stored
	instances  []instance
	patches    []*counted // every patch once
	severities []severity // of those that are still to be installed
	lists      []list     // what instances have in common
	gaps       []string   // instances that couldn't be read, and why
	flags      []string   // what is odd about instances that could
	unknown    int        // instances of which nobody knows what they lack
	reboot     []string   // ids of instances that need one
	totals     map[string]int
}

// Categories of findings: of a first report by state, of a second by what came of what was announced.
const (
	isMissing   = "missing"
	isFailed    = "failed"
	isPending   = "pendingReboot"
	isStill     = "stillPending" // waited for a reboot at the first report already
	isInstalled = "installed"
	isUnlisted  = "notListed"    // announced, and not listed at all any more
	isSurprise  = "notAnnounced" // installed, but not announced
)

// categories are all, in the order in which they are told.
var categories = []string{isMissing, isFailed, isInstalled, isPending, isStill, isUnlisted, isSurprise}

// counted is a patch, on how many instances it is found, and as what. What two systems say of it differently is told as the
// worse says it.
type counted struct {
	Patch
	name      string // its shortest name that no other patch has
	counts    map[string]int
	instances int
}

// finding is a patch on an instance, in its category. Thousands of instances share their patches.
type finding struct {
	*counted
	as string
}

// instance is what a report says of one.
type instance struct {
	*Scan
	findings []finding
	counts   map[string]int
	list     string // its findings; empty if there are none
	flags    []string
	compared bool // of a second report: the first could read it
}

// severity is how many patches and instances there are of one.
type severity struct {
	Severity  string `json:"severity"`
	Patches   int    `json:"patches"`
	Instances int    `json:"instances"`
}

// list is a set of findings that at least one instance has.
type list struct {
	name      string
	instances int
	findings  []finding
}

// read is a patch as it was read on an instance.
type read struct {
	*counted
	state string
}

// collect reads what the scans have found.
func (p Reporter) collect(ctx context.Context, r *Report) (*content, error) {
	c := &content{Report: r, totals: map[string]int{}}
	known := map[string]*counted{}
	first, _, err := p.found(ctx, r.First, known)
	if err != nil {
		return nil, err
	}
	all, scans, err := p.found(ctx, r.ID, known)
	if err != nil {
		return nil, err
	}
	for _, s := range scans {
		i := instance{Scan: s, counts: map[string]int{}}
		if s.Step == Unread {
			c.gaps = append(c.gaps, s.label()+": "+s.Position.Reason)
			c.instances = append(c.instances, i)
			continue
		}
		var announced []read
		announced, i.compared = first[s.ID]
		i.findings = findings(all[s.ID], announced, i.compared)
		c.instances = append(c.instances, i)
	}
	for _, k := range known {
		c.patches = append(c.patches, k)
	}
	c.count()
	return c, nil
}

// found are the patches that a report's scans have found, by instance; of those alone that were read to their end.
func (p Reporter) found(ctx context.Context, id string, known map[string]*counted) (all map[string][]read, scans []*Scan, err error) {
	all = map[string][]read{}
	if id == "" {
		return all, nil, nil
	}
	b := book{p.Ledger}
	restarts := map[string]int{}
	err = b.scans(ctx, id, func(h held) error {
		scans = append(scans, h.Scan)
		if h.Step == Done {
			all[h.ID], restarts[h.ID] = []read{}, h.Restarts
		}
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("put a report together: %w", err)
	}
	err = b.each(ctx, id, pagePrefix, func(instance string, n int, some []Patch) {
		if of, ok := all[instance]; ok && n == restarts[instance] {
			for _, patch := range some {
				of = append(of, read{learn(known, patch), patch.State})
			}
			all[instance] = of
		}
	})
	return all, scans, err
}

// learn gives the one patch that stands for all that are the same.
func learn(known map[string]*counted, p Patch) *counted {
	k := known[p.key()]
	if k == nil {
		k = &counted{Patch: p, counts: map[string]int{}}
		k.State, k.Installed = "", time.Time{} // those are an instance's
		known[p.key()] = k
	}
	if k.Severity == "" || (p.Severity != "" && rank(p.Severity) < rank(k.Severity)) {
		k.Severity = p.Severity
	}
	k.Classification = cmp.Or(k.Classification, p.Classification)
	k.CVEs = longer(k.CVEs, p.CVEs) // Systems Manager names them only of what isn't installed
	return k
}

// key is what makes a patch the same on two instances.
func (p Patch) key() string { return p.KB + "\x00" + p.Title }

// findings puts each patch of an instance into its category. Compared with what a first report announced, what was installed
// then already is none of the window's.
func findings(patches, announced []read, compared bool) (all []finding) {
	was := map[*counted]string{}
	for _, p := range announced {
		was[p.counted] = category(p.state)
	}
	seen := map[*counted]bool{}
	for _, p := range patches {
		as, before := category(p.state), was[p.counted]
		switch {
		case !compared:
		case as == isInstalled && before == isInstalled:
			as = ""
		case as == isInstalled && before == "":
			as = isSurprise
		case as == isPending && before == isPending:
			as = isStill
		}
		if !seen[p.counted] && as != "" { // SSM's pages may overlap if a scan comes in between
			all = append(all, finding{p.counted, as})
		}
		seen[p.counted] = true
	}
	for _, p := range announced {
		if before := was[p.counted]; !seen[p.counted] && before != isPending && before != isInstalled {
			seen[p.counted] = true
			all = append(all, finding{p.counted, isUnlisted})
		}
	}
	return all
}

// category is how a state is told; one that a report doesn't ask for of itself goes by its own name.
func category(state string) string {
	switch state {
	case Missing:
		return isMissing
	case Failed:
		return isFailed
	case InstalledPendingReboot:
		return isPending
	case Installed, InstalledOther, InstalledRejected:
		return isInstalled
	}
	return strings.ToLower(state[:min(1, len(state))]) + state[min(1, len(state)):]
}

// severities from the worst; others follow by name.
var worst = []string{"Critical", "Important", "High", "Required", "Moderate", "Medium", "Standard", "Low", "Optional", "Extra", "Unspecified", "None", ""}

func rank(severity string) int {
	n := slices.IndexFunc(worst, func(w string) bool { return strings.EqualFold(w, severity) })
	if n < 0 {
		return len(worst)
	}
	return n
}

// compare sorts patches: the worst first, then by id and title.
func compare(a, b Patch) int {
	return cmp.Or(cmp.Compare(rank(a.Severity), rank(b.Severity)), strings.Compare(a.Severity, b.Severity), strings.Compare(a.KB, b.KB), strings.Compare(a.Title, b.Title))
}

// label is an instance's id, with its name if it has one.
func (s *Scan) label() string {
	if s.Name == "" {
		return s.ID
	}
	return s.ID + " (" + s.Name + ")"
}

// odd is what a reader should know of an instance beside its patches.
func (c *content) odd(i *instance) (flags []string) {
	if c.First != "" && !i.compared {
		flags = append(flags, "notCompared")
	}
	switch {
	case !i.Managed && i.Platform == "" && i.State == "":
		flags = append(flags, "notFound")
	case !i.Managed:
		flags = append(flags, "notManaged")
	case !i.Online:
		flags = append(flags, "offline")
	}
	switch {
	case i.Patched == nil && i.Managed:
		flags = append(flags, "neverScanned")
	case i.Patched != nil && c.Phase == After && i.Patched.Ended.Before(c.Window.Opens):
		flags = append(flags, "notPatched") // nothing was reported since the window opened
	case i.Patched != nil && c.Phase != After && c.age(i) > time.Duration(c.StaleAfter):
		flags = append(flags, "stale")
	}
	if i.State != "" && i.State != "running" {
		flags = append(flags, i.State)
	}
	return flags
}

func (c *content) age(i *instance) time.Duration { return max(c.Closed.Sub(i.Patched.Ended), 0) }
