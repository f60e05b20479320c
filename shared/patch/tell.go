package patch

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"quickstep/shared/notify"
	"quickstep/shared/sanitize"
)

// refusal tells that a schedule's request was refused.
func refusal(request string, now time.Time, why error) notify.Note {
	return notify.Note{Subject: "Quickstep: scheduled patch reports refused", Text: strings.Join([]string{
		"A scheduled request for patch reports was refused. This is said once a day.", "",
		"Why:    " + sanitize.Text(why.Error()), "When:   " + clock(now), "Asked:  " + sanitize.Text(request), "",
		"Next:   correct the field that the reason names, in the schedule's input or in the stack's parameters.", ""}, "\n")}
}

// title names a report for people in the subject of a note.
func (r *Report) title() string {
	what := "patch report"
	if r.Phase == After {
		what = "second patch report"
	}
	if r.Window == nil {
		return what + " of the instances that were named"
	}
	return fmt.Sprintf("%s of window %s (%s)", what, sanitize.Middle(ascii(r.Window.Name), fewest, "~"), r.Window.ID)
}

// particulars name a report for people in the text of a note.
func (r *Report) particulars(now time.Time) (lines []string) {
	lines = []string{"Report: " + r.ID}
	bounded := false
	if w := r.Window; w != nil {
		lines = append(lines, fmt.Sprintf("Window: %s (%s)", sanitize.Text(w.Name), w.ID), "Opens:  "+local(w.Opens, w.Zone))
		bounded = r.Phase == Before && !w.Opens.IsZero()
	}
	phase := map[string]string{Before: "before the window opens: what it is going to install", After: "after the window has closed: what it has installed",
		ByHand: "by hand: what is missing on the instances that were named"}
	lines = append(lines, "Phase:  "+phase[r.Phase])
	if !bounded {
		lines = append(lines, "Until:  "+clock(r.Until)+"; after that it isn't sent any more")
	}
	return append(lines, "When:   "+clock(now))
}

// gapsNote tells that a report has gaps.
func gapsNote(c *content) notify.Note {
	const most = 40
	n := count(len(c.gaps), "gap", "s")
	lines := []string{fmt.Sprintf("A patch report was sent with %s: %d of %s couldn't be read.", n, len(c.gaps), count(len(c.instances), "instance", "s")), ""}
	lines = append(append(lines, c.particulars(c.Closed)...), "")
	again := c.gaps[:min(len(c.gaps), most)]
	for _, i := range c.instances {
		if i.Step == Unread && slices.Contains(again, i.ID) {
			lines = append(lines, "  "+i.label()+": "+sanitize.Text(i.Position.Reason))
		}
	}
	if more := len(c.gaps) - most; more > 0 {
		lines = append(lines, fmt.Sprintf("  and %d more; the report names them all.", more))
	}
	lines = append(lines, "", "Next:   mend what the reasons say; to read them again, invoke the survey function with", "        "+sanitize.JSON(encode(request{InstanceIDs: again})), "")
	return notify.Note{Subject: "Quickstep: " + n + " in the " + c.title(), Text: strings.Join(lines, "\n")}
}

// request is the event by which people ask for a report.
type request struct {
	Windows     []string          `json:"windowIds,omitempty"`
	InstanceIDs []string          `json:"instanceIds,omitempty"`
	Tags        map[string]string `json:"tags,omitempty"`
	States      []string          `json:"states,omitempty"`
}

// trouble tells that a report can't be got on with, while there is still time to mend what is wrong.
func trouble(r *Report, reason string, now time.Time) notify.Note {
	first := fmt.Sprintf("A patch report can't be finished (at %s).", r.Step)
	if r.Step == StepSend {
		first = "A patch report is ready, and can't be got out."
	}
	lines := append([]string{first + " This is said once; it is tried again every hour, more often when the window is about to open.", ""}, r.particulars(now)...)
	lines = append(lines, "Why:    "+sanitize.Text(reason))
	if r.Parts > 0 {
		lines = append(lines, fmt.Sprintf("Sent:   %d of %d messages", min(r.Sent, r.Parts), r.Parts))
	}
	lines = append(lines, "", "Next:   mend what the reason says (a permission, a topic, a key); it then goes on by itself, within the hour.", "")
	return notify.Note{Subject: "Quickstep: trouble with the " + r.title(), Text: strings.Join(lines, "\n")}
}

// failure tells that there is no report, or none that is whole.
func failure(r *Report, reason string, now time.Time) notify.Note {
	title, partly := r.title(), r.Sent > 0 || r.InDoubt
	verdict := "NO " + title
	if partly {
		verdict = "INCOMPLETE " + title
	}
	lines := append([]string{"There is " + verdict + ".", ""}, r.particulars(now)...)
	if partly {
		lines[0] = "The " + title + " is INCOMPLETE: not all of its messages were sent."
		doubt := ""
		if r.InDoubt {
			doubt = "; one more may have been"
		}
		lines = append(lines, fmt.Sprintf("Sent:   %d of %d messages%s", r.Sent, r.Parts, doubt))
	}
	lines = append(lines, "Why:    "+sanitize.Text(reason), "", "Next:   mend what the reason says.")
	lines = append(lines, r.next(now)...)
	return notify.Note{Subject: "Quickstep: " + verdict, Text: strings.Join(append(lines, ""), "\n")}
}

// next is what people can do in place of a report that failed.
func (r *Report) next(now time.Time) []string {
	invoke := func(q request) string { return "invoke the survey function with " + sanitize.JSON(encode(q)) }
	some := `{"instanceIds":["i-…"]}`
	switch w := r.Window; {
	case w == nil && len(r.Select.IDs) > 0:
		return []string{"        Then " + invoke(request{InstanceIDs: r.Select.IDs, States: r.States})}
	case w == nil:
		return []string{"        Then " + invoke(request{Tags: r.Select.tags(), States: r.States})}
	case r.Phase == After:
		return []string{"        The comparison with the first report is lost. To see what the instances have now, invoke the survey function with",
			`        {"instanceIds":["i-…"],"states":["Failed","Installed","Missing"]}`}
	case !w.Opens.IsZero() && !now.Before(w.Opens):
		return []string{"        The window has opened: the report can't be caught up on. For what is missing now, invoke the survey function with",
			`        {"tags":{"<key>":"<value>"}} or ` + some}
	}
	return []string{"        Then " + invoke(request{Windows: []string{r.Window.ID}})}
}

// tags are those of a selection by tags.
func (s Selection) tags() map[string]string {
	all := map[string]string{}
	for _, t := range s.Tags {
		all[strings.TrimPrefix(t.Key, "tag:")] = strings.Join(t.Values, ",")
	}
	return all
}
