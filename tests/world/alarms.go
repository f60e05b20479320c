package world

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"quickstep/shared/run"
)

type alarm struct {
	state string
	rule  string // of a composite alarm
	acts  bool   // a composite alarm has actions, and they are enabled
	fired []time.Time
}

// AddAlarm adds a CloudWatch alarm on a metric or on logs, in a state: OK, ALARM or INSUFFICIENT_DATA.
func (w *World) AddAlarm(name, state string) { w.alarms[name] = &alarm{state: state} }

// AddComposite adds a composite alarm, whose rule refers to others. Its state is the test's to set.
func (w *World) AddComposite(name, rule string, acts bool) {
	w.alarms[name] = &alarm{state: "OK", rule: rule, acts: acts}
}

// DeleteAlarm deletes an alarm by hand. Mute rules that name it stay as they are.
func (w *World) DeleteAlarm(name string) {
	w.happen(Op{Service: "hand", Name: "DeleteAlarm", Subject: name})
	delete(w.alarms, name)
}

// HasAlarm says whether an alarm exists.
func (w *World) HasAlarm(name string) bool { return w.alarms[name] != nil }

// SetAlarmState changes an alarm's state. Its action fires when it goes into ALARM, unless it is muted.
func (w *World) SetAlarmState(name, state string) {
	a := w.alarm(name)
	before := a.state
	a.state = state
	w.happen(Op{Service: "world", Name: "alarm state", Subject: name, Detail: state})
	if before != state {
		w.fireIfDue(name)
	}
}

func (w *World) alarm(name string) *alarm {
	a, ok := w.alarms[name]
	if !ok {
		panic(fmt.Sprintf("world: there is no alarm %s", name))
	}
	return a
}

// fireIfDue fires the action of an alarm that is in ALARM and not muted.
func (w *World) fireIfDue(name string) {
	a := w.alarms[name]
	if a == nil || a.state != "ALARM" || w.Muted(name) {
		return
	}
	a.fired = append(a.fired, w.now)
	w.happen(Op{Service: "world", Name: "alarm fires", Subject: name})
}

// AlarmState is an alarm's state.
func (w *World) AlarmState(name string) string { return w.alarm(name).state }

// Fired is when an alarm's action fired.
func (w *World) Fired(name string) []time.Time { return slices.Clone(w.alarm(name).fired) }

// Alarms is the port to CloudWatch.
type Alarms struct{ world *World }

// Alarms is the port to CloudWatch.
func (w *World) Alarms() *Alarms { return &Alarms{w} }

// Alarms are those whose name begins with a prefix or is among the names, sorted.
func (p *Alarms) Alarms(ctx context.Context, prefixes, names []string) (found []run.Alarm, err error) {
	w := p.world
	op := Op{Service: "alarms", Name: "Alarms", Detail: w.say("%v %v", prefixes, names)}
	err = w.effect(ctx, op, func(*Op) error {
		if slices.Contains(prefixes, "") {
			return errors.New("an empty prefix would be every alarm")
		}
		for _, name := range slices.Sorted(maps.Keys(w.alarms)) {
			if chosen(name, prefixes, names) {
				found = append(found, run.Alarm{Name: name, State: w.alarms[name].state})
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list alarms: %w", err)
	}
	return found, nil
}

// Composites are all composite alarms, sorted.
func (p *Alarms) Composites(ctx context.Context) (found []run.Composite, err error) {
	w := p.world
	err = w.effect(ctx, Op{Service: "alarms", Name: "Composites"}, func(*Op) error {
		for _, name := range slices.Sorted(maps.Keys(w.alarms)) {
			if a := w.alarms[name]; a.rule != "" {
				found = append(found, run.Composite{Name: name, Rule: a.rule, Acts: a.acts})
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list composite alarms: %w", err)
	}
	return found, nil
}

func chosen(name string, prefixes, names []string) bool {
	return slices.Contains(names, name) ||
		slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(name, p) })
}
