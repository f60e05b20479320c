package world

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"quickstep/shared/run"
)

// CloudWatch's limits of a mute rule.
const (
	maxMuted   = 100
	minMuting  = time.Minute
	maxMuting  = 15 * 24 * time.Hour
	muteMinute = time.Minute // the unit of its beginning and its length
)

// mute is an alarm mute rule. Not documented is what becomes of one that begins in the past (here it never becomes active)
// and of one that is replaced by another of its name while it is active (here it ends first).
type mute struct {
	run.MuteRule
	begun, ended bool
}

func (m *mute) status() string {
	switch {
	case m.ended:
		return "EXPIRED"
	case m.begun:
		return "ACTIVE"
	}
	return "SCHEDULED"
}

// Muted says whether an active rule keeps an alarm from acting.
func (w *World) Muted(alarm string) bool {
	for _, m := range w.mutes {
		if m.status() == "ACTIVE" && slices.Contains(m.Alarms, alarm) {
			return true
		}
	}
	return false
}

// MuteRules are the mute rules that exist, with their status SCHEDULED, ACTIVE or EXPIRED.
func (w *World) MuteRules() map[string]string {
	all := map[string]string{}
	for name, m := range w.mutes {
		all[name] = m.status()
	}
	return all
}

// Mute creates or replaces an alarm mute rule; it begins with a minute.
func (p *Alarms) Mute(ctx context.Context, rule run.MuteRule) error {
	w := p.world
	op := Op{Service: "alarms", Name: "Mute", Subject: rule.Name, Detail: w.say("%v from %s for %s", rule.Alarms, rule.From.Format(time.RFC3339), rule.For)}
	err := w.effect(ctx, op, func(*Op) error {
		if err := validMute(rule); err != nil {
			return err
		}
		for _, name := range rule.Alarms { // "The alarm names must match existing alarms" (the SDK's types.MuteTargets)
			if w.alarms[name] == nil {
				return fmt.Errorf("ResourceNotFoundException: alarm %s doesn't exist", name)
			}
		}
		rule.Alarms = slices.Clone(rule.Alarms)
		rule.From = roundUp(rule.From.UTC())
		rule.For = (rule.For + muteMinute - 1).Truncate(muteMinute)
		w.unmute(rule.Name)
		w.schedule(&mute{MuteRule: rule})
		return nil
	})
	if err != nil {
		return fmt.Errorf("mute with %s: %w", rule.Name, err)
	}
	return nil
}

func validMute(r run.MuteRule) error {
	switch {
	case r.Name == "" || len(r.Alarms) == 0 || len(r.Alarms) > maxMuted:
		return fmt.Errorf("ValidationError: a mute rule needs a name and 1 to %d alarms; it has %d", maxMuted, len(r.Alarms))
	case r.For < minMuting || r.For > maxMuting:
		return fmt.Errorf("ValidationError: a duration of %s; %s to %s are possible", r.For, minMuting, maxMuting)
	case r.From.IsZero():
		return errors.New("ValidationError: no beginning")
	}
	return nil
}

func roundUp(t time.Time) time.Time {
	if down := t.Truncate(muteMinute); down.Before(t) {
		return down.Add(muteMinute)
	}
	return t
}

func (w *World) schedule(m *mute) {
	w.mutes[m.Name] = m
	if m.From.Before(w.now) {
		m.ended = true
		return
	}
	w.when(m, m.From, func() { m.begun = true })
	w.when(m, m.From.Add(m.For), func() { w.endMute(m) })
}

// when does something to a mute rule at a time, unless it is gone by then.
func (w *World) when(m *mute, at time.Time, do func()) {
	change := func() {
		if w.mutes[m.Name] == m {
			do()
			w.happen(Op{Service: "world", Name: "mute rule " + m.status(), Subject: m.Name})
		}
	}
	if at.Equal(w.now) {
		change()
		return
	}
	w.At(at, change)
}

// endMute ends a rule. Alarms that it kept from acting, and that are still in ALARM, act now.
func (w *World) endMute(m *mute) {
	active := m.status() == "ACTIVE"
	m.ended = true
	if !active {
		return
	}
	for _, name := range slices.Compact(slices.Sorted(slices.Values(m.Alarms))) {
		w.fireIfDue(name)
	}
}

func (w *World) unmute(name string) {
	if m, ok := w.mutes[name]; ok {
		delete(w.mutes, name)
		w.endMute(m)
	}
}

// MuteActive says whether a mute rule exists and is active.
func (p *Alarms) MuteActive(ctx context.Context, name string) (active bool, err error) {
	w := p.world
	err = w.effect(ctx, Op{Service: "alarms", Name: "MuteActive", Subject: name}, func(*Op) error {
		m, ok := w.mutes[name]
		active = ok && m.status() == "ACTIVE"
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("read mute rule %s: %w", name, err)
	}
	return active, nil
}

// Unmute deletes a mute rule, if there is one.
func (p *Alarms) Unmute(ctx context.Context, name string) error {
	w := p.world
	err := w.effect(ctx, Op{Service: "alarms", Name: "Unmute", Subject: name}, func(*Op) error {
		w.unmute(name)
		return nil
	})
	if err != nil {
		return fmt.Errorf("delete mute rule %s: %w", name, err)
	}
	return nil
}
