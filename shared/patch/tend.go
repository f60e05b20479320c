package patch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/ledger"
)

// Reporter tends a report's scans while they are under way, puts the report together and sends it.
type Reporter struct {
	Ledger  ledger.Store
	Queues  choreo.Sender
	Reports interface {
		Announce(ctx context.Context, a Announcement) error
	}
	Alarm  Topic
	Bucket interface { // nil: there is none
		Put(ctx context.Context, key, contentType string, body []byte) error
	}
	BucketName, BucketPrefix string
	Stack                    string // the stack's name, for the command that starts a run
	Now                      func() time.Time
}

// busy is the wait for scans that are being worked on although the deadline has passed: half a lease.
const busy = 45 * time.Second

// Act is safe to repeat: scans are ended under the conditions of the protocol; which part is being sent is written down before
// it is, so that only one that is in doubt is sent again.
func (p Reporter) Act(ctx context.Context, w *choreo.Work[*Report]) (choreo.Outcome, error) {
	if w.Item.Step == StepScanning {
		return p.tend(ctx, w)
	}
	return p.report(ctx, w)
}

// Mover moves reports by the report function. One that can't be sent is tried as long as it is worth something.
func (p Reporter) Mover(l choreo.Line) choreo.Mover[*Report] {
	m := Reports(l, p.Act)
	m.Exhausted = func(_ context.Context, w *choreo.Work[*Report], reason string) choreo.Outcome {
		if !w.Now.Before(w.Item.Until) {
			return choreo.GiveUp(late(w.Item) + ": " + reason)
		}
		return choreo.Again(min(tendEvery, w.Item.Until.Sub(w.Now)), reason)
	}
	return m
}

// tend gives overdue scans their message again; at the deadline it ends those that aren't in.
func (p Reporter) tend(ctx context.Context, w *choreo.Work[*Report]) (choreo.Outcome, error) {
	r := w.Item
	closing := !w.Now.Before(r.Deadline)
	var open []held
	err := book{p.Ledger}.scans(ctx, r.ID, func(h held) error {
		if !h.Ended() {
			open = append(open, h)
		}
		return nil
	})
	if err != nil {
		return choreo.Outcome{}, err
	}
	wait, why := min(tendEvery, r.Deadline.Sub(w.Now)), fmt.Sprintf("%d instances aren't read yet", len(open))
	if closing {
		wait = busy
		err = p.close(ctx, w, open)
	} else {
		err = p.nudge(ctx, w, open)
	}
	if err != nil {
		return choreo.Outcome{}, err
	}
	return choreo.With(choreo.Again(wait, why), func(ctx context.Context, r *Report) (choreo.Together, error) {
		c := &Count{}
		rev, err := ledger.Read(ctx, p.Ledger, countKey(r.ID), c)
		if err == nil && c.Left == 0 {
			r.Position = choreo.Position{N: r.N, Step: StepReport, Since: w.Now, Due: w.Now}
			r.Closed = w.Now
		}
		return choreo.Together{Writes: []ledger.Write{{Key: countKey(r.ID), Rev: rev, Check: true}}}, err
	}), nil
}

func (p Reporter) nudge(ctx context.Context, w *choreo.Work[*Report], open []held) error {
	n := choreo.Nudger{Ledger: p.Ledger, Queues: p.Queues, Words: Words, Owner: w.Mark()}
	var all []error
	for _, h := range open {
		if h.Overdue(w.Now) {
			_, err := n.Nudge(ctx, scanKey(h.Report, h.ID), h.rev, h.Scan, w.Now)
			all = append(all, err)
		}
	}
	return errors.Join(all...)
}

// close ends the scans that nobody is at work on, as gaps.
func (p Reporter) close(ctx context.Context, w *choreo.Work[*Report], open []held) error {
	open = slices.DeleteFunc(open, func(h held) bool { return h.Leased(w.Now) })
	for some := range slices.Chunk(open, ledger.MaxWrites-2) {
		c := &Count{}
		rev, err := ledger.Read(ctx, p.Ledger, countKey(w.Item.ID), c)
		if err != nil {
			return err
		}
		c.Left, c.Gaps, c.Expires = c.Left-len(some), c.Gaps+len(some), w.Now.Add(belongings)
		writes := []ledger.Write{ledger.Put(countKey(w.Item.ID), rev, c), w.Held()}
		for _, h := range some {
			gap(h.Scan, "it wasn't read before the deadline"+because(h.Position.Reason), w.Now)
			writes = append(writes, ledger.Put(scanKey(h.Report, h.ID), h.rev, h.Scan))
		}
		err = ledger.Apply(ctx, p.Ledger, w.Mark(), writes...)
		if err != nil && !errors.Is(err, ledger.ErrConflict) { // one of them has moved on meanwhile: the next look tells
			return fmt.Errorf("end %d scans: %w", len(some), err)
		}
	}
	return nil
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + reason
}

// gap ends a scan whose patches can't be had.
func gap(i *Scan, reason string, now time.Time) { choreo.End(Unread, reason).Settle(&i.Position, now) }
