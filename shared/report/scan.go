package report

import (
	"slices"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/run"
	"quickstep/shared/sanitize"
)

// Steps of the scan of one instance.
const (
	StepScan = "scan"
	Done     = "done"
	// Unread is the end of a scan whose patches can't be had: a gap. (A patch can be Failed as
	// well.)
	Unread = "failed"
)

// Scan is one instance of a report.
type Scan struct {
	choreo.Position
	Node
	Report   string    `json:"report"`
	Patched  *State    `json:"patched,omitempty"` // nil: it was never scanned
	States   []string  `json:"states"`            // of patches that are read
	Opened   time.Time `json:"opened,omitzero"`   // of a second report: what was installed since is read
	First    string    `json:"first,omitempty"`   // of a second report: the first, if there is one
	Token    string    `json:"token,omitempty"`   // of the next page
	Calls    int       `json:"calls,omitempty"`   // that gave a page, in vain ones included
	Pages    int       `json:"pages,omitempty"`   // that are in the ledger
	Restarts int       `json:"restarts,omitempty"`
	Waits    int       `json:"waits,omitempty"` // in a row, for what passes by itself
	Found    int       `json:"found,omitempty"` // patches
	// Rebooted is the last reboot by a run that the ledger knew when the report was begun.
	Rebooted *run.LastReboot `json:"rebooted,omitempty"`
}

// NewScan is the scan of a node. What is pending a reboot is always read, and of a second report
// all that tells what was done.
func NewScan(r *Report, n Node, state *State, now, due time.Time) *Scan {
	s := &Scan{Node: n, Report: r.ID, Patched: state, States: slices.Clone(r.States)}
	s.Position = choreo.Position{N: 1, Step: StepScan, Since: now, Due: due}
	more := []string{InstalledPendingReboot}
	if r.Phase == After {
		s.First, s.Opened = r.First, r.Window.Opens
		more = append(more, Installed, InstalledOther, InstalledRejected, Failed, Missing)
	}
	for _, state := range more {
		if !slices.Contains(s.States, state) {
			s.States = append(s.States, state)
		}
	}
	slices.Sort(s.States)
	return s
}

// Expiry is when the scan may be forgotten.
func (s *Scan) Expiry() time.Time { return s.Since.Add(ItemRetention) }

// Ended says that nothing more will be read.
func (s *Scan) Ended() bool { return s.Step == Done || s.Step == Unread }

// LastState is the instance's patch state. An operation that has never ended has come to none: nil.
func (s *Scan) LastState() *State {
	if s.Patched == nil || s.Patched.Ended.IsZero() {
		return nil
	}
	return s.Patched
}

// Wants says whether a scan keeps a patch. Of those that a window has installed, a second report is
// about what the first one announced, whatever its title is now, and what was installed since the
// opening, or may have been.
func (s *Scan) Wants(p Patch, announced Announced) bool {
	if s.Opened.IsZero() || category(p.State) != IsInstalled || announced.contains(p) {
		return true
	}
	at := s.installation(p, s.Opened)
	return at == SinceOpening || at == OnTheDay
}

// sanitize makes all that a scan has from others fit to stand in a line.
func (s *Scan) sanitize() {
	texts := []*string{&s.Name, &s.Platform, &s.State, &s.Position.Reason}
	if s.Patched != nil {
		texts = append(texts,
			&s.Patched.Baseline, &s.Patched.Group, &s.Patched.Snapshot, &s.Patched.Operation)
	}
	for _, text := range texts {
		*text = sanitize.Text(*text)
	}
}

// Announced are the titles of the patches that a first report has found on an instance, by id.
type Announced map[string][]string

// Add adds patches.
func (a Announced) Add(patches []Patch) {
	for _, p := range patches {
		if !slices.Contains(a[p.KB], p.Title) {
			a[p.KB] = append(a[p.KB], p.Title)
		}
	}
}

// contains says that a patch may be one of those: by id and title, or by its id where that leaves
// no doubt.
func (a Announced) contains(p Patch) bool {
	titles := a[p.KB]
	if slices.Contains(titles, p.Title) {
		return true
	}
	return p.KB != "" &&
		(len(titles) == 1 || (p.Title == "" && len(titles) > 0) || slices.Contains(titles, ""))
}

// ScanCount is how many of a report's scans are still out.
type ScanCount struct {
	Left    int       `json:"left"`
	Total   int       `json:"total"`
	Gaps    int       `json:"gaps"`
	Expires time.Time `json:"-"`
}

// Expiry is when the count may be forgotten.
func (c *ScanCount) Expiry() time.Time { return c.Expires }

// Page is a page of an instance's patches.
type Page struct {
	Patches []Patch   `json:"patches"`
	Expires time.Time `json:"-"`
}

// Expiry is when the page may be forgotten.
func (p *Page) Expiry() time.Time { return p.Expires }
