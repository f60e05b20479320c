package notify

import "time"

// Refused tells that a request nobody waits for was refused.
func Refused(fleet, request string, now time.Time, err error) Note {
	var m mail
	m.line("A scheduled rolling reboot of fleet %s was refused. Nothing was changed.", fleet)
	m.blank()
	m.row("Why", "%v", err)
	m.row("When", "%s", Time(now))
	m.row("Asked", "%s", request)
	m.blank()
	m.steps("correct the field that the reason names, in the schedule's input or in the fleet's SSM parameter;",
		"start the run by hand if it can't wait for the schedule.")
	return m.note("Quickstep: scheduled reboot refused, fleet %s", fleet)
}
