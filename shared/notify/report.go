package notify

import (
	"fmt"
	"time"

	"quickstep/shared/sanitize"
)

// Report is what mails say of a patch report.
type Report struct {
	ID     string
	Second bool    // it is made after its window has closed
	Window *Window // nil: of instances that somebody named
	Until  time.Time
	// Parts and Sent count its messages; InDoubt says that one more may have been sent.
	Parts, Sent int
	InDoubt     bool
	// Again is the request by which people get it once more.
	Again Survey
}

// Window is an execution of a maintenance window.
type Window struct {
	ID, Name string
	Zone     string    // a name of the IANA time zone database
	Opens    time.Time // zero: it isn't going to
}

// Survey is the event by which people ask for a patch report.
type Survey struct {
	Windows     []string          `json:"windowIds,omitempty"`
	First       string            `json:"first,omitempty"` // the first report whose second one is wanted
	InstanceIDs []string          `json:"instanceIds,omitempty"`
	Tags        map[string]string `json:"tags,omitempty"`
	States      []string          `json:"states,omitempty"`
}

// title names a report in the subject of a mail.
func (r Report) title() fit {
	what := "patch report"
	if r.Second {
		what = "second patch report"
	}
	if r.Window == nil {
		return fit(what + " of the instances that were named")
	}
	const most = 24 // the whole subject then is one that SNS takes
	name := sanitize.Middle(ascii(sanitize.Text(r.Window.Name)), most, "~")
	return fit(fmt.Sprintf("%s of window %s (%s)", what, name, r.Window.ID))
}

// phase says what a report is about.
func (r Report) phase() string {
	switch {
	case r.Second:
		return "after the window has closed: what it has installed"
	case r.Window != nil:
		return "before the window opens: what it is going to install"
	}
	return "by hand: what is missing on the instances that were named"
}

// report writes the rows that say which report a mail is about.
func (m *mail) report(r Report, now time.Time) {
	m.row("Report", "%s", r.ID)
	bounded := false // by the opening, which is a row already
	if w := r.Window; w != nil {
		m.row("Window", "%s (%s)", w.Name, w.ID)
		m.row("Opens", "%s", LocalTime(w.Opens, w.Zone))
		bounded = !r.Second && !w.Opens.IsZero()
	}
	m.row("Phase", "%s", r.phase())
	if !bounded {
		m.row("Until", "%s; after that it isn't sent any more", Time(r.Until))
	}
	m.row("When", "%s", Time(now))
}
