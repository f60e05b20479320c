package patch_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"quickstep/tests/sim/simtest"

	"quickstep/tests/sim"
	"quickstep/tests/world"
)

// cancelled is what control answers when it is asked to cancel a report.
type cancelled struct {
	Did     string
	Runs    []any
	Reports []underWay
}

// tryCancel asks control to cancel a report.
func tryCancel(t *testing.T, f *sim.Fleet, id string) (reply cancelled, err error) {
	t.Helper()
	answer, err := f.Call("control", simtest.All{"command": "cancel", "report": id})
	if err != nil {
		return reply, err
	}
	text, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	return reply, json.Unmarshal(text, &reply)
}

// cancel cancels a report.
func cancel(t *testing.T, f *sim.Fleet, id string) cancelled {
	t.Helper()
	reply, err := tryCancel(t, f, id)
	if err != nil {
		t.Fatal(err)
	}
	return reply
}

// begin asks for a report of the window, and gives its id.
func begin(t *testing.T, f *sim.Fleet, more simtest.All) string {
	t.Helper()
	event := simtest.All{"windowIds": []string{simtest.Window}}
	for name, value := range more {
		event[name] = value
	}
	return simtest.Survey(t, f, event)["reports"].([]any)[0].(map[string]any)["report"].(string)
}

// Each case cancels a report somewhere on its way; nothing is mailed, and nothing of it is left.
func TestAReportThatIsCancelledIsNotMailed(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(f *sim.Fleet)
		after time.Duration
	}{
		{"before its instances are found", nil, 0},
		{"while its instances are read", func(f *sim.Fleet) { f.PatchRate = 0.05 }, 2 * time.Minute},
		{"while it can't be put together", func(f *sim.Fleet) {
			f.Throttled = func(function string) bool { return function == "report" }
		}, 5 * time.Minute},
		{"while the topic takes nothing", func(f *sim.Fleet) {
			f.Refuse = func(op world.Op) error {
				return map[bool]error{true: errDenied}[op.Name == "Announce"]
			}
		}, 5 * time.Minute},
		{"while its window can't be read, and people know", func(f *sim.Fleet) {
			f.Refuse = func(op world.Op) error {
				return map[bool]error{true: errDenied}[op.Function == "survey" && op.Name == "Targets"]
			}
		}, 20 * time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := simtest.Patched(t, 5, simtest.ByHand(), nil)
			if c.spoil != nil {
				c.spoil(f)
			}
			id := begin(t, f, nil)
			f.Advance(c.after)
			mailed := len(f.Published("report")) + len(f.Published("alarm"))
			reply := cancel(t, f, id)
			simtest.Holds(t, reply.Did, "cancelled: nothing more of it is mailed")
			if r := reply.Reports; len(r) != 1 || r[0].Report != id || r[0].Ended.IsZero() ||
				!strings.Contains(r[0].Reason, "cancelled by an operator") {
				t.Errorf("it stands as %+v", r)
			}
			f.PatchRate, f.Throttled, f.Refuse = 0, nil, nil
			f.Advance(simtest.Day)
			if n := len(f.Published("report")) + len(f.Published("alarm")); n != mailed {
				t.Errorf("%d messages were mailed after it was cancelled", n-mailed)
			}
			if n := len(f.Docs("REPORTS")); n != 0 {
				t.Errorf("%d reports are under way", n)
			}
			simtest.Settled(t, f)
			again := cancel(t, f, id)
			simtest.Holds(t, again.Did, "nothing to do: the report was cancelled at")
		})
	}
}

// A second report that waits is a report of its own.
func TestASecondReportIsCancelledByItself(t *testing.T) {
	f := simtest.Patched(t, 2, simtest.ByHand(), nil)
	id := begin(t, f, simtest.All{"after": true})
	f.Advance(10 * time.Minute)
	simtest.Holds(t, cancel(t, f, id+"-after").Did, "cancelled")
	f.Advance(3 * simtest.Day)
	if m := parsedOne(t, simtest.Only(t, f)); m.Phase != "before" {
		t.Errorf("the only report is %s", m.Phase)
	}
	simtest.Quiet(t, f)
}

// The first report's cancelling leaves its second one alone, which says that there was no first.
func TestASecondReportOutlivesItsFirst(t *testing.T) {
	f := simtest.Patched(t, 3, simtest.ByHand(), nil)
	f.PatchRate = 0.01
	id := begin(t, f, simtest.All{"after": true})
	f.Advance(2 * time.Minute)
	simtest.Holds(t, cancel(t, f, id).Did, id+"-after")
	f.PatchRate = 0
	f.Advance(3 * simtest.Day)
	note := simtest.Only(t, f)
	if m := parsedOne(t, note); m.Phase != "after" || len(m.each()) != 3 {
		t.Errorf("the report (%s) tells of %v", m.Phase, m.each())
	}
	simtest.Quiet(t, f)
}

// What a schedule asks for isn't begun again after somebody has cancelled it; what a person asks is.
func TestAReportThatWasCancelledIsNotBegunAgainByTheSchedule(t *testing.T) {
	f := simtest.Patched(t, 2, nil, nil)
	f.Throttled = func(function string) bool { return function == "scan" }
	if err := f.Run(func() bool { return len(f.Docs("REPORTS")) == 1 }, 2*simtest.Day); err != nil {
		t.Fatal(err)
	}
	id := f.Docs("REPORTS")[0].SK
	cancel(t, f, id)
	f.Throttled = nil
	f.Advance(5 * time.Hour)
	if n := len(simtest.Sent(f)); n > 0 {
		t.Errorf("%d reports were sent", n)
	}
	simtest.Holds(t, tick(t, f, nil), "cancelled at ")
	begin(t, f, nil)
	f.Advance(time.Hour)
	simtest.Only(t, f)
	simtest.Quiet(t, f)
}

func TestAReportThatCannotBeCancelledSaysWhy(t *testing.T) {
	f := simtest.Patched(t, 2, simtest.ByHand(), nil)
	throttled := true // the alarm topic, which is told of a gap after the report is out
	f.Fault = func(op world.Op) world.Fault {
		return map[bool]world.Fault{true: world.Throttle}[throttled && op.Name == "Publish"]
	}
	f.Refuse = func(op world.Op) error {
		return map[bool]error{true: errDenied}[op.Name == "Patches" && op.Subject == sim.ID(1)]
	}
	id := begin(t, f, nil)
	f.Advance(5 * time.Minute)
	if _, err := tryCancel(t, f, id); err == nil || !strings.HasPrefix(err.Error(), "report: ") ||
		!strings.Contains(err.Error(), "is being sent: 1 of 2 messages") {
		t.Errorf("while it is being sent: %v", err)
	}
	throttled = false
	f.Advance(2 * time.Hour)
	simtest.Only(t, f)
	simtest.Holds(t, cancel(t, f, id).Did, "nothing to do: the report was sent at 2026-")
	for _, c := range []struct{ name, command, field, want string }{
		{"one that nobody knows", `{"command":"cancel","report":"mw-0123456789abcdef0-20260105T1400Z"}`, "report",
			`there is no report "mw-0123456789abcdef0-20260105T1400Z"`},
		{"neither run nor report", `{"command":"cancel"}`, "run", "name the run or the report"},
		{"both", `{"command":"cancel","run":"web","report":"` + id + `"}`, "report", "both"},
		{"a report to be paused", `{"command":"pause","report":"` + id + `"}`, "report", "pause takes none"},
		{"an id that none can have", `{"command":"cancel","report":"*"}`, "report", ""},
		{"the status of one that nobody knows", `{"command":"status","report":"x"}`, "report", "there is no report"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, err := f.Invoke(t.Context(), "control", json.RawMessage(c.command))
			if err == nil || !strings.Contains(err.Error(), c.field+": ") || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s, %v; want %s: %q", out, err, c.field, c.want)
			}
		})
	}
}

// An operator who asks twice, or whose answer is lost, has cancelled it once.
func TestACancellingWhoseAnswerIsLostHasHappened(t *testing.T) {
	f := simtest.Patched(t, 2, simtest.ByHand(), nil)
	f.PatchRate = 0.001
	id := begin(t, f, nil)
	f.Advance(time.Minute)
	n := 0
	f.Fault = func(op world.Op) world.Fault {
		if op.Function == "control" && op.Name == "Write" && n == 0 {
			n++
			return world.ReplyLost
		}
		return world.None
	}
	simtest.Holds(t, cancel(t, f, id).Did, "cancelled")
	f.Fault = nil
	f.Advance(simtest.Day)
	if len(simtest.Sent(f)) > 0 || n != 1 {
		t.Errorf("%d reports were sent", len(simtest.Sent(f)))
	}
	simtest.Quiet(t, f)
}

// Whoever works on the report at that moment loses it.
func TestACancelledReportStopsWhoeverWorksOnIt(t *testing.T) {
	for _, at := range []string{"Targets", "States", "Patches"} {
		t.Run(at, func(t *testing.T) {
			f := simtest.Patched(t, 3, simtest.ByHand(), nil)
			var id string
			done := false
			f.AfterEffect = func(op world.Op) {
				if op.Name == at && !done {
					done = true
					f.After(0, func() { cancel(t, f, id) })
				}
			}
			f.Pace = func(world.Op) time.Duration { return time.Second }
			id = begin(t, f, nil)
			f.Advance(3 * time.Hour)
			if n := len(simtest.Sent(f)); n > 0 || !done {
				t.Errorf("%d reports were sent; cancelled %t", n, done)
			}
			simtest.Quiet(t, f)
		})
	}
}

// secondOf asks for the second report of a first.
func secondOf(t *testing.T, f *sim.Fleet, first string, more simtest.All) map[string]any {
	t.Helper()
	event := simtest.All{"first": first}
	for name, value := range more {
		event[name] = value
	}
	return simtest.Survey(t, f, event)["reports"].([]any)[0].(map[string]any)
}

func TestASecondReportCanBeAskedForAfterTheOpening(t *testing.T) {
	for _, c := range []struct {
		name     string
		at, sent time.Duration // after the opening
	}{
		{"while the window is open", time.Hour, 3*time.Hour + 30*time.Minute},
		{"when it has closed", 4 * time.Hour, 4 * time.Hour},
		{"a week later", 7 * simtest.Day, 7 * simtest.Day},
		{"as long as the first is kept", 85 * simtest.Day, 85 * simtest.Day},
		{"before the opening", -time.Hour, 3*time.Hour + 30*time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := simtest.Patched(t, 3, nil, nil)
			f.Advance(simtest.Opens - time.Hour)
			first := parsedOne(t, simtest.Only(t, f))
			f.At(sim.Began.Add(simtest.Opens+time.Hour), func() { outcome(f) })
			f.ChangeWindow(simtest.Window, func(w *world.WindowSpec) { w.Executions = w.Executions[:1] })
			if c.at > simtest.Day {
				sleep(f, sim.Began.Add(simtest.Opens+c.at))
			} else {
				f.Advance(c.at + time.Hour)
			}
			answer := secondOf(t, f, first.Report, nil)
			if answer["status"] != "begun" || answer["window"] != simtest.Window {
				t.Errorf("the answer is %v", answer)
			}
			f.Advance(5 * time.Hour)
			notes := simtest.Sent(f)
			if len(notes) != 2 {
				t.Fatalf("%d reports were sent, want two", len(notes))
			}
			m := parsedOne(t, notes[1])
			if m.Phase != "after" || m.First != first.Report || m.Report != answer["report"] ||
				m.Totals.Found["installed"] == 0 {
				t.Errorf("%s of %s, found %v", m.Phase, m.First, m.Totals.Found)
			}
			due := sim.Began.Add(simtest.Opens + c.sent)
			if at := notes[1].At; at.Before(due) || at.After(due.Add(10*time.Minute)) {
				t.Errorf("it was sent at %s, want %s", at, due)
			}
			simtest.Quiet(t, f)
		})
	}
}

// A second report that saw nothing is asked for again when the window has done something.
func TestASecondReportCanBeAskedForAsOftenAsSomebodyWants(t *testing.T) {
	f := simtest.Patched(t, 2, map[string]string{"PatchAfter": "true"}, nil)
	f.Advance(simtest.Opens + 5*time.Hour)
	first := parsedOne(t, simtest.Sent(f)[0]).Report
	outcome(f)
	a := secondOf(t, f, first, simtest.All{"id": "once"})
	b := secondOf(t, f, first, simtest.All{"id": "once"})
	c := secondOf(t, f, first, simtest.All{"id": "again"})
	if a["report"] != b["report"] || b["status"] == "begun" || c["report"] == a["report"] {
		t.Errorf("%v, %v, %v", a, b, c)
	}
	f.Advance(time.Hour)
	if n := len(simtest.Sent(f)); n != 4 {
		t.Errorf("%d reports were sent, want the schedule's two and two more", n)
	}
	simtest.Quiet(t, f)
}

func TestASecondReportThatCannotBeAskedForSaysWhy(t *testing.T) {
	f := simtest.Patched(t, 2, simtest.ByHand(), nil)
	now := simtest.Survey(t, f, simtest.All{"instanceIds": []string{sim.ID(1)}})["reports"].([]any)[0]
	named := now.(map[string]any)["report"].(string)
	id := begin(t, f, simtest.All{"after": true})
	f.Advance(simtest.Opens + 5*time.Hour)
	f.ChangeWindow(simtest.Window, func(w *world.WindowSpec) { w.Executions = nil })
	unopened := begin(t, f, nil)
	for _, c := range []struct{ name, request, field, want string }{
		{"nobody knows the first", `{"first":"mw-0123456789abcdef0-20250105T1400Z"}`, "first", "there is no report"},
		{"it is of instances", `{"first":"` + named + `"}`, "first", "isn't of a maintenance window"},
		{"it is a second one itself", `{"first":"` + id + `-after"}`, "first", "is a second report itself"},
		{"its window wasn't going to open", `{"first":"` + unopened + `"}`, "first", "wasn't going to open"},
		{"a window is named too", `{"first":"` + id + `","windowIds":["` + simtest.Window + `"]}`, "first", "together"},
		{"tags are named too", `{"first":"` + id + `","tags":{"Role":"web"}}`, "first|tags", ""},
		{"a lead", `{"first":"` + id + `","lead":"24h"}`, "lead", "leave it out"},
		{"after", `{"first":"` + id + `","after":true}`, "after", "leave it out"},
		{"no id", `{"first":""}`, "first", ""},
		{"a number", `{"first":7}`, "first", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, err := f.Invoke(t.Context(), "survey", json.RawMessage(c.request))
			if err == nil || !slices.ContainsFunc(strings.Split(c.field, "|"),
				func(field string) bool { return strings.Contains(err.Error(), field+": ") }) ||
				!strings.Contains(err.Error(), c.want) {
				t.Errorf("%s, %v; want %s: %q", out, err, c.field, c.want)
			}
		})
	}
}

// A Region without windows isn't one in which nothing is missing.
func TestASurveyByHandOfARegionWithoutWindowsSaysSo(t *testing.T) {
	f := simtest.Patched(t, 2, simtest.ByHand(), nil)
	f.DeleteWindow(simtest.Window)
	answer := simtest.Survey(t, f, simtest.All{})
	note, _ := answer["note"].(string)
	simtest.Holds(t, note, "this Region has no maintenance window", "instanceIds or tags")
	if reports := answer["reports"].([]any); len(reports) > 0 {
		t.Errorf("%v", reports)
	}
	f.AddWindow(simtest.Ordinary())
	f.ChangeWindow(simtest.Window, func(w *world.WindowSpec) { w.Disabled = true })
	note, _ = simtest.Survey(t, f, simtest.All{})["note"].(string)
	simtest.Holds(t, note, "every maintenance window of this Region is disabled")
	f.ChangeWindow(simtest.Window, func(w *world.WindowSpec) { w.Disabled = false })
	if answer := simtest.Survey(t, f, simtest.All{}); answer["note"] != nil {
		t.Errorf("%v", answer)
	}
}
