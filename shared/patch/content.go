package patch

import (
	"slices"
	"time"
)

// content is what a report says. It is the same each time it is put together: everything is sorted,
// and ages are those at the time when the last scan was in.
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

// counted is a patch, on how many instances it is found, and as what. What two systems say of it
// differently is told as the worse says it.
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
	return len(i.findings) == 0 && slices.ContainsFunc(i.flags, func(f string) bool {
		return f == "neverScanned" || f == "notManaged" || f == "notFound"
	})
}

func (c *content) age(i *instance) time.Duration { return max(c.Closed.Sub(i.Patched.Ended), 0) }
