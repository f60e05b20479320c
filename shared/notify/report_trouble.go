package notify

import "time"

// ReportTrouble tells that a patch report can't be got on with, while there is still time to mend
// what is wrong: it can't be finished, or, once it is ready, it can't be sent.
func ReportTrouble(r Report, step string, ready bool, reason string, now time.Time) Note {
	var m mail
	if ready {
		m.line("A patch report is ready, and can't be sent.")
	} else {
		m.line("A patch report can't be finished (at %s).", step)
	}
	m.line("This is said once; it is tried again every hour, more often when the window is about to open.")
	m.blank()
	m.report(r, now)
	m.row("Why", "%s", reason)
	if r.Parts > 0 {
		m.row("Sent", "%d of %d messages", min(r.Sent, r.Parts), r.Parts)
	}
	m.blank()
	m.steps("mend what the reason says (a permission, a topic, a key); it then goes on by itself, within the hour.")
	return m.note("Quickstep: trouble with the %s", r.title())
}
