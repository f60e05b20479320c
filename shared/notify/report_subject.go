package notify

import (
	"fmt"
	"strings"

	"quickstep/shared/sanitize"
)

// ReportSubject is what the subject of a patch report's message says.
type ReportSubject struct {
	Part, Parts int
	// Full and Brief are the verdict, the most important first.
	Full, Brief []string
	Window      *Window // nil: the report is of instances that somebody named
	Second      bool    // the window has closed
	// Opening says in place of its opening that the window installs nothing.
	Opening string
	// NotOver says that the window's previous execution isn't over, or, of a second report, its own.
	NotOver bool
}

const (
	// longest leaves room for what a message may have before its subject that is sent again.
	longest = MaxSubject - len(Repeated)
	// fewest is what stays of a window's name before zeros are left out.
	fewest = 24
	// least is what stays of it before the verdict loses its end.
	least = 12
)

// String is the subject, of ASCII. Where it is too long, the window's name is shortened in its
// middle, then zeros are left out, then the verdict loses its end, which a + says; gaps and the
// opening always stand.
func (s ReportSubject) String() string {
	head := "Quickstep: "
	if s.Parts > 1 {
		head = fmt.Sprintf("Quickstep (%d/%d): ", s.Part, s.Parts)
	}
	name, opening := s.about()
	room := longest - len(head) - len(opening)
	fits := func(verdict string, of int) bool { return len(verdict)+min(len(name), of) <= room }
	all := s.Full
	if !fits(strings.Join(all, ", "), fewest) {
		all = s.Brief
	}
	verdict := strings.Join(all, ", ")
	for n := len(all) - 1; n > 0 && !fits(verdict, least); n-- {
		verdict = strings.Join(all[:n], ", ") + "+"
	}
	name = sanitize.Middle(name, max(room-len(verdict), 0), "~")
	return sanitize.Middle(head+verdict+name+opening, longest, "~")
}

// about says which window a report is about, and when that opens.
func (s ReportSubject) about() (name, opening string) {
	w := s.Window
	if w == nil {
		return "", ""
	}
	name = ", " + ascii(sanitize.Text(w.Name))
	switch {
	case s.Second && s.NotOver:
		return name, " closed, not over"
	case s.Second:
		return name, " closed"
	case s.Opening != "":
		return name, " " + s.Opening
	case w.Opens.IsZero():
		return name, ""
	}
	opening = " opens " + w.Opens.UTC().Format("2006-01-02T15:04Z")
	if s.NotOver {
		opening += ", previous not over"
	}
	return name, opening
}
