package main

import (
	"context"
	"fmt"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/cloud/dynamodb"
	"quickstep/shared/input"
	"quickstep/shared/ledger"
	"quickstep/shared/report"
	"quickstep/shared/run"
	"quickstep/tests/cloud/stage"
	"quickstep/tests/sim"
)

// A message finds its item only at the one position that it names. So each message in events/ has a
// run or a report of its own, "demo-" and the file's name, which has come to that position and
// waits there for nothing but this message, as if a watchdog had sent it once more: a position's
// first message isn't taken before it is due, and this one is due so late that no watchdog sends it
// another one. What follows, the deployed functions do.
const waits = 30 * 24 * time.Hour

// wait is such a run of one instance.
type wait struct {
	event    string
	instance string // its number is the one in the event's body
	away     bool   // it isn't registered any more
	at       func(i *run.Instance, now time.Time)
	active   func(r *run.Run, a *run.Active, now time.Time) // nil: the run is open
}

func (w wait) run() string   { return "demo-" + w.event }
func (w wait) group() string { return sim.Group(w.run()) }

var waiting = []wait{
	{event: "drain", instance: "i-0123456789abcde01", at: step(run.StepDrain)},
	{event: "reboot", instance: "i-0123456789abcde02", away: true, at: left(step(run.StepReboot))},
	{event: "check", instance: "i-0123456789abcde03", away: true, at: rebooted(step(run.StepCheck))},
	{event: "rejoin", instance: "i-0123456789abcde04", away: true, at: rebooted(started)},
	{event: "triage", instance: "i-0123456789abcde05", away: true, at: rebooted(gaveUp)},
	{event: "triage-moved", instance: "i-0123456789abcde06", at: step(run.StepDrain)},
	{event: "finish", instance: "i-0123456789abcde07", at: done, active: finishing},
	{event: "start-message", instance: "i-0123456789abcde08", active: starting},
}

// lost is one whose message never came. Only make local-check has need of it.
var lost = wait{event: "watchdog", instance: "i-0123456789abcde10", at: step(run.StepDrain)}

func step(name string) func(*run.Instance, time.Time) {
	return func(i *run.Instance, _ time.Time) { i.Step = name }
}

// left says that the instance left service a while ago, longer than any target group drains.
func left(then func(*run.Instance, time.Time)) func(*run.Instance, time.Time) {
	return func(i *run.Instance, now time.Time) {
		i.Capture = []run.Registration{{Group: i.Groups[0], Port: appPort, Healthy: true}}
		i.Groups, i.Locked = nil, true
		ago := now.Add(-20 * time.Minute)
		i.Leaving, i.LeftAt, i.GoneAt = ago, ago, ago
		then(i, now)
	}
}

// rebooted says that it was rebooted since, so long ago that what runs now is the new boot.
func rebooted(then func(*run.Instance, time.Time)) func(*run.Instance, time.Time) {
	return left(func(i *run.Instance, now time.Time) {
		ago := now.Add(-10 * time.Minute)
		i.RebootAskedAt, i.RebootedAt, i.RebootCalls = ago, ago, 1
		then(i, now)
	})
}

func started(i *run.Instance, now time.Time) {
	i.Step, i.StartedAt = run.StepRejoin, now.Add(-time.Minute)
}

func gaveUp(i *run.Instance, _ time.Time) {
	i.Step, i.GaveUp = choreo.Failing, run.StepCheck
	i.Reason = "not started after 30 checks, 10m after the reboot: EC2: instance status impaired"
}

func done(i *run.Instance, now time.Time) {
	rebooted(step(run.Done))(i, now)
	ago := now.Add(-time.Minute)
	i.Locked, i.StartedAt, i.BackAt, i.EndedAt = false, ago, ago, ago
	i.Due = time.Time{}
}

func finishing(r *run.Run, a *run.Active, _ time.Time) {
	r.Done, r.Tokens, a.Step = 1, nil, run.StepFinishing
}

func starting(r *run.Run, a *run.Active, _ time.Time) {
	*r = run.Run{ID: r.ID, Fleet: r.Fleet, Began: r.Began, Limit: 1}
	a.Step, a.Prepared, a.Announced = run.StepStarting, false, run.Announced{}
}

// docs are what the ledger says of the run.
func (w wait) docs(now time.Time) ([]ledger.Write, error) {
	text := fmt.Sprintf(`{"fleet":%q,"tags":{"Role":%q},"minHealthy":0,"proof":"off",
		"bootWait":"2s","checkInterval":"2s","rejoinTimeout":"2m"}`, w.run(), w.run())
	request, err := run.Parse(run.Settings{Now: now}, []byte(text))
	if err != nil {
		return nil, err
	}
	r := &run.Run{
		ID:     w.run(),
		Fleet:  w.run(),
		Began:  now,
		Opened: now,
		Total:  1,
		Limit:  1,
		Cursor: w.instance,
		Tokens: []run.Token{{Instance: w.instance}},
	}
	a := &run.Active{Run: w.run(), Fleet: w.run(), Prepared: true, Announced: run.Announced{Start: true}}
	a.Position = w.position(run.StepOpen, now)
	if w.active != nil {
		w.active(r, a, now)
	}
	plan := &run.Plan{
		Request: request,
		Groups: map[string]run.GroupPlan{w.group(): {Name: w.run(), Size: 1,
			Delay: input.Duration(deregistration), Health: health}},
	}
	lock := run.Lock{Run: w.run(), Since: now}
	docs := []ledger.Write{
		ledger.Put(key("RUN#"+w.run(), "RUN"), 0, r),
		ledger.Put(key("RUN#"+w.run(), "PLAN"), 0, plan),
		ledger.Put(key("ACTIVE", w.run()), 0, a),
		ledger.Put(key("LOCK#fleet/"+w.run(), "LOCK"), 0, lock),
		ledger.Put(key("LOCK#"+w.group(), "LOCK"), 0, lock),
	}
	if w.at == nil {
		return docs, nil
	}
	i := &run.Instance{ID: w.instance, Run: w.run(), Groups: []string{w.group()}}
	i.Position = w.position("", now)
	w.at(i, now)
	docs = append(docs, ledger.Put(key("RUN#"+w.run(), "I#"+w.instance), 0, i))
	if i.Locked {
		docs = append(docs, ledger.Put(key("LOCK#"+w.instance, "LOCK"), 0, lock))
	}
	return docs, nil
}

func (w wait) position(step string, now time.Time) choreo.Position {
	return position(w.event, step, now)
}

func position(event, step string, now time.Time) choreo.Position {
	return choreo.Position{
		N:            1,
		Redeliveries: 1,
		Step:         step,
		Since:        now,
		Due:          now.Add(waits),
		Reason:       because(event),
	}
}

// becauseOf begins the reason why one doesn't get on by itself.
const becauseOf = "it waits for events/"

func because(event string) string { return becauseOf + event + ".json" }

func key(pk, sk string) ledger.Key { return ledger.Key{PK: pk, SK: sk} }

// seed writes down everything that waits.
func seed(ctx context.Context, s *stage.Stage, now time.Time) error {
	var docs []ledger.Write
	for _, w := range waiting {
		of, err := w.docs(now)
		if err != nil {
			return fmt.Errorf("make run %s: %w", w.run(), err)
		}
		docs = append(docs, of...)
	}
	docs = append(docs, failedOne(now)...)
	docs = append(docs, reports(now)...)
	store := dynamodb.New(s.Config, s.Table)
	if err := ledger.Apply(ctx, store, "make-local", docs...); err != nil {
		return fmt.Errorf("write down what waits: %w", err)
	}
	return nil
}

// failedOne is an instance that an ended run has left out of service.
func failedOne(now time.Time) []ledger.Write {
	const id = "demo-failed"
	i := &run.Instance{ID: failed, Run: id, Groups: []string{sim.Group(id)}}
	rebooted(step(run.Failed))(i, now)
	i.Failure = &run.Failure{
		Step:      run.StepCheck,
		Reason:    "not started after 30 checks",
		At:        now,
		Announced: true,
	}
	i.EndedAt = now
	r := &run.Run{
		ID:        id,
		Fleet:     id,
		Began:     now,
		Opened:    now,
		Ended:     now,
		Total:     1,
		Failed:    1,
		Limit:     1,
		Cursor:    failed,
		Tokens:    []run.Token{{Instance: failed, Failed: true}},
		Stopped:   "1 failed, and maxErrors is 0",
		StoppedAt: now,
	}
	out := run.Out{
		Instance: failed,
		Run:      id,
		Fleet:    id,
		Since:    now,
		Capture:  i.Capture,
		Reason:   i.Failure.Reason,
	}
	return []ledger.Write{
		ledger.Put(key("RUN#"+id, "RUN"), 0, r),
		ledger.Put(key("RUN#"+id, "I#"+failed), 0, i),
		ledger.Put(key("OUT", failed), 0, out),
		ledger.Put(key("LOCK#"+failed, "LOCK"), 0, run.Lock{Run: id, Since: now}),
	}
}

// reports are patch reports of one instance, that have come to their survey, to their scan, and to
// being put together.
func reports(now time.Time) (docs []ledger.Write) {
	begin := func(event, step string) *report.Report {
		r := &report.Report{
			ID:          "demo-" + event,
			Phase:       report.ByHand,
			Select:      report.Selection{IDs: []string{named}},
			States:      []string{report.Failed, report.InstalledPendingReboot, report.Missing},
			StaleAfter:  input.Duration(7 * 24 * time.Hour),
			ScanTimeout: input.Duration(time.Hour),
			Began:       now,
			Until:       now.Add(waits),
		}
		r.Position = position(event, step, now)
		if step == report.StepScanning {
			r.Deadline = r.Until
		}
		record := &report.Record{ID: r.ID, Phase: r.Phase, Began: now}
		docs = append(docs, ledger.Put(key("REPORTS", r.ID), 0, r),
			ledger.Put(key("REPORT#"+r.ID, "REPORT"), 0, record))
		return r
	}
	scan := func(r *report.Report, event, step string, left int) {
		i := &report.Scan{
			Node: report.Node{
				ID:       named,
				Platform: "Amazon Linux 2023",
				Managed:  true,
				Online:   true,
				State:    "running",
			},
			Report: r.ID,
			States: r.States,
			Patched: &report.State{
				Baseline:  "pb-0123456789abcdef0",
				Operation: "Scan",
				Ended:     now.Add(-3 * time.Hour),
			},
		}
		i.Position = position(event, step, now)
		docs = append(docs, ledger.Put(key("REPORT#"+r.ID, "I#"+named), 0, i),
			ledger.Put(key("REPORT#"+r.ID, "COUNT"), 0, &report.ScanCount{Left: left, Total: 1}))
	}
	begin("survey-message", report.StepSurvey)
	scan(begin("scan", report.StepScanning), "scan", report.StepScan, 1)
	scan(begin("report", report.StepReport), "report", report.Done, 0)
	return docs
}
