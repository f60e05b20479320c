package rolling

import (
	"context"
	"fmt"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/ledger"
	"quickstep/shared/run"
)

// advanceRun is the transaction over a run in which tokens pass on: f changes the run, then whoever
// can be admitted gets a token and its message, and when nothing is left, the run's own position
// moves to finishing. active is that position if it is the caller's own (and is changed in place,
// not written); nil lets handOn read and write it, unless somebody holds its lease: they will ask
// the same question when they commit.
func (b store) advanceRun(
	ctx context.Context, id string, now time.Time, active *run.Active, f func(*run.Run) error,
) (choreo.Transaction, error) {
	var all choreo.Transaction
	r, rev, err := b.run(ctx, id)
	if err != nil {
		return all, err
	}
	before := ledger.Put(runKey(id), rev, r)
	if err := f(r); err != nil {
		return all, err
	}
	if err := b.grantTokens(ctx, r, now, &all); err != nil {
		return all, err
	}
	if r.Over() {
		if err := b.finishIfIdle(ctx, r, now, active, &all); err != nil {
			return all, err
		}
	}
	after := ledger.Put(runKey(id), rev, r)
	if string(after.Body) == string(before.Body) {
		after = ledger.Write{Key: after.Key, Rev: rev, Check: true}
	}
	all.Writes = append(all.Writes, after)
	return all, nil
}

func (b store) grantTokens(
	ctx context.Context, r *run.Run, now time.Time, all *choreo.Transaction,
) error {
	n := r.Admits()
	if n == 0 {
		return nil
	}
	next, err := b.waiting(ctx, r, n)
	if err != nil {
		return err
	}
	if len(next) == 0 {
		return fmt.Errorf(
			"run %s counts %d instances that wait, and the ledger has none after %q",
			r.ID,
			r.Waiting,
			r.Cursor,
		)
	}
	for _, h := range next {
		r.Admit(h.ID)
		choreo.Next[*run.Instance](run.StepDrain, 0).Settle(&h.Position, now)
		key := instanceKey(r.ID, h.ID)
		all.Writes = append(all.Writes, ledger.Put(key, h.rev, h.Instance))
		all.Messages = append(all.Messages, choreo.NewMessage(key, &h.Position))
	}
	return nil
}

func (b store) finishIfIdle(
	ctx context.Context, r *run.Run, now time.Time, own *run.Active, all *choreo.Transaction,
) error {
	if own != nil {
		if own.Step == run.StepOpen {
			own.Step, own.Since, own.Due, own.Attempt = run.StepFinishing, now, now, 0
		}
		return nil
	}
	a := newActive()
	rev, err := ledger.Read(ctx, b.Store, activeKey(r.ID), a)
	if err != nil || rev == 0 || a.Step != run.StepOpen || a.Leased(now) {
		return err
	}
	a.Lease = choreo.Lease{}
	choreo.Next[*run.Instance](run.StepFinishing, 0).Settle(&a.Position, now)
	all.Writes = append(all.Writes, ledger.Put(activeKey(r.ID), rev, a))
	all.Messages = append(all.Messages, choreo.NewMessage(activeKey(r.ID), &a.Position))
	return nil
}

// end is the outcome of an instance that has come to its end: counted, its token handed on or,
// failed out of service, kept, its lock given back in the same transaction, an OUT item left where
// it must be, and a REBOOT item where it was rebooted.
func (b store) end(
	w *instanceWork, step, reason string, change func(*run.Instance),
) instanceOutcome {
	transaction := func(ctx context.Context, i *run.Instance) (choreo.Transaction, error) {
		if change != nil {
			change(i)
		}
		i.EndedAt = w.Now
		all, err := b.advanceRun(ctx, i.Run, w.Now, nil, func(r *run.Run) error {
			r.Finish(i, w.Now)
			if i.Step == run.Failed && i.Failure != nil && !i.Failure.Announced {
				r.Announce = append(r.Announce, i.ID)
			}
			return nil
		})
		if err != nil {
			return all, err
		}
		if i.Step == run.Failed && i.Out() {
			if err := b.recordOut(ctx, i, &all); err != nil {
				return all, err
			}
		}
		return all, b.recordEnd(ctx, i, &all)
	}
	return w.End(step, reason).With(transaction)
}

// recordOut writes down that an instance failed out of service, for the runs that come.
func (b store) recordOut(ctx context.Context, i *run.Instance, all *choreo.Transaction) error {
	r, _, err := b.run(ctx, i.Run)
	if err != nil {
		return err
	}
	var old run.Out
	rev, err := ledger.Read(ctx, b.Store, outKey(i.ID), &old)
	if err != nil {
		return err
	}
	out := run.Out{Instance: i.ID, Run: i.Run, Fleet: r.Fleet, Since: i.LeftAt, Capture: i.Capture}
	if i.Failure != nil {
		out.Reason, out.FailedAt = i.Failure.Reason, i.Failure.At
	}
	all.Writes = append(all.Writes, ledger.Put(outKey(i.ID), rev, out))
	return nil
}
