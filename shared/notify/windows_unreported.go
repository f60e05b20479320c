package notify

import "time"

// WindowsUnreported tells what keeps maintenance windows from being reported.
func WindowsUnreported(reasons []error, now time.Time) Note {
	var m mail
	m.line("What keeps maintenance windows from being reported as the schedule asks. " +
		"Each reason is said once a day at most;")
	m.line("the other windows are reported as usual.")
	m.blank()
	for _, err := range reasons {
		m.row("Why", "%v", err)
	}
	m.row("When", "%s", Time(now))
	m.blank()
	m.steps("mend what the reasons say; " +
		"the next survey, within the hour, then reports the windows, unless they have opened.")
	if len(reasons) > 1 {
		return m.note("Quickstep: %d maintenance windows aren't reported", len(reasons))
	}
	return m.note("Quickstep: a maintenance window isn't reported")
}
