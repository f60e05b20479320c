package main

import (
	"context"

	"quickstep/shared/rolling"
	"quickstep/shared/run"
	"quickstep/tests/sim"
)

// leaveOutDraining gives drain target groups from which nothing can be taken out, and reboot target
// groups in which it sees nobody. Without the second the first would do no harm: reboot would wait for
// the end of a drain that never began.
func leaveOutDraining(f *fleet) {
	w := f.World
	w.Handle("drain", rolling.Drain{
		Deps: sim.Deps(w, f.Stack, "drain"), EC2: w.EC2(), Targets: keeping{w.Targets()},
	}.Handler())
	w.Handle("reboot", rolling.Reboot{
		Deps: sim.Deps(w, f.Stack, "reboot"), EC2: w.EC2(), Targets: hiding{w.Targets()},
		Boots: w.SSM(),
	}.Handler())
}

// targetGroups is rolling.Targets by another name: embedded, it leaves the name of its method free.
type targetGroups = rolling.Targets

// keeping are target groups that keep what is deregistered.
type keeping struct{ targetGroups }

func (keeping) Deregister(context.Context, string, []run.Description) error { return nil }

// hiding are target groups that show nobody.
type hiding struct{ targetGroups }

func (hiding) Targets(context.Context, string) ([]run.Target, error) { return nil, nil }
