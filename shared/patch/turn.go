package patch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/ledger"
)

// SNS takes an e-mail address off its list that gets more than ten messages a second, whichever report they are of. So all
// reports take turns: a burst of messages each, and then a while nobody.
const (
	burst   = 5
	between = 2 * time.Second
)

// queued is until when turns are taken.
type queued struct {
	Free time.Time `json:"free"`
}

var turnKey = ledger.Key{PK: "TOPIC", SK: "TURN"}

// turn gives a report a turn, unless it has one that isn't over: the next that is free. Two that ask at once get one each; the
// condition on the document's revision sees to that.
func (p Reporter) turn(ctx context.Context, w *choreo.Work[*Report]) error {
	now := p.Now()
	if now.Before(w.Item.Turn.Add(between)) {
		return nil
	}
	const races = 5
	for range races {
		var q queued
		rev, err := ledger.Read(ctx, p.Ledger, turnKey, &q)
		if err != nil {
			return err
		}
		turn := now
		if q.Free.After(now) {
			turn = q.Free
		}
		err = ledger.Apply(ctx, p.Ledger, w.Mark(), ledger.Put(turnKey, rev, queued{turn.Add(between)}))
		if err == nil {
			w.Item.Turn = turn
			return nil
		}
		if !errors.Is(err, ledger.ErrConflict) {
			return fmt.Errorf("take a turn: %w", err)
		}
	}
	return fmt.Errorf("take a turn: others were faster %d times: %w", races, ledger.ErrConflict)
}
