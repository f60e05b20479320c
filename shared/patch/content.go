package patch

import (
	"context"
	"fmt"
	"slices"
	"time"

	"quickstep/shared/ledger"
)

// content is what a report says. It is the same each time it is put together: everything is sorted, and ages are those at the
// time when the last scan was in.
type content struct {
	*Report
	instances  []instance
	patches    []*counted // every patch once
	severities []severity // of those that are still to be installed
	lists      []list     // what instances have in common
	gaps       []string   // ids of instances that couldn't be read
	flags      []string   // what is odd about instances that could
	unknown    int        // instances that could, and of which nobody knows what they lack
	stale      int        // instances whose scan is too old
	unheard    int        // of a second report: instances of which nothing was heard since the window was to open
	silent     bool       // of a second report: no installation was seen since then
	reboot     []string   // ids of instances that need one
	totals     map[string]int
	verdicts   [2][]string // in full, and brief: each part has one
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
	raw       string // its CVEs as they were told last
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
	apart    string // of a second report: why it isn't compared with the first; empty if it is
	patched  bool   // of a second report: a patch was installed on it since the window was to open
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
	since bool // of a second report: it was installed since the window was to open
	dated bool // it is known when it was installed
}

// collect reads what the scans have found.
func (p Reporter) collect(ctx context.Context, r *Report) (*content, error) {
	own := *r // what the report says of itself may be more than the ledger does
	if w := r.Window; w != nil {
		own.Window = &Opening{w.ID, tidy(w.Name), w.Zone, w.Opens, w.Closes}
	}
	c := &content{Report: &own, totals: map[string]int{}}
	known := map[string]*counted{}
	first, err := p.first(ctx, &own, known)
	if err != nil {
		return nil, err
	}
	second, err := p.found(ctx, &own, known)
	if err != nil {
		return nil, err
	}
	for _, s := range second.scans {
		i := instance{Scan: s, counts: map[string]int{}}
		if own.First != "" {
			i.apart = first.apart(s.ID)
		}
		if s.Step != Unread {
			i.findings, i.patched = c.findings(&i, second.patches[s.ID], first.patches[s.ID])
		}
		c.instances = append(c.instances, i)
	}
	for key, k := range known {
		if key == k.key() { // it may be known under others as well: with a blank at the end, say
			c.patches = append(c.patches, k)
		}
	}
	c.count()
	return c, nil
}

// found is what the scans of a report have found.
type found struct {
	scans   []*Scan
	of      map[string]*Scan  // by instance
	patches map[string][]read // by instance; of those alone that were read to their end
}

// first is what the first report has found. Of one whose survey never got to its end, or that was about nothing, there is
// nothing to compare with.
func (p Reporter) first(ctx context.Context, r *Report, known map[string]*counted) (found, error) {
	if r.First == "" {
		return found{}, nil
	}
	rev, err := ledger.Read(ctx, p.Ledger, countKey(r.First), &Count{})
	if err != nil {
		return found{}, err
	}
	f := found{}
	if rev > 0 {
		f, err = p.found(ctx, &Report{ID: r.First}, known)
	}
	if len(f.scans) == 0 {
		r.First = ""
	}
	return f, err
}

func (p Reporter) found(ctx context.Context, r *Report, known map[string]*counted) (f found, err error) {
	f.of, f.patches = map[string]*Scan{}, map[string][]read{}
	b := book{p.Ledger}
	restarts := map[string]int{}
	err = b.scans(ctx, r.ID, func(h held) error {
		h.Scan.tidy()
		f.scans, f.of[h.ID] = append(f.scans, h.Scan), h.Scan
		if h.Step == Done {
			f.patches[h.ID], restarts[h.ID] = []read{}, h.Restarts
		}
		return nil
	})
	if err != nil {
		return f, fmt.Errorf("put a report together: %w", err)
	}
	err = b.each(ctx, r.ID, pagePrefix, func(instance string, n int, some []Patch) {
		if of, ok := f.patches[instance]; ok && n == restarts[instance] {
			for _, patch := range some {
				of = append(of, read{learn(known, patch), patch.State, r.since(patch), !patch.Installed.IsZero()})
			}
			f.patches[instance] = of
		}
	})
	return f, err
}

// since says that a patch was installed since the window of a second report was to open.
func (r *Report) since(p Patch) bool { return r.Phase == After && p.since(r.Window.Opens) }

// scanned says that Systems Manager has come to a state of it. One whose operation has never ended is none.
func (s *Scan) scanned() bool { return s.Patched != nil && !s.Patched.Ended.IsZero() }

// odd is what a reader should know of an instance beside its patches.
func (c *content) odd(i *instance) (flags []string) {
	if i.apart != "" && i.Step != Unread {
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
	case !i.scanned() && i.Managed:
		flags = append(flags, "neverScanned")
	case !i.scanned():
	case c.Phase == After && i.Patched.Ended.Before(c.Window.Opens):
		flags = append(flags, "notPatched") // nothing was reported since the window opened
	case c.Phase != After && c.age(i) > time.Duration(c.StaleAfter):
		flags = append(flags, "stale")
	}
	if i.State != "" && i.State != "running" {
		flags = append(flags, i.State)
	}
	return flags
}

// unsure says that nobody knows what an instance lacks: nothing was found, and nothing can have been.
func (i *instance) unsure() bool {
	return len(i.findings) == 0 && slices.ContainsFunc(i.flags, func(f string) bool { return f == "neverScanned" || f == "notManaged" || f == "notFound" })
}

func (c *content) age(i *instance) time.Duration { return max(c.Closed.Sub(i.Patched.Ended), 0) }
