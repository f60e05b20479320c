package contract

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"quickstep/shared/run"
)

// Alarms is what the steps see of CloudWatch.
type Alarms interface {
	Alarms(ctx context.Context, prefixes, names []string) ([]run.Alarm, error)
	Composites(ctx context.Context) ([]run.Composite, error)
	Mute(ctx context.Context, rule run.MuteRule) error
	MuteActive(ctx context.Context, name string) (bool, error)
	Unmute(ctx context.Context, name string) error
}

// AlarmsFixture is a Region without alarms whose names begin with Prefix, and without the mute rule Rule.
type AlarmsFixture struct {
	Port         Alarms
	Prefix, Rule string
	// Add adds an alarm in a state.
	Add func(t *testing.T, name, state string)
	// Composite adds a composite alarm, with or without actions that are enabled.
	Composite func(t *testing.T, name, rule string, acts bool)
	Now       func() time.Time
	Wait      Wait
}

// ExerciseAlarms tests alarms and mute rules.
func ExerciseAlarms(t *testing.T, open func(t *testing.T) AlarmsFixture) {
	t.Helper()
	exercise(t, open, []part[AlarmsFixture]{
		{"alarms are found by prefix, with their states, in order", alarmsByPrefix},
		{"alarms are found by name, exactly", alarmsByName},
		{"one that is found twice is there once", alarmsOnce},
		{"those that don't exist are absent", alarmsAbsent},
		{"an empty prefix, which is every alarm, is refused", alarmsEmptyPrefix},
		{"many alarms are all found", alarmsMany},
		{"composite alarms are found, also with their rules", alarmsComposite},
		{"a mute rule is active from its minute on", alarmsMute},
		{"it ends by itself", alarmsMuteEnds},
		{"it can be put twice before it begins", alarmsMuteTwice},
		{"it can be deleted, also twice", alarmsUnmute},
		{"one that doesn't exist isn't active, and can be deleted", alarmsNoMute},
		{"one without alarms, or with too many, is refused", alarmsMuteWrong},
		{"one that names an alarm that doesn't exist is refused", alarmsMuteMissing},
	})
}

// settled is how long a mute rule may take beyond its minute.
const settled = 30 * time.Second

func alarmsByPrefix(t *testing.T, f AlarmsFixture) {
	want := []run.Alarm{{Name: f.Prefix + "a", State: "ALARM"}, {Name: f.Prefix + "b", State: "OK"}, {Name: f.Prefix + "c", State: "INSUFFICIENT_DATA"}}
	for _, n := range []int{2, 0, 1} {
		f.Add(t, want[n].Name, want[n].State)
	}
	same(t, "found", must(f.Port.Alarms(t.Context(), []string{f.Prefix}, nil))(t), want)
	same(t, "with a longer prefix", must(f.Port.Alarms(t.Context(), []string{f.Prefix + "b"}, nil))(t), want[1:2])
	same(t, "with several", must(f.Port.Alarms(t.Context(), []string{f.Prefix + "c", f.Prefix + "a"}, nil))(t), []run.Alarm{want[0], want[2]})
}

func alarmsByName(t *testing.T, f AlarmsFixture) {
	f.Add(t, f.Prefix+"a", "OK")
	f.Add(t, f.Prefix+"ab", "OK")
	same(t, "found", must(f.Port.Alarms(t.Context(), nil, []string{f.Prefix + "a"}))(t), []run.Alarm{{Name: f.Prefix + "a", State: "OK"}})
}

func alarmsOnce(t *testing.T, f AlarmsFixture) {
	f.Add(t, f.Prefix+"a", "OK")
	got := must(f.Port.Alarms(t.Context(), []string{f.Prefix, f.Prefix + "a"}, []string{f.Prefix + "a", f.Prefix + "a"}))(t)
	same(t, "found", got, []run.Alarm{{Name: f.Prefix + "a", State: "OK"}})
}

func alarmsAbsent(t *testing.T, f AlarmsFixture) {
	same(t, "by prefix", must(f.Port.Alarms(t.Context(), []string{f.Prefix}, nil))(t), nil)
	same(t, "by name", must(f.Port.Alarms(t.Context(), nil, []string{f.Prefix + "a"}))(t), nil)
	same(t, "by nothing", must(f.Port.Alarms(t.Context(), nil, nil))(t), nil)
}

func alarmsEmptyPrefix(t *testing.T, f AlarmsFixture) {
	_, err := f.Port.Alarms(t.Context(), []string{""}, nil)
	final(t, "an empty prefix", err)
}

func alarmsMany(t *testing.T, f AlarmsFixture) {
	var names []string
	for n := range 130 {
		names = append(names, fmt.Sprintf("%s%03d", f.Prefix, n))
		f.Add(t, names[n], "OK")
	}
	for how, got := range map[string][]run.Alarm{"prefix": must(f.Port.Alarms(t.Context(), []string{f.Prefix}, nil))(t),
		"names": must(f.Port.Alarms(t.Context(), nil, names))(t)} {
		if len(got) != len(names) {
			t.Errorf("by %s %d of %d are found", how, len(got), len(names))
		}
	}
}

func alarmsComposite(t *testing.T, f AlarmsFixture) {
	f.Add(t, f.Prefix+"a", "OK")
	want := []run.Composite{
		{Name: f.Prefix + "b", Rule: `ALARM("` + f.Prefix + `a")`, Acts: true},
		{Name: f.Prefix + "c", Rule: "OK(" + f.Prefix + "a)"},
	}
	for _, c := range want {
		f.Composite(t, c.Name, c.Rule, c.Acts)
	}
	var ours []run.Composite
	for _, c := range must(f.Port.Composites(t.Context()))(t) {
		if strings.HasPrefix(c.Name, f.Prefix) {
			ours = append(ours, c)
		}
	}
	same(t, "with their rules", ours, want)
	if all := must(f.Port.Alarms(t.Context(), []string{f.Prefix}, nil))(t); len(all) != 3 {
		t.Errorf("by prefix %d of 3 are found", len(all))
	}
}

// rule is one that begins at the next full minute.
func (f AlarmsFixture) rule(t *testing.T, length time.Duration) run.MuteRule {
	t.Helper()
	f.Add(t, f.Prefix+"a", "OK")
	return run.MuteRule{Name: f.Rule, Alarms: []string{f.Prefix + "a"}, From: f.Now().Truncate(time.Minute).Add(time.Minute), For: length}
}

func (f AlarmsFixture) active(t *testing.T) bool {
	t.Helper()
	return must(f.Port.MuteActive(t.Context(), f.Rule))(t)
}

func alarmsMute(t *testing.T, f AlarmsFixture) {
	rule := f.rule(t, time.Hour)
	ok(t, f.Port.Mute(t.Context(), rule))
	if f.Now().Before(rule.From) && f.active(t) {
		t.Error("it is active too early")
	}
	f.Wait.until(t, "active", time.Minute+settled, func() bool { return f.active(t) })
	if now := f.Now(); now.Before(rule.From) {
		t.Errorf("it is active at %s, before %s", now, rule.From)
	}
	f.Wait(time.Minute)
	if !f.active(t) {
		t.Error("it isn't active any more")
	}
}

func alarmsMuteEnds(t *testing.T, f AlarmsFixture) {
	rule := f.rule(t, time.Minute)
	ok(t, f.Port.Mute(t.Context(), rule))
	f.Wait.until(t, "active", time.Minute+settled, func() bool { return f.active(t) })
	f.Wait.until(t, "over", time.Minute+settled, func() bool { return !f.active(t) })
}

func alarmsMuteTwice(t *testing.T, f AlarmsFixture) {
	rule := f.rule(t, time.Hour)
	rule.From = rule.From.Add(time.Minute)
	ok(t, f.Port.Mute(t.Context(), rule))
	ok(t, f.Port.Mute(t.Context(), rule))
	f.Wait.until(t, "active", 2*time.Minute+settled, func() bool { return f.active(t) })
}

func alarmsUnmute(t *testing.T, f AlarmsFixture) {
	ok(t, f.Port.Mute(t.Context(), f.rule(t, time.Hour)))
	f.Wait.until(t, "active", time.Minute+settled, func() bool { return f.active(t) })
	ok(t, f.Port.Unmute(t.Context(), f.Rule))
	if f.active(t) {
		t.Error("it is still active")
	}
	ok(t, f.Port.Unmute(t.Context(), f.Rule))
}

func alarmsNoMute(t *testing.T, f AlarmsFixture) {
	if f.active(t) {
		t.Error("a rule that doesn't exist is active")
	}
	ok(t, f.Port.Unmute(t.Context(), f.Rule))
}

func alarmsMuteWrong(t *testing.T, f AlarmsFixture) {
	rule := f.rule(t, time.Hour)
	rule.Alarms = nil
	final(t, "no alarms", f.Port.Mute(t.Context(), rule))
	for n := range 101 {
		f.Add(t, fmt.Sprint(f.Prefix, n), "OK")
		rule.Alarms = append(rule.Alarms, fmt.Sprint(f.Prefix, n))
	}
	final(t, "101 alarms", f.Port.Mute(t.Context(), rule))
}

func alarmsMuteMissing(t *testing.T, f AlarmsFixture) {
	rule := f.rule(t, time.Hour)
	rule.Alarms = append(rule.Alarms, f.Prefix+"missing")
	final(t, "an alarm that doesn't exist", f.Port.Mute(t.Context(), rule))
	if f.active(t) {
		t.Error("it was put all the same")
	}
}
