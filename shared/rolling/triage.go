package rolling

import (
	"context"
	"fmt"

	"quickstep/shared/choreo"
	"quickstep/shared/ledger"
	"quickstep/shared/notify"
	"quickstep/shared/run"
	"quickstep/shared/sanitize"
)

// Triage takes the dead letters: positions that gave up, and messages that SQS moved because no
// invocation finished them. It says what failed, and sends it back, ends it, or gives it another
// chance.
type Triage struct {
	choreo.Deps
	AlarmTopic Topic
}

// Owns says whether an item is one of a rolling reboot.
func (t Triage) Owns(key ledger.Key) bool { return isInstance(key) || isActive(key) }

// Handle takes one dead letter. What it can't process it reports as failed, until the letter ends
// in the last queue.
func (t Triage) Handle(ctx context.Context, owner string, msg choreo.Message) error {
	switch {
	case isInstance(msg.Key):
		m := moveInstances(t.Deps, "dead", t.Act)
		m.Exhausted = t.failUnannounced
		if msg.Step != choreo.Failing {
			return m.DeadLetter(ctx, owner, msg, nil)
		}
		return m.Handle(ctx, owner, msg)
	case isActive(msg.Key):
		m := moveRuns(t.Deps, "dead", t.start)
		m.Exhausted = t.failStart
		if msg.Step != choreo.Failing {
			return m.DeadLetter(ctx, owner, msg, func(a *run.Active) error { return t.trouble(ctx, a) })
		}
		return m.Handle(ctx, owner, msg)
	}
	return fmt.Errorf("message: pk %q, sk %q name nothing that moves", msg.PK, msg.SK)
}

// trouble tells people of a run whose own position crashes; it never gives up, so its message is
// given back all the same.
func (t Triage) trouble(ctx context.Context, a *run.Active) error {
	why := fmt.Sprintf("it crashed or timed out in each of %d tries; see the finish function's log",
		a.Tries)
	n := notify.Trouble(a.Run, a.Fleet, a.Step, why, t.Now())
	if err := t.AlarmTopic.Publish(ctx, n.Subject, n.Text); err != nil {
		return fmt.Errorf("announce trouble of run %s: %w", a.Run, err)
	}
	return nil
}

// Act announces that an instance failed, and sends it back into service if it was never rebooted.
// It is safe to repeat: what was announced is written down, and the end is one transaction.
func (t Triage) Act(ctx context.Context, w *instanceWork) (instanceOutcome, error) {
	i := w.Item
	recordFailure(i)
	if !i.Failure.Announced {
		r, _, err := (store{t.Ledger}).run(ctx, i.Run)
		if err != nil {
			return instanceOutcome{}, err
		}
		n := notify.Failure(r, i)
		if err := t.AlarmTopic.Publish(ctx, n.Subject, n.Text); err != nil {
			return instanceOutcome{}, fmt.Errorf("announce that %s failed: %w", i.ID, err)
		}
		i.Failure.Announced = true
		if err := w.Save(ctx); err != nil {
			return instanceOutcome{}, err
		}
	}
	return t.failOrReturn(w), nil
}

// failUnannounced is the outcome when the alarm can't be sent: the failure is committed all the
// same, and the run's own position tries the alarm again.
func (t Triage) failUnannounced(_ context.Context, w *instanceWork, reason string) instanceOutcome {
	recordFailure(w.Item)
	w.Logger().Error("failure not announced", append(notify.NotAnnounced(w.Now), "reason", reason)...)
	return t.failOrReturn(w)
}

// recordFailure writes down why the instance failed. One that fails again on its way back has
// failed out of service after all: that is a failure of its own, to be announced as well.
func recordFailure(i *run.Instance) {
	first, step := i.Failure, i.GaveUp
	if step == run.StepAwait { // one step, to whom it concerns
		step = run.StepRejoin
	}
	if first != nil && first.Step == step && first.At.Equal(i.Since) { // triage comes again
		return
	}
	i.Failure = &run.Failure{Step: step, Reason: i.Position.Reason, At: i.Since}
	if first != nil {
		const half = sanitize.MaxText/2 - 50 // so that both are told, however long they are
		i.Failure.Reason = fmt.Sprintf("%s (on its way back, after it had failed at %s: %s)",
			sanitize.Cut(i.Failure.Reason, half), first.Step, sanitize.Cut(first.Reason, half))
	}
}

// failOrReturn sends an instance that left and was never asked to reboot back into service, once;
// any other has failed.
func (t Triage) failOrReturn(w *instanceWork) instanceOutcome {
	i := w.Item
	if i.GoesBack() {
		return w.Next(run.StepRejoin, 0).Because(i.Failure.Reason)
	}
	return (store{t.Ledger}).end(w, run.Failed, i.Failure.Reason, nil)
}

// start ends a run that couldn't begin: it goes to finish, which restores and says so. A run is
// never failed.
func (t Triage) start(ctx context.Context, w *runWork) (runOutcome, error) {
	return t.failStart(ctx, w, ""), nil
}

func (t Triage) failStart(_ context.Context, w *runWork, _ string) runOutcome {
	reason := "it could not begin: " + w.Item.Position.Reason
	transaction := func(ctx context.Context, a *run.Active) (choreo.Transaction, error) {
		var all choreo.Transaction
		b := store{t.Ledger}
		r, rev, err := b.run(ctx, a.Run)
		if err != nil {
			return all, err
		}
		r.Stop(w.Now, reason)
		all.Writes = append(all.Writes, ledger.Put(runKey(r.ID), rev, r))
		return all, nil
	}
	return w.Next(run.StepFinishing, 0).Because(reason).With(transaction)
}
