package notify

import (
	"fmt"
	"time"

	"quickstep/shared/run"
	"quickstep/shared/sanitize"
)

// Rows are what Ended tells of single instances, a line each.
type Rows struct {
	Failures, Skips []string
	Unhealthy       []string // done, and not healthy somewhere
	Out             int      // of the failures, those that are out of service now
	More            int      // instances left out of the lines
}

// Ended tells how a run has ended.
func Ended(r *run.Run, p *run.Plan, now time.Time, rows Rows) Note {
	m := mail{width: len("Skipped:  ")}
	rest, why := r.Rest()
	verdict := verdict(r, rest)
	m.line("The rolling reboot of fleet %s has ended: %s.", r.Fleet, verdict)
	m.blank()
	m.counts(r, now, rest)

	m.section("Failed", rows.Failures)
	m.section("Done, but not healthy, as before", rows.Unhealthy)
	if rest > 0 {
		never := sanitize.Sprintf("%s never got a token: %s", run.Count(rest, "instance"), why)
		rows.Skips = append(rows.Skips, never)
	}
	m.section("Skipped", rows.Skips)

	mutes := len(p.Alarms)+len(p.Rules) > 0
	if rows.More > 0 || rows.Out > 0 || mutes {
		m.blank()
	}
	if rows.More > 0 {
		m.line("And %d more; to list all, %s.", rows.More, control("status", "run", r.ID))
	}
	if rows.Out > 0 {
		m.line("What is out of service counts as such until a later run finds it back, or it is released: %s.",
			control("release", "instance", "i-…"))
	}
	if mutes {
		m.line("This run mutes nothing any more.")
	}

	switch {
	case r.Opened.IsZero() && r.Stopped == run.Cancelled:
		m.steps("ask for the run again when you want it.")
	case r.Opened.IsZero():
		m.steps("mend what the reason says, then ask for the run again.")
	}
	return m.note("Quickstep: %s, reboot of fleet %s ended", verdict, r.Fleet)
}

// counts are the rows on the run as a whole.
func (m *mail) counts(r *run.Run, now time.Time, rest int) {
	m.row("Run", "%s, %s to %s (%s)", r.ID, Time(r.Began), Time(now), run.Span(now.Sub(r.Began)))
	if r.Stopped != "" {
		m.row("Stopped", "at %s: %s", Time(r.StoppedAt), r.Stopped)
	}
	if !r.Opened.IsZero() {
		m.row("Done", "%d of %d", r.Done, r.Total)
		m.row("Failed", "%d", r.Failed)
		m.row("Skipped", "%d", r.Skipped+rest)
	}
	if r.Done > 0 {
		average := time.Duration(r.OutFor) / time.Duration(r.Done)
		m.line("Out of service: %s on average, %s at most (%s)", run.Span(average),
			run.Span(time.Duration(r.Longest.For)), r.Longest.Instance)
	}
}

func verdict(r *run.Run, rest int) string {
	switch {
	case r.Opened.IsZero():
		return "NOT STARTED"
	case r.Failed > 0:
		return fmt.Sprintf("%d FAILED", r.Failed)
	case r.Done == 0:
		return fmt.Sprintf("NONE rebooted, %d skipped", r.Skipped+rest)
	case r.Skipped+rest > 0:
		return fmt.Sprintf("%d skipped", r.Skipped+rest)
	case r.Unhealthy > 0:
		return fmt.Sprintf("all done, %d unhealthy as before", r.Unhealthy)
	}
	return "all done"
}

// Deleted are the lines about alarms that were to be muted and were deleted during the run, if any were.
func Deleted(alarms []string) string {
	const most = 20
	var m mail
	m.section("Deleted during the run, and so no longer muted", alarms[:min(len(alarms), most)])
	if more := len(alarms) - most; more > 0 {
		m.line("  and %d more", more)
	}
	return m.String()
}
