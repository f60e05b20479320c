// Package sim runs the product on the stand-in for AWS: the production code of every step, wired from
// template.yaml, on fleets with habits, with things going wrong, under rules that are checked after every single
// effect.
package sim

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"

	"quickstep/shared/choreo"
	"quickstep/shared/control"
	"quickstep/shared/patch"
	"quickstep/shared/rolling"
	"quickstep/tests/template"
	"quickstep/tests/world"
)

// Wire gives every function of the stack its code, with the environment that the template declares. probes is how
// the check function looks at applications: the world's own, or real ones.
func Wire(w *world.World, stack *template.Stack, probes rolling.Probes) {
	wiring{world: w, stack: stack, probes: probes, now: choreo.Milliseconds(w.Now)}.all()
}

// Deps is what a function of the stack gets for the protocol, for tests that put other code in its place.
func Deps(w *world.World, stack *template.Stack, function string) choreo.Deps {
	return wiring{world: w, stack: stack, now: choreo.Milliseconds(w.Now)}.deps(function)
}

type wiring struct {
	world  *world.World
	stack  *template.Stack
	probes rolling.Probes
	now    func() time.Time
}

// parse fills a struct from the variables that the template gives a function, as its main does.
func (x wiring) parse(function string, variables any) {
	options := env.Options{Environment: x.stack.Functions[function].Environment, RequiredIfNoDef: true}
	if err := env.ParseWithOptions(variables, options); err != nil {
		panic(fmt.Sprintf("sim: function %s: %v", function, err))
	}
}

// common are the variables of several functions.
type common struct {
	Stack  string `env:"STACK"        envDefault:""`
	Alarm  string `env:"ALARM_TOPIC"  envDefault:""`
	Report string `env:"REPORT_TOPIC" envDefault:""`
}

// deps is what function.MustLoad gives a function. Nothing is broken off before its end: the world's
// calls take no time of their own.
func (x wiring) deps(function string) choreo.Deps {
	var all struct {
		Lease time.Duration `env:"LEASE" envDefault:"0s"`
	}
	x.parse(function, &all)
	return choreo.Deps{
		Ledger: x.world.Table(),
		Queues: x.world.Queues(function),
		Now:    x.now,
		Lease:  all.Lease,
	}
}

func (x wiring) topic(name string) *world.Topic {
	return x.world.Topic(strings.TrimPrefix(name, "topic:"))
}

func (x wiring) all() {
	w := x.world
	x.start()
	w.Handle("drain", rolling.Drain{
		Deps: x.deps("drain"), EC2: w.EC2(), Targets: w.Targets(),
	}.Handler())
	w.Handle("reboot", rolling.Reboot{
		Deps: x.deps("reboot"), EC2: w.EC2(), Targets: w.Targets(), Boots: w.SSM(),
	}.Handler())
	x.check()
	x.rejoin()
	x.finish()
	x.triage()
	look := choreo.WatchdogHandler(
		rolling.Watchdog{Deps: x.deps("watchdog")},
		patch.Watchdog{Deps: x.deps("watchdog")},
	)
	w.Handle("watchdog", func(ctx context.Context, _ json.RawMessage) (any, error) {
		return nil, look(ctx)
	})
	w.Handle("control", control.Handler(x.deps("control")))
	x.patches()
}

func (x wiring) start() {
	var v struct {
		Common      common
		FleetPrefix string `env:"FLEET_PREFIX"`
		Allowed     rolling.Allowed
	}
	x.parse("start", &v)
	w, deps := x.world, x.deps("start")
	w.Handle("start", rolling.Start{
		Deps:        deps,
		EC2:         w.EC2(),
		Targets:     w.Targets(),
		Parameters:  w.SSM(),
		Alarms:      w.Alarms(),
		Rules:       w.Rules(),
		AlarmTopic:  x.topic(v.Common.Alarm),
		Allowed:     v.Allowed,
		Stack:       v.Common.Stack,
		FleetPrefix: v.FleetPrefix,
	}.Handler(rolling.Starting{
		Deps:        deps,
		EC2:         w.EC2(),
		Targets:     w.Targets(),
		Muter:       rolling.Muter{Deps: deps, Alarms: w.Alarms(), Rules: w.Rules(), Stack: v.Common.Stack},
		ReportTopic: x.topic(v.Common.Report),
		Allowed:     v.Allowed,
	}))
}

func (x wiring) check() {
	var v common
	x.parse("check", &v)
	w := x.world
	w.Handle("check", rolling.Check{
		Deps:       x.deps("check"),
		EC2:        w.EC2(),
		Boots:      w.SSM(),
		Probes:     x.probes,
		Functions:  w.Functions(),
		AlarmTopic: x.topic(v.Alarm),
	}.Handler())
}

func (x wiring) rejoin() {
	var v common
	x.parse("rejoin", &v)
	w := x.world
	w.Handle("rejoin", rolling.Rejoin{
		Deps:       x.deps("rejoin"),
		EC2:        w.EC2(),
		Targets:    w.Targets(),
		AlarmTopic: x.topic(v.Alarm),
	}.Handler())
}

func (x wiring) finish() {
	var v common
	x.parse("finish", &v)
	w, deps := x.world, x.deps("finish")
	w.Handle("finish", rolling.Finish{
		Deps:        deps,
		Muter:       rolling.Muter{Deps: deps, Alarms: w.Alarms(), Rules: w.Rules(), Stack: v.Stack},
		AlarmStates: w.Alarms(),
		AlarmTopic:  x.topic(v.Alarm),
		ReportTopic: x.topic(v.Report),
	}.Handler())
}

func (x wiring) triage() {
	var v common
	x.parse("triage", &v)
	x.world.Handle("triage", choreo.SQSHandler(choreo.ItemHandlers{
		rolling.Triage{Deps: x.deps("triage"), AlarmTopic: x.topic(v.Alarm)},
		patch.Triage{Deps: x.deps("triage"), AlarmTopic: x.topic(v.Alarm)},
	}))
}
