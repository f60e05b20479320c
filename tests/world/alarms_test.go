package world_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"quickstep/shared/run"
)

func TestAMutedAlarmActsWhenMutingEnds(t *testing.T) {
	mute := run.MuteRule{Name: "m", Alarms: []string{"cpu"}, From: began.Add(30 * time.Second), For: 5 * time.Minute}
	for _, c := range []struct {
		name  string
		alarm time.Duration // when the alarm goes off
		until time.Duration // when the rule is deleted
		fires []time.Duration
	}{
		{"before the minute of its beginning, and once more", 30 * time.Second, time.Hour, []time.Duration{30 * time.Second, 6 * time.Minute}},
		{"while active, the rule ends by itself", 2 * time.Minute, time.Hour, []time.Duration{6 * time.Minute}},
		{"while active, the rule is deleted", 2 * time.Minute, 3 * time.Minute, []time.Duration{3 * time.Minute}},
		{"after its end", 7 * time.Minute, time.Hour, []time.Duration{7 * time.Minute}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.AddAlarm("cpu", "OK")
			done(t, w.Alarms().Mute(ctx, mute))
			w.After(c.alarm, func() { w.SetAlarmState("cpu", "ALARM") })
			w.After(c.until, func() { done(t, w.Alarms().Unmute(ctx, "m")) })
			w.Advance(2 * time.Hour)
			var fired []time.Duration
			for _, at := range w.Fired("cpu") {
				fired = append(fired, at.Sub(began))
			}
			if !slices.Equal(fired, c.fires) {
				t.Errorf("fired after %v, want %v", fired, c.fires)
			}
		})
	}
}

func TestAMuteRuleIsScheduledThenActiveThenExpired(t *testing.T) {
	w := newWorld(t)
	w.AddAlarm("cpu", "OK")
	done(t, w.Alarms().Mute(ctx, run.MuteRule{Name: "m", Alarms: []string{"cpu"}, From: began.Add(time.Second), For: 90 * time.Second}))
	for _, want := range []string{"SCHEDULED", "ACTIVE", "ACTIVE", "EXPIRED"} {
		active, err := w.Alarms().MuteActive(ctx, "m")
		if err != nil || w.MuteRules()["m"] != want || active != (want == "ACTIVE") {
			t.Errorf("after %s: %s, %t, %v; want %s", w.Now().Sub(began), w.MuteRules()["m"], active, err, want)
		}
		w.Advance(time.Minute)
	}
}

func TestAMuteRuleOfThePastNeverMutes(t *testing.T) {
	w := newWorld(t)
	w.AddAlarm("cpu", "OK")
	done(t, w.Alarms().Mute(ctx, run.MuteRule{Name: "m", Alarms: []string{"cpu"}, From: began.Add(-time.Minute), For: time.Hour}))
	if w.Muted("cpu") {
		t.Error("muted")
	}
}

func TestReplacingAnActiveMuteRuleLeavesAGap(t *testing.T) {
	w := newWorld(t)
	w.AddAlarm("cpu", "ALARM")
	rule := run.MuteRule{Name: "m", Alarms: []string{"cpu"}, From: began, For: time.Hour}
	done(t, w.Alarms().Mute(ctx, rule))
	rule.From = began.Add(time.Second)
	done(t, w.Alarms().Mute(ctx, rule))
	if w.Muted("cpu") || len(w.Fired("cpu")) != 1 {
		t.Errorf("muted %t, fired %v", w.Muted("cpu"), w.Fired("cpu"))
	}
}

func TestTwoMuteRulesOverlap(t *testing.T) {
	w := newWorld(t)
	w.AddAlarm("cpu", "ALARM")
	for _, name := range []string{"a", "b"} {
		done(t, w.Alarms().Mute(ctx, run.MuteRule{Name: name, Alarms: []string{"cpu"}, From: began, For: time.Hour}))
	}
	done(t, w.Alarms().Unmute(ctx, "a"))
	if len(w.Fired("cpu")) != 0 {
		t.Error("it fired under the other rule")
	}
	done(t, w.Alarms().Unmute(ctx, "b"))
	if len(w.Fired("cpu")) != 1 {
		t.Error("it didn't fire")
	}
}

func TestMutingHasLimits(t *testing.T) {
	w := newWorld(t)
	for name, rule := range map[string]run.MuteRule{
		"no alarms":       {Name: "m", From: began, For: time.Hour},
		"101 alarms":      {Name: "m", Alarms: make([]string, 101), From: began, For: time.Hour},
		"half a minute":   {Name: "m", Alarms: []string{"a"}, From: began, For: 30 * time.Second},
		"sixteen days":    {Name: "m", Alarms: []string{"a"}, From: began, For: 16 * 24 * time.Hour},
		"without a name":  {Alarms: []string{"a"}, From: began, For: time.Hour},
		"at no given day": {Name: "m", Alarms: []string{"a"}, For: time.Hour},
	} {
		for _, a := range rule.Alarms {
			w.AddAlarm(a, "OK")
		}
		if err := w.Alarms().Mute(ctx, rule); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestAMuteRuleNeedsAlarmsThatExist(t *testing.T) {
	w := newWorld(t)
	w.AddAlarm("cpu", "OK")
	w.AddAlarm("gone", "OK")
	rule := run.MuteRule{Name: "m", Alarms: []string{"cpu", "gone"}, From: began, For: time.Hour}
	done(t, w.Alarms().Mute(ctx, rule))
	w.DeleteAlarm("gone")
	if !w.Muted("cpu") || w.HasAlarm("gone") {
		t.Error("deleting an alarm took its mute rule away, or not the alarm")
	}
	rule.Name = "m2"
	if err := w.Alarms().Mute(ctx, rule); err == nil || w.MuteRules()["m2"] != "" {
		t.Errorf("a rule was put for a deleted alarm: %v", w.MuteRules())
	}
}

func TestCompositeAlarmsAreListedWithTheirRules(t *testing.T) {
	w := newWorld(t)
	w.AddAlarm("cpu", "OK")
	w.AddComposite("site", "ALARM(cpu)", true)
	found, err := w.Alarms().Composites(ctx)
	if err != nil || !slices.Equal(found, []run.Composite{{Name: "site", Rule: "ALARM(cpu)", Acts: true}}) {
		t.Errorf("%v, %v", found, err)
	}
}

func TestAlarmsAreFoundByPrefixAndName(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"web-cpu", "web-5xx", "db"} {
		w.AddAlarm(name, "OK")
	}
	found, err := w.Alarms().Alarms(ctx, []string{"web-"}, []string{"db", "web-cpu", "gone"})
	if err != nil || len(found) != 3 || found[0].Name != "db" || found[2].Name != "web-cpu" {
		t.Errorf("%v, %v", found, err)
	}
}

func TestRulesAreTurnedOffAndOn(t *testing.T) {
	w := newWorld(t)
	w.AddRule("default", "web-scale", true, "")
	w.AddRule("default", "web-aws", true, "ecs.amazonaws.com")
	w.AddRule("other", "web-other", true, "")
	found, err := w.Rules().Rules(ctx, "default", []string{"web"}, []string{"web-scale"})
	if err != nil || len(found) != 1 || found[0] != (run.Rule{Bus: "default", Name: "web-scale", Enabled: true}) {
		t.Fatalf("%v, %v", found, err)
	}
	done(t, w.Rules().Disable(ctx, found[0]))
	if w.RuleEnabled("default", "web-scale") {
		t.Error("still enabled")
	}
	done(t, w.Rules().Enable(ctx, found[0]))
	if !w.RuleEnabled("default", "web-scale") {
		t.Error("still disabled")
	}
	w.DeleteRule("default", "web-scale")
	done(t, w.Rules().Enable(ctx, found[0]))
	if _, err := w.Rules().Rules(ctx, "default", nil, []string{"web-scale"}); !errors.Is(err, run.ErrNoRule) {
		t.Error(err)
	}
}
