package world_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"quickstep/shared/run"
	"quickstep/tests/world"
)

func TestParameters(t *testing.T) {
	w := newWorld(t)
	w.SetParameter("/quickstep/fleets/web", "{}")
	if value, err := w.SSM().Parameter(ctx, "/quickstep/fleets/web"); err != nil || value != "{}" {
		t.Error(value, err)
	}
	if _, err := w.SSM().Parameter(ctx, "other"); !errors.Is(err, run.ErrNoParameter) {
		t.Error(err)
	}
}

func TestAMachineAnswersForItsBoot(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*world.MachineSpec)
		reboot bool
		after  time.Duration
		done   bool
		boot   string // old, new, or empty
	}{
		{"not at once", nil, false, time.Second, false, ""},
		{"after two seconds", nil, false, 2 * time.Second, true, "old"},
		{"not while it is down", nil, true, 25 * time.Second, false, ""},
		{"for the new boot once it is up", func(m *world.MachineSpec) { m.BootTime = 20 * time.Second }, true, 24 * time.Second, true, "new"},
		{"never, if it was down for too long", nil, true, 30 * time.Second, true, ""},
		{"with nothing", func(m *world.MachineSpec) { m.NoBootID = true }, false, 2 * time.Second, true, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			spec := machine("i-1")
			if c.change != nil {
				c.change(&spec)
			}
			w.AddMachine(spec)
			boots := map[string]string{"": "", w.BootID("i-1"): "old"}
			if c.reboot {
				done(t, w.EC2().Reboot(ctx, "i-1"))
				w.Advance(2 * time.Second) // it goes down
			}
			command, err := w.SSM().AskBoot(ctx, "i-1", false)
			done(t, err)
			w.Advance(c.after)
			if id := w.BootID("i-1"); boots[id] == "" && id != "" {
				boots[id] = "new"
			}
			boot, answered, err := w.SSM().BootAnswer(ctx, "i-1", command)
			if err != nil || answered != c.done || boots[boot.ID] != c.boot {
				t.Errorf("%+v %t %v", boot, answered, err)
			}
		})
	}
}

func TestWindowsAnswersWithATime(t *testing.T) {
	w := newWorld(t)
	spec := machine("i-1")
	spec.Windows = true
	w.AddMachine(spec)
	if _, err := time.Parse(time.RFC3339, w.BootID("i-1")); err != nil {
		t.Error(err)
	}
}

func TestWhoIsManaged(t *testing.T) {
	w := newWorld(t)
	w.AddMachine(machine("i-1"))
	spec := machine("i-2")
	spec.Managed = false
	w.AddMachine(spec)
	for id, want := range map[string]bool{"i-1": true, "i-2": false, "i-3": false} {
		if managed, err := w.SSM().Managed(ctx, id); err != nil || managed != want {
			t.Errorf("%s: %t, %v", id, managed, err)
		}
		if _, err := w.SSM().AskBoot(ctx, id, false); errors.Is(err, run.ErrUnmanaged) == want {
			t.Errorf("%s: %v", id, err)
		}
	}
}

func TestATopicKeepsWhatIsPublished(t *testing.T) {
	w := newWorld(t)
	done(t, w.Topic("alarm").Publish(ctx, strings.Repeat("ä", 120), "text"))
	if err := w.Topic("alarm").Publish(ctx, "too long", strings.Repeat("x", 256<<10+1)); err == nil {
		t.Error("no error")
	}
	w.Fault = func(world.Op) world.Fault { return world.ServerError }
	if err := w.Topic("alarm").Publish(ctx, "lost", "text"); err == nil {
		t.Error("no error")
	}
	notes := w.Published("alarm")
	if len(notes) != 1 || notes[0].Subject != strings.Repeat("?", 99) || !notes[0].At.Equal(began) || len(w.Published("report")) != 0 {
		t.Errorf("%+v", notes)
	}
}

func TestACheckFunctionAnswers(t *testing.T) {
	w := newWorld(t)
	w.SetCheck("ready", func(payload json.RawMessage) (bool, string) { return false, string(payload) })
	if ready, why, err := w.Functions().Ready(ctx, "ready", map[string]int{"a": 1}); ready || why != `{"a":1}` || err != nil {
		t.Error(ready, why, err)
	}
	if _, _, err := w.Functions().Ready(ctx, "other", nil); err == nil {
		t.Error("no error")
	}
}

func TestAProbeSeesTheApplication(t *testing.T) {
	w := newWorld(t)
	spec := machine("i-1")
	spec.Body = "all good"
	w.AddMachine(spec)
	ask := func(codes, text string) run.Finding {
		return w.Probe().HTTP(ctx, run.HTTPProbe{URL: "http://10.0.0.1:8080/health", Codes: codes, Text: text})
	}
	for _, c := range []struct {
		codes, text string
		want        bool
	}{{"200", "", true}, {"300,200-299", "good", true}, {"204", "", false}, {"200", "bad", false}} {
		if got := ask(c.codes, c.text); got.OK != c.want || (got.Why == "") != c.want || got.Down {
			t.Errorf("%+v: %+v", c, got)
		}
	}
	done(t, w.EC2().Reboot(ctx, "i-1"))
	for _, c := range []struct {
		after time.Duration
		why   string
	}{{2 * time.Second, "timeout"}, {35 * time.Second, "connection refused"}, {52 * time.Second, ""}} {
		w.Advance(began.Add(c.after).Sub(w.Now()))
		if got := w.Probe().TCP(ctx, "10.0.0.1:22", time.Second); got.OK != (c.why == "") || got.Why != c.why {
			t.Errorf("TCP after %s: %+v", c.after, got)
		}
		if got := ask("200", ""); got.OK != (c.why == "") || got.Why != c.why || got.Down == got.OK {
			t.Errorf("HTTP after %s: %+v", c.after, got)
		}
	}
	if got := w.Probe().TCP(ctx, "10.9.9.9:22", time.Second); got.OK {
		t.Error("an address of nobody answers")
	}
}
