//go:build !race

// Fleets of a thousand, hundreds of windows or megabytes of messages: the race detector makes them twenty times as
// slow, and has nothing to find, for handlers run one at a time here. make test runs them without it.

package patch_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"quickstep/shared/report"
	"quickstep/tests/sim"
	"quickstep/tests/sim/simtest"
	"quickstep/tests/world"
)

// refusedWhile lets what fits be refused as long as a time after sim.Began isn't over.
func refusedWhile(f *sim.Fleet, until time.Duration, fits func(op world.Op) bool) func(op world.Op) error {
	return func(op world.Op) error {
		return map[bool]error{true: errDenied}[fits(op) && f.Now().Before(sim.Began.Add(until))]
	}
}

// SNS takes an e-mail address off its list that gets more than ten messages a second, however many parts one report
// has.
func TestTheManyPartsOfOneReportTakeTurnsToo(t *testing.T) {
	f := simtest.Patched(
		t,
		4,
		simtest.ByHand(),
		func(n int, _ *world.MachineSpec, _ *report.State, patches *[]report.Patch) {
			*patches = simtest.Numbered(3000 * n)
		},
	)
	f.KeepLog = false
	named(t, f)
	notes := simtest.Sent(f)
	if len(notes) < 12 {
		t.Fatalf("there are %d parts: too few", len(notes))
	}
	for n := 10; n < len(notes); n++ {
		if gap := notes[n].At.Sub(notes[n-10].At); gap < time.Second {
			t.Errorf("parts %d to %d are sent within %s", n-9, n+1, gap)
		}
	}
}

// A turn that is over is nobody's: who comes too late for it takes another, so that nobody else sends at that time.
func TestATurnThatWasMissedIsTakenAgain(t *testing.T) {
	f := simtest.Patched(
		t,
		4,
		simtest.ByHand(),
		func(n int, _ *world.MachineSpec, _ *report.State, patches *[]report.Patch) {
			*patches = simtest.Numbered(1500 * n)
		},
	)
	f.Throttled = func(function string) bool {
		at := f.Now().Sub(sim.Began)
		return function == "report" && len(simtest.Sent(f)) > 0 && at < time.Minute // Lambda has no room
	}
	named(t, f)
	var turn struct {
		Free time.Time `json:"free"`
	}
	docs := f.Docs("TOPIC")
	if len(docs) != 1 {
		t.Fatalf("there are %d documents", len(docs))
	}
	if err := json.Unmarshal(docs[0].Body, &turn); err != nil {
		t.Fatal(err)
	}
	notes := simtest.Sent(f)
	if at := notes[len(notes)-1].At; at.Sub(sim.Began) < time.Minute || !turn.Free.After(at) {
		t.Errorf("the last of %d parts was sent at %s, and turns are taken until %s", len(notes), at, turn.Free)
	}
}

func listing(op world.Op) bool { return op.Function == "survey" && op.Service == "ec2" }
func reading(op world.Op) bool { return op.Function == "report" && op.Name == "List" }
func sending(op world.Op) bool { return op.Name == "Announce" }

// What was mended, and then something else is wrong: people are told of that as well.
func TestASecondTroubleWithAReportIsToldAsTheFirst(t *testing.T) {
	for _, c := range []struct {
		name          string
		first, second func(op world.Op) bool
		reason        string
	}{
		{"its instances can't be listed, then it can't be put together", listing, reading, "read the scans"},
		{"its instances can't be listed, then it can't be sent", listing, sending, "announce"},
		{"it can't be put together, then it can't be sent", reading, sending, "announce"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := simtest.Patched(t, 3, simtest.ByHand(), nil)
			first := refusedWhile(f, 30*time.Minute, c.first)
			second := refusedWhile(f, 4*time.Hour, c.second)
			f.Refuse = func(op world.Op) error {
				if err := first(op); err != nil {
					return err
				}
				return second(op)
			}
			simtest.Survey(t, f, simtest.All{"windowIds": []string{simtest.Window}})
			simtest.Reported(t, f, simtest.Opens)
			simtest.Only(t, f)
			alarms := f.Published("alarm")
			if len(alarms) != 2 {
				t.Fatalf("people were told %d times, want once of each", len(alarms))
			}
			simtest.Holds(t, alarms[1].Text, c.reason)
			if at := alarms[1].At.Sub(sim.Began); at > 2*time.Hour {
				t.Errorf("they were told of the second after %s", at)
			}
		})
	}
}

// With less than an hour left, an hour is too long a pause.
func TestAReportInTroubleNearTheOpeningIsTriedMoreOften(t *testing.T) {
	f := simtest.Patched(t, 3, simtest.ByHand(), nil)
	f.Advance(simtest.Opens - 50*time.Minute)
	whileDenied(f, 0, simtest.Opens-20*time.Minute)
	simtest.Survey(t, f, simtest.All{"windowIds": []string{simtest.Window}})
	f.Advance(time.Hour)
	if at := simtest.Only(t, f).At.Sub(sim.Began); at > simtest.Opens {
		t.Errorf("it was sent at %s", at)
	}
}

// However often it was throttled: half of what is left is the longest wait.
func TestAThrottledScanIsTriedAgainNearTheDeadline(t *testing.T) {
	f := simtest.Patched(t, 3, simtest.ByHand(), nil)
	f.Fault = func(op world.Op) world.Fault {
		return map[bool]world.Fault{true: world.Throttle}[op.Name == "Patches" && op.Subject == sim.ID(1) && f.Now().Before(sim.Began.Add(4*time.Minute))]
	}
	if m := named(t, f, simtest.All{"deadline": "5m"}); m.Totals.Gaps > 0 {
		t.Errorf("%d gaps: %v", m.Totals.Gaps, m.Rows.Gaps)
	}
}

// One invocation has its time: it nudges as many scans as it can, and the next, a minute later, goes on.
func TestScansWhoseMessagesAreLostAreNudgedSomeAtATime(t *testing.T) {
	f := simtest.Patched(t, 1000, simtest.ByHand(), nil)
	f.KeepLog = false
	nudges := map[time.Time]int{}
	f.Also(func(op world.Op) {
		if op.Function == "report" && op.Name == "Write" && strings.HasPrefix(op.Subject, "I#") {
			nudges[f.Now()]++
		}
	})
	f.After(10*time.Second, f.PurgeAll)
	named(t, f)
	for at, n := range nudges {
		if n > 400 {
			t.Errorf("%d scans are nudged at once, at %s", n, at)
		}
	}
	if took := simtest.Sent(f)[0].At.Sub(sim.Began); took > 12*time.Minute {
		t.Errorf("it was sent after %s", took)
	}
}

// Who has no time left says so, in place of being cut off: Lambda tries again in minutes.
func TestASurveyWhoseTimeIsUpSaysSo(t *testing.T) {
	f := simtest.Patched(t, 1, simtest.ByHand(), nil)
	f.KeepLog = false
	others(f, 200, simtest.Opens) // each takes two calls
	f.Pace = func(op world.Op) time.Duration { return map[bool]time.Duration{true: time.Second}[op.Service == "ssm"] }
	asked := f.Now()
	_, err := f.Call("survey", simtest.All{"scheduled": asked.Format(time.RFC3339), "lead": "48h"})
	if err == nil || !strings.Contains(err.Error(), "weren't got to") {
		t.Errorf("it is answered with %v", err)
	}
	if _, err := f.Call("survey", simtest.All{"scheduled": asked.Format(time.RFC3339), "lead": "48h"}); err != nil {
		t.Errorf("the next try: %v", err)
	}
}

// A schedule asks for the same in other words each hour: that isn't another request, and that a read was throttled
// isn't hidden.
func TestAScheduleThatCantReadWhatWasBegunBeginsNothingAgain(t *testing.T) {
	f := simtest.Patched(t, 2, simtest.ByHand(), nil)
	event := func() simtest.All { return simtest.All{"scheduled": f.Now().Format(time.RFC3339), "lead": "48h"} }
	simtest.Survey(t, f, event())
	f.Advance(time.Hour)
	throttled := false
	f.Fault = func(op world.Op) world.Fault {
		if op.Function == "survey" && op.Name == "Get" && op.Subject == "REPORT" && !throttled {
			throttled = true
			return world.Throttle
		}
		return world.None
	}
	if _, err := f.Call("survey", event()); err == nil || !strings.Contains(err.Error(), "rate exceeded") ||
		strings.Contains(err.Error(), "another") {
		t.Errorf("it is answered with %v", err)
	}
	simtest.Only(t, f)
	simtest.Quiet(t, f)
}

// Windows that open first are reported first, whatever their ids; and each report begins some seconds after the one
// before.
func TestWindowsAreReportedInTheOrderOfTheirOpenings(t *testing.T) {
	f := simtest.Patched(t, 1, simtest.ByHand(), nil)
	others(f, 9, simtest.Opens+time.Hour) // their ids come first
	var listed []time.Time
	f.Also(func(op world.Op) {
		if op.Function == "survey" && op.Service == "ec2" {
			listed = append(listed, f.Now())
		}
	})
	answer := simtest.Survey(t, f, simtest.All{"scheduled": f.Now().Format(time.RFC3339), "lead": "48h"})
	if first := answer["reports"].([]any)[0].(map[string]any)["window"]; first != simtest.Window {
		t.Errorf("the first is %v", first)
	}
	f.Advance(time.Hour)
	if took := listed[len(listed)-1].Sub(listed[0]); len(listed) != 10 || took < 10*time.Second {
		t.Errorf("%d fleets are listed within %s", len(listed), took)
	}
}

// A large fleet with a short deadline: its scans have all begun half-way to it.
func TestALargeFleetIsReadBeforeAShortDeadline(t *testing.T) {
	f := simtest.Patched(t, 2000, simtest.ByHand(), nil)
	f.KeepLog = false
	if m := named(t, f, simtest.All{"deadline": "5m"}); m.Totals.Gaps > 0 {
		t.Errorf("%d gaps", m.Totals.Gaps)
	}
}
