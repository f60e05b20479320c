// Package rolling holds the steps of a rolling reboot, one file each. They know AWS only through
// the small interfaces that they declare, and move by package choreo.
//
//	start ──► drain ──► reboot ──► check ──► rejoin ──► (token to the next instance) ──► … ──► finish
//	            │          │      ▲   │         │
//	            │          │      └───┘ not started yet: the same again, later
//	            └──────────┴──────────┴─────────┴──► dead letters ──► triage: failed, alarm, stop or go on
//	watchdog (every minute): whatever is overdue gets its message again
//	control: status, pause, resume, cancel, release
//
// What each failure does:
//
//	bad request                      refused before anything is written (Start.Request)
//	start can't prepare              triage sends the run to finish, with the reason
//	the floor, a pause, the mute     drain waits at the gate; past gateTimeout the rest is skipped
//	never drained, never rebooted    triage sends the instance back by rejoin: failed, in service
//	never started, never healthy     failed out of service: it keeps its token and leaves an OUT item
//	finish can't restore             it alarms and comes again, without a bound
package rolling

import (
	"context"
	"strings"

	"quickstep/shared/choreo"
	"quickstep/shared/ledger"
	"quickstep/shared/run"
)

// Routing tells the protocol about the steps of a rolling reboot.
var Routing = choreo.Routing{Queue: queue, LogAttrs: name, NeverGivesUp: neverGivesUp}

// queue names the queue of a step: its own, but for those that share a function.
func queue(step string) string {
	switch step {
	case run.StepStarting:
		return "start"
	case run.StepOpen, run.StepFinishing:
		return "finish"
	case run.StepAwait:
		return "rejoin"
	case choreo.Failing:
		return "dead"
	}
	return step
}

func name(key ledger.Key) []any {
	if isActive(key) {
		return []any{"run", key.SK}
	}
	return []any{"run", strings.TrimPrefix(key.PK, "RUN#"), "instance", strings.TrimPrefix(key.SK, instancePrefix)}
}

// neverGivesUp says at which steps a run never gives up: what it muted must be restored in the end.
func neverGivesUp(step string) bool { return step == run.StepOpen || step == run.StepFinishing }

// The kinds of items of a rolling reboot.
var (
	instanceKind = choreo.Kind[*run.Instance]{Routing: Routing, Owns: isInstance, New: newInstance,
		Key: func(i *run.Instance) ledger.Key { return instanceKey(i.Run, i.ID) }}
	runKind = choreo.Kind[*run.Active]{Routing: Routing, Owns: isActive, New: newActive,
		Key: func(a *run.Active) ledger.Key { return activeKey(a.Run) }}
)

// What is claimed of each kind, and what it can come to.
type (
	instanceWork    = choreo.Work[*run.Instance]
	instanceOutcome = choreo.Outcome[*run.Instance]
	runWork         = choreo.Work[*run.Active]
	runOutcome      = choreo.Outcome[*run.Active]
)

// moveInstances moves instances by the steps of one queue.
func moveInstances(
	l choreo.Deps, queue string,
	act func(context.Context, *instanceWork) (instanceOutcome, error),
) choreo.Mover[*run.Instance] {
	return choreo.NewMover(l, instanceKind, queue, act)
}

// moveRuns moves runs by the steps of their own that one queue has.
func moveRuns(
	l choreo.Deps, queue string,
	act func(context.Context, *runWork) (runOutcome, error),
) choreo.Mover[*run.Active] {
	return choreo.NewMover(l, runKind, queue, act)
}
