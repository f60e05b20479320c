package notify

import "time"

// ReportFailed tells that there is no patch report, or none that is whole.
func ReportFailed(r Report, reason string, now time.Time) Note {
	var m mail
	partly := r.Sent > 0 || r.InDoubt
	if partly {
		m.line("The %s is INCOMPLETE: not all of its messages were sent.", r.title())
	} else {
		m.line("There is NO %s.", r.title())
	}
	m.blank()
	m.report(r, now)
	if partly {
		doubt := ""
		if r.InDoubt {
			doubt = "; one more may have been"
		}
		m.row("Sent", "%d of %d messages"+doubt, r.Sent, r.Parts)
	}
	m.row("Why", "%s", reason)
	m.blank()
	m.next("mend what the reason says.")
	m.instead(r, now)
	if partly {
		return m.note("Quickstep: INCOMPLETE %s", r.title())
	}
	return m.note("Quickstep: NO %s", r.title())
}

// instead says what people can do in place of a report that failed.
func (m *mail) instead(r Report, now time.Time) {
	const some = `{"instanceIds":["i-…"]`
	switch w := r.Window; {
	case w != nil && r.Second && r.Again.First != "":
		m.more("Then ask for it again, as long as the first report is kept: invoke the survey function with")
		m.more("%s", event(r.Again))
	case w != nil && r.Second:
		m.more("The comparison with the first report is lost. " +
			"For what the instances have now, invoke the survey function with")
		m.more(some + `,"states":["Failed","Installed","Missing"]}`)
	case w != nil && !w.Opens.IsZero() && !now.Before(w.Opens):
		m.more("The window has opened: it is too late for this report. " +
			"For what is missing now, invoke the survey function with")
		m.more(`{"tags":{"<key>":"<value>"}} or ` + some + `}`)
	default:
		m.more("Then invoke the survey function with %s", event(r.Again))
	}
}
