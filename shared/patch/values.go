package patch

import (
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/input"
)

// Opening is one execution of a maintenance window.
type Opening struct {
	ID     string    `json:"id"`
	Name   string    `json:"name"`
	Zone   string    `json:"zone,omitempty"`
	Opens  time.Time `json:"opens,omitzero"` // zero: it isn't going to
	Closes time.Time `json:"closes,omitzero"`
}

// Phases of a report.
const (
	Before = "before" // what the window will install
	After  = "after"  // what it has installed
	ByHand = "now"    // of instances that somebody named: what is missing now
)

// Report is a report under way: what was asked, and how far it is.
type Report struct {
	choreo.Position
	ID         string         `json:"id"`
	Phase      string         `json:"phase"`
	First      string         `json:"first,omitempty"` // of a second report: the first
	Window     *Opening       `json:"window,omitempty"`
	Named      bool           `json:"named,omitempty"` // the window was named by its id, whatever its tasks are
	Select     Selection      `json:"select,omitzero"` // without a window
	States     []string       `json:"states"`
	StaleAfter input.Duration `json:"staleAfter"`
	Patience   input.Duration `json:"patience"` // from the survey to the deadline
	Began      time.Time      `json:"began"`
	Until      time.Time      `json:"until"`             // from then on it is worth nothing any more
	Deadline   time.Time      `json:"deadline,omitzero"` // of the scans
	Closed     time.Time      `json:"closed,omitzero"`   // when the last scan was in
	Remarks    []string       `json:"remarks,omitempty"`
	Instances  int            `json:"instances,omitempty"`
	Gaps       int            `json:"gaps,omitempty"`
	Stored     *Stored        `json:"stored,omitempty"`   // what came of putting it into the bucket
	Messages   string         `json:"messages,omitempty"` // the beginning of the keys under which they stand
	Written    int            `json:"written,omitempty"`  // of them all
	// Parts go to the report topic; with gaps one to the alarm topic follows.
	Parts   int  `json:"parts,omitempty"`
	Sent    int  `json:"sent,omitempty"`    // of them all
	Turn    Turn `json:"turn,omitzero"`     // when it may send the next ones
	InDoubt bool `json:"inDoubt,omitempty"` // the next one may have been sent as well
	// Weary says: people know that it can't be got on with; it is tried hourly.
	Weary bool `json:"weary,omitempty"`
}

// Stored is where the whole report is, or why it isn't.
type Stored struct {
	JSON   string `json:"json,omitempty"`
	CSV    string `json:"csv,omitempty"`
	Link   string `json:"link,omitempty"` // where a person finds both
	Failed string `json:"failed,omitempty"`
}

// Record is what is kept of a report: that it was begun keeps it from being made twice.
type Record struct {
	ID        string    `json:"id"`
	Asked     string    `json:"asked,omitempty"` // the request that began it; records of earlier versions may have none
	Phase     string    `json:"phase"`
	Window    *Opening  `json:"window,omitempty"`
	Began     time.Time `json:"began"`
	Ended     time.Time `json:"ended,omitzero"`
	Instances int       `json:"instances"`
	Gaps      int       `json:"gaps"` // instances that couldn't be read
	Parts     int       `json:"parts"`
	Failed    string    `json:"failed,omitempty"` // why there is no report
}

// other says that the report was begun by another request than one that has its id.
func (r *Record) other(asked string) bool { return r.Asked != "" && asked != "" && r.Asked != asked }

// Expiry is when the record may be forgotten.
func (r *Record) Expiry() time.Time {
	if r.Ended.IsZero() {
		return r.Began.Add(belongings)
	}
	return r.Ended.Add(kept)
}

// Status is what has come of the report, for people.
func (r *Record) Status() string {
	switch {
	case r.Ended.IsZero():
		return "under way since " + r.Began.UTC().Format(time.RFC3339)
	case r.Failed != "":
		return "failed: " + r.Failed
	}
	return "sent at " + r.Ended.UTC().Format(time.RFC3339)
}

// Count is how many of a report's scans are still out.
type Count struct {
	Left    int       `json:"left"`
	Total   int       `json:"total"`
	Gaps    int       `json:"gaps"`
	Expires time.Time `json:"-"`
}

// Expiry is when the count may be forgotten.
func (c *Count) Expiry() time.Time { return c.Expires }

// Page is a page of an instance's patches.
type Page struct {
	Patches []Patch   `json:"patches"`
	Expires time.Time `json:"-"`
}

// Expiry is when the page may be forgotten.
func (p *Page) Expiry() time.Time { return p.Expires }
