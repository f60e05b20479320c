package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/rolling"
	"quickstep/shared/run"
)

// leaveOutDraining gives drain target groups from which nothing can be taken out, and reboot target groups in which it
// sees nobody. Without the second the first would do no harm: reboot would wait for the end of a drain that never began.
func leaveOutDraining(f *fleet) {
	w, now := f.World, choreo.Milliseconds(f.World.Now)
	handle := func(function string, act func(context.Context, *choreo.Work[*run.Instance]) (choreo.Outcome[*run.Instance], error)) {
		lease, err := time.ParseDuration(f.Stack.Functions[function].Environment["LEASE"])
		if err != nil {
			panic(fmt.Sprintf("demo: LEASE of function %s: %v", function, err)) // sim.Wire has read it already
		}
		line := choreo.Deps{Ledger: w.Table(), Queues: w.Queues(function), Now: now, Lease: lease}
		w.Handle(function, choreo.SQSOrDirectHandler(rolling.Instances(line, function, act), func(_ context.Context, event json.RawMessage) (any, error) {
			return nil, fmt.Errorf("event: %s is none of SQS", event)
		}))
	}
	handle("drain", rolling.Drain{Ledger: w.Table(), EC2: w.EC2(), Targets: keeping{w.Targets()}, Now: now}.Act)
	handle("reboot", rolling.Reboot{Ledger: w.Table(), EC2: w.EC2(), Targets: hiding{w.Targets()}, Boots: w.SSM(), Now: now}.Act)
}

// targetGroups is rolling.Targets by another name: embedded, it leaves the name of its method free.
type targetGroups = rolling.Targets

// keeping are target groups that keep what is deregistered.
type keeping struct{ targetGroups }

func (keeping) Deregister(context.Context, string, []run.Description) error { return nil }

// hiding are target groups that show nobody.
type hiding struct{ targetGroups }

func (hiding) Targets(context.Context, string) ([]run.Target, error) { return nil, nil }
