package patch_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"quickstep/tests/sim/simtest"

	"quickstep/shared/report"
	"quickstep/tests/sim"
	"quickstep/tests/world"
)

// openings are n openings of a window, the first at Opens.
func openings(period time.Duration, n int) (all []time.Time) {
	for k := range n {
		all = append(all, sim.Began.Add(simtest.Opens+time.Duration(k)*period))
	}
	return all
}

// recurring is a window that opens twice, with a task that takes long, and a fleet of two.
func recurring(
	t *testing.T, parameters map[string]string, period, takes time.Duration, change func(w *world.WindowSpec),
) *sim.Fleet {
	t.Helper()
	f := simtest.Patched(t, 2, parameters, nil)
	f.ChangeWindow(simtest.Window, func(w *world.WindowSpec) {
		w.Executions, w.Takes = openings(period, 2), takes
		if change != nil {
			change(w)
		}
	})
	return f
}

// opening is when the nth opening is, from 0.
func opening(period time.Duration, n int) time.Time { return openings(period, n+1)[n] }

const notOver = "previous not over"

// A window moves its next execution on as soon as one begins. What that one still installs isn't what
// the next one is going to.
func TestAFirstReportWaitsForThePreviousExecution(t *testing.T) {
	day, week := simtest.Day, 7*simtest.Day
	for _, c := range simtest.Some([]struct {
		name          string
		parameters    map[string]string
		period, takes time.Duration
		change        func(w *world.WindowSpec)
		// after is when the second report of all is due, from the first opening; late, how much later
		// it may be sent: an hour is the schedule's.
		after, late time.Duration
	}{
		{"daily, and it takes as long as the window is open", nil, day, 3 * time.Hour, nil,
			3*time.Hour + 30*time.Minute, time.Hour},
		{"weekly, with a lead of a week", map[string]string{"PatchLead": "168h"}, week, 3 * time.Hour, nil,
			3*time.Hour + 30*time.Minute, time.Hour},
		{"weekly, with a lead of two weeks", map[string]string{"PatchLead": "336h"}, week, 3 * time.Hour, nil,
			3*time.Hour + 30*time.Minute, time.Hour},
		{"daily, and it ends early", nil, day, 40 * time.Minute, nil,
			70 * time.Minute, time.Hour},
		{"daily, and its tasks continue after the window has closed", nil, day, 5 * time.Hour, nil,
			5*time.Hour + 30*time.Minute, time.Hour},
		{"daily, and the execution is listed minutes after it has begun", nil, day, 3 * time.Hour,
			func(w *world.WindowSpec) { w.Unlisted = 3 * time.Minute }, 3*time.Hour + 30*time.Minute, time.Hour},
		{"daily, and the window is open for 22 hours", nil, day, 22 * time.Hour,
			func(w *world.WindowSpec) { w.Hours = 22 }, 22*time.Hour + 30*time.Minute, time.Hour},
		{"twice a day, and a lead of two hours, which is later", map[string]string{"PatchLead": "2h"},
			12 * time.Hour, 3 * time.Hour, nil, 10 * time.Hour, time.Hour + 5*time.Minute},
	}) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := recurring(t, c.parameters, c.period, c.takes, c.change)
			first := opening(c.period, 0)
			f.At(first.Add(c.takes*9/10), func() { // until then what was announced is missing
				for n := range 2 {
					f.SetPatches(sim.ID(n+1), &report.State{Baseline: "pb-1", Operation: "Install", Ended: f.Now()},
						[]report.Patch{thing("later", report.Missing, time.Time{})})
				}
			})
			f.Advance(opening(c.period, 1).Sub(f.Now()))
			notes := simtest.Sent(f)
			if len(notes) != 2 {
				t.Fatalf("%d reports were sent, want two", len(notes))
			}
			due, at := first.Add(c.after), notes[1].At
			if at.Before(due) || at.After(due.Add(c.late)) {
				t.Errorf("the second was sent %s after the first opening, want %s to %s",
					at.Sub(first), c.after, c.after+c.late)
			}
			simtest.Holds(t, notes[0].Subject, "4 patches for 2 of 2")
			simtest.Holds(t, notes[1].Subject, "1 patch for 2 of 2")
			for _, n := range notes {
				if strings.Contains(n.Subject+n.Text, "previous") {
					t.Errorf("the previous execution was over, and it says\n%s\n%s", n.Subject, n.Text)
				}
			}
			simtest.Quiet(t, f)
		})
	}
}

// An hour before the opening there is no time left to wait for an execution that isn't over.
func TestAFirstReportThatCannotWaitSaysThatThePreviousExecutionIsNotOver(t *testing.T) {
	for _, c := range []struct {
		name   string
		takes  time.Duration
		before time.Duration // the opening: when it is made
		says   bool          // in the subject
	}{
		{"it is still running an hour before the opening", 23*time.Hour + 50*time.Minute, time.Hour, true},
		{"it will even be running at the opening", 30 * time.Hour, time.Hour, true},
		{"it ended a quarter of an hour ago", 22*time.Hour + 45*time.Minute, time.Hour, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := recurring(t, nil, simtest.Day, c.takes, func(w *world.WindowSpec) { w.Hours = 24 })
			second := opening(simtest.Day, 1)
			f.Advance(second.Sub(f.Now()))
			notes := simtest.Sent(f)
			if len(notes) != 2 {
				t.Fatalf("%d reports were sent, want two", len(notes))
			}
			due := second.Add(-c.before)
			if at := notes[1].At; at.Before(due) || at.After(due.Add(30*time.Minute)) {
				t.Errorf("it was sent %s before the opening, want %s at most", second.Sub(at), c.before)
			}
			if strings.Contains(notes[1].Subject, notOver) != c.says {
				t.Errorf("its subject is %q", notes[1].Subject)
			}
			m := parsedOne(t, notes[1])
			if m.Previous == nil || m.Previous.Over == c.says ||
				m.Previous.Started.Sub(opening(simtest.Day, 0)).Abs() > time.Minute {
				t.Errorf("for machines the previous execution is %+v", m.Previous)
			}
			simtest.Holds(t, notes[1].Text, map[bool]string{
				true:  "the window's previous execution, of 2026-01-06T14:00:07Z, isn't over",
				false: "the window's previous execution ended only at 2026-01-07T12:45:00Z",
			}[c.says])
			simtest.Quiet(t, f)
		})
	}
}

// What the next one is going to install is told after what the last one has.
func TestTheNextFirstReportNeverComesBeforeTheSecond(t *testing.T) {
	for _, c := range []struct {
		name  string
		takes time.Duration
		by    string // whose second reports
	}{
		{"the schedule's", 3 * time.Hour, "schedule"},
		{"the schedule's, and the execution ends early", 10 * time.Minute, "schedule"},
		{"somebody's", 10 * time.Minute, "hand"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := recurring(
				t,
				map[string]string{"PatchAfter": map[string]string{"schedule": "true", "hand": "false"}[c.by]},
				simtest.Day,
				c.takes,
				nil,
			)
			if c.by == "hand" {
				f.Advance(simtest.Opens - time.Hour)
				simtest.Survey(t, f, simtest.All{"windowIds": []string{simtest.Window}, "after": true})
			}
			f.PatchRate = 0.02 // the second one's scans take a while
			f.Advance(opening(simtest.Day, 2).Sub(f.Now()))
			seen := map[string]time.Time{}
			for _, n := range simtest.Sent(f) {
				m := parsedOne(t, n)
				key := m.Phase + m.Window.Opens.Format(" 02")
				if _, again := seen[key]; !again {
					seen[key] = n.At
				}
			}
			if seen["after 06"].IsZero() || seen["before 07"].IsZero() || seen["after 06"].After(seen["before 07"]) {
				t.Errorf("%v: before 07 must come after after 06", seen)
			}
			simtest.Quiet(t, f)
		})
	}
}

// A second report that can't be finished doesn't keep the next first one for ever.
func TestASecondReportThatIsStuckHoldsTheNextFirstOnlyUntilItsDeadline(t *testing.T) {
	f := recurring(t, map[string]string{"PatchAfter": "true"}, simtest.Day, time.Hour, nil)
	f.Refuse = func(op world.Op) error {
		stuck := f.Now().After(opening(simtest.Day, 0)) &&
			f.Now().Before(opening(simtest.Day, 1).Add(-90*time.Minute))
		return map[bool]error{true: errDenied}[stuck && op.Name == "Announce"]
	}
	f.Advance(opening(simtest.Day, 1).Sub(f.Now()))
	var befores int
	for _, n := range simtest.Sent(f) {
		if m := parsedOne(t, n); m.Phase == "before" {
			befores++
		}
	}
	if befores != 2 {
		t.Errorf("%d first reports were sent, want two", befores)
	}
}

// Somebody who asks is answered at once, and told that the window is open.
func TestAReportByHandDoesNotWaitAndSaysThatThePreviousExecutionIsNotOver(t *testing.T) {
	f := recurring(t, simtest.ByHand(), simtest.Day, 3*time.Hour, nil)
	f.Advance(simtest.Opens + time.Hour)
	simtest.Survey(t, f, simtest.All{"windowIds": []string{simtest.Window}})
	simtest.Reported(t, f, 10*time.Minute)
	note := simtest.Only(t, f)
	simtest.Holds(t, note.Subject, notOver, "opens 2026-01-07T14:00Z")
	simtest.Holds(t, note.Text, "isn't over")
	simtest.Quiet(t, f)
}

// Nobody reads 48 mails a day about one window.
func TestAWindowThatOpensEveryHalfHourIsReportedOnceADay(t *testing.T) {
	f := recurring(t, map[string]string{"PatchAfter": "true"}, 30*time.Minute, 20*time.Minute,
		func(w *world.WindowSpec) {
			w.Hours = 1
			w.Executions = nil
			for k := range 10 * 48 {
				w.Executions = append(w.Executions, sim.Began.Add(time.Duration(k-96)*30*time.Minute))
			}
		})
	f.Advance(4 * simtest.Day)
	f.ChangeWindow(simtest.Window, func(w *world.WindowSpec) { w.Executions = nil })
	days := map[string]int{}
	for _, n := range simtest.Sent(f) {
		days[parsedOne(t, n).Window.Opens.Format("2006-01-02")]++
		simtest.Holds(t, n.Text, "opens more often than four times a day: it is reported once a day")
	}
	if len(days) != 5 {
		t.Errorf("reports by day: %v, want one on each of five", days)
	}
	for day, n := range days {
		if n != 1 {
			t.Errorf("%d reports on %s", n, day)
		}
	}
	simtest.Quiet(t, f)
}

// A window that was moved while its report waited is reported for its new time, after what ran.
func TestAWindowThatIsMovedWhileItsPreviousExecutionRuns(t *testing.T) {
	f := recurring(t, nil, simtest.Day, 3*time.Hour, nil)
	f.Advance(simtest.Opens + time.Hour)
	f.ChangeWindow(simtest.Window, func(w *world.WindowSpec) {
		w.Executions = []time.Time{w.Executions[0], w.Executions[1].Add(2 * time.Hour)}
	})
	f.Advance(simtest.Day)
	notes := simtest.Sent(f)
	if len(notes) != 2 {
		t.Fatalf("%d reports were sent, want two", len(notes))
	}
	simtest.Holds(t, notes[1].Subject, "opens 2026-01-07T16:00Z")
	simtest.Quiet(t, f)
}

// The next execution is named in the moment in which a window opens, and the one that has begun is
// listed some time later.
func TestASurveyInTheMinuteOfTheOpeningWaitsUntilTheExecutionIsListed(t *testing.T) {
	f := recurring(t, simtest.ByHand(), simtest.Day, 3*time.Hour,
		func(w *world.WindowSpec) { w.Unlisted = 3 * time.Minute })
	first := opening(simtest.Day, 0)
	f.Advance(first.Add(10 * time.Second).Sub(f.Now()))
	simtest.Holds(t, tick(t, f, nil), "begun")
	f.Advance(simtest.Day)
	if at := simtest.Only(t, f).At; at.Before(first.Add(3*time.Hour + 30*time.Minute)) {
		t.Errorf("it was sent %s after the window opened", at.Sub(first))
	}
	simtest.Quiet(t, f)
}

// By AWS's clock the window may have opened already: it wasn't moved.
func TestAReportThatIsMadeInTheLastMinuteIsNotTakenForOneOfAnOpeningThatWasMoved(t *testing.T) {
	f := recurring(t, nil, simtest.Day, 3*time.Hour, nil)
	second := opening(simtest.Day, 1)
	f.Throttled = func(function string) bool {
		return (function == "survey" || function == "watchdog") &&
			f.Now().After(opening(simtest.Day, 0).Add(time.Hour)) &&
			f.Now().Before(second.Add(-50*time.Second))
	}
	f.At(second.Add(-time.Minute), func() {
		f.ChangeWindow(simtest.Window, func(w *world.WindowSpec) { w.Executions = w.Executions[:1] })
	})
	f.Advance(second.Add(2 * time.Hour).Sub(f.Now()))
	told := len(simtest.Sent(f)) == 2 || slices.ContainsFunc(f.Published("alarm"), func(n world.Note) bool {
		return strings.Contains(n.Subject, "NO patch report of window web-patches")
	})
	if !told {
		t.Errorf("%d reports were sent, and nobody was told", len(simtest.Sent(f)))
	}
}

// Whoever may not list executions still gets the report, and reads what isn't known.
func TestAReportIsMadeAlthoughTheExecutionsCannotBeListed(t *testing.T) {
	f := recurring(t, nil, simtest.Day, 3*time.Hour, nil)
	f.Refuse = func(op world.Op) error {
		return map[bool]error{true: errDenied}[op.Name == "Executions"]
	}
	f.Advance(opening(simtest.Day, 0).Sub(f.Now()))
	simtest.Holds(t, simtest.Only(t, f).Text, "whether the window's previous execution is over isn't known",
		"not authorized")
	simtest.Quiet(t, f)
}

func TestGoldenThePreviousExecutionIsNotOver(t *testing.T) {
	f := recurring(t, nil, simtest.Day, 23*time.Hour+50*time.Minute, func(w *world.WindowSpec) { w.Hours = 24 })
	f.Advance(opening(simtest.Day, 1).Sub(f.Now()))
	notes := simtest.Sent(f)
	if len(notes) != 2 {
		t.Fatalf("%d reports were sent, want two", len(notes))
	}
	golden(t, "previous", notes[1:])
}
