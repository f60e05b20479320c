package world_test

import (
	"context"
	"encoding/json"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/ledger"
	"quickstep/tests/template"
	"quickstep/tests/world"
)

// TestOnTheScaledClock lets eight messages count to ten each in one document, while targets are probed.
func TestOnTheScaledClock(t *testing.T) {
	stack := &template.Stack{
		Functions: map[string]template.Function{"drain": fed("drain", "DRAIN_QUEUE", "queue:drain")},
		Queues:    map[string]template.Queue{"drain": {Visibility: time.Minute, Retention: time.Hour}},
	}
	w := world.New(stack, world.Scaled(600), 1)
	var probes atomic.Int64
	w.HealthProbe = func(string, int) bool { return probes.Add(1) > 3 }
	spec := group()
	w.AddGroup(spec)
	w.AddMachine(machine("i-1"))
	w.RegisterByHand(web, at("i-1", 80)[0].Address)
	key := ledger.Key{PK: "A", SK: "count"}
	finished := make(chan struct{})
	w.AfterEffect = func(op world.Op) {
		if doc, _ := w.Doc("A", "count"); doc.Rev == 80 && op.Name == "Write" && op.Happened {
			close(finished)
		}
	}
	w.Handle("drain", func(ctx context.Context, _ json.RawMessage) (any, error) {
		rev, err := ledger.Read(ctx, w.Table(), key, &struct{}{})
		if err != nil || rev == 80 {
			return nil, err
		}
		err = w.Table().Write(ctx, "me", ledger.Write{Key: key, Rev: rev, Body: json.RawMessage(`{}`)})
		if err != nil && !errors.Is(err, ledger.ErrConflict) {
			return nil, err
		}
		return nil, w.Queues("drain").Send(ctx, choreo.Envelope{Queue: "drain", Body: "again", Delay: time.Second})
	})
	running, stop := context.WithCancel(ctx)
	w.Start(running)
	for range 8 {
		w.Do(func() { w.Put("drain", "m", 0) })
	}
	<-finished
	healthy := false
	for deadline := time.Now().Add(10 * time.Second); !healthy && time.Now().Before(deadline); {
		w.Do(func() { healthy = len(w.Routable(web)) == 1 })
	}
	stop()
	w.Wait()
	if !healthy {
		t.Errorf("the target isn't healthy after %d probes", probes.Load())
	}
}

// BenchmarkEffect is what a call costs when nobody looks.
func BenchmarkEffect(b *testing.B) {
	w := world.New(&template.Stack{}, world.Virtual(began), 1)
	w.KeepLog = false
	w.AddGroup(group())
	for i := range 1000 {
		spec := machine("i-" + string(rune('a'+i%26)) + time.Duration(i).String())
		w.AddMachine(spec)
		w.Place(web, spec.ID, 80)
	}
	b.Run("read a document", func(b *testing.B) {
		for b.Loop() {
			_, _ = w.Table().Get(ctx, ledger.Key{PK: "A", SK: "count"})
		}
	})
	b.Run("read a thousand targets", func(b *testing.B) {
		for b.Loop() {
			_, _ = w.Targets().Targets(ctx, web)
		}
	})
}
