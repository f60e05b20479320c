package patch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"quickstep/shared/ledger"
)

// SNS takes an e-mail address off its list that gets more than ten messages a second, whichever
// report they are of. So all reports take turns: a burst of messages each, and a while for each
// message in which nobody else begins.
const (
	burst = 5
	each  = 400 * time.Millisecond
	// fresh is for how long a turn holds that wasn't used.
	fresh = 2 * time.Second
)

// queued is until when turns are taken.
type queued struct {
	Free time.Time `json:"free"`
}

var turnKey = ledger.Key{PK: "TOPIC", SK: "TURN"}

// turn is how long a report has to wait until it may send its next message; it takes the next turn
// that is free, unless it has one. Who has just failed to send needs none: it would only begin to
// count its failures anew.
func (p Reporter) turn(ctx context.Context, w *reportWork) (wait time.Duration, err error) {
	r, now := w.Item, p.Now()
	if r.TransientErrors+r.PermanentErrors > 0 {
		return 0, nil
	}
	if r.Turn.Left == 0 || now.After(r.Turn.At.Add(fresh)) {
		if err := p.queue(ctx, w, now); err != nil {
			return 0, err
		}
	}
	if r.Turn.At.After(now) {
		at := r.Turn.At
		if r.Until.Before(at) {
			at = r.Until
		}
		return at.Sub(w.Now), nil
	}
	r.Turn.Left--
	return 0, nil
}

// Turn is when a report may send how many messages.
type Turn struct {
	At   time.Time `json:"at"`
	Left int       `json:"left"`
}

// queue takes the next turn. Two that ask at once get one each; the condition on the document's
// revision sees to that. The turn is noted in the same transaction, and with it what was sent
// before.
func (p Reporter) queue(ctx context.Context, w *reportWork, now time.Time) error {
	const races = 5
	n, before := min(w.Item.all()-w.Item.Sent, burst), w.Item.Turn
	for range races {
		var q queued
		rev, err := ledger.Read(ctx, p.Ledger, turnKey, &q)
		if err != nil {
			return err
		}
		at := now
		if q.Free.After(now) {
			at = q.Free
		}
		w.Item.Turn = Turn{at, n}
		if err = w.Save(ctx, ledger.Put(turnKey, rev, queued{at.Add(time.Duration(n) * each)})); err == nil {
			return nil
		}
		w.Item.Turn = before
		if !errors.Is(err, ledger.ErrConflict) {
			return fmt.Errorf("take a turn: %w", err)
		}
	}
	return fmt.Errorf("take a turn: others were faster %d times: %w", races, ledger.ErrConflict)
}
