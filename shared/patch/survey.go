package patch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/ledger"
	"quickstep/shared/passing"
)

// Survey takes requests for reports, begins the reports, and finds out which instances they are about.
type Survey struct {
	Ledger  ledger.Store
	Queues  choreo.Sender
	Windows interface {
		Windows(ctx context.Context) ([]Window, error)
		Tasks(ctx context.Context, window string) ([]Task, error)
		Targets(ctx context.Context, window string) ([]Registered, error)
	}
	Managed interface {
		Nodes
		States(ctx context.Context, ids []string) ([]State, error)
	}
	EC2    Nodes
	Groups interface {
		// Members are the ids of a resource group's instances. The error wraps ErrNoGroup.
		Members(ctx context.Context, group string, types []string) ([]string, error)
	}
	Alarm    Topic
	Settings Settings
	Now      func() time.Time
}

// Nodes finds instances. Ids that aren't known are absent.
type Nodes interface {
	Nodes(ctx context.Context, s Selection) ([]Node, error)
}

// Surveyed is the answer to a request: what was begun, and why the rest was not.
type Surveyed struct {
	Reports []Answer `json:"reports"`
	Refused string   `json:"refused,omitempty"`
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

// Request begins the reports that are due, or that were asked for by hand. A request that is wrong changes nothing: the error
// is a *run.FieldError, or, if a schedule sent it, people are told, once a day at most, and the answer says so.
func (s Survey) Request(ctx context.Context, invocation string, text []byte) (Surveyed, error) {
	surveyed := Surveyed{Reports: []Answer{}}
	now := s.Now()
	q, err := Parse(s.Settings, text)
	switch {
	case err != nil && scheduled(text):
		slog.Warn("request", "outcome", "refused", "reason", err.Error())
		if tellErr := s.once(ctx, invocation, "request: "+err.Error(), err, refusal(string(text), now, err), now); tellErr != nil {
			return surveyed, errors.Join(err, tellErr)
		}
		surveyed.Refused = err.Error()
		return surveyed, nil
	case err != nil:
		return surveyed, err
	}
	asked := q.hash()
	if q.ID == "" {
		q.ID = invocation
	}
	if q.instances() {
		a, err := s.begin(ctx, invocation, asked, s.ofInstances(q, now), nil, now)
		surveyed.Reports = append(surveyed.Reports, a)
		return surveyed, err
	}
	surveyed.Reports, err = s.windows(ctx, invocation, asked, q, now)
	slog.Info("survey", "windows", len(surveyed.Reports), "scheduled", !q.Scheduled.IsZero())
	return surveyed, err
}

// another is the time that must be left for another window: its tasks are read, and it is written down.
const another = time.Minute

// windows begins the reports of windows, those that open first first. One that can't be dealt with doesn't keep the others from
// being reported; if a schedule asks, people are told of it, once a day, unless it passes by itself.
func (s Survey) windows(ctx context.Context, invocation, asked string, q Request, now time.Time) ([]Answer, error) {
	all, err := s.Windows.Windows(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the maintenance windows: %w", err)
	}
	chosen, absent := q.chosen(all)
	if len(absent) > 0 && q.Scheduled.IsZero() {
		return nil, errors.Join(absent...)
	}
	answers := []Answer{}
	var errs []error
	for _, err := range absent {
		answers = append(answers, Answer{Status: err.Error()})
		errs = append(errs, s.trouble(ctx, invocation, q, err.Error(), err, now))
	}
	due, rest, err := s.due(ctx, invocation, q, chosen, now)
	answers, errs = append(answers, rest...), append(errs, err)
	for n, o := range due {
		if limit, ok := ctx.Deadline(); ok && limit.Sub(s.Now()) < another {
			errs = append(errs, passing.Error(fmt.Errorf("%d of %d windows that are due weren't got to; the next try goes on with them", len(due)-n, len(due))))
			break
		}
		wait := time.Duration(n) * min(apart, max(o.at.Sub(now), 0)/time.Duration(4*len(due)))
		a, err := s.window(ctx, invocation, asked, q, o, now, wait)
		if err != nil {
			a = Answer{Window: o.ID, Name: o.Name, Status: err.Error()}
			err = s.trouble(ctx, invocation, q, "window "+o.ID, fmt.Errorf("window %s (%s): %w", o.ID, o.Name, err), now)
		}
		answers, errs = append(answers, a), append(errs, err)
	}
	return answers, errors.Join(errs...)
}

// apart is the time between the reports that one request begins: AWS is asked for whole fleets by each.
const apart = 2 * time.Second

// opening is a window and when it opens next; zero: it won't.
type opening struct {
	Window
	at time.Time
}

// due sorts the windows by their openings. Of those that a schedule asks for, the others are the ones that aren't due, and those
// whose report was begun before: they cost a read, whatever their number.
func (s Survey) due(ctx context.Context, invocation string, q Request, windows []Window, now time.Time) (due []opening, others []Answer, err error) {
	var errs []error
	for _, w := range windows {
		opens, err := w.Opens()
		switch why := notDue(q, w, opens, now); {
		case err != nil && (w.Enabled || q.Scheduled.IsZero()):
			others = append(others, Answer{Window: w.ID, Name: w.Name, Status: err.Error()})
			errs = append(errs, s.trouble(ctx, invocation, q, "window "+w.ID, err, now))
		case why != "":
			others = append(others, answer(w, opens, why))
		default:
			due = append(due, opening{w, opens})
		}
	}
	slices.SortStableFunc(due, func(a, b opening) int { return a.at.Compare(b.at) })
	if q.Scheduled.IsZero() {
		return due, others, errors.Join(errs...)
	}
	before, err := s.records(ctx, due)
	due = slices.DeleteFunc(due, func(o opening) bool {
		r, ok := before[scheduledID(o)]
		if ok {
			a := answer(o.Window, o.at, r.Status())
			a.Report = r.ID
			others = append(others, a)
		}
		return ok
	})
	return due, others, errors.Join(append(errs, err)...)
}

// records are those of the reports that were begun of these openings, by id.
func (s Survey) records(ctx context.Context, due []opening) (map[string]*Record, error) {
	found := map[string]*Record{}
	if len(due) == 0 {
		return found, nil
	}
	var keys []ledger.Key
	for _, o := range due {
		keys = append(keys, recordKey(scheduledID(o)))
	}
	docs, err := s.Ledger.Get(ctx, keys...)
	if err != nil {
		return found, fmt.Errorf("read which reports were begun: %w", err)
	}
	for _, d := range docs {
		r := &Record{}
		if err := d.Decode(r); err != nil {
			return found, err
		}
		found[r.ID] = r
	}
	return found, nil
}

func answer(w Window, opens time.Time, status string) Answer {
	a := Answer{Window: w.ID, Name: w.Name, Status: status}
	if !opens.IsZero() {
		a.Opens = opens.Format(time.RFC3339)
	}
	return a
}
