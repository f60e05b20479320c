package patch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/ledger"
	"quickstep/shared/report"
	"quickstep/shared/transient"
)

// leasedDelay is the wait for scans that are being worked on although the deadline has passed:
// half a lease.
const leasedDelay = 45 * time.Second

// Act is safe to repeat: scans are ended under the conditions of the protocol; messages are written
// down before any is sent, and which is being sent before it is, so that only one that is in doubt
// is sent again.
func (p Reporter) Act(ctx context.Context, w *reportWork) (reportOutcome, error) {
	switch w.Item.Step {
	case report.StepScanning:
		return p.supervise(ctx, w)
	case report.StepReport:
		return p.report(ctx, w)
	case report.StepSend:
		return p.send(ctx, w)
	}
	return reportOutcome{}, fmt.Errorf("report %s is at %q, which isn't report's",
		w.Item.ID, w.Item.Step)
}

// Handler is the code of the report function.
func (p Reporter) Handler() choreo.Function { return choreo.SQSHandler(p.mover()) }

// mover takes the messages of report's queue.
func (p Reporter) mover() choreo.Mover[*report.Report] {
	return retryUntilExpiry(moveReports(p.Deps, "report", p.Act), p.stalled)
}

// supervise gives overdue scans their message again; at the deadline it ends those that aren't in.
func (p Reporter) supervise(ctx context.Context, w *reportWork) (reportOutcome, error) {
	r := w.Item
	if !w.Now.Before(r.Until) {
		return w.GiveUp(r.ExpiredReason(r.Position.Reason)), nil
	}
	closing := !w.Now.Before(r.Deadline)
	var open []storedScan
	err := store{p.Ledger}.scans(ctx, r.ID, func(h storedScan) error {
		if !h.Ended() {
			open = append(open, h)
		}
		return nil
	})
	if err != nil {
		return reportOutcome{}, err
	}
	wait := superviseDelay(r.Deadline.Sub(w.Now))
	why := fmt.Sprintf("%d instances aren't read yet", len(open))
	if closing {
		wait = leasedDelay
		err = p.endOpen(ctx, w, open)
	} else {
		wait, err = p.redeliver(ctx, w, open, wait)
	}
	if err != nil {
		return reportOutcome{}, err
	}
	lookAgain := func(ctx context.Context, r *report.Report) (choreo.Transaction, error) {
		r.Stalled = false
		c := &report.ScanCount{}
		rev, err := ledger.Read(ctx, p.Ledger, countKey(r.ID), c)
		if err == nil && c.Left == 0 {
			r.Position = choreo.Position{N: r.N, Step: report.StepReport, Since: w.Now, Due: w.Now}
			r.Closed = w.Now
		}
		unchanged := ledger.Write{Key: countKey(r.ID), Rev: rev, Check: true}
		return choreo.Transaction{Writes: []ledger.Write{unchanged}}, err
	}
	return w.Again(wait, why).With(lookAgain), nil
}

// maxRedeliveries is how many scans one look redelivers: a write and a message each, well within
// an invocation.
const maxRedeliveries = 400

// redeliver gives overdue scans their message again, as far apart as they were at first. If some
// are left, the next look comes sooner.
func (p Reporter) redeliver(
	ctx context.Context, w *reportWork, open []storedScan, wait time.Duration,
) (time.Duration, error) {
	n := choreo.Redeliverer{Ledger: p.Ledger, Queues: p.Queues, Routing: Routing, Owner: w.Mark()}
	overdue := slices.DeleteFunc(open, func(h storedScan) bool { return !h.Overdue(w.Now) })
	spacing := scanSpacing(w.Item.Deadline.Sub(w.Now), len(overdue))
	var all []error
	for k, h := range overdue[:min(len(overdue), maxRedeliveries)] {
		delay := time.Duration(k) * spacing
		_, err := n.Redeliver(ctx, scanKey(h.Report, h.ID), h.rev, h.Scan, w.Now, delay)
		all = append(all, err)
	}
	if len(overdue) > maxRedeliveries {
		wait = min(wait, maxRedeliveries*spacing) // when these have been taken up
	}
	return wait, errors.Join(all...)
}

// endOpen ends the scans that nobody is at work on, as gaps. Those that are see the deadline
// themselves.
func (p Reporter) endOpen(ctx context.Context, w *reportWork, open []storedScan) error {
	open = slices.DeleteFunc(open, func(h storedScan) bool { return h.Leased(w.Now) })
	for batch := range slices.Chunk(open, ledger.MaxWrites-2) {
		if err := p.endScans(ctx, w, batch); err != nil {
			return err
		}
	}
	return nil
}

// endScans ends some scans in one transaction. If one of them has moved on meanwhile, it doesn't
// keep the others.
func (p Reporter) endScans(ctx context.Context, w *reportWork, scans []storedScan) error {
	c := &report.ScanCount{}
	rev, err := ledger.Read(ctx, p.Ledger, countKey(w.Item.ID), c)
	if err != nil {
		return err
	}
	c.Left, c.Gaps = c.Left-len(scans), c.Gaps+len(scans)
	c.Expires = w.Now.Add(report.ItemRetention)
	writes := []ledger.Write{ledger.Put(countKey(w.Item.ID), rev, c), w.LeaseHeld()}
	for _, h := range scans {
		ended := *h.Scan
		why := withCause("it wasn't read before the deadline", h.Position.Reason)
		w.End(report.Unread, why).Settle(&ended.Position, w.Now)
		writes = append(writes, ledger.Put(scanKey(h.Report, h.ID), h.rev, &ended))
	}
	err = ledger.Apply(ctx, p.Ledger, w.Mark(), writes...)
	switch {
	case err == nil:
		return nil
	case !errors.Is(err, ledger.ErrConflict) && !transient.IsNotApplied(err):
		return fmt.Errorf("end %d scans: %w", len(scans), err)
	case len(scans) == 1:
		return nil // the next look tells what has become of it
	}
	half := len(scans) / 2
	return errors.Join(p.endScans(ctx, w, scans[:half]), p.endScans(ctx, w, scans[half:]))
}
