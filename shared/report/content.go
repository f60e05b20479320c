package report

import (
	"slices"
	"time"
)

// Content is what a report says. It is the same each time it is put together: everything is sorted,
// and ages are those at the time when the last scan was in.
type Content struct {
	Report       *Report
	Instances    []Instance
	Patches      []*PatchSummary // every patch once
	Severities   []SeverityCount // of those that are still to be installed
	Lists        []PatchList     // what instances have in common
	Gaps         []string        // ids of instances that couldn't be read
	Reboots      []string        // ids of instances that need one
	Totals       map[string]int  // patches times instances, by category
	Flagged      int             // instances that could be read, and about which something is odd
	Unknown      int             // instances that could, and of which nobody knows what they lack
	Stale        int             // instances whose scan is too old
	NotPatched   int             // of a second report: instances not heard of since the opening
	NotRescanned int             // of the unknown: not scanned since an installation
	OldestScan   time.Time       // when it ended; zero: no patch state is of a scan
	NoInstall    bool            // of a second report: no installation was seen since then
}

// Flags are what a reader should know of an instance beside its patches. Another is EC2's state of
// an instance that isn't running.
const (
	FlagNotCompared  = "notCompared"
	FlagNotFound     = "notFound"
	FlagNotManaged   = "notManaged"
	FlagOffline      = "offline"
	FlagNeverScanned = "neverScanned"
	FlagStale        = "stale"
	FlagNotPatched   = "notPatched" // nothing was reported since the window opened
	// FlagNotRebooted is of a second report: patches still wait for a reboot, which the window makes.
	FlagNotRebooted = "notRebooted"
	// FlagNotRescanned: an installation was the last to look, so that what is missing isn't known.
	FlagNotRescanned = "notRescanned"
	// FlagCountsDiffer: its patch state counts more patches than are listed.
	FlagCountsDiffer = "countsDiffer"
	// FlagRebooted: a run has rebooted it since its patch state was made.
	FlagRebooted = "rebooted"
)

// Flags are all but EC2's states.
var Flags = []string{
	FlagNotCompared, FlagNotFound, FlagNotManaged, FlagOffline, FlagNeverScanned, FlagStale,
	FlagNotPatched, FlagNotRebooted, FlagNotRescanned, FlagCountsDiffer, FlagRebooted,
}

// PatchSummary is a patch, on how many instances it is found, and as what. What two systems say of
// it differently is reported as the worse says it.
type PatchSummary struct {
	Patch
	Label      string         // its shortest name that no other patch has
	ByCategory map[string]int // instances
	Instances  int

	lastCVEs string // as Systems Manager gave them last
}

// Finding is a patch on an instance, in its category. Thousands of instances share their patches.
type Finding struct {
	*PatchSummary
	Category string
}

// Instance is what a report says of one.
type Instance struct {
	*Scan
	Findings    []Finding
	ByCategory  map[string]int // patches
	List        string         // the label of the list of its findings; empty if there are none
	Flags       []string
	NotCompared string // of a second report: why it isn't compared with the first; empty if it is

	sawInstall bool   // of a second report: a patch may have been installed on it since the opening
	listed     listed // how many of its patches were listed
}

// SeverityCount is how many patches and instances there are of one severity.
type SeverityCount struct {
	Severity  string `json:"severity"`
	Patches   int    `json:"patches"`
	Instances int    `json:"instances"`
}

// PatchList is a set of findings that at least one instance has.
type PatchList struct {
	Label     string
	Instances int
	Findings  []Finding
}

// Unknown says that nobody knows all that an instance lacks: nothing was found, and nothing can
// have been; or the last to look was an installation, which lists nothing as missing; or fewer
// patches are listed than are counted.
func (i *Instance) Unknown() bool {
	if i.Has(FlagNotRescanned) || (i.Has(FlagCountsDiffer) && i.lacksMoreThanListed()) {
		return true
	}
	return len(i.Findings) == 0 && slices.ContainsFunc(i.Flags, func(f string) bool {
		return f == FlagNeverScanned || f == FlagNotManaged || f == FlagNotFound
	})
}

// Has says that an instance has a flag.
func (i *Instance) Has(flag string) bool { return slices.Contains(i.Flags, flag) }

// Age is how old an instance's patch state was when the last scan was in.
func (c *Content) Age(s *State) time.Duration { return c.Since(s.Ended) }

// Since is how long ago something was when the last scan was in.
func (c *Content) Since(t time.Time) time.Duration { return max(c.Report.Closed.Sub(t), 0) }
