package patch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/input"
	"quickstep/shared/ledger"
	"quickstep/shared/notify"
	"quickstep/shared/report"
	"quickstep/shared/sanitize"
	"quickstep/shared/transient"
)

// Surveyed is the answer to a request: what was begun, and why the rest was not.
type Surveyed struct {
	Reports []Answer `json:"reports"`
	Refused string   `json:"refused,omitempty"`
	Note    string   `json:"note,omitempty"` // why there is nothing to report
}

// Answer is about one window, or about the instances that were named.
type Answer struct {
	Report string `json:"report,omitempty"`
	Window string `json:"window,omitempty"`
	Name   string `json:"name,omitempty"`
	Opens  string `json:"opens,omitempty"`
	Status string `json:"status"`
}

// begun is the status of a report that this very request has begun.
const begun = "begun"

// dueWindow is a window and when it opens next; zero: it won't.
type dueWindow struct {
	report.Window
	at time.Time
}

func answer(w report.Window, opens time.Time, status string) Answer {
	a := Answer{Window: w.ID, Name: sanitize.Text(w.Name), Status: sanitize.Text(status)}
	if !opens.IsZero() {
		a.Opens = opens.Format(time.RFC3339)
	}
	return a
}

// beginWindow begins the reports of one window; the first is made after the wait.
func (s Survey) beginWindow(
	ctx context.Context, invocation string, q report.Request, o dueWindow, t *troubles,
	now time.Time, wait time.Duration,
) (Answer, error) {
	a := answer(o.Window, o.at, "")
	does, why, err := s.does(ctx, q, o, t)
	if err != nil {
		return a, err
	}
	if does != report.DoesInstall && !q.Names() { // one of many: is it there to install patches?
		a.Status = why
		return a, nil
	}
	first := q.OfWindow(o.Window, o.at, now)
	first.Due = now.Add(wait)
	once := false
	if first.Lead > 0 {
		var err error
		if once, err = s.scheduleFirst(ctx, first, now); err != nil {
			return a, err
		}
	}
	var second *report.Report
	installs := does == report.DoesInstall || does == report.DoesUnknown
	if q.After && installs && o.Enabled && !o.at.IsZero() && o.Hours > 0 && !once {
		second = first.Second()
		second.Due = second.Due.Add(wait)
	}
	made, err := s.begin(ctx, invocation, q.Digest(), first, second, now)
	a.Report, a.Status = made.Report, made.Status
	return a, err
}

// does is what a window does, and why it isn't reported unless somebody has chosen it. Of one that was
// chosen, whose tasks nobody lets it read, it isn't known: its survey says so, again and again. People
// are notified of a window that isn't reported because nobody knows what it does.
func (s Survey) does(
	ctx context.Context, q report.Request, o dueWindow, t *troubles,
) (does, why string, err error) {
	tasks, err := s.Windows.Tasks(ctx, o.ID, s.mayInstall)
	switch {
	case err != nil && q.Names() && !transient.Is(err):
		slog.Warn("tasks not read", "window", o.ID, "reason", err.Error())
		return report.DoesUnknown, "", nil
	case err != nil:
		return "", "", fmt.Errorf("list its tasks: %w", err)
	}
	does = report.Does(tasks, s.Settings.Documents)
	switch {
	case q.Names() || does == report.DoesInstall:
		return does, "", nil
	case does == report.DoesScan:
		return does, "its tasks only scan", nil
	case does == report.DoesNothing:
		return does, "it has no task that installs patches", nil
	}
	var reasons []string
	for _, task := range report.UnknownTasks(tasks, s.Settings.Documents) {
		reasons = append(reasons, task.Unknown())
		t.unknown(task.Document, fmt.Errorf("window %s (%s): %s. To have the window reported "+
			"whatever it runs, choose it by PatchWindowIds or PatchWindowPrefix; this is said every 30 days",
			o.ID, sanitize.Text(o.Name), task.Unknown()))
	}
	return does, strings.Join(reasons, "; "), nil
}

// beginSecond begins the second report of a first one that is kept.
func (s Survey) beginSecond(
	ctx context.Context, invocation string, q report.Request, now time.Time,
) (Answer, error) {
	first := &report.Record{}
	rev, err := ledger.Read(ctx, s.Ledger, recordKey(q.First), first)
	if err == nil && rev == 0 {
		err = input.Refuse("first", "give the id of one of the last 90 days, as its mail names it",
			"there is no report %q", q.First)
	}
	if err != nil {
		return Answer{}, err
	}
	second, err := q.OfSecond(first, now)
	if err != nil {
		return Answer{}, err
	}
	a := answer(report.Window{ID: first.Window.ID, Name: first.Window.Name}, first.Window.Opens, "")
	made, err := s.begin(ctx, invocation, q.Digest(), second, nil, now)
	a.Report, a.Status = made.Report, made.Status
	return a, err
}

// begin writes reports down and sends their messages. Of one that was begun before it says what
// has come of it.
func (s Survey) begin(
	ctx context.Context, invocation, digest string, first, second *report.Report, now time.Time,
) (Answer, error) {
	a := Answer{Report: first.ID, Status: begun}
	var writes []ledger.Write
	for _, r := range []*report.Report{first, second} {
		if r == nil {
			continue
		}
		record := &report.Record{
			ID: r.ID, Asked: digest, Phase: r.Phase, Window: r.Window, Began: now,
		}
		writes = append(writes,
			ledger.Put(recordKey(r.ID), 0, record), ledger.Put(reportKey(r.ID), 0, r))
	}
	err := ledger.Apply(ctx, s.Ledger, invocation+"#begin-"+first.ID, writes...)
	if errors.Is(err, ledger.ErrConflict) {
		return s.begunBefore(ctx, invocation, digest, first, second, now)
	}
	if err != nil {
		return a, fmt.Errorf("write report %s down: %w", first.ID, err)
	}
	slog.Info("request", "outcome", "begun", "report", first.ID)
	// For the wait of a second report no message is kept alive: the watchdog sends it when it is
	// over.
	msg := choreo.NewMessage(reportKey(first.ID), &first.Position)
	if err := choreo.Send(ctx, s.Queues, Routing, now, msg); err != nil {
		slog.Error("send", "report", first.ID,
			"outcome", "the watchdog will send it", "reason", err.Error())
	}
	return a, nil
}

// begunBefore says what has come of a report that was begun before. What is overdue of it, the
// watchdog sends again. Only the second one may have been: its first was withdrawn.
func (s Survey) begunBefore(
	ctx context.Context, invocation, digest string, first, second *report.Report, now time.Time,
) (Answer, error) {
	var record report.Record
	rev, err := ledger.Read(ctx, s.Ledger, recordKey(first.ID), &record)
	switch {
	case err != nil:
		return Answer{}, err
	case rev == 0 && second != nil:
		return s.begin(ctx, invocation+"#alone", digest, first, nil, now)
	case rev == 0:
		return Answer{}, fmt.Errorf("report %s: %w", first.ID, ledger.ErrConflict)
	case record.OfAnother(digest):
		return Answer{}, input.Refuse("id", "give another id, or leave it out",
			"another request had it at %s", notify.Time(record.Began))
	}
	return Answer{Report: first.ID, Status: record.Status()}, nil
}
