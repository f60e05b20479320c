// Package sim runs the product on the stand-in for AWS: the production code of every step, wired from template.yaml, on
// fleets with habits, with things going wrong, under rules that are checked after every single effect.
package sim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/patch"
	"quickstep/shared/rolling"
	"quickstep/tests/template"
	"quickstep/tests/world"
)

// Wire gives every function of the stack its code, with the environment that the template declares. probes is how the
// check function looks at applications: the world's own, or real ones.
func Wire(w *world.World, stack *template.Stack, probes rolling.Probes) {
	wiring{world: w, stack: stack, probes: probes, now: choreo.Milliseconds(w.Now)}.all()
}

type wiring struct {
	world  *world.World
	stack  *template.Stack
	probes rolling.Probes
	now    func() time.Time
}

func (x wiring) env(function, name string) string {
	value, ok := x.stack.Functions[function].Environment[name]
	if !ok {
		panic(fmt.Sprintf("sim: the template gives function %s no variable %s", function, name))
	}
	return value
}

func (x wiring) line(function string) choreo.Deps {
	lease, err := time.ParseDuration(x.env(function, "LEASE"))
	if err != nil {
		panic(fmt.Sprintf("sim: LEASE of function %s: %v", function, err))
	}
	return choreo.Deps{Ledger: x.world.Table(), Queues: x.world.Queues(function), Now: x.now, Lease: lease}
}

// messages is the code of a function that takes messages, down to the JSON that Lambda hands over.
func messages(h choreo.Handler) world.Code {
	return choreo.SQSOrDirectHandler(h, func(_ context.Context, event json.RawMessage) (any, error) {
		return nil, fmt.Errorf("event: %s is none of SQS", event)
	})
}

func (x wiring) all() {
	w, table := x.world, x.world.Table()
	mutes := func(function string) rolling.Muter {
		return rolling.Muter{Ledger: table, Alarms: w.Alarms(), Rules: w.Rules(), Stack: x.env(function, "STACK"), Now: x.now}
	}
	x.start(mutes("start"))
	w.Handle("drain", messages(rolling.Drain{Ledger: table, EC2: w.EC2(), Targets: w.Targets(), Now: x.now}.Mover(x.line("drain"))))
	w.Handle("reboot", messages(rolling.Reboot{Ledger: table, EC2: w.EC2(), Targets: w.Targets(), Boots: w.SSM(),
		Now: x.now}.Mover(x.line("reboot"))))
	w.Handle("check", messages(rolling.Check{Ledger: table, EC2: w.EC2(), Boots: w.SSM(), Probes: x.probes,
		Functions: w.Functions(), AlarmTopic: x.topic("check", "ALARM_TOPIC"), Now: x.now}.Mover(x.line("check"))))
	w.Handle("rejoin", messages(rolling.Rejoin{Ledger: table, EC2: w.EC2(), Targets: w.Targets(),
		AlarmTopic: x.topic("rejoin", "ALARM_TOPIC"), Now: x.now}.Mover(x.line("rejoin"))))
	w.Handle("finish", messages(rolling.Finish{Ledger: table, Muter: mutes("finish"), AlarmStates: w.Alarms(), AlarmTopic: x.topic("finish", "ALARM_TOPIC"),
		ReportTopic: x.topic("finish", "REPORT_TOPIC"), Now: x.now}.Mover(x.line("finish"))))
	w.Handle("triage", messages(choreo.ItemHandlers{rolling.Triage{Deps: x.line("triage"), AlarmTopic: x.topic("triage", "ALARM_TOPIC")},
		patch.Triage{Deps: x.line("triage"), AlarmTopic: x.topic("triage", "ALARM_TOPIC")}}))
	w.Handle("watchdog", func(ctx context.Context, _ json.RawMessage) (any, error) {
		_, err := rolling.Watchdog{Ledger: table, Queues: w.Queues("watchdog"), Now: x.now}.Look(ctx, choreo.Invocation(ctx))
		_, more := patch.Watchdog{Ledger: table, Queues: w.Queues("watchdog"), Now: x.now}.Look(ctx, choreo.Invocation(ctx))
		return nil, errors.Join(err, more)
	})
	x.patches()
	w.Handle("control", func(ctx context.Context, command json.RawMessage) (any, error) {
		return rolling.Control{Ledger: table, Queues: w.Queues("control"), Now: x.now}.Do(ctx, choreo.Invocation(ctx), command)
	})
}

func (x wiring) topic(function, variable string) *world.Topic {
	return x.world.Topic(x.env(function, variable)[len("topic:"):])
}

func (x wiring) start(mutes rolling.Muter) {
	w := x.world
	start := rolling.Start{Ledger: w.Table(), Queues: w.Queues("start"), EC2: w.EC2(), Targets: w.Targets(), Parameters: w.SSM(), Alarms: w.Alarms(),
		Rules: w.Rules(), Muter: mutes, AlarmTopic: x.topic("start", "ALARM_TOPIC"), ReportTopic: x.topic("start", "REPORT_TOPIC"),
		Stack: x.env("start", "STACK"), FleetPrefix: x.env("start", "FLEET_PREFIX"), Now: x.now,
		Allowed: rolling.Allowed{InstanceTag: x.env("start", "INSTANCE_TAG"), TargetGroupPrefix: x.env("start", "TARGET_GROUP_PREFIX"),
			AlarmPrefix: x.env("start", "ALARM_PREFIX"), RulePrefix: x.env("start", "RULE_PREFIX"),
			CheckFunction: x.env("start", "CHECK_FUNCTION"), EventBuses: x.env("start", "EVENT_BUSES"), InVPC: x.env("start", "IN_VPC") == "true",
			IPv6: x.env("start", "CHECK_DUAL_STACK") == "true"}}
	w.Handle("start", choreo.SQSOrDirectHandler(start.Mover(x.line("start")), func(ctx context.Context, request json.RawMessage) (any, error) {
		return start.Request(ctx, choreo.Invocation(ctx), request)
	}))
}
