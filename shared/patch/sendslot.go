package patch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"quickstep/shared/ledger"
	"quickstep/shared/report"
)

// SNS takes an e-mail address off its list that gets more than ten messages a second, whichever
// report they are of. So all reports take slots: a burst of messages each, and a while for each
// message in which nobody else begins.
const (
	slotMessages   = 5
	slotPerMessage = 400 * time.Millisecond
	// slotValidity is for how long a slot holds that wasn't used.
	slotValidity = 2 * time.Second
)

// takenSlots is until when slots are taken.
type takenSlots struct {
	Free time.Time `json:"free"`
}

var sendSlotKey = ledger.Key{PK: "TOPIC", SK: "TURN"}

// waitForSlot is how long a report has to wait until it may send its next message; it takes the
// next slot that is free, unless it has one. Who has just failed to send needs none: it would only
// begin to count its failures anew.
func (p Reporter) waitForSlot(ctx context.Context, w *reportWork) (wait time.Duration, err error) {
	r, now := w.Item, p.Now()
	if r.TransientErrors+r.PermanentErrors > 0 {
		return 0, nil
	}
	if r.SendSlot.Left == 0 || now.After(r.SendSlot.At.Add(slotValidity)) {
		if err := p.takeSlot(ctx, w, now); err != nil {
			return 0, err
		}
	}
	if r.SendSlot.At.After(now) {
		at := r.SendSlot.At
		if r.Until.Before(at) {
			at = r.Until
		}
		return at.Sub(w.Now), nil
	}
	r.SendSlot.Left--
	return 0, nil
}

// takeSlot takes the next slot. Two that ask at once get one each; the condition on the document's
// revision sees to that. The slot is noted in the same transaction, and with it what was sent
// before.
func (p Reporter) takeSlot(ctx context.Context, w *reportWork, now time.Time) error {
	const races = 5
	n, before := min(w.Item.MessageCount()-w.Item.Sent, slotMessages), w.Item.SendSlot
	for range races {
		var taken takenSlots
		rev, err := ledger.Read(ctx, p.Ledger, sendSlotKey, &taken)
		if err != nil {
			return err
		}
		at := now
		if taken.Free.After(now) {
			at = taken.Free
		}
		w.Item.SendSlot = report.SendSlot{At: at, Left: n}
		taken.Free = at.Add(time.Duration(n) * slotPerMessage)
		if err = w.Save(ctx, ledger.Put(sendSlotKey, rev, taken)); err == nil {
			return nil
		}
		w.Item.SendSlot = before
		if !errors.Is(err, ledger.ErrConflict) {
			return fmt.Errorf("take a send slot: %w", err)
		}
	}
	return fmt.Errorf("take a send slot: others were faster %d times: %w",
		races, ledger.ErrConflict)
}
