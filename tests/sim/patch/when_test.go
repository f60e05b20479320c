package patch_test

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"quickstep/shared/report"
	"quickstep/tests/sim"
	"quickstep/tests/sim/simtest"
	"quickstep/tests/world"
)

func hours(of ...int) (all []time.Time) {
	for _, h := range of {
		all = append(all, sim.Began.Add(time.Duration(h)*time.Hour))
	}
	return all
}

// Each case runs the hourly schedule for ten days; want are the openings that are reported, in hours from
// sim.Began.
func TestTheScheduleReportsEachExecutionOnceAndInTime(t *testing.T) {
	scan := report.Task{Document: "AWS-RunPatchBaseline", Operation: "Scan", Targets: simtest.Install().Targets}
	for _, c := range simtest.Some([]struct {
		name       string
		parameters map[string]string
		change     func(w *world.WindowSpec)
		lead       time.Duration
		want       []int
	}{
		{"every execution is reported a day before", nil, nil, simtest.Day, []int{36, 204}},
		{"the lead can be longer", map[string]string{"PatchLead": "72h"}, nil, 72 * time.Hour, []int{36, 204}},
		{"or shorter", map[string]string{"PatchLead": "2h"}, nil, 2 * time.Hour, []int{36, 204}},
		{"a window that opens more often than the lead is reported as soon as the one before has settled", nil,
			func(w *world.WindowSpec) { w.Executions = hours(36, 42, 48, 54) }, simtest.Day, []int{36, 42, 48, 54}},
		{"a disabled window isn't reported", nil, func(w *world.WindowSpec) { w.Disabled = true }, simtest.Day, nil},
		{"a window that won't open again isn't", nil, func(w *world.WindowSpec) { w.Executions = nil }, simtest.Day, nil},
		{"one that was open when the stack was made isn't", nil, func(w *world.WindowSpec) { w.Executions = hours(-1, 36) }, simtest.Day, []int{36}},
		{"a window without a task isn't", nil, func(w *world.WindowSpec) { w.Tasks = nil }, simtest.Day, nil},
		{"one whose task does something else isn't", nil, func(w *world.WindowSpec) { w.Tasks[0].Document = "AWS-UpdateSSMAgent" }, simtest.Day, nil},
		{"one that only scans isn't", nil, func(w *world.WindowSpec) { w.Tasks = []report.Task{scan} }, simtest.Day, nil},
		{"one that scans and installs is", nil, func(w *world.WindowSpec) { w.Tasks = append(w.Tasks, scan) }, simtest.Day, []int{36, 204}},
		{"one that only scans is, if the parameters name it", map[string]string{"PatchWindowIds": simtest.Window},
			func(w *world.WindowSpec) { w.Tasks = []report.Task{scan} }, simtest.Day, []int{36, 204}},
		{"a disabled one isn't, even if the parameters name it", map[string]string{"PatchWindowIds": simtest.Window},
			func(w *world.WindowSpec) { w.Disabled = true }, simtest.Day, nil},
		{"a window whose name begins as the parameters say is", map[string]string{"PatchWindowPrefix": "web-"}, nil, simtest.Day, []int{36, 204}},
		{"one whose name doesn't isn't", map[string]string{"PatchWindowPrefix": "db-"}, func(w *world.WindowSpec) {
			w.Name = "db-patches"
			w.Disabled = true
		}, simtest.Day, nil},
	}) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := simtest.Patched(t, 2, c.parameters, nil)
			if c.change != nil {
				f.ChangeWindow(simtest.Window, c.change)
			}
			f.Advance(10 * simtest.Day)
			simtest.Quiet(t, f)
			notes := simtest.Sent(f)
			if len(notes) != len(c.want) {
				t.Fatalf("%d reports were sent, want those of %v", len(notes), c.want)
			}
			before := sim.Began.Add(-time.Hour)
			for n, note := range notes {
				opening := sim.Began.Add(time.Duration(c.want[n]) * time.Hour)
				due := opening.Add(-c.lead) // or, if that is later, when the one before has settled
				if due.Before(before) {
					due = before
				}
				if m := parsed(t, notes[n:n+1]); !m.Window.Opens.Equal(opening) || m.Phase != "before" {
					t.Errorf("report %d is about %s (%s), want %s", n+1, m.Window.Opens, m.Phase, opening)
				}
				if note.At.Before(due) || note.At.After(due.Add(2*time.Hour+10*time.Minute)) ||
					!note.At.Before(opening) {
					t.Errorf("report %d was sent at %s; it was due at %s", n+1, note.At, due)
				}
				before = opening.Add(90*time.Minute + 30*time.Minute) // it takes half of the three hours
			}
		})
	}
}

// tick asks as the schedule does, at this hour.
func tick(t *testing.T, f *sim.Fleet, more simtest.All) string {
	t.Helper()
	event := simtest.All{"scheduled": f.Now().Format(time.RFC3339)}
	for name, value := range more {
		event[name] = value
	}
	reports := simtest.Survey(t, f, event)["reports"].([]any)
	if len(reports) != 1 {
		t.Fatalf("the answer is about %d windows: %v", len(reports), reports)
	}
	return reports[0].(map[string]any)["status"].(string)
}

func TestALeadThatIsChangedDoesntRepeatAReport(t *testing.T) {
	f := simtest.Patched(t, 2, simtest.ByHand(), nil)
	simtest.Holds(t, tick(t, f, simtest.All{"lead": "24h"}), "not due")
	simtest.Holds(t, tick(t, f, simtest.All{"lead": "37h"}), "begun")
	for _, lead := range []string{"38h", "24h", "2h"} {
		f.Advance(11 * time.Hour)
		if status := tick(t, f, simtest.All{"lead": lead}); strings.Contains(status, "begun") {
			t.Errorf("with the lead %s it was begun again", lead)
		}
	}
	simtest.Only(t, f)
	simtest.Quiet(t, f)
}

func TestAMovedWindowIsReportedForItsNewTimeAlone(t *testing.T) {
	f := simtest.Patched(t, 2, nil, nil)
	f.Advance(14 * time.Hour)
	f.ChangeWindow(simtest.Window, func(w *world.WindowSpec) { w.Executions = hours(40) })
	f.Advance(4 * time.Hour)
	f.ChangeWindow(simtest.Window, func(w *world.WindowSpec) { w.Executions = hours(36) })
	f.Advance(40 * time.Hour)
	notes := simtest.Sent(f)
	if len(notes) != 2 {
		t.Fatalf("%d reports were sent, want one for each time", len(notes))
	}
	simtest.Holds(t, notes[0].Text, "2026-01-06T14:00:00Z")
	simtest.Holds(t, notes[1].Text, "2026-01-06T18:00:00Z")
	simtest.Quiet(t, f)
}

func TestAWindowThatHasOpenedIsNotReportedAnyMore(t *testing.T) {
	f := simtest.Patched(t, 2, simtest.ByHand(), nil)
	f.Advance(simtest.Opens - time.Minute)
	f.Advance(time.Minute) // its next execution is now that of next week
	simtest.Holds(t, tick(t, f, nil), "not due")
	f.Advance(simtest.Day)
	if n := len(simtest.Sent(f)); n > 0 {
		t.Errorf("%d reports were sent", n)
	}
	simtest.Quiet(t, f)
}

func TestAReportBegunMinutesBeforeTheOpeningIsSentBeforeIt(t *testing.T) {
	f := simtest.Patched(t, 300, simtest.ByHand(), nil)
	f.Advance(simtest.Opens - 5*time.Minute)
	simtest.Holds(t, tick(t, f, nil), "begun")
	f.Advance(3 * time.Hour)
	if at := simtest.Only(t, f).At; !at.Before(sim.Began.Add(simtest.Opens)) {
		t.Errorf("it was sent at %s", at)
	}
	if m := parsed(t, simtest.Sent(f)); m.Totals.Instances != 300 {
		t.Errorf("it is about %d instances", m.Totals.Instances)
	}
}

func TestAWindowDeletedAfterTheSurveyEndsItsReport(t *testing.T) {
	for _, c := range []struct {
		name  string
		after time.Duration
		want  int // instances
	}{{"before its targets were read", 0, 0}, {"while its instances are scanned", 600 * time.Millisecond, 10}} {
		t.Run(c.name, func(t *testing.T) {
			f := simtest.Patched(t, 10, simtest.ByHand(), nil)
			simtest.Survey(t, f, simtest.All{"windowIds": []string{simtest.Window}})
			f.Advance(c.after)
			f.DeleteWindow(simtest.Window)
			simtest.Reported(t, f, 2*time.Hour)
			if m := parsed(t, simtest.Sent(f)); m.Totals.Instances != c.want {
				t.Errorf("it is about %d instances, want %d", m.Totals.Instances, c.want)
			}
			simtest.Quiet(t, f)
		})
	}
}

// A schedule of an operator's may ask for instances: each time that it fires is one report, however often it is
// delivered.
func TestAScheduledReportOfTagsIsMadeOnceEachTime(t *testing.T) {
	f := simtest.Patched(t, 2, simtest.ByHand(), nil)
	fires := func(asked simtest.All) {
		at := f.Now().Format(time.RFC3339)
		event := simtest.All{
			"id":        "arn:aws:scheduler:us-east-1:123456789012:schedule/default/quickstep-web-patches/" + at,
			"scheduled": at,
		}
		maps.Copy(event, asked)
		for range 3 { // delivered again while it is read, and after
			text, err := json.Marshal(event)
			if err != nil {
				t.Fatal(err)
			}
			f.InvokeAsync("survey", text)
			f.Advance(40 * time.Minute)
		}
	}
	for week := 1; week <= 2; week++ {
		fires(simtest.All{"tags": simtest.All{"Role": "web"}})
		if n := len(simtest.Sent(f)); n != week {
			t.Fatalf("%d reports in week %d", n, week)
		}
		if m := parsedOne(t, simtest.Sent(f)[week-1]); m.Phase != "now" || m.Window != nil || m.Totals.Instances != 2 {
			t.Errorf("week %d: the report is %s of %d instances", week, m.Phase, m.Totals.Instances)
		}
		f.Advance(7 * simtest.Day)
	}
	simtest.Quiet(t, f)
	fires(simtest.All{"tags": simtest.All{"Role": ""}})
	simtest.Told(t, f, "alarm", "scheduled patch reports refused", "tags")
	fires(simtest.All{"tags": simtest.All{"Role": "nobody"}})
	simtest.Told(t, f, "report", "no instance to patch")
	if n := len(simtest.Sent(f)); n != 3 {
		t.Errorf("%d reports in the end", n)
	}
}
