package patch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/ledger"
	"quickstep/shared/notify"
	"quickstep/shared/transient"
)

// Reporter tends a report's scans while they are under way, puts the report together and sends it.
type Reporter struct {
	choreo.Deps
	ReportTopic interface {
		Announce(ctx context.Context, a notify.Announcement) error
	}
	AlarmTopic Topic
	Bucket     interface { // nil: there is none
		Put(ctx context.Context, key, contentType string, body []byte) error
		// Link is where a person finds the objects whose keys begin with prefix.
		Link(prefix string) string
	}
	BucketName, BucketPrefix string
	Stack                    string // the stack's name, for the command that starts a run
}

// busy is the wait for scans that are being worked on although the deadline has passed: half a lease.
const busy = 45 * time.Second

// Act is safe to repeat: scans are ended under the conditions of the protocol; messages are written
// down before any is sent, and which is being sent before it is, so that only one that is in doubt
// is sent again.
func (p Reporter) Act(ctx context.Context, w *reportWork) (reportOutcome, error) {
	switch w.Item.Step {
	case StepScanning:
		return p.tend(ctx, w)
	case StepReport:
		return p.report(ctx, w)
	case StepSend:
		return p.send(ctx, w)
	}
	return reportOutcome{}, fmt.Errorf("report %s is at %q, which isn't report's", w.Item.ID, w.Item.Step)
}

// Handler is the code of the report function.
func (p Reporter) Handler() choreo.Function { return choreo.SQSHandler(p.mover()) }

// mover takes the messages of report's queue.
func (p Reporter) mover() choreo.Mover[*Report] {
	return patiently(moveReports(p.Deps, "report", p.Act), p.weary)
}

// tend gives overdue scans their message again; at the deadline it ends those that aren't in.
func (p Reporter) tend(ctx context.Context, w *reportWork) (reportOutcome, error) {
	r := w.Item
	if !w.Now.Before(r.Until) {
		return w.GiveUp(late(r) + because(r.Position.Reason)), nil
	}
	closing := !w.Now.Before(r.Deadline)
	var open []held
	err := book{p.Ledger}.scans(ctx, r.ID, func(h held) error {
		if !h.Ended() {
			open = append(open, h)
		}
		return nil
	})
	if err != nil {
		return reportOutcome{}, err
	}
	wait, why := look(r.Deadline.Sub(w.Now)), fmt.Sprintf("%d instances aren't read yet", len(open))
	if closing {
		wait = busy
		err = p.close(ctx, w, open)
	} else {
		wait, err = p.nudge(ctx, w, open, wait)
	}
	if err != nil {
		return reportOutcome{}, err
	}
	return w.Again(wait, why).With(func(ctx context.Context, r *Report) (choreo.Transaction, error) {
		r.Weary = false
		c := &Count{}
		rev, err := ledger.Read(ctx, p.Ledger, countKey(r.ID), c)
		if err == nil && c.Left == 0 {
			r.Position = choreo.Position{N: r.N, Step: StepReport, Since: w.Now, Due: w.Now}
			r.Closed = w.Now
		}
		return choreo.Transaction{Writes: []ledger.Write{{Key: countKey(r.ID), Rev: rev, Check: true}}}, err
	}), nil
}

// mostNudges is how many scans one look nudges: a write and a message each, well within an invocation.
const mostNudges = 400

// nudge gives overdue scans their message again, as far apart as they were at first. If some are
// left, the next look comes sooner.
func (p Reporter) nudge(
	ctx context.Context, w *reportWork, open []held, wait time.Duration,
) (time.Duration, error) {
	n := choreo.Redeliverer{Ledger: p.Ledger, Queues: p.Queues, Routing: Routing, Owner: w.Mark()}
	overdue := slices.DeleteFunc(open, func(h held) bool { return !h.Overdue(w.Now) })
	spread := paced(w.Item.Deadline.Sub(w.Now), len(overdue))
	var all []error
	for k, h := range overdue[:min(len(overdue), mostNudges)] {
		_, err := n.Redeliver(ctx, scanKey(h.Report, h.ID), h.rev, h.Scan, w.Now, time.Duration(k)*spread)
		all = append(all, err)
	}
	if len(overdue) > mostNudges {
		wait = min(wait, mostNudges*spread) // when these have been taken up
	}
	return wait, errors.Join(all...)
}

// close ends the scans that nobody is at work on, as gaps. Those that are see the deadline themselves.
func (p Reporter) close(ctx context.Context, w *reportWork, open []held) error {
	open = slices.DeleteFunc(open, func(h held) bool { return h.Leased(w.Now) })
	for some := range slices.Chunk(open, ledger.MaxWrites-2) {
		if err := p.end(ctx, w, some); err != nil {
			return err
		}
	}
	return nil
}

// end ends some scans in one transaction. If one of them has moved on meanwhile, it doesn't keep the others.
func (p Reporter) end(ctx context.Context, w *reportWork, some []held) error {
	c := &Count{}
	rev, err := ledger.Read(ctx, p.Ledger, countKey(w.Item.ID), c)
	if err != nil {
		return err
	}
	c.Left, c.Gaps, c.Expires = c.Left-len(some), c.Gaps+len(some), w.Now.Add(belongings)
	writes := []ledger.Write{ledger.Put(countKey(w.Item.ID), rev, c), w.LeaseHeld()}
	for _, h := range some {
		ended := *h.Scan
		w.End(Unread, "it wasn't read before the deadline"+because(h.Position.Reason)).Settle(&ended.Position, w.Now)
		writes = append(writes, ledger.Put(scanKey(h.Report, h.ID), h.rev, &ended))
	}
	err = ledger.Apply(ctx, p.Ledger, w.Mark(), writes...)
	switch {
	case err == nil:
		return nil
	case !errors.Is(err, ledger.ErrConflict) && !transient.IsNotApplied(err):
		return fmt.Errorf("end %d scans: %w", len(some), err)
	case len(some) == 1:
		return nil // the next look tells what has become of it
	}
	half := len(some) / 2
	return errors.Join(p.end(ctx, w, some[:half]), p.end(ctx, w, some[half:]))
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + reason
}
