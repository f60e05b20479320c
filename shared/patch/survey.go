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

	failed bool
}

// begun is the status of a report that this very request has begun.
const begun = "begun"

// Request begins the reports that are due, or that were asked for by hand. A request that is wrong changes nothing: the error
// is a *run.FieldError, or, if a schedule sent it, people are told, once a day at most, and the answer says so.
func (s Survey) Request(ctx context.Context, invocation string, text []byte) (Surveyed, error) {
	surveyed, err := s.request(ctx, invocation, text)
	var refused *run.FieldError
	if !errors.As(err, &refused) || !scheduled(text) {
		return surveyed, err
	}
	slog.Warn("request", "outcome", "refused", "reason", err.Error())
	if tellErr := s.refused(ctx, invocation, string(text), err); tellErr != nil {
		return surveyed, errors.Join(err, tellErr)
	}
	surveyed.Refused = err.Error()
	return surveyed, nil
}

// told is what people were told last.
type told struct {
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
}

var toldKey = ledger.Key{PK: "SURVEY", SK: "REFUSED"}

// refused tells people of a schedule's request that is wrong: each hour's is wrong in the same way, so once a day.
func (s Survey) refused(ctx context.Context, invocation, text string, why error) error {
	now := s.Now()
	var last told
	rev, err := ledger.Read(ctx, s.Ledger, toldKey, &last)
	if err != nil {
		return err
	}
	if last.Reason == why.Error() && now.Sub(last.At) < 24*time.Hour {
		return nil
	}
	n := refusal(text, now, why)
	if err := s.Alarm.Publish(ctx, n.Subject, n.Text); err != nil {
		return fmt.Errorf("announce the refusal: %w", err)
	}
	return ledger.Apply(ctx, s.Ledger, invocation+"#refused", ledger.Put(toldKey, rev, told{why.Error(), now}))
}

func (s Survey) request(ctx context.Context, invocation string, text []byte) (Surveyed, error) {
	surveyed := Surveyed{Reports: []Answer{}}
	q, err := Parse(s.Settings, text)
	if err != nil {
		return surveyed, err
	}
	if q.ID == "" {
		q.ID = invocation
	}
	now := s.Now()
	if q.instances() {
		a, err := s.begin(ctx, invocation, s.ofInstances(q, now), nil, now)
		surveyed.Reports = append(surveyed.Reports, a)
		return surveyed, err
	}
	windows, err := s.Windows.Windows(ctx)
	if err != nil {
		return surveyed, fmt.Errorf("list the maintenance windows: %w", err)
	}
	gone := missing(q, windows)
	if gone != nil && q.Scheduled.IsZero() {
		return surveyed, gone
	}
	n := 0               // that were begun
	all := []error{gone} // of a schedule's windows, one that is gone doesn't keep the others from being reported
	for _, w := range windows {
		if !q.means(w) {
			continue
		}
		a, err := s.window(ctx, invocation, q, w, now, time.Duration(n)*apart)
		if err != nil {
			all = append(all, fmt.Errorf("window %s (%s): %w", w.ID, w.Name, err))
			continue
		}
		if a.Status == begun {
			n++
		}
		surveyed.Reports = append(surveyed.Reports, a)
	}
	slog.Info("survey", "windows", len(surveyed.Reports), "scheduled", !q.Scheduled.IsZero())
	return surveyed, errors.Join(all...)
}

// means says whether a request is about a window, as far as its id and name tell.
func (q *Request) means(w Window) bool {
	if len(q.WindowIDs) > 0 {
		return slices.Contains(q.WindowIDs, w.ID)
	}
	return w.Enabled && strings.HasPrefix(w.Name, q.WindowPrefix)
}

func missing(q Request, windows []Window) error {
	for _, id := range q.WindowIDs {
		if !slices.ContainsFunc(windows, func(w Window) bool { return w.ID == id }) {
			err := &run.FieldError{Field: "windowIds", Problem: fmt.Sprintf("maintenance window %s doesn't exist", id), Want: "give the ids of maintenance windows of this account and Region"}
			if q.stacks {
				err.Where = inStack("windowIds")
			}
			return err
		}
	}
	return nil
}
