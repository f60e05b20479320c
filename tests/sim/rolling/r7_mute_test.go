package rolling_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"quickstep/tests/sim/simtest"

	"quickstep/shared/ledger"
	"quickstep/tests/sim"
	"quickstep/tests/world"
)

// deny refuses some calls while down says so.
func deny(f *sim.Fleet, down func() bool, kinds ...string) {
	f.Refuse = func(op world.Op) error {
		for _, kind := range kinds {
			if op.Service+"."+op.Name == kind && op.Function != "" && down() {
				return errors.New("AccessDenied: not authorized to perform it")
			}
		}
		return nil
	}
}

func always() bool { return true }

// troubled is how often people were told of trouble.
func troubled(f *sim.Fleet) (notes []world.Note) {
	for _, n := range f.Published("alarm") {
		if strings.Contains(n.Subject, "trouble") {
			notes = append(notes, n)
		}
	}
	return notes
}

// underway is a fleet of twelve of which one is done, which takes an hour and more.
func underway(t *testing.T, fields simtest.All) *sim.Fleet {
	t.Helper()
	f := mutable(t, 12)
	request := simtest.All{"mute": muteWeb, "bootWait": "5m"}
	for name, value := range fields {
		request[name] = value
	}
	simtest.Begin(t, f, request)
	simtest.Until(t, f, "nobody is done", 12*time.Hour, func() bool {
		s, _ := f.Status("run-1")
		return s.Done >= 1
	})
	return f
}

func TestR7ARunThatCannotBeMutedEndsInItsTime(t *testing.T) {
	for _, c := range []struct {
		name    string
		denied  []string
		command string
		within  time.Duration
		stopped string
		mails   int // at most
	}{
		{"gateTimeout, alarms", []string{"alarms.Mute"}, "", 4 * time.Hour, "gateTimeout", 4},
		{"gateTimeout, looking", []string{"alarms.Mute", "alarms.MuteActive"}, "", 4 * time.Hour, "gateTimeout", 4},
		{"gateTimeout, rules", []string{"events.Disable"}, "", 4 * time.Hour, "gateTimeout", 4},
		{"maxPause", []string{"alarms.Mute", "events.Disable"}, "pause", 5 * time.Hour, "maxPause", 1},
		{"cancel", []string{"alarms.Mute", "events.Disable"}, "cancel", time.Hour, "cancelled", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := underway(t, simtest.All{"gateTimeout": "2h", "maxPause": "4h"})
			from := f.Now()
			deny(f, always, c.denied...)
			if c.command != "" {
				simtest.Control(t, f, c.command, "run-1")
			}
			if err := f.Run(f.Over, c.within); err != nil {
				t.Fatalf("the run isn't over after %s: %v", c.within, err)
			}
			restored(t, f)
			s, _ := f.Status("run-1")
			if !strings.Contains(s.Stopped, c.stopped) || s.Failed > 0 || s.Done+s.Skipped != 12 {
				t.Errorf("%d done, %d failed, %d skipped, stopped: %s", s.Done, s.Failed, s.Skipped, s.Stopped)
			}
			notes := troubled(f)
			if len(notes) > c.mails {
				t.Errorf("%d mails about it in %s", len(notes), f.Now().Sub(from))
			}
			if c.stopped != "gateTimeout" {
				return
			}
			if len(notes) == 0 || !simtest.ContainsAll(notes[0].Text, "AccessDenied", "since 2026-01-05T") {
				t.Fatalf("people were told %v", notes)
			}
			last := notes[len(notes)-1].Text
			if c.denied[0] == "alarms.Mute" && !strings.Contains(last, "the alarms have not been muted since") {
				t.Errorf("the last mail doesn't say what isn't muted:\n%s", last)
			}
			if c.denied[0] == "events.Disable" && !strings.Contains(last, "EventBridge rules may be enabled") {
				t.Errorf("the last mail doesn't say what isn't muted:\n%s", last)
			}
		})
	}
}

func TestR7AMuteThatFailsForAWhileCostsNoInstance(t *testing.T) {
	f := underway(t, nil)
	from := f.Now()
	deny(f, func() bool { return f.Now().Before(from.Add(90 * time.Minute)) }, "alarms.Mute", "events.Disable")
	if err := f.Run(func() bool { s, _ := f.Status("run-1"); return s.Status == "ended" }, 12*time.Hour); err != nil {
		t.Fatal(err)
	}
	simtest.Counts(t, f, 12, 0, 0)
	restored(t, f)
	if n := len(troubled(f)); n == 0 || n > 2 {
		t.Errorf("%d mails about 90 minutes", n)
	}
	var status struct {
		Runs []struct{ Trouble string }
	}
	out, _ := f.Invoke(context.Background(), "control", json.RawMessage(`{"command":"status","run":"run-1"}`))
	if err := json.Unmarshal(out, &status); err != nil || status.Runs[0].Trouble != "" {
		t.Errorf("status tells of trouble after the end: %s, %v", out, err)
	}
}

func TestR7StatusTellsOfTrouble(t *testing.T) {
	f := underway(t, nil)
	deny(f, always, "alarms.Mute")
	f.Advance(90 * time.Minute)
	out, err := f.Invoke(context.Background(), "control", json.RawMessage(`{"command":"status","run":"run-1"}`))
	if err != nil || !simtest.ContainsAll(string(out), `"trouble":"since 2026-01-05T`, "AccessDenied") {
		t.Errorf("status: %s, %v", out, err)
	}
}

// What failed out of service is read, and the failures are announced, beside the mute: neither keeps a pause from
// its end.
func TestR7PatienceDoesNotWaitForTheRestOfTheLook(t *testing.T) {
	for _, c := range []struct{ service, name, about string }{
		{"dynamodb", "Get", "OUT/"}, {"sns", "Publish", ""},
	} {
		t.Run(c.service, func(t *testing.T) {
			f := simtest.Fleet(t, 4, map[int]world.MachineSpec{1: neverReturns})
			simtest.Begin(t, f, simtest.All{"maxConcurrency": 2, "maxErrors": 3, "maxPause": "1h"})
			simtest.Until(t, f, "nobody failed", 12*time.Hour, func() bool { return len(f.Docs("OUT")) > 0 })
			f.Fault = func(op world.Op) world.Fault {
				if op.Function == "finish" && op.Service == c.service && op.Name == c.name &&
					strings.Contains(op.Detail, c.about) {
					if s, _ := f.Status("run-1"); s.Stopped == "" {
						return world.ServerError
					}
				}
				return world.None
			}
			simtest.Control(t, f, "pause", "run-1")
			paused := f.Now()
			simtest.Until(
				t,
				f,
				"the pause doesn't end",
				3*time.Hour,
				func() bool { s, _ := f.Status("run-1"); return s.Stopped != "" },
			)
			if took := f.Now().Sub(paused); took > 75*time.Minute {
				t.Errorf("a pause of an hour took %s", took)
			}
			simtest.Finish(t, f, 12*time.Hour, sim.ID(1))
		})
	}
}

func TestR6ADeletedAlarmIsLeftOut(t *testing.T) {
	f := underway(t, nil)
	f.DeleteAlarm("web-latency")
	f.Also(func(op world.Op) {
		if f.Watch.Out() > 0 && !f.Muted("web-5xx") {
			t.Errorf("somebody is out and web-5xx isn't muted, after %s", op)
		}
	})
	simtest.Finish(t, f, 12*time.Hour)
	simtest.Counts(t, f, 12, 0, 0)
	restored(t, f)
	simtest.Told(t, f, "report", "has ended", "Deleted during the run, and so no longer muted", "web-latency")
	if notes := troubled(f); len(notes) > 0 {
		t.Errorf("people were told of trouble: %v", notes)
	}
}

// What is transient about one mute rule doesn't hide that another one is refused.
func TestR6ARefusedMuteRuleIsSeenBesideAThrottledOne(t *testing.T) {
	f := mutable(t, 12)
	for n := range 130 {
		f.AddAlarm(fmt.Sprintf("web-%03d", n), "OK")
	}
	simtest.Begin(t, f, simtest.All{"mute": muteWeb, "bootWait": "20m"})
	simtest.Until(t, f, "nobody is out", 12*time.Hour, func() bool { return f.Watch.Out() > 0 })

	refused := 0
	f.Fault = func(op world.Op) world.Fault {
		if op.Service != "alarms" || op.Name != "Mute" {
			return world.None
		}
		if strings.HasSuffix(op.Subject, "-1") {
			f.DeleteAlarm("web-000") // after the list was made, before its rule is put
			if strings.Contains(op.Detail, "web-000") {
				refused++
			}
			return world.None
		}
		return world.Throttle
	}
	simtest.Until(t, f, "no mute rule was put", time.Hour, func() bool { return refused > 0 })
	f.Advance(20 * time.Minute)
	if refused > 1 {
		t.Errorf("a mute rule was put %d times with an alarm that doesn't exist", refused)
	}
	f.Fault = nil
	simtest.Finish(t, f, 24*time.Hour)
	restored(t, f)
}

func TestR6AnAlarmThatComesBackIsMutedAgain(t *testing.T) {
	f := underway(t, simtest.All{"bootWait": "20m"})
	f.DeleteAlarm("web-latency")
	f.Advance(45 * time.Minute)
	if out, _ := f.Invoke(context.Background(), "control", json.RawMessage(`{"command":"status","run":"run-1"}`)); !strings.Contains(
		string(out),
		`"deletedAlarms":["web-latency"]`,
	) {
		t.Errorf("status: %s", out)
	}
	f.AddAlarm("web-latency", "OK")
	f.Advance(45 * time.Minute)
	if s, _ := f.Status("run-1"); s.Status != "open" || !f.Muted("web-latency") {
		t.Errorf("the run is %s, and web-latency muted: %t", s.Status, f.Muted("web-latency"))
	}
	simtest.Finish(t, f, 12*time.Hour)
	restored(t, f)
}

func TestR6WithEveryAlarmDeletedTheRunGoesOn(t *testing.T) {
	f := underway(t, nil)
	f.DeleteAlarm("web-latency")
	f.DeleteAlarm("web-5xx")
	simtest.Finish(t, f, 12*time.Hour)
	simtest.Counts(t, f, 12, 0, 0)
	restored(t, f)
	simtest.Told(t, f, "report", "has ended", "web-5xx", "web-latency")
}

// An alarm may be deleted after it was found and before it is muted.
func TestR6AnAlarmDeletedAtTheStartDoesNotEndTheRun(t *testing.T) {
	f := muted(t, 2)
	f.AddAlarm("web-gone", "OK")
	f.Refuse = func(op world.Op) error {
		if op.Service == "alarms" && op.Name == "Mute" && f.HasAlarm("web-gone") {
			f.After(0, func() { f.DeleteAlarm("web-gone") })
			return errors.New("ResourceNotFoundException: alarm web-gone doesn't exist")
		}
		return nil
	}
	simtest.Begin(t, f, simtest.All{"mute": muteWeb})
	simtest.Finish(t, f, 12*time.Hour)
	simtest.Counts(t, f, 2, 0, 0)
	restored(t, f)
}

// Each generation of mute rules has as many parts as there were alarms for: those of the first are more than those
// of the last, also where a crash or another delivery comes between.
func TestR6EveryPartOfEveryGenerationIsDeleted(t *testing.T) {
	for _, c := range []struct {
		name    string
		counted bool
	}{{"counted", true}, {"from a version that counted none", false}} {
		t.Run(c.name, func(t *testing.T) {
			f := mutable(t, 12)
			for n := range 230 {
				f.AddAlarm(fmt.Sprintf("web-%03d", n), "OK")
			}
			simtest.Begin(t, f, simtest.All{"mute": muteWeb, "bootWait": "5m"})
			simtest.Until(
				t,
				f,
				"nobody is done",
				12*time.Hour,
				func() bool { s, _ := f.Status("run-1"); return s.Done >= 1 },
			)
			if !c.counted {
				rewrite(t, f, "ACTIVE", "run-1", func(a simtest.All) { delete(a["quiet"].(simtest.All), "parts") })
			}
			for n := range 230 {
				f.DeleteAlarm(fmt.Sprintf("web-%03d", n))
			}
			crashes := 0
			f.Fault = func(op world.Op) world.Fault {
				if op.Service == "alarms" && (op.Name == "Mute" || op.Name == "Unmute") && crashes < 6 {
					crashes++
					return []world.Fault{world.CrashAfter, world.CrashBefore, world.None}[crashes%3]
				}
				return world.None
			}
			f.Duplicate = func(string) bool { return true }
			simtest.Finish(t, f, 24*time.Hour)
			restored(t, f)
		})
	}
}

// rewrite changes a document of the ledger as another version would have written it.
func rewrite(t *testing.T, f *sim.Fleet, pk, sk string, change func(simtest.All)) {
	t.Helper()
	doc, ok := f.Doc(pk, sk)
	var fields simtest.All
	if !ok || json.Unmarshal(doc.Body, &fields) != nil {
		t.Fatalf("there is no %s/%s", pk, sk)
	}
	change(fields)
	body, err := json.Marshal(fields)
	if err == nil {
		err = f.Table().Write(
			context.Background(),
			"another version",
			ledger.Write{Key: doc.Key, Rev: doc.Rev, Body: body, Expires: f.Expiry(pk, sk)},
		)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestR6OneBusByNameAndByARN(t *testing.T) {
	const bus = "arn:aws:events:us-east-1:123456789012:event-bus/default"
	f := mutable(t, 3)
	simtest.Begin(t, f, simtest.All{"mute": simtest.All{"ruleNames": []string{"web-nightly"}, "eventBus": bus}})
	simtest.Until(t, f, "nobody left", time.Hour, func() bool { return f.Count("elb.Deregister") > 0 })
	for _, pk := range f.Partitions() {
		if strings.HasPrefix(pk, "MUTE#") && pk != "MUTE#default/web-nightly" {
			t.Errorf("the ledger has %s", pk)
		}
	}
	simtest.Finish(t, f, 12*time.Hour)
	restored(t, f)

	for _, fields := range []simtest.All{
		{"mute": simtest.All{"ruleNames": []string{"web-nightly"}, "eventBus": "arn:aws:events:us-east-1:210987654321:event-bus/default"}},
		{"mute": simtest.All{"alarmNames": []string{"web-5xx"}, "eventBus": "arn:aws:events:eu-west-1:123456789012:event-bus/orders"}},
	} {
		fields["id"] = "foreign"
		if _, err := f.Ask(fields); err == nil ||
			!simtest.ContainsAll(err.Error(), "mute.eventBus", "another account or Region") {
			t.Errorf("%v: %v", fields, err)
		}
	}
	f.SetParameter(
		"/quickstep/fleets/web",
		`{"mute":{"ruleNames":["web-nightly"],"eventBus":"arn:aws:events:eu-west-1:123456789012:event-bus/x"}}`,
	)
	if _, err := f.Ask(simtest.All{"id": "foreign"}); err == nil || !strings.Contains(err.Error(), "parameter") {
		t.Errorf("of the fleet's parameter: %v", err)
	}
}

// A run of a version that took the bus as it was given holds its rule under the ARN.
func TestR6ARuleHeldUnderTheARNOfItsBusIsRestored(t *testing.T) {
	const bus = "arn:aws:events:us-east-1:123456789012:event-bus/default"
	f := mutable(t, 3)
	f.AddRule(bus, "web-nightly", false, "") // to the world a bus of its own: as disabled as the run has left it
	simtest.Begin(t, f, simtest.All{"mute": muteWeb})
	simtest.Until(t, f, "nobody left", time.Hour, func() bool { return f.Count("elb.Deregister") > 0 })
	under := []any{simtest.All{"bus": bus, "name": "web-nightly"}}
	rewrite(t, f, "RUN#run-1", "PLAN", func(p simtest.All) { p["rules"] = under })
	held := fmt.Sprintf(`{"rule":{"bus":%q,"name":"web-nightly"},"runs":["run-1"]}`, bus)
	key := ledger.Key{PK: "MUTE#" + bus + "/web-nightly", SK: "MUTE"}
	err := f.Table().Write(context.Background(), "another version", ledger.Write{Key: key, Body: json.RawMessage(held)},
		ledger.Write{Key: ledger.Key{PK: "MUTE#default/web-nightly", SK: "MUTE"}, Rev: 1, Delete: true})
	if err != nil {
		t.Fatal(err)
	}
	simtest.Finish(t, f, 12*time.Hour)
	if !f.RuleEnabled(bus, "web-nightly") {
		t.Error("the rule that was held under the ARN is still disabled")
	}
}

func TestR6CompositeAlarmsThatDependOnMutedOnesAreNamed(t *testing.T) {
	f := muted(t, 2)
	f.AddComposite("site", `ALARM("web-5xx") OR ALARM(database)`, true)
	f.AddComposite("company", "ALARM(site)", true)
	f.AddComposite("silent", "ALARM(web-5xx)", false)
	f.AddComposite("other", "ALARM(database)", true)
	f.AddComposite("web-all", "ALARM(web-5xx)", true) // it is muted itself
	answer, err := f.Ask(simtest.All{"mute": muteWeb})
	if err != nil {
		t.Fatal(err)
	}
	simtest.Finish(t, f, 12*time.Hour)
	mail := simtest.Told(t, f, "report", "begins").Text
	for _, text := range []string{fmt.Sprint(answer["remarks"]), mail} {
		for _, name := range []string{"company", "site"} {
			if !strings.Contains(
				text,
				"composite alarm "+name+" depends on muted alarm web-5xx and isn't muted: it can fire",
			) {
				t.Errorf("%s isn't named:\n%s", name, text)
			}
		}
		for _, name := range []string{"silent", "other", "web-all"} {
			if strings.Contains(text, "composite alarm "+name) {
				t.Errorf("%s is named:\n%s", name, text)
			}
		}
	}
	if !simtest.ContainsAll(mail, "Note: ") {
		t.Errorf("the mail has no note:\n%s", mail)
	}
}

func TestR6WhatCannotBeRestoredKeepsNothingElseMuted(t *testing.T) {
	f := mutable(t, 3)
	f.AddRule("default", "web-a-first", true, "")
	simtest.Begin(t, f, simtest.All{"mute": muteWeb})
	simtest.Until(t, f, "nobody left", time.Hour, func() bool { return f.Count("elb.Deregister") > 0 })
	stuck := true
	f.Refuse = func(op world.Op) error {
		if stuck && op.Service == "events" && op.Name == "Enable" && op.Subject == "web-a-first" {
			return errors.New("AccessDenied: not authorized to perform events:EnableRule")
		}
		return nil
	}
	f.Advance(4 * time.Hour)
	restored(t, f)
	if s, _ := f.Status("run-1"); s.Status == "ended" {
		t.Error("the run has ended although a rule isn't restored")
	}
	stuck = false
	simtest.Finish(t, f, time.Hour)
	if !f.RuleEnabled("default", "web-a-first") {
		t.Error("the rule isn't restored after the permission came back")
	}
}

func TestR7MuteRulesThatHaveEndedCannotKeepARun(t *testing.T) {
	f := muted(t, 2)
	simtest.Begin(t, f, simtest.All{"mute": muteWeb})
	simtest.Until(t, f, "nobody left", time.Hour, func() bool { return f.Count("elb.Deregister") > 0 })
	deny(f, always, "alarms.Unmute")
	if err := f.Run(f.Over, 4*time.Hour); err != nil {
		t.Fatal(err)
	}
	simtest.Counts(t, f, 2, 0, 0)
	for name, status := range f.MuteRules() {
		if status != "EXPIRED" {
			t.Errorf("mute rule %s is %s", name, status)
		}
	}
	if f.Muted("web-5xx") || !f.RuleEnabled("default", "web-nightly") {
		t.Error("something is still muted")
	}
}

// A permission that comes back is noticed within minutes, not at the next round of ten.
func TestR7AMuteThatFailsIsTriedAgainSoon(t *testing.T) {
	f := underway(t, simtest.All{"bootWait": "20m"})
	tries := 0
	deny(f, func() bool { tries++; return true }, "alarms.Mute")
	simtest.Until(t, f, "the mute doesn't run out", 4*time.Hour, func() bool { return !f.Muted("web-5xx") })
	tries = 0
	f.Advance(30 * time.Minute)
	if tries < 8 || tries > 40 {
		t.Errorf("in half an hour it was tried %d times", tries)
	}
	f.Refuse = nil
	f.Advance(6 * time.Minute)
	if !f.Muted("web-5xx") {
		t.Error("six minutes after the permission came back web-5xx isn't muted")
	}
}

// Two runs take one rule at the same time: the second finds it off because the first has just disabled it, between
// its two readings of the ledger.
func TestR6TwoRunsThatTakeARuleAtOnce(t *testing.T) {
	f := simtest.Empty(t, 1)
	f.AddGroups("one", "two")
	for n := 1; n <= 2; n++ {
		f.Add(world.MachineSpec{ID: sim.ID(n)}, "one:80")
		f.Add(world.MachineSpec{ID: sim.ID(10 + n), BootTime: 9 * time.Minute}, "two:80")
	}
	simtest.Settle(f, 1, "one", "two")
	f.Watch.Tokens = 2
	f.AddRule("default", "web-nightly", true, "")
	f.Also(func(op world.Op) {
		if f.Watch.Out() > 0 && f.RuleEnabled("default", "web-nightly") {
			t.Errorf("somebody is out and web-nightly is enabled, after %s", op)
		}
	})
	waits := time.Duration(0)
	f.Pace = func(op world.Op) time.Duration {
		if op.Service == "events" && op.Name == "Rule" && op.Function == "start" {
			waits += 10 * time.Second // the second reads the rule after the first has disabled it
			return waits
		}
		return 0
	}
	mute := simtest.All{"ruleNames": []string{"web-nightly"}}
	for n, name := range []string{"one", "two"} {
		simtest.Begin(
			t,
			f,
			simtest.All{
				"id":              fmt.Sprint("run-", n+1),
				"fleet":           name,
				"tags":            nil,
				"targetGroupArns": []string{sim.Group(name)},
				"mute":            mute,
			},
		)
	}
	simtest.Finish(t, f, 12*time.Hour)
	simtest.CountsOf(t, f, "run-2", 2, 0, 0)
	restored := f.RuleEnabled("default", "web-nightly")
	if !restored {
		t.Error("the rule isn't restored")
	}
}
