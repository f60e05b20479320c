package format

import (
	"strings"
	"testing"
	"time"

	"quickstep/shared/notify"
	"quickstep/shared/report"
)

func aReport(phase string, window bool) *report.Report {
	r := &report.Report{ID: "report-1", Phase: phase, Until: opensAt.Add(24 * time.Hour),
		States: []string{report.Failed, report.Missing}}
	if window {
		r.Window = &report.Opening{ID: "mw-1", Name: "web", Zone: "Europe/Berlin", Opens: opensAt}
	}
	return r
}

// Each case is a report that failed at a time, and what people are told to do.
func TestAFailureSaysWhatCanStillBeDone(t *testing.T) {
	early, late := opensAt.Add(-time.Hour), opensAt
	partly, doubtful := aReport(report.Before, true), aReport(report.Before, true)
	byTags, byIDs := aReport(report.ByHand, false), aReport(report.ByHand, false)
	partly.Sent, partly.Parts, doubtful.InDoubt = 2, 5, true
	byTags.Select.Tags = []report.Target{{Key: "tag:Patch Group", Values: []string{"web"}}}
	byIDs.Select.IDs = []string{"i-1"}
	for _, c := range []struct {
		name    string
		r       *report.Report
		now     time.Time
		subject string
		text    []string
	}{
		{"before the window opens", aReport(report.Before, true), early, "NO patch report of window web (mw-1)",
			[]string{`{"windowIds":["mw-1"]}`, "15:00:00+01:00 Europe/Berlin", "Report: report-1\n"}},
		{"after it has opened", aReport(report.Before, true), late, "NO patch report of window web (mw-1)",
			[]string{"it is too late for this report", `{"instanceIds":[`, `{"tags":`}},
		{"a second report", aReport(report.After, true), late, "NO second patch report of window web (mw-1)",
			[]string{"comparison", `"states":["Failed","Installed","Missing"]`, "Until:"}},
		{"some of it was sent", partly, late, "INCOMPLETE patch report of window web (mw-1)",
			[]string{"2 of 5 messages"}},
		{"some of it may have been sent", doubtful, late, "INCOMPLETE patch report",
			[]string{"one more may have been"}},
		{"instances by tags", byTags, late, "NO patch report of the instances that were named",
			[]string{`{"tags":{"Patch Group":"web"},"states":["Failed","Missing"]}`, "Until:"}},
		{"instances by ids", byIDs, late, "NO patch report of the instances that were named",
			[]string{`{"instanceIds":["i-1"],"states"`}},
	} {
		n := notify.ReportFailed(Summary(c.r), "AccessDenied\nNext: nothing", c.now)
		if !strings.HasPrefix(n.Subject, "Quickstep: "+c.subject) || len(n.Subject) > 99 {
			t.Errorf("%s: the subject is %q", c.name, n.Subject)
		}
		for _, part := range append(c.text, "AccessDenied Next: nothing") {
			if !strings.Contains(n.Text, part) {
				t.Errorf("%s: %q isn't in\n%s", c.name, part, n.Text)
			}
		}
	}
}

// Only what is ready can be kept from being sent.
func TestTroubleSaysAtWhichStep(t *testing.T) {
	for step, want := range map[string]string{
		report.StepSurvey:   "can't be finished (at survey)",
		report.StepScanning: "can't be finished (at scanning)",
		report.StepReport:   "can't be finished (at report)",
		report.StepSend:     "is ready, and can't be sent",
	} {
		r := aReport(report.Before, true)
		r.Step = step
		now := opensAt.Add(-time.Hour)
		n := notify.ReportTrouble(Summary(r), step, step == report.StepSend, "AccessDenied", now)
		for _, part := range []string{
			want, "every hour", "Window: web (mw-1)", "Opens:  2026-01-06T15:00:00+01:00", "Phase:  before",
		} {
			if !strings.Contains(n.Text, part) {
				t.Errorf("%q isn't in\n%s", part, n.Text)
			}
		}
	}
}

func TestGapsAreReadAgainByTheEventThatTheirNoteNames(t *testing.T) {
	c := &report.Content{Report: aReport(report.After, true), Instances: make([]report.Instance, 50)}
	for n := range c.Instances {
		id := "i-" + strings.Repeat("0", 15) + string(rune('a'+n/26)) + string(rune('a'+n%26))
		c.Instances[n] = report.Instance{Scan: &report.Scan{Node: report.Node{ID: id}}}
		c.Instances[n].Step, c.Instances[n].Position.Reason = report.Unread, "AccessDenied"
		c.Gaps = append(c.Gaps, id)
	}
	n := gapsNote(c)
	if !strings.Contains(n.Text, `{"instanceIds":["`+c.Gaps[0]+`","`) || strings.Contains(n.Text, c.Gaps[40]) ||
		!strings.Contains(n.Text, "and 10 more") {
		t.Errorf("it says\n%s", n.Text)
	}
	if n.Subject != "Quickstep: 50 gaps in the second patch report of window web (mw-1)" {
		t.Errorf("the subject is %q", n.Subject)
	}
}
