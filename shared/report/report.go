package report

import (
	"fmt"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/input"
	"quickstep/shared/run"
	"quickstep/shared/sanitize"
)

// Steps of a report.
const (
	StepSurvey   = "survey"   // which instances; a second report waits for the window's end here
	StepScanning = "scanning" // its scans are under way; the report function supervises them
	StepReport   = "report"   // it is put together
	StepSend     = "send"     // its messages are sent, one after the other
)

// Phases of a report.
const (
	Before = "before" // what the window will install
	After  = "after"  // what it has installed
	ByHand = "now"    // of instances that somebody named: what is missing now
)

const (
	// Retention is how long an ended report is kept, as a run is.
	Retention = run.Retention
	// ItemRetention is for how long what is written before its end is kept: as long again as a
	// report can last.
	ItemRetention = Retention + 30*24*time.Hour

	// validity is for how long a report is sent that no window's opening bounds.
	validity = 24 * time.Hour
)

// Report is a report under way: what was asked, and how far it is.
type Report struct {
	choreo.Position
	ID          string         `json:"id"`
	Phase       string         `json:"phase"`
	First       string         `json:"first,omitempty"` // of a second report: the first
	Window      *Opening       `json:"window,omitempty"`
	Named       bool           `json:"named,omitempty"` // the window was chosen, by id or prefix
	Select      Selection      `json:"select,omitzero"` // without a window
	States      []string       `json:"states"`
	StaleAfter  input.Duration `json:"staleAfter"`
	ScanTimeout input.Duration `json:"patience"` // from the survey to the deadline
	Began       time.Time      `json:"began"`
	Until       time.Time      `json:"until"`             // it expires: nobody needs it
	Deadline    time.Time      `json:"deadline,omitzero"` // of the scans
	Closed      time.Time      `json:"closed,omitzero"`   // when the last scan was in
	// Lead is how long before the opening a first report is made that a schedule has asked for. It
	// waits until the window's previous execution has settled; others don't, and have none.
	Lead input.Duration `json:"lead,omitempty"`
	// Often says that the window opens so often that it is reported once a day.
	Often bool `json:"often,omitempty"`
	// Previous is the execution before the opening, if it hadn't settled when the reading began.
	Previous  *Previous    `json:"previous,omitempty"`
	Remarks   []string     `json:"remarks,omitempty"`
	Tasks     []WindowTask `json:"tasks,omitempty"`     // of the window, as the survey has read them
	Execution *Execution   `json:"execution,omitempty"` // of a second report, if it could be read
	Instances int          `json:"instances,omitempty"`
	Gaps      int          `json:"gaps,omitempty"`
	Baselines *Baselines   `json:"baselines,omitempty"`
	Stored    *Stored      `json:"stored,omitempty"`   // what came of storing it
	Messages  string       `json:"messages,omitempty"` // the beginning of their keys
	Written   int          `json:"written,omitempty"`  // of them all
	// Parts go to the report topic; with gaps one to the alarm topic follows.
	Parts    int      `json:"parts,omitempty"`
	Sent     int      `json:"sent,omitempty"`    // of them all
	SendSlot SendSlot `json:"turn,omitzero"`     // when it may send the next ones
	InDoubt  bool     `json:"inDoubt,omitempty"` // the next one may have been sent as well
	// Stalled says: people know that its step keeps failing; it is tried hourly.
	Stalled bool `json:"weary,omitempty"`
}

// SendSlot is when a report may send how many messages.
type SendSlot struct {
	At   time.Time `json:"at"`
	Left int       `json:"left"`
}

// Stored is where the whole report is, or why it isn't.
type Stored struct {
	JSON   string `json:"json,omitempty"`
	CSV    string `json:"csv,omitempty"`
	Link   string `json:"link,omitempty"` // where a person finds both
	Failed string `json:"failed,omitempty"`
}

// MessageCount is how many messages a report has: its parts, and one to the alarm topic if it has
// gaps.
func (r *Report) MessageCount() int { return r.Parts + min(r.Gaps, 1) }

// Uncancellable says why a report can't be cancelled any more; empty if it can: a message of it may
// be on its way.
func (r *Report) Uncancellable(now time.Time) string {
	switch {
	case r.Step == choreo.Failing:
		return "has failed, and people are being told why: " + sanitize.Text(r.Position.Reason)
	case r.Step == StepSend && (r.Sent > 0 || r.InDoubt || r.Leased(now)):
		return fmt.Sprintf("is being sent: %d of %d messages are out", r.Sent, r.MessageCount())
	}
	return ""
}

// TimeToScan is how long the scans may take: half of what is left, if that is less than was asked
// for.
func (r *Report) TimeToScan(now time.Time) time.Duration {
	return min(time.Duration(r.ScanTimeout), max(r.Until.Sub(now)/2, time.Minute))
}

// ExpiredReason is why a report that can't be sent in time isn't sent at all, with the reason of
// its last try.
func (r *Report) ExpiredReason(cause string) string {
	if cause != "" {
		cause = ": " + cause
	}
	switch {
	case r.Often:
		return "it wasn't done by " + moment(r.Until) + cause
	case r.Phase == Before && r.Window != nil && !r.Window.Opens.IsZero():
		return "the window opened before the report was done" + cause
	}
	return "it wasn't done within " + run.Span(validity) + cause
}
