package notify

import "time"

// SurveyRefused tells that a schedule's request for patch reports was refused.
func SurveyRefused(request string, now time.Time, err error) Note {
	var m mail
	m.line("A scheduled request for patch reports was refused. This is said once a day.")
	m.blank()
	m.row("Why", "%v", err)
	m.row("When", "%s", Time(now))
	m.row("Asked", "%s", request)
	m.blank()
	m.steps("correct the field that the reason names, in the schedule's input or in the stack's parameters.")
	return m.note("Quickstep: scheduled patch reports refused")
}
