package report

import (
	"time"

	"quickstep/shared/run"
	"quickstep/shared/sanitize"
)

// Record is what is kept of a report: that it was begun keeps it from being made twice.
type Record struct {
	ID string `json:"id"`
	// Asked is the request that began it; records of earlier versions may have none.
	Asked     string    `json:"asked,omitempty"`
	Phase     string    `json:"phase"`
	Window    *Opening  `json:"window,omitempty"`
	Began     time.Time `json:"began"`
	Ended     time.Time `json:"ended,omitzero"`
	Instances int       `json:"instances"`
	Gaps      int       `json:"gaps"` // instances that couldn't be read
	Parts     int       `json:"parts"`
	Failed    string    `json:"failed,omitempty"` // why there is no report
}

// Cancelled is why there is no report that an operator has cancelled.
const Cancelled = run.Cancelled

// End writes down what came of a report: why there is none, or nothing if it was sent.
func (r *Record) End(of *Report, now time.Time, failed string) {
	r.ID, r.Phase, r.Window, r.Began = of.ID, of.Phase, of.Window, of.Began
	r.Ended, r.Failed = now, failed
	r.Instances, r.Gaps, r.Parts = of.Instances, of.Gaps, of.Parts
}

// OfAnother says that the report was begun by another request than one that has its id.
func (r *Record) OfAnother(digest string) bool {
	return r.Asked != "" && digest != "" && r.Asked != digest
}

// Expiry is when the record may be forgotten.
func (r *Record) Expiry() time.Time {
	if r.Ended.IsZero() {
		return r.Began.Add(ItemRetention)
	}
	return r.Ended.Add(Retention)
}

// Status is what has come of the report, for people.
func (r *Record) Status() string {
	switch {
	case r.Ended.IsZero():
		return "under way since " + r.Began.UTC().Format(time.RFC3339)
	case r.Failed == Cancelled:
		return "cancelled at " + r.Ended.UTC().Format(time.RFC3339)
	case r.Failed != "":
		return "failed: " + r.Failed
	}
	return "sent at " + r.Ended.UTC().Format(time.RFC3339)
}

// Kept is the report as an operator sees it once it has ended.
func (r *Record) Kept() Underway {
	return Underway{Report: r.ID, Phase: r.Phase, Window: r.Window, Step: Done, Since: r.Began,
		Ended: r.Ended, Reason: sanitize.Text(r.Failed)}
}

// Underway is a report under way, as an operator sees it.
type Underway struct {
	Report    string    `json:"report"`
	Phase     string    `json:"phase"`
	Window    *Opening  `json:"window,omitempty"`
	Step      string    `json:"step"`
	Since     time.Time `json:"since"`
	NextWake  time.Time `json:"nextWakeUp,omitzero"`
	Deadline  time.Time `json:"deadline,omitzero"`   // by then its instances are read, or gaps
	Instances *Progress `json:"instances,omitempty"` // while they are read
	Messages  *Progress `json:"messages,omitempty"`  // once there are any
	Reason    string    `json:"reason,omitempty"`
	Ended     time.Time `json:"ended,omitzero"` // of one that is kept
}

// Progress is how many of a report's instances are read, or of its messages sent.
type Progress struct {
	Left  int `json:"left"`
	Total int `json:"total"`
}
