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
	"quickstep/shared/ledger"
	"quickstep/shared/run"
)

const (
	// settle is the time from the end of a window to the second report: an installation that began in time may end later,
	// and is known to Systems Manager only after the reboot.
	settle = 30 * time.Minute
	// worth is how long a report that no window's opening bounds is worth sending.
	worth = 24 * time.Hour
)

// window begins the reports of one window, if they are due; the first is made after the wait.
func (s Survey) window(ctx context.Context, invocation string, q Request, w Window, now time.Time, wait time.Duration) (Answer, error) {
	opens, err := w.Opens()
	if err != nil {
		return Answer{}, err
	}
	a := Answer{Window: w.ID, Name: w.Name}
	if !opens.IsZero() {
		a.Opens = opens.Format(time.RFC3339)
	}
	if !q.Scheduled.IsZero() {
		if why := notDue(q, w, opens, now); why != "" {
			a.Status = why
			return a, nil
		}
	}
	named := slices.Contains(q.WindowIDs, w.ID)
	if !named { // one of many: is it there to install patches?
		tasks, err := s.Windows.Tasks(ctx, w.ID)
		if err != nil {
			return a, fmt.Errorf("list its tasks: %w", err)
		}
		if !slices.ContainsFunc(tasks, Task.installs) {
			a.Status = "it has no task that installs patches"
			return a, nil
		}
	}
	r := s.ofWindow(q, w, opens, named, now)
	r.Due = now.Add(wait)
	var second *Report
	if q.After && !opens.IsZero() && w.Hours > 0 {
		second = afterwards(r)
	}
	made, err := s.begin(ctx, invocation, r, second, now)
	if err == nil && made.failed && !q.Scheduled.IsZero() {
		made, err = s.anew(ctx, invocation, r, now)
	}
	a.Report, a.Status = made.Report, made.Status
	return a, err
}

const (
	// rest is the time between a report that couldn't be made and another try: a permission that is missing needs people.
	rest = 4 * time.Hour
	// mostTries is how often one that a schedule asks for is begun.
	mostTries = 6
	// apart is the time between the reports that one request begins: SNS takes an e-mail address off its list that gets more
	// than ten messages a second.
	apart = 2 * time.Second
)

// anew begins another report in place of one that couldn't be made, while its window hasn't opened. A second report that waits
// is then compared with that one.
func (s Survey) anew(ctx context.Context, invocation string, first *Report, now time.Time) (Answer, error) {
	for n := 2; ; n++ {
		var last Record
		_, err := ledger.Read(ctx, s.Ledger, recordKey(try(first.ID, n-1)), &last)
		if err != nil || n > mostTries || now.Sub(last.Ended) < rest {
			return Answer{Report: last.ID, Status: last.Status()}, err
		}
		r := *first
		r.ID = try(first.ID, n)
		a, err := s.begin(ctx, invocation, &r, nil, now)
		if err != nil || !a.failed {
			return a, errors.Join(err, s.compare(ctx, invocation, first.ID+"-after", r.ID))
		}
	}
}

// try is the id of the nth try at a report.
func try(id string, n int) string {
	if n == 1 {
		return id
	}
	return fmt.Sprintf("%s-%d", id, n)
}

// compare makes a second report that waits one that is compared with another first.
func (s Survey) compare(ctx context.Context, invocation, id, first string) error {
	r := newReport()
	rev, err := ledger.Read(ctx, s.Ledger, reportKey(id), r)
	if err != nil || rev == 0 || r.Step != StepSurvey || r.First == first {
		return err
	}
	r.First = first
	return ledger.Apply(ctx, s.Ledger, invocation+"#compare-"+id, ledger.Put(reportKey(id), rev, r))
}

// notDue says why a schedule's request doesn't report a window now; empty if it does.
func notDue(q Request, w Window, opens, now time.Time) string {
	switch {
	case !w.Enabled:
		return "it is disabled"
	case opens.IsZero():
		return "it isn't going to open"
	case !opens.After(now):
		return "it has opened"
	case opens.Sub(now) > time.Duration(q.Lead):
		return fmt.Sprintf("not due: it opens in %s, the report is made %s before", run.Span(opens.Sub(now)), run.Span(time.Duration(q.Lead)))
	}
	return ""
}

// ofWindow is the first report of a window's next execution. One that a schedule asks for is made once for each execution, one
// by hand as often as somebody asks.
func (s Survey) ofWindow(q Request, w Window, opens time.Time, named bool, now time.Time) *Report {
	r := s.report(q, Before, now)
	r.Named = named
	r.Window = &Opening{ID: w.ID, Name: w.Name, Zone: w.Zone, Opens: opens}
	r.ID = run.RunID("report", q.ID+"/"+w.ID)
	if !q.Scheduled.IsZero() {
		r.ID = w.ID + "-" + opens.Format("20060102T1504Z")
	}
	if !opens.IsZero() {
		r.Window.Closes = opens.Add(time.Duration(w.Hours) * time.Hour)
		r.Until = opens
	}
	return r
}

func (s Survey) ofInstances(q Request, now time.Time) *Report {
	r := s.report(q, ByHand, now)
	r.ID = run.RunID("report", q.ID)
	r.Select.IDs = q.InstanceIDs
	for key, value := range q.Tags {
		r.Select.Tags = append(r.Select.Tags, Target{Key: "tag:" + key, Values: []string{value}})
	}
	slices.SortFunc(r.Select.Tags, func(a, b Target) int { return strings.Compare(a.Key, b.Key) })
	return r
}

func (s Survey) report(q Request, phase string, now time.Time) *Report {
	r := &Report{Phase: phase, States: q.States, StaleAfter: q.StaleAfter, Patience: q.Deadline, Began: now, Until: now.Add(worth)}
	r.Position = choreo.Position{N: 1, Step: StepSurvey, Since: now, Due: now}
	return r
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
func (s Survey) begin(ctx context.Context, invocation string, first, second *Report, now time.Time) (Answer, error) {
	a := Answer{Report: first.ID, Status: begun}
	var writes []ledger.Write
	for _, r := range []*Report{first, second} {
		if r == nil {
			continue
		}
		writes = append(writes, ledger.Put(recordKey(r.ID), 0, &Record{ID: r.ID, Phase: r.Phase, Window: r.Window, Began: now}), ledger.Put(reportKey(r.ID), 0, r))
	}
	err := ledger.Apply(ctx, s.Ledger, invocation+"#begin-"+first.ID, writes...)
	if errors.Is(err, ledger.ErrConflict) {
		return s.again(ctx, first.ID)
	}
	if err != nil {
		return a, fmt.Errorf("write report %s down: %w", first.ID, err)
	}
	slog.Info("request", "outcome", "begun", "report", first.ID)
	// For the wait of a second report no message is kept alive: the watchdog sends it when it is over.
	if err := choreo.Send(ctx, s.Queues, Words, now, choreo.NewMessage(reportKey(first.ID), &first.Position)); err != nil {
		slog.Error("send", "report", first.ID, "outcome", "the watchdog will send it", "reason", err.Error())
	}
	return a, nil
}

// again says what has come of a report that was begun before. What is overdue of it, the watchdog sends again.
func (s Survey) again(ctx context.Context, id string) (Answer, error) {
	var record Record
	rev, err := ledger.Read(ctx, s.Ledger, recordKey(id), &record)
	if err == nil && rev == 0 {
		err = fmt.Errorf("report %s: %w", id, ledger.ErrConflict)
	}
	return Answer{Report: id, Status: record.Status(), failed: record.Failed != ""}, err
}
