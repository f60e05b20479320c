package rolling_test

import (
	"fmt"
	"testing"
	"time"

	"quickstep/tests/sim/simtest"

	"quickstep/tests/world"
)

func TestWatchdogBringsAStartThatStuckToItsEnd(t *testing.T) {
	for _, call := range []string{"alarms.Mute", "events.Disable", "sns.Publish", "elb.Groups"} {
		t.Run(call, func(t *testing.T) {
			f := muted(t, 3)
			crashes := 0
			f.Fault = func(op world.Op) world.Fault {
				if op.Function == "start" && op.Service+"."+op.Name == call && len(f.Docs("ACTIVE")) > 0 &&
					crashes == 0 {
					crashes++
					return world.CrashAfter
				}
				return world.None
			}
			simtest.Begin(t, f, simtest.All{"mute": muteWeb})
			simtest.Until(t, f, "it didn't crash", 10*time.Minute, func() bool { return crashes > 0 })
			f.PurgeAll()
			simtest.Finish(t, f, 6*time.Hour)
			simtest.Counts(t, f, 3, 0, 0)
			restored(t, f)
		})
	}
}

func TestWatchdogBringsAFinishThatStuckToItsEnd(t *testing.T) {
	for _, call := range []string{"alarms.Unmute", "events.Enable", "sns.Publish", "dynamodb.Write"} {
		t.Run(call, func(t *testing.T) {
			f := muted(t, 2)
			simtest.Begin(t, f, simtest.All{"mute": muteWeb})
			simtest.Until(
				t,
				f,
				"nobody was last",
				6*time.Hour,
				func() bool { return f.Count("elb.Register") >= 4 && f.Depth("finish") > 0 && f.Depth("rejoin") == 0 },
			)
			crashes := 0
			f.Fault = func(op world.Op) world.Fault {
				if op.Function == "finish" && op.Service+"."+op.Name == call && crashes == 0 {
					crashes++
					return world.CrashAfter
				}
				return world.None
			}
			simtest.Until(t, f, "it didn't crash", time.Hour, func() bool { return crashes > 0 })
			f.PurgeAll()
			simtest.Finish(t, f, 6*time.Hour)
			simtest.Counts(t, f, 2, 0, 0)
			restored(t, f)
		})
	}
}

func TestWatchdogSendsWhatIsOverdueAgainAndNothingElse(t *testing.T) {
	f := simtest.Fleet(t, 4)
	simtest.Begin(t, f, simtest.All{"maxConcurrency": 2})
	simtest.Finish(t, f, 6*time.Hour)
	for _, op := range simtest.Calls(f, "sqs.Send") {
		if op.Function == "watchdog" {
			t.Errorf("nothing was overdue, and it sent: %s", op)
		}
	}
	for minutes := 1; minutes < 16; minutes += 2 {
		f := simtest.Fleet(t, 4)
		simtest.Begin(t, f, simtest.All{"maxConcurrency": 2})
		f.Advance(time.Duration(minutes) * time.Minute)
		f.PurgeAll()
		simtest.Finish(t, f, 6*time.Hour)
		simtest.Counts(t, f, 4, 0, 0)
		simtest.Rebooted(t, f, 1, f.IDs...)
		if t.Failed() {
			t.Fatal(fmt.Sprint("purged after ", minutes, " minutes"))
		}
	}
}
