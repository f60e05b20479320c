package notify

import (
	"time"

	"quickstep/shared/run"
)

// Trouble tells that a run can't get on by itself at a step of its own.
func Trouble(id, fleet, step, reason string, now time.Time) Note {
	tried, until := "It is tried again without end.",
		"until then the fleet's alarms may still be muted, and its EventBridge rules disabled."
	if step == run.StepOpen {
		tried = "It is tried again; a run that can't be muted ends by gateTimeout."
		until = "until then no further instance may be able to leave service."
	}
	var m mail
	m.line("Run %s of fleet %s has trouble at %s. %s", id, fleet, at(step), tried)
	m.blank()
	m.row("Why", "%s", reason)
	m.row("When", "%s", Time(now))
	m.blank()
	m.steps("mend what the reason says (a permission, a deleted resource): "+
		"the run then goes on by itself, within minutes;", until)
	return m.note("Quickstep: run %s has trouble at %s", id, at(step))
}

// at names a step as an operator would.
func at(step string) string {
	switch step {
	case run.StepAwait:
		return run.StepRejoin
	case run.StepStarting:
		return "its start"
	case run.StepOpen:
		return "its work"
	case run.StepFinishing:
		return "its end"
	}
	return step
}
