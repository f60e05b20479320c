package world_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"quickstep/tests/world"
)

func TestWhoHasStoodStillReachesTheLedgerAlone(t *testing.T) {
	w := newWorld(t)
	w.Pace = func(world.Op) time.Duration { return -1 }
	still := 10 * time.Minute // the function has 50 s
	w.Freeze = func(op world.Op) time.Duration {
		if op.Service == "dynamodb" && w.Now().Equal(began) {
			return still
		}
		return 0
	}
	w.Handle("tick", func(ctx context.Context, _ json.RawMessage) (any, error) {
		if !w.Now().Equal(began) {
			return nil, nil // its schedule's
		}
		if err := write(ctx, w, "x"); err != nil {
			t.Error(err)
		}
		return nil, w.Topic("alarm").Publish(ctx, "late", "too late")
	})
	if _, err := w.Invoke(ctx, "tick", nil); !errors.Is(err, world.ErrCrashed) {
		t.Errorf("ended with %v", err)
	}
	if _, ok := w.Doc("A", "x"); !ok || w.Now().Sub(began) != still {
		t.Errorf("the ledger has heard it: %t, after %s", ok, w.Now().Sub(began))
	}
	if n := len(w.Published("alarm")); n > 0 {
		t.Errorf("%d notes were published", n)
	}
}
