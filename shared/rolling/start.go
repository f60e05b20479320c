package rolling

import (
	"cmp"
	"context"
	"encoding/json"
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
)

// Start takes requests, and accepts or refuses the runs that they ask for.
type Start struct {
	choreo.Deps
	EC2        FleetMachines
	Targets    MeasuredTargets
	Parameters interface {
		Parameter(ctx context.Context, name string) (string, error)
	}
	Alarms interface {
		Alarms(ctx context.Context, prefixes, names []string) ([]run.Alarm, error)
		Composites(ctx context.Context) ([]run.Composite, error)
	}
	Rules interface {
		Rules(ctx context.Context, bus string, prefixes, names []string) ([]run.Rule, error)
	}
	AlarmTopic  Topic
	Allowed     Allowed
	Stack       string // the stack's name: the prefix of its own alarms, which are never muted
	FleetPrefix string // of the SSM parameters that hold fleets
}

// StartResult is the answer to a request.
type StartResult struct {
	Run   string `json:"run,omitempty"`
	Fleet string `json:"fleet,omitempty"`
	// Status is starting, or what an earlier request with the same id has come to, or refused.
	Status         string   `json:"status"`
	Instances      int      `json:"instances,omitempty"`
	TargetGroups   []string `json:"targetGroups,omitempty"`
	MaxConcurrency int      `json:"maxConcurrency,omitempty"`
	Remarks        []string `json:"remarks,omitempty"`
	Refused        string   `json:"refused,omitempty"`
}

// Handler is the code of the start function: requests, and the messages of runs that are starting.
func (s Start) Handler(starting Starting) choreo.Function {
	return choreo.SQSOrDirectHandler(moveRuns(s.Deps, "start", starting.Act),
		func(ctx context.Context, request json.RawMessage) (any, error) {
			return s.Request(ctx, choreo.Invocation(ctx), request)
		})
}

// Request begins a run, or finds the one that the same id has begun. A request that is wrong
// changes nothing: the error is a *input.FieldError, or, if the request says that a schedule sent
// it, people are told and the answer says so.
func (s Start) Request(ctx context.Context, invocation string, text []byte) (StartResult, error) {
	begun, err := s.request(ctx, invocation, text)
	var refused *input.FieldError
	if !errors.As(err, &refused) {
		return begun, err
	}
	slog.Warn("request", "outcome", "refused", "reason", err.Error())
	fleet, waits := requester(text)
	if waits {
		return StartResult{}, err
	}
	n := notify.Refused(fleet, string(text), s.Now(), err)
	if tellErr := s.AlarmTopic.Publish(ctx, n.Subject, n.Text); tellErr != nil {
		return StartResult{}, errors.Join(err, fmt.Errorf("announce the refusal: %w", tellErr))
	}
	return StartResult{Fleet: fleet, Status: "refused", Refused: err.Error()}, nil
}

// requester reads, of a request that may be wrong in any way, whose it is, and whether somebody
// waits for the answer: not if it has the field that schedules send.
func requester(text []byte) (fleet string, waits bool) {
	o := input.Peek(text)
	_, scheduled := o["scheduled"]
	return cmp.Or(o.Text("fleet"), "(no name)"), !scheduled
}

func (s Start) request(ctx context.Context, invocation string, text []byte) (StartResult, error) {
	now, fleet := s.Now(), run.FleetName(text)
	asked, wrong := input.ParseObject("request", text, "")
	id := run.RunID(fleet, cmp.Or(asked.Text("id"), invocation))
	if fleet != "" && wrong == nil {
		if begun, found, err := s.earlierRun(ctx, id, fleet, asked, now); found || err != nil {
			return begun, err
		}
	}
	q, err := s.parse(ctx, fleet, text, now)
	if err != nil {
		return StartResult{}, err
	}
	q.ID = cmp.Or(q.ID, invocation)
	plan := &run.Plan{Request: q, Asked: asked.Digests(), Expires: now.Add(itemRetention)}
	f, err := s.checkFleet(ctx, plan)
	if err != nil {
		return StartResult{}, err
	}
	r := &run.Run{ID: id, Fleet: q.Fleet, Digest: asked.Digest(), Began: now}
	limits(r, plan, f.size())
	a := &run.Active{Run: id, Fleet: q.Fleet}
	a.Position = choreo.Position{N: 1, Step: run.StepStarting, Since: now, Due: now}
	if err := s.lock(ctx, invocation, r, plan, a, now); err != nil {
		if begun, found, againErr := s.earlierRun(ctx, id, fleet, asked, now); found || againErr != nil {
			return begun, againErr // the same id came twice at once, and the other was faster
		}
		return StartResult{}, err
	}
	slog.Info("request", "outcome", "begun", "run", id, "fleet", q.Fleet, "instances", f.size())
	begun := StartResult{Run: id, Fleet: q.Fleet, Status: run.StepStarting, Instances: f.size(),
		MaxConcurrency: r.Limit, Remarks: remarks(r, plan)}
	for _, g := range f.groups {
		begun.TargetGroups = append(begun.TargetGroups, g.Name)
	}
	if err := choreo.Send(ctx, s.Queues, Routing, now, choreo.NewMessage(activeKey(id), &a.Position)); err != nil {
		slog.Error("send", "run", id, "outcome", "the watchdog will send it", "reason", err.Error())
	}
	return begun, nil
}

// parse reads the request over the fleet's parameter. The fleet has no name if none can be read.
func (s Start) parse(ctx context.Context, fleet string, text []byte, now time.Time) (run.Request,
	error) {
	settings := run.Settings{Buses: s.Allowed.EventBuses, Now: now}
	if fleet == "" {
		return run.Parse(settings, text)
	}
	name := s.FleetPrefix + "/" + fleet
	value, err := s.Parameters.Parameter(ctx, name)
	switch {
	case errors.Is(err, run.ErrNoParameter):
		settings.Parameter = run.Parameter{Name: name}
	case errors.Is(err, run.ErrSealed):
		return run.Request{}, sealed(name)
	case err != nil:
		return run.Request{}, fmt.Errorf("read the settings of fleet %s: %w", fleet, err)
	default:
		settings.Parameter = run.Parameter{Name: name, Text: []byte(value)}
	}
	return run.Parse(settings, text)
}

// sealed refuses a fleet whose parameter the start function can't decrypt.
func sealed(name string) error {
	return input.Refuse("fleet", "store the parameter as a String (delete it first: it holds no "+
		"secret), or let the start function's "+
		"role use kms:Decrypt with the parameter's key",
		"the SSM parameter %s is a SecureString, and the start function can't decrypt it: AWS "+
			"KMS denies access to its key, "+
			"or the key is disabled or deleted", name)
}

// earlierRun finds the run that an earlier request with the same id and contents has begun, and
// nudges it on if it is still starting. Whether the request could begin now doesn't matter: a retry
// of one that was taken must not be refused.
func (s Start) earlierRun(ctx context.Context, id, fleet string, asked input.Object,
	now time.Time) (begun StartResult, found bool, err error) {
	var r run.Run
	rev, err := ledger.Read(ctx, s.Ledger, runKey(id), &r)
	if err != nil || rev == 0 {
		return begun, false, err
	}
	if r.Fleet != fleet {
		return begun, true, input.Refuse("id", "give another id",
			"run %s is one of fleet %s", id, r.Fleet)
	}
	if r.Digest != "" && r.Digest != asked.Digest() {
		return begun, true, s.otherContents(ctx, &r, asked)
	}
	begun = StartResult{
		Run:            id,
		Fleet:          r.Fleet,
		Status:         r.Status(),
		Instances:      r.Total,
		MaxConcurrency: r.Limit,
		Remarks:        []string{"an earlier request has begun this run"},
	}
	if r.Status() != run.StepStarting {
		return begun, true, nil
	}
	a := newActive()
	if rev, err = ledger.Read(ctx, s.Ledger, activeKey(id), a); err != nil || rev == 0 {
		return begun, true, err
	}
	return begun, true, choreo.Send(
		ctx,
		s.Queues,
		Routing,
		now,
		choreo.NewMessage(activeKey(id), &a.Position),
	)
}

// otherContents refuses a request whose id another has used: to answer it as that one would hide
// that it isn't carried out.
func (s Start) otherContents(ctx context.Context, r *run.Run, asked input.Object) error {
	plan, err := store{s.Ledger}.plan(ctx, r.ID)
	if err != nil {
		return err
	}
	return input.Refuse("id", "give another id, or leave it out",
		"run %s was begun at %s by a request with this id and other contents; they differ in "+
			"%s", r.ID, r.Began.UTC().Format(time.RFC3339), strings.Join(asked.Differ(plan.Asked),
			", "))
}

// lock writes the run down together with the locks that it needs: all of it, or nothing.
func (s Start) lock(
	ctx context.Context,
	invocation string,
	r *run.Run,
	plan *run.Plan,
	a *run.Active,
	now time.Time,
) error {
	lock := run.Lock{Run: r.ID, Since: now}
	writes := []ledger.Write{
		ledger.Put(runKey(r.ID), 0, r),
		ledger.Put(planKey(r.ID), 0, plan),
		ledger.Put(activeKey(r.ID), 0, a),
		ledger.Put(fleetLock(r.Fleet), 0, lock),
	}
	for _, key := range groupLocks(plan) {
		writes = append(writes, ledger.Put(key, 0, lock))
	}
	err := ledger.Apply(ctx, s.Ledger, invocation+"#start", writes...)
	if !errors.Is(err, ledger.ErrConflict) {
		if err != nil {
			return fmt.Errorf("write run %s down: %w", r.ID, err)
		}
		return nil
	}
	return s.lockHolder(ctx, r, plan)
}

// lockHolder says who holds what the run needs.
func (s Start) lockHolder(ctx context.Context, r *run.Run, plan *run.Plan) error {
	docs, err := s.Ledger.Get(ctx, append(groupLocks(plan), fleetLock(r.Fleet))...)
	if err != nil {
		return fmt.Errorf("read who holds the locks: %w", err)
	}
	slices.SortFunc(docs, func(a, b ledger.Doc) int { return strings.Compare(a.PK, b.PK) })
	if len(docs) == 0 { // they were free again a moment later; the caller may ask again
		return fmt.Errorf("write run %s down: %w", r.ID, ledger.ErrConflict)
	}
	var l run.Lock
	if err := docs[0].Decode(&l); err != nil {
		return err
	}
	field, what := selectorField(
		&plan.Request,
	), "target group "+run.ShortARN(
		strings.TrimPrefix(docs[0].PK, "LOCK#"),
	)
	if docs[0].Key == fleetLock(r.Fleet) {
		field, what = "fleet", "fleet "+r.Fleet
	}
	return input.Refuse(field, "wait for its end, or cancel it",
		"run %s is at work on %s since %s", l.Run, what, l.Since.UTC().Format(time.RFC3339))
}
