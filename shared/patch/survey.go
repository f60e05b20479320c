package patch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"quickstep/shared/input"
	"quickstep/shared/ledger"
	"quickstep/shared/notify"
	"quickstep/shared/report"
	"quickstep/shared/transient"
)

// Request begins the reports that are due, or that were asked for by hand. A request that is wrong
// changes nothing: the error is a *input.FieldError, or, if a schedule sent it, people are
// notified, once a day at most, and the answer says so.
func (s Survey) Request(ctx context.Context, invocation string, text []byte) (Surveyed, error) {
	surveyed := Surveyed{Reports: []Answer{}}
	now := s.Now()
	q, err := report.Parse(s.Settings, text)
	switch {
	case err != nil && report.FromSchedule(text):
		return s.refused(ctx, invocation, text, now, err)
	case err != nil:
		return surveyed, err
	}
	if q.ID == "" {
		q.ID = invocation
	}
	if q.First != "" {
		a, err := s.beginSecond(ctx, invocation, q, now)
		surveyed.Reports = append(surveyed.Reports, a)
		return surveyed, err
	}
	if q.NamesInstances() {
		a, err := s.begin(ctx, invocation, q.Digest(), q.OfInstances(now), nil, now)
		var wrong *input.FieldError
		if errors.As(err, &wrong) && !q.Scheduled.IsZero() {
			return s.refused(ctx, invocation, text, now, err)
		}
		surveyed.Reports = append(surveyed.Reports, a)
		return surveyed, err
	}
	all, err := s.Windows.Windows(ctx)
	if err != nil {
		return surveyed, fmt.Errorf("list the maintenance windows: %w", err)
	}
	surveyed.Note = report.NoWindows(all)
	surveyed.Reports, err = s.beginWindows(ctx, invocation, q, all, now)
	slog.Info("survey", "windows", len(surveyed.Reports), "scheduled", !q.Scheduled.IsZero(),
		"note", surveyed.Note)
	return surveyed, err
}

// refused is the answer to a schedule's request that is wrong.
func (s Survey) refused(
	ctx context.Context, invocation string, text []byte, now time.Time, why error,
) (Surveyed, error) {
	surveyed := Surveyed{Reports: []Answer{}}
	slog.Warn("request", "outcome", "refused", "reason", why.Error())
	note := func([]problem) notify.Note { return notify.SurveyRefused(string(text), now, why) }
	problems := []problem{{about: "request: " + why.Error(), why: why}}
	if err := s.notifyOnce(ctx, invocation, problems, note, now); err != nil {
		return surveyed, errors.Join(why, err)
	}
	surveyed.Refused = why.Error()
	return surveyed, nil
}

// windowMargin is the time that must be left for another window: its tasks are read, and it is
// written down.
const windowMargin = time.Minute

// beginWindows begins the reports of windows, those that open first first. One that can't be dealt
// with doesn't keep the others from being reported.
func (s Survey) beginWindows(
	ctx context.Context, invocation string, q report.Request, all []report.Window, now time.Time,
) ([]Answer, error) {
	chosen, absent := q.Choose(all)
	t := &troubles{byHand: q.Scheduled.IsZero()}
	if len(absent) > 0 && t.byHand {
		return nil, errors.Join(absent...)
	}
	answers := []Answer{}
	for _, err := range absent {
		answers = append(answers, Answer{Status: err.Error()})
		t.add(err.Error(), err)
	}
	due, rest, err := s.dueWindows(ctx, q, chosen, t, now)
	if err != nil {
		return nil, err
	}
	answers = append(answers, rest...)
	for n, o := range due {
		if limit, ok := ctx.Deadline(); ok && limit.Sub(s.Now()) < windowMargin {
			t.add("", transient.Mark(fmt.Errorf(
				"%d of %d windows weren't got to; the next try with the id %q goes on with them",
				len(due)-n, len(due), q.ID)))
			break
		}
		spacing := min(reportSpacing, max(o.at.Sub(now), 0)/time.Duration(4*len(due)))
		wait := time.Duration(n) * spacing
		a, err := s.beginWindow(ctx, invocation, q, o, t, now, wait)
		if err != nil {
			a = answer(o.Window, o.at, err.Error())
			t.add("begin "+o.ID, fmt.Errorf("window %s (%s): %w", o.ID, o.Name, err))
		}
		answers = append(answers, a)
	}
	if err := s.notifyOnce(ctx, invocation, t.notify, unreportedNote(now), now); err != nil {
		t.errs = append(t.errs, err)
	}
	return answers, errors.Join(t.errs...)
}

// reportSpacing is the time between the reports that one request begins: AWS is asked for whole
// fleets by each.
const reportSpacing = 2 * time.Second

// dueWindows sorts the windows by their openings. The others are those that a schedule doesn't
// report now, and those whose report was begun before: they cost a read, whatever their number.
func (s Survey) dueWindows(
	ctx context.Context, q report.Request, windows []report.Window, t *troubles, now time.Time,
) (due []dueWindow, others []Answer, err error) {
	for _, w := range windows {
		opens, err := w.Opens()
		switch why := q.NotDue(w, opens, now); {
		case err != nil && (w.Enabled || t.byHand):
			others = append(others, answer(w, opens, err.Error()))
			t.add("opening of "+w.ID, err)
		case why != "":
			others = append(others, answer(w, opens, why))
		default:
			due = append(due, dueWindow{w, opens})
		}
	}
	slices.SortStableFunc(due, func(a, b dueWindow) int { return a.at.Compare(b.at) })
	before, err := s.records(ctx, q, due)
	due = slices.DeleteFunc(due, func(o dueWindow) bool {
		r, ok := before[q.ReportID(o.ID, o.at)]
		if !ok {
			r, ok = before[q.OnceID(o.ID, o.at)]
		}
		if !ok || r.OfAnother(q.Digest()) { // which is refused
			return false
		}
		a := answer(o.Window, o.at, r.Status())
		a.Report = r.ID
		others = append(others, a)
		return true
	})
	return due, others, err
}

// records are those of the reports that were begun of these openings, or once for their days, by id.
func (s Survey) records(
	ctx context.Context, q report.Request, due []dueWindow,
) (map[string]*report.Record, error) {
	found := map[string]*report.Record{}
	if len(due) == 0 {
		return found, nil
	}
	var keys []ledger.Key
	for _, o := range due {
		keys = append(keys, recordKey(q.ReportID(o.ID, o.at)))
		if once := q.OnceID(o.ID, o.at); once != "" && !slices.Contains(keys, recordKey(once)) {
			keys = append(keys, recordKey(once))
		}
	}
	docs, err := s.Ledger.Get(ctx, keys...)
	if err != nil {
		return found, fmt.Errorf("read which reports were begun: %w", err)
	}
	for _, d := range docs {
		r := &report.Record{}
		if err := d.Decode(r); err != nil {
			return found, err
		}
		found[r.ID] = r
	}
	return found, nil
}
