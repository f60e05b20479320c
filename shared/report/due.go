package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/input"
	"quickstep/shared/run"
	"quickstep/shared/sanitize"
)

// settle is the time from the end of a window to the second report: an installation that began
// in time may end later, and is known to Systems Manager only after the reboot.
const settle = 30 * time.Minute

// NotDue says why a schedule's request doesn't report a window now; empty if it does, and for what
// is asked by hand.
func (q *Request) NotDue(w Window, opens, now time.Time) string {
	switch {
	case q.Scheduled.IsZero():
		return ""
	case !w.Enabled:
		return "it is disabled"
	case opens.IsZero():
		return "it isn't going to open"
	case !opens.After(now):
		return "it has opened"
	case opens.Sub(now) > time.Duration(q.Lead):
		return fmt.Sprintf("not due: it opens in %s, the report is made %s before",
			run.Span(opens.Sub(now)), run.Span(time.Duration(q.Lead)))
	}
	return ""
}

// ReportID is the id of the report of a window's opening: of what a schedule asks for the opening's
// own, else the request's.
func (q *Request) ReportID(window string, opens time.Time) string {
	if !q.Scheduled.IsZero() {
		return window + "-" + opens.Format("20060102T1504Z")
	}
	return run.RunID("report", q.ID+"/"+window)
}

// OnceID is the id of the only report of a window on the day of an opening, in UTC, if it opens so
// often; empty for what is asked by hand.
func (q *Request) OnceID(window string, opens time.Time) string {
	if q.Scheduled.IsZero() {
		return ""
	}
	return onceID(window, opens)
}

func onceID(window string, opens time.Time) string {
	return window + "-" + opens.Format("20060102")
}

// Names says that a request chooses its windows, by their ids or by a prefix.
func (q *Request) Names() bool { return len(q.WindowIDs) > 0 || q.WindowPrefix != "" }

// OfWindow is the first report of a window's next execution. One that a schedule asks for is made
// once for each execution, one by hand as often as somebody asks.
func (q *Request) OfWindow(w Window, opens, now time.Time) *Report {
	r := q.newReport(Before, now)
	r.Named = q.Names()
	r.Window = &Opening{
		ID: w.ID, Name: sanitize.Text(w.Name), Zone: w.Zone, Opens: opens, Disabled: !w.Enabled,
	}
	r.ID = q.ReportID(w.ID, opens)
	if !opens.IsZero() {
		r.Window.Closes = opens.Add(time.Duration(w.Hours) * time.Hour)
		r.Until = opens
	}
	if !q.Scheduled.IsZero() {
		r.Lead = q.Lead
	}
	return r
}

// OncePerDay makes a first report the only one of its window on the day of the opening, in UTC. It
// is sent even if the window opens before it is done: it soon opens again.
func (r *Report) OncePerDay(now time.Time) {
	r.ID = onceID(r.Window.ID, r.Window.Opens)
	r.Often = true
	if until := now.Add(2 * time.Duration(r.ScanTimeout)); until.After(r.Until) {
		r.Until = until
	}
}

// OfInstances is the report of the instances that a request names.
func (q *Request) OfInstances(now time.Time) *Report {
	r := q.newReport(ByHand, now)
	id := q.ID
	if strings.HasPrefix(id, "mw-") || strings.HasPrefix(id, "report-") {
		// such are the ids of windows' reports
		id = "instances/" + id
	}
	r.ID = run.RunID("report", id)
	r.Select.IDs = q.InstanceIDs
	for key, value := range q.Tags {
		r.Select.Tags = append(r.Select.Tags, Target{Key: "tag:" + key, Values: []string{value}})
	}
	slices.SortFunc(r.Select.Tags, func(a, b Target) int { return strings.Compare(a.Key, b.Key) })
	return r
}

func (q *Request) newReport(phase string, now time.Time) *Report {
	return &Report{
		Position:    choreo.Position{N: 1, Step: StepSurvey, Since: now, Due: now},
		Phase:       phase,
		States:      q.States,
		StaleAfter:  q.StaleAfter,
		ScanTimeout: q.Deadline,
		Began:       now,
		Until:       now.Add(validity),
	}
}

const waitsForClose = "it waits until the window has closed"

// SecondID is the id of the second report that goes with a first.
func (r *Report) SecondID() string { return r.ID + "-after" }

// Second is the report after the window that goes with a first.
func (r *Report) Second() *Report {
	second := *r
	second.ID, second.Phase, second.First, second.Lead = r.SecondID(), After, r.ID, 0
	second.Due = second.Window.Closes.Add(settle)
	second.Until = second.Due.Add(validity)
	second.Position.Reason = waitsForClose
	return &second
}

// LateRemark is what readers should know of a second report that is made long after its window has
// closed; empty if it isn't.
func (r *Report) LateRemark(now time.Time) string {
	const inTime = settle + time.Hour
	if r.Phase != After || now.Sub(r.Window.Closes) < inTime {
		return ""
	}
	late := run.Span(now.Sub(r.Window.Closes).Truncate(time.Minute))
	return fmt.Sprintf("it was made %s after the window had closed: what later executions, or "+
		"people, have installed since then is counted as well", late)
}

// OfSecond is the second report that goes with a kept first one, however often somebody asks. The
// error is a *input.FieldError.
func (q *Request) OfSecond(first *Record, now time.Time) (*Report, error) {
	const want = "give the id of a report that was made before a maintenance window opened"
	switch {
	case first.Phase == After:
		return nil, input.Refuse("first", want, "report %s is a second report itself", first.ID)
	case first.Window == nil:
		return nil, input.Refuse("first", want, "report %s isn't of a maintenance window", first.ID)
	case first.Window.Opens.IsZero():
		return nil, input.Refuse("first", want, "the window of report %s wasn't going to open", first.ID)
	}

	r := q.newReport(After, now)
	r.ID = run.RunID("report", q.ID+"/"+first.ID+"-after")
	r.First, r.Window = first.ID, first.Window
	r.Named = true // its first report is
	if due := first.Window.Closes.Add(settle); due.After(now) {
		r.Due = due
		r.Position.Reason = waitsForClose
	}
	r.Until = r.Due.Add(validity)
	return r, nil
}
