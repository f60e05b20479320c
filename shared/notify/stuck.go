package notify

import (
	"time"

	"quickstep/shared/run"
)

// Stuck tells that errors keep an instance that is out of service from getting on, since when, and
// for how much longer they are borne. It isn't a failure yet.
func Stuck(i *run.Instance, since time.Time, reason string, limit time.Duration, now time.Time) Note {
	var m mail
	m.line("Instance %s of run %s can't get on at %s. It is out of service meanwhile.", i.ID, i.Run, at(i.Step))
	m.blank()
	m.row("Why", "%s", reason)
	m.row("Since", "%s (%s)", Time(since), run.Span(now.Sub(since)))
	m.row("Until", "%s it is tried again; then it counts as failed", Time(since.Add(limit)))
	m.blank()
	m.steps("mend what the reason says (a missing permission, a throttled API): " +
		"it then goes on by itself, within minutes.")
	return m.note("Quickstep: %s can't get on at %s", i.ID, at(i.Step))
}
