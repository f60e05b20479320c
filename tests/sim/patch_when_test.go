package sim_test

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"quickstep/shared/patch"
	"quickstep/tests/sim"
	"quickstep/tests/world"
)

func hours(of ...int) (all []time.Time) {
	for _, h := range of {
		all = append(all, sim.Began.Add(time.Duration(h)*time.Hour))
	}
	return all
}

// Each case runs the hourly schedule for ten days; want are the openings that are reported, in hours from sim.Began.
func TestTheScheduleReportsEachExecutionOnceAndInTime(t *testing.T) {
	scan := patch.Task{Document: "AWS-RunPatchBaseline", Operation: "Scan", Targets: install().Targets}
	for _, c := range some([]struct {
		name       string
		parameters map[string]string
		change     func(w *world.WindowSpec)
		lead       time.Duration
		want       []int
	}{
		{"every execution is reported a day before", nil, nil, day, []int{36, 204}},
		{"the lead can be longer", map[string]string{"PatchLead": "72h"}, nil, 72 * time.Hour, []int{36, 204}},
		{"or shorter", map[string]string{"PatchLead": "2h"}, nil, 2 * time.Hour, []int{36, 204}},
		{"a window that opens more often than the lead is reported as soon as it is the next", nil,
			func(w *world.WindowSpec) { w.Executions = hours(36, 42, 48, 54) }, day, []int{36, 42, 48, 54}},
		{"a disabled window isn't reported", nil, func(w *world.WindowSpec) { w.Disabled = true }, day, nil},
		{"a window that won't open again isn't", nil, func(w *world.WindowSpec) { w.Executions = nil }, day, nil},
		{"one that was open when the stack was made isn't", nil, func(w *world.WindowSpec) { w.Executions = hours(-1, 36) }, day, []int{36}},
		{"a window without a task isn't", nil, func(w *world.WindowSpec) { w.Tasks = nil }, day, nil},
		{"one whose task does something else isn't", nil, func(w *world.WindowSpec) { w.Tasks[0].Document = "AWS-RunShellScript" }, day, nil},
		{"one that only scans isn't", nil, func(w *world.WindowSpec) { w.Tasks = []patch.Task{scan} }, day, nil},
		{"one that scans and installs is", nil, func(w *world.WindowSpec) { w.Tasks = append(w.Tasks, scan) }, day, []int{36, 204}},
		{"one that only scans is, if the parameters name it", map[string]string{"PatchWindowIds": window},
			func(w *world.WindowSpec) { w.Tasks = []patch.Task{scan} }, day, []int{36, 204}},
		{"a disabled one isn't, even if the parameters name it", map[string]string{"PatchWindowIds": window},
			func(w *world.WindowSpec) { w.Disabled = true }, day, nil},
		{"a window whose name begins as the parameters say is", map[string]string{"PatchWindowPrefix": "web-"}, nil, day, []int{36, 204}},
		{"one whose name doesn't isn't", map[string]string{"PatchWindowPrefix": "db-"}, func(w *world.WindowSpec) {
			w.Name = "db-patches"
			w.Disabled = true
		}, day, nil},
	}) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := patched(t, 2, c.parameters, nil)
			if c.change != nil {
				f.ChangeWindow(window, c.change)
			}
			f.Advance(10 * day)
			quiet(t, f)
			notes := sent(f)
			if len(notes) != len(c.want) {
				t.Fatalf("%d reports were sent, want those of %v", len(notes), c.want)
			}
			before := sim.Began.Add(-time.Hour)
			for n, note := range notes {
				opening := sim.Began.Add(time.Duration(c.want[n]) * time.Hour)
				due := opening.Add(-c.lead) // or, if that is later, when the one before has opened
				if due.Before(before) {
					due = before
				}
				if m := parsed(t, notes[n:n+1]); !m.Window.Opens.Equal(opening) || m.Phase != "before" {
					t.Errorf("report %d is about %s (%s), want %s", n+1, m.Window.Opens, m.Phase, opening)
				}
				if note.At.Before(due) || note.At.After(due.Add(2*time.Hour)) || !note.At.Before(opening) {
					t.Errorf("report %d was sent at %s; it was due at %s", n+1, note.At, due)
				}
				before = opening
			}
		})
	}
}

// tick asks as the schedule does, at this hour.
func tick(t *testing.T, f *sim.Fleet, more all) string {
	t.Helper()
	event := all{"scheduled": f.Now().Format(time.RFC3339)}
	for name, value := range more {
		event[name] = value
	}
	reports := survey(t, f, event)["reports"].([]any)
	if len(reports) != 1 {
		t.Fatalf("the answer is about %d windows: %v", len(reports), reports)
	}
	return reports[0].(map[string]any)["status"].(string)
}

func TestALeadThatIsChangedDoesntRepeatAReport(t *testing.T) {
	f := patched(t, 2, byHand(), nil)
	holds(t, tick(t, f, all{"lead": "24h"}), "not due")
	holds(t, tick(t, f, all{"lead": "37h"}), "begun")
	for _, lead := range []string{"38h", "24h", "2h"} {
		f.Advance(11 * time.Hour)
		if status := tick(t, f, all{"lead": lead}); strings.Contains(status, "begun") {
			t.Errorf("with the lead %s it was begun again", lead)
		}
	}
	only(t, f)
	quiet(t, f)
}

func TestAWindowThatIsMovedIsReportedForItsNewTimeAndNotAgainForTheOld(t *testing.T) {
	f := patched(t, 2, nil, nil)
	f.Advance(14 * time.Hour)
	f.ChangeWindow(window, func(w *world.WindowSpec) { w.Executions = hours(40) })
	f.Advance(4 * time.Hour)
	f.ChangeWindow(window, func(w *world.WindowSpec) { w.Executions = hours(36) })
	f.Advance(40 * time.Hour)
	notes := sent(f)
	if len(notes) != 2 {
		t.Fatalf("%d reports were sent, want one for each time", len(notes))
	}
	holds(t, notes[0].Text, "2026-01-06T14:00:00Z")
	holds(t, notes[1].Text, "2026-01-06T18:00:00Z")
	quiet(t, f)
}

func TestAWindowThatHasOpenedIsNotReportedAnyMore(t *testing.T) {
	f := patched(t, 2, byHand(), nil)
	f.Advance(opens - time.Minute)
	f.Advance(time.Minute) // its next execution is now that of next week
	holds(t, tick(t, f, nil), "not due")
	f.Advance(day)
	if n := len(sent(f)); n > 0 {
		t.Errorf("%d reports were sent", n)
	}
	quiet(t, f)
}

func TestAReportThatIsBegunMinutesBeforeItsWindowOpensIsSentBefore(t *testing.T) {
	f := patched(t, 300, byHand(), nil)
	f.Advance(opens - 5*time.Minute)
	holds(t, tick(t, f, nil), "begun")
	f.Advance(3 * time.Hour)
	if at := only(t, f).At; !at.Before(sim.Began.Add(opens)) {
		t.Errorf("it was sent at %s", at)
	}
	if m := parsed(t, sent(f)); m.Totals.Instances != 300 {
		t.Errorf("it is about %d instances", m.Totals.Instances)
	}
}

func TestAWindowThatIsDeletedAfterTheSurveyEndsItsReportAllTheSame(t *testing.T) {
	for _, c := range []struct {
		name  string
		after time.Duration
		want  int // instances
	}{{"before its targets were read", 0, 0}, {"while its instances are scanned", 600 * time.Millisecond, 10}} {
		t.Run(c.name, func(t *testing.T) {
			f := patched(t, 10, byHand(), nil)
			survey(t, f, all{"windowIds": []string{window}})
			f.Advance(c.after)
			f.DeleteWindow(window)
			reported(t, f, 2*time.Hour)
			if m := parsed(t, sent(f)); m.Totals.Instances != c.want {
				t.Errorf("it is about %d instances, want %d", m.Totals.Instances, c.want)
			}
			quiet(t, f)
		})
	}
}

// A schedule of an operator's may ask for instances: each time that it fires is one report, however often it is delivered.
func TestAScheduledReportOfTagsIsMadeOnceEachTime(t *testing.T) {
	f := patched(t, 2, byHand(), nil)
	fires := func(asked all) {
		at := f.Now().Format(time.RFC3339)
		event := all{"id": "arn:aws:scheduler:us-east-1:123456789012:schedule/default/quickstep-web-patches/" + at, "scheduled": at}
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
		fires(all{"tags": all{"Role": "web"}})
		if n := len(sent(f)); n != week {
			t.Fatalf("%d reports in week %d", n, week)
		}
		if m := parsedOne(t, sent(f)[week-1]); m.Phase != "now" || m.Window != nil || m.Totals.Instances != 2 {
			t.Errorf("week %d: the report is %s of %d instances", week, m.Phase, m.Totals.Instances)
		}
		f.Advance(7 * day)
	}
	quiet(t, f)
	fires(all{"tags": all{"Role": ""}})
	told(t, f, "alarm", "scheduled patch reports refused", "tags")
	fires(all{"tags": all{"Role": "nobody"}})
	told(t, f, "report", "no instance to patch")
	if n := len(sent(f)); n != 3 {
		t.Errorf("%d reports in the end", n)
	}
}
