package world_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"quickstep/shared/choreo"
	"quickstep/tests/template"
	"quickstep/tests/world"
)

func TestTheProductsOwnTemplateMakesAWorld(t *testing.T) {
	stack, err := template.Load("../../template.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	w := world.New(stack, world.Virtual(began), 1)
	looks := 0
	w.Handle("watchdog", func(context.Context, json.RawMessage) (any, error) {
		looks++
		return nil, nil
	})
	var s seen
	w.Handle("reboot", s.note(w, nil))
	send(t, w, "drain", choreo.Envelope{Queue: "reboot", Body: "m"})
	w.Advance(time.Hour)
	if looks != 60 || len(s.bodies) != 1 {
		t.Errorf("the watchdog looked %d times an hour; reboot got %v", looks, s.bodies)
	}
}
