package stories_test

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"quickstep/tests/sim/simtest"

	"quickstep/shared/run"
	"quickstep/tests/sim"
	"quickstep/tests/world"
)

// vocabulary is every word of the language and what it does. Who is at work is always an instance's short number.
var vocabulary map[string]func(p *player, args []string) error

func init() {
	vocabulary = map[string]func(p *player, args []string) error{
		"fleet":    (*player).addFleet, // fleet 4 web:8080 api:9090
		"machine":  (*player).habit,    // machine 3 never-returns
		"alarm":    (*player).alarm,    // alarm web-5xx OK
		"rule":     (*player).rule,     // rule web-nightly on
		"at":       (*player).at,       // at 5m purge
		"until":    (*player).until,    // until over; until 6h
		"ask":      (*player).ask,      // ask maxConcurrency=2 mute.alarmPrefixes=web-
		"second":   (*player).ask,      // second fleet=other
		"schedule": (*player).schedule, // schedule maxErrors=1
		"control":  (*player).control,  // control pause; control release 3
		"purge":    (*player).purge,    // every queue
		"put":      (*player).put,      // put drain garbage
		"fail":     (*player).fail,     // fail sns.Publish 2h
		"crash":    (*player).crash,    // crash check 1
		"throttle": (*player).throttle, // throttle everything 30m
		"repair":   (*player).repair,   // repair 1: well again, and started anew
		"terminate": person(
			func(f *sim.Fleet, id string) { f.Watch.Forget(id); f.Terminate(id) },
		), // terminate 2
		"stop": person(
			func(f *sim.Fleet, id string) { f.Watch.Forget(id); f.Stop(id) },
		), // stop 2
		"break": person(
			func(f *sim.Fleet, id string) { f.Break(id) },
		), // break 2: its application fails
		"mend": person(
			func(f *sim.Fleet, id string) { f.Mend(id) },
		), // mend 2
		"out": place(
			func(f *sim.Fleet, group string, a run.Address) { f.Watch.Forget(a.ID); f.DeregisterByHand(group, a) },
		), // out 2 api:9090
		"in": place(
			(*sim.Fleet).RegisterByHand,
		), // in 2 web:8080 api:9090
	}
}

func person(do func(*sim.Fleet, string)) func(*player, []string) error {
	return func(p *player, args []string) error {
		id, _, err := p.machine(args)
		if err == nil {
			do(p.fleet, id)
		}
		return err
	}
}

func place(do func(*sim.Fleet, string, run.Address)) func(*player, []string) error {
	return func(p *player, args []string) error {
		id, places, err := p.machine(args)
		for _, place := range places {
			name, port, _ := strings.Cut(place, ":")
			do(p.fleet, sim.Group(name), simtest.Address(id, port))
		}
		return err
	}
}

func (p *player) addFleet(args []string) error {
	if len(args) == 0 {
		return errors.New("fleet needs a size and places, such as web:8080")
	}
	var size int
	if _, err := fmt.Sscanf(args[0], "%d", &size); err != nil {
		return fmt.Errorf("fleet %s: %w", args[0], err)
	}
	for _, place := range args[1:] {
		if name, _, _ := strings.Cut(place, ":"); !p.knows(name) {
			p.fleet.AddGroups(name)
			p.fleet.Watch.Floor[sim.Group(name)] = 1
		}
	}
	for range size {
		p.fleet.Add(world.MachineSpec{ID: sim.ID(len(p.fleet.IDs) + 1), Managed: true}, args[1:]...)
	}
	return nil
}

func (p *player) knows(group string) bool {
	_, ok := p.fleet.Watch.Floor[sim.Group(group)]
	return ok
}

func (p *player) habit(args []string) error {
	id, habits, err := p.machine(args)
	for _, habit := range habits {
		name, length, _ := strings.Cut(habit, "=")
		d, bad := time.ParseDuration(length)
		change, ok := map[string]func(*world.MachineSpec){
			"never-returns":  func(m *world.MachineSpec) { m.NeverReturns = true },
			"ignores-reboot": func(m *world.MachineSpec) { m.IgnoresReboot = true },
			"unmanaged":      func(m *world.MachineSpec) { m.Managed = false },
			"boot":           func(m *world.MachineSpec) { m.BootTime = d },
			"application":    func(m *world.MachineSpec) { m.AppTime = d },
			"status":         func(m *world.MachineSpec) { m.StatusTime = d },
			"twice":          func(m *world.MachineSpec) { m.BootsTwice = d },
		}[name]
		if !ok || (length != "" && bad != nil) {
			return fmt.Errorf("machine %s %s: there is no such habit", args[0], habit)
		}
		p.fleet.ChangeMachine(id, change)
	}
	if err == nil && len(habits) == 0 {
		return fmt.Errorf("machine %s needs a habit", args[0])
	}
	return err
}

func (p *player) alarm(args []string) error {
	if len(args) != 2 {
		return errors.New("alarm needs a name and a state")
	}
	if p.trace.watches("alarm " + args[0]) {
		p.fleet.SetAlarmState(args[0], args[1])
		return nil
	}
	p.fleet.AddAlarm(args[0], args[1])
	p.trace.watch("alarm "+args[0], func() string {
		if p.fleet.Muted(args[0]) {
			return "is muted"
		}
		return "can act again"
	})
	return nil
}

func (p *player) rule(args []string) error {
	if len(args) != 2 || (args[1] != "on" && args[1] != "off") {
		return errors.New("rule needs a name, and on or off")
	}
	p.fleet.AddRule("default", args[0], args[1] == "on", "")
	p.rules[args[0]] = args[1] == "on"
	p.trace.watch("rule "+args[0], func() string {
		if p.fleet.RuleEnabled("default", args[0]) {
			return "is enabled again"
		}
		return "is disabled"
	})
	return nil
}
