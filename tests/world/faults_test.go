package world_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"quickstep/shared/ledger"
	"quickstep/shared/transient"
	"quickstep/tests/world"
)

func write(ctx context.Context, w *world.World, sk string) error {
	return w.Table().Write(ctx, "me", ledger.Write{Key: ledger.Key{PK: "A", SK: sk}, Body: json.RawMessage(`{}`)})
}

func TestFaultsOfOneCall(t *testing.T) {
	for _, c := range []struct {
		fault               world.Fault
		happens, returns    bool
		isPassing, isRefuse bool
	}{
		{world.None, true, true, false, false},
		{world.CrashBefore, false, false, false, false},
		{world.CrashAfter, true, false, false, false},
		{world.Timeout, false, false, false, false},
		{world.ReplyLost, true, true, true, false},
		{world.Throttle, false, true, true, true},
		{world.ServerError, false, true, true, false},
	} {
		t.Run(c.fault.String(), func(t *testing.T) {
			w := newWorld(t)
			w.Fault = func(op world.Op) world.Fault {
				if op.Service == "dynamodb" {
					return c.fault
				}
				return world.None
			}
			returned := false
			w.Handle("tick", func(ctx context.Context, _ json.RawMessage) (any, error) {
				defer func() {
					_ = recover() // as a handler might
					if !returned {
						_ = write(ctx, w, "deferred")
					}
				}()
				err := write(ctx, w, "x")
				returned = true
				if transient.Is(err) != c.isPassing || transient.IsNotApplied(err) != c.isRefuse {
					t.Errorf("error %v", err)
				}
				return nil, nil
			})
			_, err := w.Invoke(ctx, "tick", nil)
			if _, ok := w.Doc("A", "x"); ok != c.happens {
				t.Errorf("happened: %t", ok)
			}
			if _, ok := w.Doc("A", "deferred"); ok {
				t.Error("a dead invocation reached the world")
			}
			if returned != c.returns || (err == nil) != c.returns {
				t.Errorf("returned: %t, error %v", returned, err)
			}
			if c.fault == world.Timeout &&
				(!errors.Is(err, world.ErrTimedOut) || w.Now().Sub(began) != 50*time.Second) {
				t.Errorf("ended with %v after %s", err, w.Now().Sub(began))
			}
		})
	}
}

func TestTheLogTellsEachEffect(t *testing.T) {
	w := newWorld(t)
	after := 0
	w.AfterEffect = func(op world.Op) {
		if op.Service == "dynamodb" {
			after++
			if _, ok := w.Doc("A", "x"); !ok {
				t.Error("the hook came before the effect")
			}
		}
	}
	w.Handle("tick", func(ctx context.Context, _ json.RawMessage) (any, error) {
		return nil, errors.Join(write(ctx, w, "x"), write(ctx, w, "x"))
	})
	if _, err := w.Invoke(ctx, "tick", nil); !errors.Is(err, ledger.ErrConflict) {
		t.Fatal(err)
	}
	var ops []world.Op
	for _, op := range w.Log() {
		if op.Service == "dynamodb" {
			ops = append(ops, op)
		}
	}
	if len(ops) != 2 || after != 2 {
		t.Fatalf("%d effects, %d seen: %v", len(ops), after, ops)
	}
	if a, b := ops[0], ops[1]; !a.Happened || b.Happened || b.Err == nil || a.Function != "tick" ||
		a.Invocation == "" ||
		a.Detail != "put A/x@0 {}" {
		t.Errorf("logged\n%+v\n%+v", a, b)
	}
	w.KeepLog = false
	before := len(w.Log())
	_ = write(ctx, w, "y")
	if len(w.Log()) != before || w.Count("dynamodb.Write") != 3 || w.Count("dynamodb") != 3 {
		t.Errorf("%d in the log, counts %v", len(w.Log()), w.Counts())
	}
}

func TestPaceLetsOtherInvocationsIn(t *testing.T) {
	w := newWorld(t)
	w.Pace = func(world.Op) time.Duration { return time.Second }
	order := ""
	for _, name := range []string{"drain", "reboot"} {
		w.Handle(name, func(ctx context.Context, _ json.RawMessage) (any, error) {
			for _, sk := range []string{"1", "2"} {
				if err := write(ctx, w, name+sk); err != nil {
					return nil, err
				}
				order += name[:1]
			}
			return nil, nil
		})
		w.Put(name, "m", 0)
	}
	w.Advance(time.Minute)
	if order != "drdr" && order != "rdrd" {
		t.Errorf("order %q", order)
	}
}

func TestAnInvocationThatTakesTooLongIsEnded(t *testing.T) {
	w := newWorld(t)
	w.Pace = func(world.Op) time.Duration { return 40 * time.Second }
	w.Handle("tick", func(ctx context.Context, _ json.RawMessage) (any, error) {
		return nil, errors.Join(write(ctx, w, "1"), write(ctx, w, "2"))
	})
	if _, err := w.Invoke(ctx, "tick", nil); !errors.Is(err, world.ErrTimedOut) {
		t.Errorf("error %v", err)
	}
	if len(w.Docs("A")) != 1 {
		t.Errorf("written: %v", w.Docs("A"))
	}
}

func TestCloseEndsWhatIsUnderWay(t *testing.T) {
	w := newWorld(t)
	w.Pace = func(world.Op) time.Duration { return time.Second }
	w.Handle("drain", func(ctx context.Context, _ json.RawMessage) (any, error) {
		defer func() { _ = write(ctx, w, "deferred") }()
		return nil, write(ctx, w, "1")
	})
	w.Put("drain", "m", 0)
	w.Advance(time.Second / 2)
	w.Close()
	w.Advance(time.Minute)
	if len(w.Docs("A")) != 0 {
		t.Errorf("written: %v", w.Docs("A"))
	}
}
