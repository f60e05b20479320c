package rolling_test

import (
	"testing"
	"time"

	"quickstep/tests/sim/simtest"

	"quickstep/tests/sim"
	"quickstep/tests/world"
)

var muteWeb = simtest.All{"alarmPrefixes": []string{"web-"}, "rulePrefixes": []string{"web-"}}

// muted is a fleet with alarms and rules, and a watch on them: while anybody is out of service, other than those
// who failed so, nothing can act.
func muted(t *testing.T, size int, habits ...map[int]world.MachineSpec) *sim.Fleet {
	f := mutable(t, size, habits...)
	watchMutes(t, f)
	return f
}

// mutable is a fleet with alarms and rules.
func mutable(t *testing.T, size int, habits ...map[int]world.MachineSpec) *sim.Fleet {
	f := simtest.Fleet(t, size, habits...)
	f.AddAlarm("web-5xx", "OK")
	f.AddAlarm("web-latency", "INSUFFICIENT_DATA")
	f.AddAlarm("database", "OK")
	f.AddRule("default", "web-nightly", true, "")
	f.AddRule("default", "web-retired", false, "")
	return f
}

func watchMutes(t *testing.T, f *sim.Fleet) {
	told := false
	f.Also(func(op world.Op) {
		if f.Muted("database") {
			t.Errorf("database is muted, by %s", op)
		}
		if f.RuleEnabled("default", "web-retired") {
			t.Errorf("web-retired was turned on, by %s", op)
		}
		if f.Watch.Out() > len(f.Docs("OUT")) &&
			(!f.Muted("web-5xx") || !f.Muted("web-latency") || f.RuleEnabled("default", "web-nightly")) &&
			!told {
			told = true
			t.Errorf("somebody is out and alarms or rules aren't muted, after %s", op)
		}
	})
}

func restored(t *testing.T, f *sim.Fleet) {
	t.Helper()
	if !f.RuleEnabled("default", "web-nightly") || f.RuleEnabled("default", "web-retired") {
		t.Error("the rules aren't as they were")
	}
	if rules := f.MuteRules(); len(rules) > 0 {
		t.Errorf("there are mute rules: %v", rules)
	}
}

func TestR6AlarmsAndRulesAreMutedBeforeTheFirstInstanceLeaves(t *testing.T) {
	f := muted(t, 3)
	simtest.Begin(t, f, simtest.All{"mute": muteWeb})
	simtest.Finish(t, f, 4*time.Hour)
	simtest.Counts(t, f, 3, 0, 0)
	restored(t, f)
	left := simtest.Calls(f, "elb.Deregister")[0].Seq
	for _, kind := range []string{"alarms.Mute", "world.mute rule ACTIVE", "events.Disable"} {
		if ops := simtest.Calls(f, kind); len(ops) == 0 || ops[0].Seq > left {
			t.Errorf("%s didn't come before the first deregistration", kind)
		}
	}
}

func TestR6MutingOutlastsALongRun(t *testing.T) {
	f := muted(t, 4)
	f.ChangeGroup(sim.Group("web"), func(g *world.GroupSpec) { g.Delay = time.Hour })
	f.Watch.Settle()
	simtest.Begin(t, f, simtest.All{"mute": muteWeb})
	simtest.Until(t, f, "nobody left", time.Hour, func() bool { return f.Count("elb.Deregister") > 0 })
	f.After(30*time.Minute, func() { f.SetAlarmState("web-5xx", "ALARM") })
	f.After(3*time.Hour, func() { f.SetAlarmState("web-5xx", "OK") })
	simtest.Finish(t, f, 24*time.Hour)
	simtest.Counts(t, f, 4, 0, 0)
	restored(t, f)
	if fired := f.Fired("web-5xx"); len(fired) > 0 {
		t.Errorf("the alarm acted at %v", fired)
	}
}

func TestR6AlarmsAndRulesAreRestoredWhateverHappens(t *testing.T) {
	for _, c := range []struct {
		name   string
		habits map[int]world.MachineSpec
		during func(*testing.T, *sim.Fleet)
		failed []string
	}{
		{"an instance fails", map[int]world.MachineSpec{1: neverReturns}, nil, []string{sim.ID(1)}},
		{"the run is cancelled", nil, func(t *testing.T, f *sim.Fleet) { simtest.Control(t, f, "cancel", "run-1") }, nil},
		{"it is paused and cancelled", nil, func(t *testing.T, f *sim.Fleet) {
			simtest.Control(t, f, "pause", "run-1")
			f.Advance(time.Hour)
			simtest.Control(t, f, "cancel", "run-1")
		}, nil},
		{"it is paused and forgotten", nil, func(t *testing.T, f *sim.Fleet) { simtest.Control(t, f, "pause", "run-1") }, nil},
		{"the rule is deleted", nil, func(_ *testing.T, f *sim.Fleet) { f.DeleteRule("default", "web-nightly") }, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := muted(t, 3, c.habits)
			simtest.Begin(t, f, simtest.All{"mute": muteWeb})
			simtest.Until(t, f, "nobody left", time.Hour, func() bool { return f.Count("elb.Deregister") > 1 })
			if c.during != nil {
				c.during(t, f)
			}
			simtest.Finish(t, f, 48*time.Hour, c.failed...)
			if c.name == "the rule is deleted" {
				f.AddRule("default", "web-nightly", true, "")
			}
			restored(t, f)
		})
	}
}

func TestR6AStartThatFailsRestoresWhatItMuted(t *testing.T) {
	for _, broken := range []string{"events.Disable", "alarms.MuteActive", "alarms.Mute"} {
		t.Run(broken, func(t *testing.T) {
			f := muted(t, 3)
			f.AddRule("default", "web-a-first", true, "")
			f.Fault = func(op world.Op) world.Fault {
				if op.Service+"."+op.Name == broken && op.Subject != "web-a-first" {
					return world.ServerError
				}
				return world.None
			}
			_, _ = f.Ask(simtest.All{"mute": muteWeb})
			simtest.Finish(t, f, 48*time.Hour)
			restored(t, f)
			if !f.RuleEnabled("default", "web-a-first") {
				t.Error("the rule that was disabled is still so")
			}
			if n := len(simtest.Calls(f, "elb.Deregister")); n > 0 {
				t.Errorf("%d calls took targets out", n)
			}
			simtest.Told(t, f, "report", "run-1", "NOT STARTED", "could not begin")
		})
	}
}

func TestR6TwoRunsShareARule(t *testing.T) {
	f := simtest.Empty(t, 1)
	f.AddGroups("one", "two")
	for n := 1; n <= 2; n++ {
		f.Add(world.MachineSpec{ID: sim.ID(n)}, "one:80")
		f.Add(world.MachineSpec{ID: sim.ID(10 + n), BootTime: 9 * time.Minute}, "two:80")
	}
	simtest.Settle(f, 1, "one", "two")
	f.Watch.Tokens = 2
	f.AddAlarm("web-5xx", "OK")
	f.AddAlarm("web-latency", "OK")
	f.AddAlarm("database", "OK")
	f.AddRule("default", "web-nightly", true, "")
	watchMutes(t, f)
	simtest.Begin(
		t,
		f,
		simtest.All{"fleet": "one", "tags": nil, "targetGroupArns": []string{sim.Group("one")}, "mute": muteWeb},
	)
	simtest.Until(t, f, "nobody left", time.Hour, func() bool { return f.Count("elb.Deregister") > 0 })
	simtest.Begin(
		t,
		f,
		simtest.All{
			"id":              "run-2",
			"fleet":           "two",
			"tags":            nil,
			"targetGroupArns": []string{sim.Group("two")},
			"mute":            muteWeb,
		},
	)
	simtest.Finish(t, f, 12*time.Hour)
	simtest.Counts(t, f, 2, 0, 0)
	simtest.CountsOf(t, f, "run-2", 2, 0, 0)
	restored(t, f)
}

func TestR6WithEverythingDeadMutedAlarmsActAgainWithinTheHour(t *testing.T) {
	for _, after := range []time.Duration{time.Minute, 10 * time.Minute, 50 * time.Minute} {
		t.Run(after.String(), func(t *testing.T) {
			f := simtest.Fleet(t, 12)
			f.AddAlarm("web-5xx", "OK")
			simtest.Begin(t, f, simtest.All{"mute": simtest.All{"alarmNames": []string{"web-5xx"}}})
			f.Advance(after)
			f.PurgeAll()
			f.Throttled = func(string) bool { return true }
			f.SetAlarmState("web-5xx", "ALARM")
			f.Advance(time.Hour)
			if len(f.Fired("web-5xx")) != 1 {
				t.Errorf("the alarm acted at %v; the mute rules are %v", f.Fired("web-5xx"), f.MuteRules())
			}
			f.Throttled = nil
			f.SetAlarmState("web-5xx", "OK")
			simtest.Finish(t, f, 24*time.Hour)
			if after > time.Minute { // before that, the run hadn't begun
				simtest.Counts(t, f, 12, 0, 0)
			}
		})
	}
}
