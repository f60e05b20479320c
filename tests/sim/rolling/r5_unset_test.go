package rolling_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"quickstep/tests/sim/simtest"

	"quickstep/shared/ledger"
	"quickstep/tests/sim"
)

// TestR5UnsetTimesProveNothing: a time that isn't written down lies a long time back for who only
// counts from it.
func TestR5UnsetTimesProveNothing(t *testing.T) {
	for _, c := range []struct {
		name, step, owner string
		lacks             []string
		boots             int
		failed            string // at which step
		out               bool
		reason            string
	}{
		{"reboot without the end of the deregistration",
			"reboot", "reboot", []string{"goneAt"}, 0, "reboot", false, "goneAt"},
		{"check without the call", "check", "check", []string{"rebootedAt"}, 1, "check", true, "rebootedAt"},
		{"check without any call",
			"check", "check", []string{"rebootedAt", "rebootAskedAt", "rebootCalls"}, 1, "check", false, "rebootedAt"},
		{"rejoin without a start", "rejoin", "rejoin", []string{"startedAt"}, 1, "rejoin", true, "startedAt"},
		{"rejoin without a reboot",
			"rejoin", "rejoin", []string{"rebootedAt", "rebootAskedAt", "startedAt"}, 1, "rejoin", false, "no reboot"},
		{"await without a start", "await", "rejoin", []string{"startedAt"}, 1, "rejoin", true, "startedAt"},
		{"await without a reboot",
			"await", "rejoin", []string{"rebootedAt", "rebootAskedAt", "startedAt"}, 1, "rejoin", false, "no reboot"},
		{"await without a registration",
			"await", "rejoin", []string{"registeredAt"}, 1, "rejoin", true, "registeredAt"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := simtest.Fleet(t, 2)
			simtest.Begin(t, f, nil)
			held(t, f, firstOne, c.step, c.owner)
			forget(t, f, firstOne, c.lacks...)
			f.Throttled = nil
			simtest.Finish(t, f, 24*time.Hour, sim.ID(1))
			simtest.Counts(t, f, 0, 1, 1)
			simtest.FailedBecause(t, f, sim.ID(1), c.failed, c.out, c.reason)
			simtest.Rebooted(t, f, c.boots, sim.ID(1))
			simtest.Told(t, f, "alarm", sim.ID(1), "FAILED", c.reason)
			if back := len(f.Standing("web", sim.ID(1))) == 1; back == c.out && c.step != "await" {
				t.Errorf("it is registered: %v", back)
			}
		})
	}
}

// forget takes fields out of a document.
func forget(t testing.TB, f *sim.Fleet, key ledger.Key, fields ...string) {
	t.Helper()
	doc, _ := f.Doc(key.PK, key.SK)
	body := map[string]json.RawMessage{}
	if err := json.Unmarshal(doc.Body, &body); err != nil {
		t.Fatal(err)
	}
	for _, name := range fields {
		if _, ok := body[name]; !ok {
			t.Fatalf("%s isn't in %s", name, doc.Body)
		}
		delete(body, name)
	}
	if err := f.Table().Write(context.Background(), "somebody", ledger.Put(key, doc.Rev, body)); err != nil {
		t.Fatal(err)
	}
}
