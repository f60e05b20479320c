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
	instances  []instance
	patches    []counted  // every patch once
	severities []severity // of those that are still to be installed
	lists      []list     // what instances have in common
	gaps       []string   // instances that couldn't be read, and why
	flags      []string   // what is odd about instances that could
	reboot     []string   // ids of instances that need one
	totals     map[string]int
}

// Categories of findings: of a first report by state, of a second by what came of what was announced.
const (
	isMissing   = "missing"
	isFailed    = "failed"
	isPending   = "pendingReboot"
	isInstalled = "installed"
	isUnlisted  = "notListed"    // announced, and not listed at all any more
	isSurprise  = "notAnnounced" // installed, but not announced
)

// categories are all, in the order in which they are told.
var categories = []string{isMissing, isFailed, isInstalled, isPending, isUnlisted, isSurprise}

// finding is a patch on an instance, in its category.
type finding struct {
	Patch
	as string
}

// instance is what a report says of one.
type instance struct {
	*Scan
	findings []finding
	counts   map[string]int
	list     string // its findings; empty if there are none
	flags    []string
}

// counted is a patch, and on how many instances it is found as what.
type counted struct {
	Patch
	name      string // its shortest name that no other patch has
	counts    map[string]int
	instances int
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

// collect reads what the scans have found.
func (p Reporter) collect(ctx context.Context, r *Report) (*content, error) {
	c := &content{Report: r, totals: map[string]int{}}
	b := book{p.Ledger}
	err := b.scans(ctx, r.ID, func(h held) error {
		i := instance{Scan: h.Scan, counts: map[string]int{}}
		if h.Step == Unread {
			c.gaps = append(c.gaps, h.label()+": "+h.Position.Reason)
			c.instances = append(c.instances, i)
			return nil
		}
		patches, err := b.pages(ctx, h.Scan)
		if err != nil {
			return err
		}
		var announced []Patch
		if h.First != "" {
			if announced, err = p.announced(ctx, b, h.First, h.ID); err != nil {
				return err
			}
		}
		i.findings = findings(patches, announced, h.First != "")
		c.instances = append(c.instances, i)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("put report %s together: %w", r.ID, err)
	}
	c.count()
	return c, nil
}

func (p Reporter) announced(ctx context.Context, b book, first, instance string) ([]Patch, error) {
	docs, err := b.Get(ctx, scanKey(first, instance))
	if err != nil || len(docs) == 0 {
		return nil, err
	}
	s := newScan()
	if err := docs[0].Decode(s); err != nil {
		return nil, err
	}
	return b.pages(ctx, s)
}

// key is what makes a patch the same on two instances.
func (p Patch) key() string { return p.KB + "\x00" + p.Title }

// findings puts each patch of an instance into its category.
func findings(patches, announced []Patch, second bool) (all []finding) {
	was := map[string]bool{}
	for _, p := range announced {
		was[p.key()] = true
	}
	seen := map[string]bool{}
	for _, p := range patches {
		as := category(p.State)
		if second && as == isInstalled && !was[p.key()] {
			as = isSurprise
		}
		if !seen[p.key()] { // SSM's pages may overlap if a scan comes in between
			seen[p.key()] = true
			all = append(all, finding{p, as})
		}
	}
	for _, p := range announced {
		if !seen[p.key()] && p.State != InstalledPendingReboot { // that one had been installed before
			seen[p.key()] = true
			all = append(all, finding{p, isUnlisted})
		}
	}
	slices.SortFunc(all, func(a, b finding) int { return compare(a.Patch, b.Patch) })
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
