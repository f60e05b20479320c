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
	var t lines
	rest, why := r.Rest()
	verdict := verdict(r, rest)
	t.add("The rolling reboot of fleet %s has ended: %s.", r.Fleet, verdict)
	t.add("")
	t.add("Run:      %s, %s to %s (%s)", r.ID, clock(r.Began), clock(now), run.Span(now.Sub(r.Began)))
	if r.Stopped != "" {
		t.add("Stopped:  at %s: %s", clock(r.StoppedAt), r.Stopped)
	}
	if !r.Opened.IsZero() {
		t.add("Done:     %d of %d", r.Done, r.Total)
		t.add("Failed:   %d", r.Failed)
		t.add("Skipped:  %d", r.Skipped+rest)
	}
	if r.Done > 0 {
		t.add("Out of service: %s on average, %s at most (%s)", run.Span(time.Duration(r.OutFor)/time.Duration(r.Done)),
			run.Span(time.Duration(r.Longest.For)), r.Longest.Instance)
	}
	section(&t, "Failed", rows.Failures)
	section(&t, "Done, but not healthy, as before", rows.Unhealthy)
	if rest > 0 {
		rows.Skips = append(rows.Skips, sanitize.Sprintf("%s never got a token: %s", run.Count(rest, "instance"), why))
	}
	section(&t, "Skipped", rows.Skips)
	if rows.More > 0 || rows.Out > 0 || len(p.Alarms)+len(p.Rules) > 0 {
		t.add("")
	}
	if rows.More > 0 {
		t.add("And %d more; to list all, %s.", rows.More, control("status", "run", r.ID))
	}
	if rows.Out > 0 {
		t.add("What is out of service counts as such until a later run finds it back, or it is released: %s.", control("release", "instance", "i-…"))
	}
	if len(p.Alarms)+len(p.Rules) > 0 {
		t.add("This run mutes nothing any more.")
	}
	switch {
	case r.Opened.IsZero() && r.Stopped == run.Cancelled:
		t.steps("ask for the run again when you want it.")
	case r.Opened.IsZero():
		t.steps("mend what the reason says, then ask for the run again.")
	}
	return t.note("Quickstep: %s, reboot of fleet %s ended", verdict, r.Fleet)
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

func section(t *lines, title string, rows []string) {
	if len(rows) == 0 {
		return
	}
	t.add("")
	t.add("%s:", title)
	for _, row := range rows {
		t.add("  %s", row)
	}
}

// Deleted are the lines about alarms that were to be muted and were deleted during the run, if any were.
func Deleted(alarms []string) string {
	const most = 20
	var t lines
	section(&t, "Deleted during the run, and so no longer muted", alarms[:min(len(alarms), most)])
	if more := len(alarms) - most; more > 0 {
		t.add("  and %d more", more)
	}
	return t.String()
}
