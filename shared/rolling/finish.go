package rolling

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/ledger"
	"quickstep/shared/notify"
	"quickstep/shared/run"
)

// Finish tends a run while it is open (the mute, the patience at the gate, pauses) and brings it to
// its end: restores what was muted, tells people, gives back the locks.
type Finish struct {
	choreo.Deps
	Muter       Muter
	AlarmStates interface {
		Alarms(ctx context.Context, prefixes, names []string) ([]run.Alarm, error)
	}
	AlarmTopic, ReportTopic Topic
}

const (
	// tendEvery is the longest time between two looks at an open run.
	tendEvery = 10 * time.Minute
	// okPatience is how long the muted alarms may take to be OK before their mute ends all the same:
	// deleting it fires those that are in ALARM, and an alarm that is still in ALARM by then is one to
	// be read.
	okPatience = 15 * time.Minute
)

// Act is safe to repeat: muting and restoring look at what is; what was told is written down; the
// end is one transaction.
func (f Finish) Act(ctx context.Context, w *runWork) (runOutcome, error) {
	b := store{f.Ledger}
	r, _, err := b.run(ctx, w.Item.Run)
	if err != nil {
		return runOutcome{}, err
	}
	plan, err := b.plan(ctx, w.Item.Run)
	if err != nil {
		return runOutcome{}, err
	}
	act := f.open
	if w.Item.Step == run.StepFinishing {
		act = f.finishing
	}
	out, err := act(ctx, b, w, r, plan)
	if err != nil && w.Item.TransientErrors+w.Item.PermanentErrors >= choreo.MaxPermanentErrors-1 {
		f.notifyTrouble(ctx, w, err.Error())
	}
	return out, err
}

// Handler is the code of the finish function.
func (f Finish) Handler() choreo.Function { return choreo.SQSHandler(f.mover()) }

// mover takes the messages of finish's queue, and never lets a run go: one whose tries are used up
// comes again.
func (f Finish) mover() choreo.Mover[*run.Active] {
	m := moveRuns(f.Deps, "finish", f.Act)
	m.Exhausted = f.retryLater
	return m
}

func (f Finish) retryLater(ctx context.Context, w *runWork, reason string) runOutcome {
	f.notifyTrouble(ctx, w, reason)
	return w.Again(tendEvery, reason)
}

// notifyTrouble tells people, once an hour, that a run can't get on. If that fails too, the
// functions' own alarms remain.
func (f Finish) notifyTrouble(ctx context.Context, w *runWork, reason string) {
	if w.Now.Sub(w.Item.Announced.Trouble) < troubleEvery {
		return
	}
	reason = strings.ReplaceAll(reason, "\n", "; ") // of several errors
	n := notify.Trouble(w.Item.Run, w.Item.Fleet, w.Item.Step, reason, w.Now)
	if f.AlarmTopic.Publish(ctx, n.Subject, n.Text) == nil {
		w.Item.Announced.Trouble = w.Now
	}
}

// open tends the run and asks what there is to admit, or whether it is over. Whatever can't be done
// now is tried again soon, and keeps nothing else from being done: patience ends a run that can't
// be muted.
func (f Finish) open(
	ctx context.Context, b store, w *runWork, r *run.Run, plan *run.Plan,
) (runOutcome, error) {
	why, muteErr := f.mute(ctx, b, w, r, plan)
	if errors.Is(muteErr, choreo.ErrLost) {
		return runOutcome{}, muteErr
	}
	gone, outsErr := f.released(ctx, b, r)
	announceErr := f.announce(ctx, b, w, r)
	renewErr := b.renew(ctx, w, r)

	if announceErr != nil { // it is told where it can be: the topic that would tell is what fails
		w.Logger().Error("failure not announced", "reason", announceErr.Error())
	}
	why = f.reportTrouble(ctx, w, why, muteState(w.Item, r, plan, w.Now), muteErr, outsErr, renewErr)

	transaction := func(ctx context.Context, a *run.Active) (choreo.Transaction, error) {
		return b.advanceRun(ctx, a.Run, w.Now, a, func(r *run.Run) error {
			applyGateTimeout(r, &plan.Request, w.Now)
			for _, instance := range gone {
				r.Release(instance)
			}
			a.Due = w.Now.Add(nextLook(r, a, plan, why, w.Now))
			return nil
		})
	}
	return w.Again(tendEvery, why).With(transaction), nil
}

// reportTrouble gives the reason why the run must be looked at again soon, counts the errors, and
// tells people once that has lasted.
func (f Finish) reportTrouble(
	ctx context.Context, w *runWork, why, state string, errs ...error,
) string {
	a := w.Item
	err := errors.Join(errs...)
	if err == nil {
		a.Troubles = 0
	} else {
		a.Troubles++
		why = err.Error()
	}
	if why == "" {
		a.TroubleSince = time.Time{}
		return ""
	}
	if a.TroubleSince.IsZero() {
		a.TroubleSince = w.Now
	}
	if w.Now.Sub(a.TroubleSince) >= troubleAfter {
		f.notifyTrouble(ctx, w, why+" (since "+a.TroubleSince.UTC().Format(time.RFC3339)+state+")")
	}
	return why
}

// muteState says what of a mute in trouble holds.
func muteState(a *run.Active, r *run.Run, plan *run.Plan, now time.Time) string {
	q, text := a.Mute, ""
	if !r.Paused.IsZero() {
		return "; what is to act in a pause may still be muted"
	}
	if len(plan.Alarms) > 0 {
		switch until := q.Until.UTC().Format(time.RFC3339); {
		case q.Until.IsZero():
			text = "; the alarms aren't muted"
		case now.Before(q.Until):
			text = "; the alarms stay muted until " + until
		default:
			text = "; the alarms have not been muted since " + until
		}
	}
	if len(plan.Rules) > 0 && !q.RulesDisabled {
		text += "; EventBridge rules may be enabled"
	}
	return text
}

// mute keeps things quiet while instances are out or may go out; while nobody is out, a paused run
// mutes nothing.
func (f Finish) mute(
	ctx context.Context, b store, w *runWork, r *run.Run, plan *run.Plan,
) (why string, err error) {
	if plan.Request.Mute.Empty() {
		return "", nil
	}
	if !r.Paused.IsZero() {
		holders, err := b.holders(ctx, r, true)
		if err != nil {
			return "", err
		}
		out := false
		for _, h := range holders {
			out = out || h.Absent()
		}
		if !out {
			return "", f.Muter.Restore(ctx, w, plan)
		}
	}
	why, err = f.Muter.Apply(ctx, w, plan, r.Resumed)
	if err == nil && why == "" {
		err = f.Muter.DeleteEnded(ctx, w, plan)
	}
	return why, err
}

// released lists the failed holders, of this and earlier runs, that somebody has released or seen
// back.
func (f Finish) released(ctx context.Context, b store, r *run.Run) ([]string, error) {
	var keys []ledger.Key
	for _, t := range r.Tokens {
		if t.Failed {
			keys = append(keys, outKey(t.Instance))
		}
	}
	if len(keys) == 0 {
		return nil, nil
	}
	docs, err := b.Get(ctx, keys...)
	if err != nil {
		return nil, fmt.Errorf("read what failed out of service: %w", err)
	}
	still := map[ledger.Key]bool{}
	for _, d := range docs {
		still[d.Key] = true
	}
	var gone []string
	for _, k := range keys {
		if !still[k] {
			gone = append(gone, k.SK)
		}
	}
	return gone, nil
}

// applyGateTimeout ends what has lasted too long: a closed gate, and a pause.
func applyGateTimeout(r *run.Run, q *run.Request, now time.Time) {
	if limit := time.Duration(q.MaxPause); !r.Paused.IsZero() && now.Sub(r.Paused) >= limit {
		r.Stop(now, fmt.Sprintf("it was paused for %s (maxPause)", run.Span(limit)))
		r.Paused, r.Resumed = time.Time{}, now
	}
	if limit := time.Duration(q.GateTimeout); r.Paused.IsZero() && !r.ClosedSince.IsZero() &&
		now.Sub(r.ClosedSince) >= limit {
		r.Stop(now, fmt.Sprintf("no instance could leave service for %s (gateTimeout)", run.Span(limit)))
	}
}

// nextLook is how long the run can be left alone.
func nextLook(r *run.Run, a *run.Active, plan *run.Plan, why string, now time.Time) time.Duration {
	wait := tendEvery
	sooner := func(d time.Duration) { wait = max(0, min(wait, d)) }
	muting := !plan.Request.Mute.Empty() && r.Paused.IsZero()
	if a.Troubles > 0 {
		sooner(choreo.Backoff(a.Troubles, a.Run))
	} else if why != "" || (muting && !a.Mute.Since.After(r.Resumed)) || !a.Mute.Pending.IsZero() {
		sooner(mutePoll)
	}
	if !r.Paused.IsZero() && !plan.Request.Mute.Empty() && len(r.Tokens) > 0 {
		sooner(time.Minute) // the mute ends once the last instance is back
	}
	if !r.Paused.IsZero() {
		sooner(r.Paused.Add(time.Duration(plan.Request.MaxPause)).Sub(now))
	} else if !r.ClosedSince.IsZero() && r.Stopped == "" {
		sooner(r.ClosedSince.Add(time.Duration(plan.Request.GateTimeout)).Sub(now))
	}
	if len(r.Announce) > 0 || !a.Renewal.Began.IsZero() {
		sooner(time.Minute)
	}
	return wait
}

// announce sends the alarms that triage couldn't send.
func (f Finish) announce(ctx context.Context, b store, w *runWork, r *run.Run) error {
	for _, id := range r.Announce {
		i := newInstance()
		if _, err := b.require(ctx, instanceKey(r.ID, id), i); err != nil {
			return err
		}
		n := notify.Failure(r, i)
		if err := f.AlarmTopic.Publish(ctx, n.Subject, n.Text); err != nil {
			return fmt.Errorf("announce that %s failed: %w", id, err)
		}
		if err := b.updateRun(ctx, w.Mark, r.ID, func(r *run.Run) bool {
			for n, other := range r.Announce {
				if other == id {
					r.Announce = append(r.Announce[:n:n], r.Announce[n+1:]...)
					return true
				}
			}
			return false
		}); err != nil {
			return err
		}
	}
	return nil
}

// finishing restores, tells, and ends the run.
func (f Finish) finishing(
	ctx context.Context, b store, w *runWork, r *run.Run, plan *run.Plan,
) (runOutcome, error) {
	if err := b.renew(ctx, w, r); err != nil { // the next look tries again; restoring doesn't wait for it
		w.Logger().Error("expiry not renewed", "reason", err.Error())
	}
	if why, err := f.alarmsFiring(ctx, w, r, plan); err != nil || why != "" {
		return w.Again(30*time.Second, why), err
	}
	offErr := f.Muter.Restore(ctx, w, plan)
	if errors.Is(offErr, choreo.ErrLost) {
		return runOutcome{}, offErr
	}
	if err := errors.Join(offErr, f.announce(ctx, b, w, r)); err != nil {
		return runOutcome{}, err
	}
	if !w.Item.Announced.End {
		if err := f.tell(ctx, b, w.Item, r, plan, w.Now); err != nil {
			return runOutcome{}, err
		}
		w.Item.Announced.End = true
		if err := w.Save(ctx); err != nil {
			return runOutcome{}, err
		}
	}
	transaction := func(ctx context.Context, a *run.Active) (choreo.Transaction, error) {
		return f.end(ctx, b, a, plan, w.Now)
	}
	return w.End("ended", "").With(transaction), nil
}

// alarmsFiring says which of the muted alarms is still in ALARM; empty once all are OK, or their
// time is over.
func (f Finish) alarmsFiring(
	ctx context.Context, w *runWork, r *run.Run, plan *run.Plan,
) (string, error) {
	q := w.Item.Mute
	if len(plan.Alarms) == 0 || q.Generation == 0 || (q.Until.IsZero() && q.Pending.IsZero()) {
		return "", nil
	}
	if w.Item.RestoringSince.IsZero() {
		w.Item.RestoringSince = w.Now
	}
	if w.Now.Sub(w.Item.RestoringSince) >= okPatience {
		return "", nil
	}
	alarms, err := f.AlarmStates.Alarms(ctx, nil, plan.Alarms)
	if err != nil {
		return "", fmt.Errorf("read the muted alarms: %w", err)
	}
	for _, a := range alarms {
		if a.State == "ALARM" {
			why := fmt.Sprintf("muted alarm %s is in ALARM; its mute ends when it is OK, "+
				"or %s after the last instance", a.Name, run.Span(okPatience))
			_, err := f.Muter.Apply(ctx, w, plan, r.Resumed) // prolongs it, if it would end meanwhile
			if err != nil && !errors.Is(err, choreo.ErrLost) {
				why, err = why+"; it can't be prolonged: "+err.Error(), nil
			}
			return why, err
		}
	}
	return "", nil
}

// rows are the lines about single instances, as many as a person reads. One that failed out of
// service may have been released since.
func (b store) rows(ctx context.Context, r *run.Run) (rows notify.Rows, err error) {
	const most = 40
	if r.Failed+r.Skipped+r.Unhealthy == 0 {
		return rows, nil
	}
	out, err := b.outOf(ctx, r.ID)
	if err != nil {
		return rows, err
	}
	add := func(to *[]string, row string) {
		if len(*to) < most {
			*to = append(*to, row)
		} else {
			rows.More++
		}
	}
	return rows, b.eachInstance(ctx, r.ID, func(i *run.Instance) {
		switch {
		case i.Step == run.Failed && out[i.ID]:
			rows.Out++
			add(&rows.Failures, i.ID+" OUT OF SERVICE, at "+i.Failure.Step+": "+i.Failure.Reason)
		case i.Step == run.Failed && i.Out():
			add(
				&rows.Failures,
				i.ID+" out of service until it was released or seen back, at "+i.Failure.Step+": "+i.Failure.Reason,
			)
		case i.Step == run.Failed:
			add(&rows.Failures, i.ID+" at "+i.Failure.Step+": "+i.Failure.Reason)
		case i.Step == run.Skipped:
			add(&rows.Skips, i.ID+": "+i.Reason)
		case len(i.Unhealthy) > 0:
			add(&rows.Unhealthy, i.ID+": "+strings.Join(i.Unhealthy, ", "))
		}
	})
}

// tell sends the summary.
func (f Finish) tell(
	ctx context.Context, b store, a *run.Active, r *run.Run, plan *run.Plan, now time.Time,
) error {
	rows, err := b.rows(ctx, r)
	if err != nil {
		return err
	}
	n := notify.Ended(r, plan, now, rows)
	n.Text += notify.Deleted(a.Missing)
	topics := []Topic{f.ReportTopic}
	// as bad as a refused schedule, and told where that is told
	if r.Done+r.Failed == 0 && r.Stopped != run.Cancelled {
		topics = append(topics, f.AlarmTopic)
	}
	for _, topic := range topics {
		if err := topic.Publish(ctx, n.Subject, n.Text); err != nil {
			return fmt.Errorf("send the summary of run %s: %w", r.ID, err)
		}
	}
	return nil
}

// end is the last transaction: the run is over, its locks are free, its position is gone.
func (f Finish) end(
	ctx context.Context, b store, a *run.Active, plan *run.Plan, now time.Time,
) (choreo.Transaction, error) {
	var all choreo.Transaction
	r, rev, err := b.run(ctx, a.Run)
	if err != nil {
		return all, err
	}
	rest, _ := r.Rest()
	r.Skipped, r.Waiting = r.Skipped+rest, 0
	r.Ended = now
	all.Writes = append(all.Writes, ledger.Put(runKey(r.ID), rev, r))
	all.DeleteItem = true
	return all, b.unlock(ctx, r.ID, &all, append(groupLocks(plan), fleetLock(r.Fleet))...)
}
