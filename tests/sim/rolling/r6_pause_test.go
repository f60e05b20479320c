package rolling_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"quickstep/tests/sim/simtest"

	"quickstep/tests/sim"
	"quickstep/tests/world"
)

func TestR6APausedRunMutesNothingWhileNobodyIsOut(t *testing.T) {
	f := muted(t, 3)
	simtest.Begin(t, f, simtest.All{"mute": muteWeb})
	simtest.Until(t, f, "nobody left", time.Hour, func() bool { return f.Count("elb.Deregister") > 1 })
	simtest.Control(t, f, "pause", "run-1")
	f.Advance(time.Hour)
	if f.Watch.Out() > 0 {
		t.Error("somebody is still out")
	}
	if f.Muted("web-5xx") || f.Muted("web-latency") || !f.RuleEnabled("default", "web-nightly") {
		t.Errorf(
			"something is muted: rules %v, web-nightly enabled: %t",
			f.MuteRules(),
			f.RuleEnabled("default", "web-nightly"),
		)
	}
	simtest.Control(t, f, "resume", "run-1")
	simtest.Finish(t, f, 12*time.Hour) // watchMutes sees that it is muted before anybody leaves
	simtest.Counts(t, f, 3, 0, 0)
	restored(t, f)
}

func TestR6ALongPauseMutesAgainBeforeAnybodyLeaves(t *testing.T) {
	f := muted(t, 3)
	simtest.Begin(t, f, simtest.All{"mute": muteWeb})
	simtest.Control(t, f, "pause", "run-1")
	f.Advance(5 * time.Hour)
	if n := f.Count("elb.Deregister"); n > 0 {
		t.Errorf("%d calls took targets out", n)
	}
	f.SetAlarmState("web-5xx", "ALARM")
	f.SetAlarmState("web-5xx", "OK")
	if len(f.Fired("web-5xx")) != 1 {
		t.Error("the alarm didn't act during the pause")
	}
	simtest.Control(t, f, "resume", "run-1")
	simtest.Finish(t, f, 12*time.Hour)
	simtest.Counts(t, f, 3, 0, 0)
	restored(t, f)
}

func TestR6AlarmsInAlarmAtTheEndWaitForFifteenMinutes(t *testing.T) {
	for _, c := range []struct {
		ok    time.Duration // after the last rejoin
		fires bool
	}{{4 * time.Minute, false}, {13 * time.Minute, false}, {time.Hour, true}} {
		t.Run(fmt.Sprint("OK after ", c.ok), func(t *testing.T) {
			f := muted(t, 2)
			simtest.Begin(t, f, simtest.All{"mute": muteWeb})
			f.After(5*time.Minute, func() { f.SetAlarmState("web-5xx", "ALARM") })
			simtest.Until(
				t,
				f,
				"nobody is about to be last",
				4*time.Hour,
				func() bool { return f.Watch.Left[sim.ID(2)] == 1 && f.Watch.Out() == 0 },
			)
			end := f.Now()
			f.After(c.ok, func() { f.SetAlarmState("web-5xx", "OK") })
			simtest.Finish(t, f, 4*time.Hour)
			simtest.Counts(t, f, 2, 0, 0)
			restored(t, f)
			fired := f.Fired("web-5xx")
			if !c.fires {
				if len(fired) > 0 {
					t.Errorf("it acted at %v", fired)
				}
				return
			}
			if len(fired) != 1 || fired[0].Sub(end) < 14*time.Minute || fired[0].Sub(end) > 20*time.Minute {
				t.Errorf("it acted at %v, the last instance was back at %s", fired, end)
			}
		})
	}
}

func TestR6ManyAlarmsAreMuted(t *testing.T) {
	f := muted(t, 2)
	for n := range 230 {
		f.AddAlarm(fmt.Sprintf("web-%03d", n), "OK")
	}
	simtest.Begin(t, f, simtest.All{"mute": muteWeb})
	simtest.Until(t, f, "nobody left", time.Hour, func() bool { return f.Watch.Out() > 0 })
	for n := range 230 {
		if name := fmt.Sprintf("web-%03d", n); !f.Muted(name) {
			t.Errorf("%s isn't muted", name)
		}
	}
	simtest.Finish(t, f, 4*time.Hour)
	restored(t, f)
}

func TestR6OurOwnAlarmsAreNeverMuted(t *testing.T) {
	f := simtest.Fleet(t, 2)
	own := f.Stack.Name + "-dead-letters"
	f.AddAlarm(own, "OK")
	f.AddAlarm(f.Stack.Name[:4]+"-5xx", "OK")
	f.Also(func(op world.Op) {
		if f.Muted(own) || strings.Contains(fmt.Sprint(op.Service, op.Name, op.Detail), "Mute["+own) {
			t.Errorf("%s is muted by %s", own, op)
		}
	})
	for n, mute := range []simtest.All{{"alarmPrefixes": []string{f.Stack.Name[:4]}}, {"alarmNames": []string{own}}, {"alarmPrefixes": []string{f.Stack.Name + "-"}}} {
		f.Watch.NextRun()
		if _, err := f.Ask(simtest.All{"id": fmt.Sprint("own-", n), "mute": mute}); err != nil {
			if !strings.Contains(err.Error(), "mute") {
				t.Errorf("%v: %v", mute, err)
			}
			continue
		}
		simtest.Finish(t, f, 4*time.Hour)
	}
}
