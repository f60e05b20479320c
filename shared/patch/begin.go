package patch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/input"
	"quickstep/shared/ledger"
	"quickstep/shared/notify"
	"quickstep/shared/run"
	"quickstep/shared/sanitize"
)

const (
	// settle is the time from the end of a window to the second report: an installation that began
	// in time may end later, and is known to Systems Manager only after the reboot.
	settle = 30 * time.Minute
	// worth is how long a report that no window's opening bounds is worth sending.
	worth = 24 * time.Hour
)

// window begins the reports of one window; the first is made after the wait.
func (s Survey) window(
	ctx context.Context, invocation string, q Request, o opening, now time.Time, wait time.Duration,
) (Answer, error) {
	a := answer(o.Window, o.at, "")
	named := slices.Contains(q.WindowIDs, o.ID)
	if !named { // one of many: is it there to install patches?
		tasks, err := s.Windows.Tasks(ctx, o.ID)
		if err != nil {
			return a, fmt.Errorf("list its tasks: %w", err)
		}
		if !slices.ContainsFunc(tasks, Task.installs) {
			a.Status = "it has no task that installs patches"
			return a, nil
		}
	}
	r := s.ofWindow(q, o, named, now)
	r.Due = now.Add(wait)
	var second *Report
	if q.After && !o.at.IsZero() && o.Hours > 0 {
		second = afterwards(r)
		second.Due = second.Due.Add(wait)
	}
	made, err := s.begin(ctx, invocation, q.asked, r, second, now)
	a.Report, a.Status = made.Report, made.Status
	return a, err
}

// notDue says why a schedule's request doesn't report a window now; empty if it does, and for what is asked by
// hand.
func notDue(q Request, w Window, opens, now time.Time) string {
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

// ofWindow is the first report of a window's next execution. One that a schedule asks for is made
// once for each execution, one by hand as often as somebody asks.
func (s Survey) ofWindow(q Request, o opening, named bool, now time.Time) *Report {
	r := s.report(q, Before, now)
	r.Named = named
	r.Window = &Opening{ID: o.ID, Name: sanitize.Text(o.Name), Zone: o.Zone, Opens: o.at}
	r.ID = q.reportID(o)
	if !o.at.IsZero() {
		r.Window.Closes = o.at.Add(time.Duration(o.Hours) * time.Hour)
		r.Until = o.at
	}
	return r
}

// reportID is the id of the report of an opening: of what a schedule asks for the opening's own, else the
// request's.
func (q *Request) reportID(o opening) string {
	if !q.Scheduled.IsZero() {
		return o.ID + "-" + o.at.Format("20060102T1504Z")
	}
	return run.RunID("report", q.ID+"/"+o.ID)
}

func (s Survey) ofInstances(q Request, now time.Time) *Report {
	r := s.report(q, ByHand, now)
	id := q.ID
	if strings.HasPrefix(id, "mw-") || strings.HasPrefix(id, "report-") { // such are the ids of windows' reports
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

func (s Survey) report(q Request, phase string, now time.Time) *Report {
	return &Report{
		Position:   choreo.Position{N: 1, Step: StepSurvey, Since: now, Due: now},
		Phase:      phase,
		States:     q.States,
		StaleAfter: q.StaleAfter,
		Patience:   q.Deadline,
		Began:      now,
		Until:      now.Add(worth),
	}
}

// afterwards is the second report that goes with a first.
func afterwards(first *Report) *Report {
	r := *first
	r.ID, r.Phase, r.First = first.ID+"-after", After, first.ID
	r.Due = r.Window.Closes.Add(settle)
	r.Until = r.Due.Add(worth)
	r.Position.Reason = "it waits until the window has closed"
	return &r
}

// begin writes reports down and sends their messages. Of one that was begun before it says what has come of it.
func (s Survey) begin(
	ctx context.Context, invocation, asked string, first, second *Report, now time.Time,
) (Answer, error) {
	a := Answer{Report: first.ID, Status: begun}
	var writes []ledger.Write
	for _, r := range []*Report{first, second} {
		if r == nil {
			continue
		}
		record := &Record{ID: r.ID, Asked: asked, Phase: r.Phase, Window: r.Window, Began: now}
		writes = append(writes, ledger.Put(recordKey(r.ID), 0, record), ledger.Put(reportKey(r.ID), 0, r))
	}
	err := ledger.Apply(ctx, s.Ledger, invocation+"#begin-"+first.ID, writes...)
	if errors.Is(err, ledger.ErrConflict) {
		return s.again(ctx, first.ID, asked)
	}
	if err != nil {
		return a, fmt.Errorf("write report %s down: %w", first.ID, err)
	}
	slog.Info("request", "outcome", "begun", "report", first.ID)
	// For the wait of a second report no message is kept alive: the watchdog sends it when it is over.
	msg := choreo.NewMessage(reportKey(first.ID), &first.Position)
	if err := choreo.Send(ctx, s.Queues, Routing, now, msg); err != nil {
		slog.Error("send", "report", first.ID, "outcome", "the watchdog will send it", "reason", err.Error())
	}
	return a, nil
}

// again says what has come of a report that was begun before. What is overdue of it, the watchdog sends again.
func (s Survey) again(ctx context.Context, id, asked string) (Answer, error) {
	var record Record
	rev, err := ledger.Read(ctx, s.Ledger, recordKey(id), &record)
	switch {
	case err != nil:
		return Answer{}, err
	case rev == 0:
		return Answer{}, fmt.Errorf("report %s: %w", id, ledger.ErrConflict)
	case record.other(asked):
		return Answer{}, input.Refuse("id", "give another id, or leave it out",
			"another request had it at %s", notify.Time(record.Began))
	}
	return Answer{Report: id, Status: record.Status()}, nil
}
