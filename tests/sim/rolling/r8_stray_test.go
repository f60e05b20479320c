package rolling_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"quickstep/tests/sim/simtest"

	"quickstep/shared/ledger"
	"quickstep/tests/sim"
	"quickstep/tests/world"
)

// moving is what these tests read of an item that moves, and what they forge messages of.
type moving struct {
	N, Nudge, Checks int
	Step, Reason     string
	Due              time.Time
}

func standing(f *sim.Fleet, key ledger.Key) (m moving) {
	if doc, ok := f.Doc(key.PK, key.SK); ok {
		_ = json.Unmarshal(doc.Body, &m) // what can't be read is nowhere
	}
	return m
}

var (
	firstOne  = ledger.Key{PK: "RUN#run-1", SK: "I#" + sim.ID(1)}
	theRun    = ledger.Key{PK: "ACTIVE", SK: "run-1"}
	theReport = ledger.Key{PK: "REPORTS", SK: "a"}
	firstScan = ledger.Key{PK: "REPORT#a", SK: "I#" + sim.ID(1)}
)

// queues are the functions that queues feed, by name, in order.
func queues(f *sim.Fleet) (names []string) {
	for name, function := range f.Stack.Functions {
		if function.Source != nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// invoke hands messages to a function as SQS would, and says how many of them come again.
func invoke(t testing.TB, f *sim.Fleet, function string, bodies ...any) (failed int) {
	t.Helper()
	var records []any
	for n, body := range bodies {
		text, isText := body.(string)
		if !isText {
			b, _ := json.Marshal(body)
			text = string(b)
		}
		records = append(records, simtest.All{"eventSource": "aws:sqs", "messageId": fmt.Sprint("m", n), "body": text})
	}
	event, _ := json.Marshal(simtest.All{"Records": records})
	out, err := f.Invoke(context.Background(), function, event)
	var response struct{ BatchItemFailures []any }
	if err != nil || json.Unmarshal(out, &response) != nil {
		t.Errorf("%s, given %v: %s %v", function, bodies, out, err)
	}
	return len(response.BatchItemFailures)
}

// table is every document, by its key.
func table(f *sim.Fleet) map[string]string {
	docs := map[string]string{}
	for _, pk := range f.Partitions() {
		for _, d := range f.Docs(pk) {
			docs[d.Key.String()] = fmt.Sprint(d.Rev, " ", string(d.Body))
		}
	}
	return docs
}

// unchanged checks that the table is as it was.
func unchanged(t testing.TB, f *sim.Fleet, before map[string]string, what string) {
	t.Helper()
	after := table(f)
	for key := range before {
		if after[key] != before[key] {
			t.Errorf("%s: %s went from\n%s to\n%s", what, key, before[key], after[key])
		}
	}
	if len(after) != len(before) {
		t.Errorf("%s: %v became %v", what, slices.Sorted(maps.Keys(before)), slices.Sorted(maps.Keys(after)))
	}
}

// held runs until an item stands at a step and is due, and keeps the step's own function from
// taking it up.
func held(t testing.TB, f *sim.Fleet, key ledger.Key, step, owner string) moving {
	t.Helper()
	at := func() bool { return standing(f, key).Step == step }
	kept := func(name string) bool { return name == owner && at() }
	f.Throttled = func(name string) bool { return kept(name) || (step == "scanning" && name == "scan") } // or it moves on
	defer func() { f.Throttled = kept }()
	simtest.Until(t, f, step+" is reached", 48*time.Hour, func() bool {
		m := standing(f, key)
		return at() && !m.Due.IsZero() && !f.Now().Before(m.Due)
	})
	return standing(f, key)
}

// ways are the messages of an item that somebody could put into the queue of a function: copies,
// and what is forged so that it looks like one of that queue.
func ways(key ledger.Key, m moving, function string) []any {
	forged := func(change simtest.All) simtest.All {
		msg := simtest.All{"pk": key.PK, "sk": key.SK, "step": m.Step, "n": m.N, "nudge": m.Nudge}
		maps.Copy(msg, change)
		return msg
	}
	msgs := []any{forged(nil), forged(simtest.All{"notBefore": "9999-12-31T23:59:59Z"}),
		forged(simtest.All{"n": 1 << 62}), forged(simtest.All{"nudge": 1 << 62})}
	for _, step := range stepsOf[function] {
		msgs = append(
			msgs,
			forged(simtest.All{"step": step}),
			forged(simtest.All{"step": step, "notBefore": "9999-12-31T23:59:59Z"}),
		)
		for _, pk := range []string{"RUN#run-1", "REPORT#a", "ACTIVE", "REPORTS", "OUT", "LOCK#fleet/web",
			"LOCK#" + sim.ID(1), "TOPIC"} {
			for _, sk := range []string{"RUN", "PLAN", "LOCK", "REPORT", "COUNT", "TURN", sim.ID(1), "I#",
				"P#" + sim.ID(1) + "#0#00001"} {
				msgs = append(msgs, simtest.All{"pk": pk, "sk": sk, "step": step, "n": 1})
			}
		}
	}
	own, _ := json.Marshal(forged(nil))
	return append(msgs, strings.Replace(string(own), `"n":`, `"n":7,"n":`, 1),
		strings.Replace(string(own), `"step"`, `"Step"`, 1))
}

// stepsOf are the steps that a function's queue has.
var stepsOf = map[string][]string{"start": {"starting"}, "drain": {"drain"}, "reboot": {"reboot"}, "check": {"check"},
	"rejoin": {"rejoin", "await"}, "finish": {"open", "finishing"}, "survey": {"survey"}, "scan": {"scan"},
	"report": {"scanning", "report", "send"}, "triage": {"failing"}}

// TestR8MessagesInAnotherQueueChangeNothing: whatever stands anywhere, due, its own function kept
// from it, whoever else gets a message of it leaves everything as it is.
func TestR8MessagesInAnotherQueueChangeNothing(t *testing.T) {
	for _, c := range []struct {
		step, owner string
		key         ledger.Key
	}{
		{"starting", "start", theRun},
		{"open", "finish", theRun},
		{"finishing", "finish", theRun},
		{"drain", "drain", firstOne},
		{"reboot", "reboot", firstOne},
		{"check", "check", firstOne},
		{"rejoin", "rejoin", firstOne},
		{"await", "rejoin", firstOne},
		{"failing", "triage", firstOne},
		{"survey", "survey", theReport},
		{"scanning", "report", theReport},
		{"report", "report", theReport},
		{"send", "report", theReport},
		{"scan", "scan", firstScan},
	} {
		t.Run(c.step, func(t *testing.T) {
			t.Parallel()
			report := strings.HasPrefix(c.key.PK, "REPORT")
			f := strayed(t, c.step, report)
			m := held(t, f, c.key, c.step, c.owner)
			for _, function := range queues(f) {
				if function == c.owner {
					continue
				}
				before := table(f)
				for _, body := range ways(c.key, m, function) {
					msg, wellFormed := body.(simtest.All)
					if function == "triage" && msg["step"] == m.Step && msg["n"] == m.N && msg["pk"] == c.key.PK {
						continue // a dead letter, which is given back
					}
					failed := invoke(t, f, function, body)
					if dropped := failed == 0; dropped != wellFormed &&
						function != "triage" { // where foreign keys end with people
						t.Errorf("%s, given %v: dropped %v", function, body, dropped)
					}
				}
				unchanged(t, f, before, function)
			}
			f.Throttled = nil
			switch {
			case report:
				simtest.Reported(t, f, 12*time.Hour)
				if c.step != "scan" && c.step != "scanning" { // these were kept waiting, perhaps beyond the deadline
					simtest.Only(t, f)
				}
			case c.step == "failing":
				simtest.Finish(t, f, 24*time.Hour, sim.ID(1))
				simtest.Counts(t, f, 0, 1, 1)
			default:
				simtest.Finish(t, f, 24*time.Hour)
				simtest.Counts(t, f, 2, 0, 0)
				simtest.Rebooted(t, f, 1, f.IDs...)
				believed(t, f, f.IDs...)
			}
		})
	}
}

// strayed is a fleet whose run, or whose report, has begun.
func strayed(t testing.TB, step string, report bool) *sim.Fleet {
	if report {
		f := simtest.Patched(t, 2, simtest.ByHand(), nil)
		f.InvokeAsync("survey", json.RawMessage(`{"id":"a","instanceIds":["`+sim.ID(1)+`","`+sim.ID(2)+`"]}`))
		return f
	}
	f := simtest.Fleet(t, 2, map[int]world.MachineSpec{1: {NeverReturns: step == "failing"}})
	f.InvokeAsync("start", json.RawMessage(`{"id":"run-1","fleet":"web","tags":{"Role":"web"}}`))
	return f
}

// TestR8CopiesThatDontWaitChangeNothing: a check that is asked for thirty times a second is made
// when it is due.
func TestR8CopiesThatDontWaitChangeNothing(t *testing.T) {
	for _, step := range []string{"drain", "reboot", "check", "await"} {
		t.Run(step, func(t *testing.T) {
			f := simtest.Fleet(t, 2)
			simtest.Begin(t, f, simtest.All{"bootWait": "1m"})
			simtest.Until(t, f, step+" is reached", 12*time.Hour, func() bool {
				m := standing(f, firstOne)
				return m.Step == step && (step == "drain" || m.Due.After(f.Now().Add(time.Second)))
			})
			owner := step
			if step == "await" {
				owner = "rejoin"
			}
			for range 60 {
				m := standing(f, firstOne)
				invoke(t, f, owner, ways(firstOne, m, owner)[0])
			}
			if m := standing(f, firstOne); m.Checks > 1 {
				t.Errorf("%d checks in no time", m.Checks)
			}
			simtest.Finish(t, f, 24*time.Hour)
			simtest.Counts(t, f, 2, 0, 0)
			simtest.Rebooted(t, f, 1, f.IDs...)
		})
	}
}

// TestR8ForgedDeadLettersFailNobody, by the dozen, every minute for an hour.
func TestR8ForgedDeadLettersFailNobody(t *testing.T) {
	for _, step := range []string{"drain", "reboot", "check", "await"} {
		t.Run(step, func(t *testing.T) {
			f := simtest.Fleet(t, 2, map[int]world.MachineSpec{1: {BootTime: 10 * time.Minute}})
			simtest.Begin(t, f, simtest.All{"bootWait": "1m", "maxChecks": 90})
			simtest.Until(
				t,
				f,
				step+" is reached",
				12*time.Hour,
				func() bool { return standing(f, firstOne).Step == step },
			)
			for range 60 {
				m := standing(f, firstOne)
				for range 12 {
					invoke(t, f, "triage", ways(firstOne, m, "triage")[:3]...)
				}
				f.Advance(time.Minute)
			}
			simtest.Finish(t, f, 24*time.Hour)
			simtest.Counts(t, f, 2, 0, 0)
			simtest.Rebooted(t, f, 1, f.IDs...)
			if n := len(f.Published("alarm")); n > 0 {
				t.Errorf("%d alarms: %s", n, f.Published("alarm")[0].Text)
			}
		})
	}
}

// TestR8AMessageOfAnotherCenturyEnds with its position.
func TestR8AMessageOfAnotherCenturyEnds(t *testing.T) {
	f := simtest.Fleet(t, 2)
	simtest.Begin(t, f, simtest.All{"bootWait": "2h"})
	simtest.Until(t, f, "check is reached", 12*time.Hour, func() bool { return standing(f, firstOne).Step == "check" })
	body, _ := json.Marshal(ways(firstOne, standing(f, firstOne), "check")[1])
	f.Put("check", string(body), 0)
	f.Advance(30 * time.Minute)
	if n := f.Depth("check"); n != 2 {
		t.Errorf("%d messages wait, not the item's own and its copy", n)
	}
	simtest.Finish(t, f, 24*time.Hour)
	simtest.Counts(t, f, 2, 0, 0)
}

// TestR8AScanBeforeItsSurveyIsDoneIsNoGap: until when it may be read isn't written down yet, which
// doesn't mean that it is late.
func TestR8AScanBeforeItsSurveyIsDoneIsNoGap(t *testing.T) {
	f := simtest.Patched(t, 2, simtest.ByHand(), nil)
	crashed := false
	f.Fault = func(op world.Op) world.Fault {
		if crashed || op.Function != "survey" || !strings.Contains(op.Detail, "put REPORT#a/I#") {
			return world.None
		}
		crashed = true
		return world.CrashAfter
	}
	f.InvokeAsync("survey", json.RawMessage(`{"id":"a","instanceIds":["`+sim.ID(1)+`","`+sim.ID(2)+`"]}`))
	simtest.Until(
		t,
		f,
		"the scans are written down",
		time.Hour,
		func() bool { return standing(f, firstScan).Step == "scan" },
	)
	for range 4 { // as often as an error is borne
		m := standing(f, firstScan)
		invoke(t, f, "scan", ways(firstScan, m, "scan")[0])
		f.Advance(15 * time.Second)
	}
	if m := standing(f, firstScan); m.N != 2 || !strings.Contains(m.Reason, "survey") {
		t.Errorf("it is at %+v", m)
	}
	simtest.Reported(t, f, 12*time.Hour)
	if simtest.Only(t, f); !crashed {
		t.Error("the survey didn't crash")
	}
	simtest.Quiet(t, f)
}
