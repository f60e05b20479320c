package notify

import (
	"time"

	"quickstep/shared/run"
)

// Gap is an instance of a patch report that couldn't be read, and why.
type Gap struct{ Instance, Name, Reason string }

// MaxGaps is how many instances a mail lists, and asks for again.
const MaxGaps = 40

// ReportGaps tells that a patch report of so many instances has gaps.
func ReportGaps(r Report, gaps []Gap, instances int, now time.Time) Note {
	var m mail
	n := run.Count(len(gaps), "gap")
	m.line("A patch report was sent with %s: %d of %s couldn't be read.",
		n, len(gaps), run.Count(instances, "instance"))
	m.blank()
	m.report(r, now)
	m.blank()
	var again Survey
	for _, g := range gaps[:min(len(gaps), MaxGaps)] {
		again.InstanceIDs = append(again.InstanceIDs, g.Instance)
		if g.Name == "" {
			m.line("  %s: %s", g.Instance, g.Reason)
		} else {
			m.line("  %s (%s): %s", g.Instance, g.Name, g.Reason)
		}
	}
	if more := len(gaps) - MaxGaps; more > 0 {
		m.line("  and %d more; the report names them all.", more)
	}
	m.blank()
	m.next("mend what the reasons say; to read them again, invoke the survey function with")
	m.more("%s", event(again))
	return m.note("Quickstep: %s in the %s", n, r.title())
}
