package rolling_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"quickstep/tests/sim/simtest"

	"quickstep/tests/sim"
	"quickstep/tests/world"
)

func TestR11BadInputNamesTheFieldAndChangesNothing(t *testing.T) {
	many := make([]string, 101)
	for n := range many {
		many[n] = fmt.Sprint("a", n)
	}
	for _, c := range []struct {
		field string
		value any
	}{
		{"colour", "red"}, {"Fleet", "web"}, {"id", 7}, {"id", strings.Repeat("x", 2000)}, {"id", nil},
		{"scheduled", "tomorrow"}, {"fleet", ""}, {"fleet", "a b"}, {"fleet", 1}, {"fleet", "../etc"}, {"fleet", strings.Repeat("w", 65)},
		{"targetGroupArns", "web"}, {"targetGroupArns", []string{"web"}}, {"targetGroupArns", []string{sim.Group("nobody")}},
		{"instanceIds", sim.ID(1)}, {"instanceIds", []string{"web-1"}}, {"instanceIds", []string{sim.ID(99)}},
		{"tags", []string{"Role"}}, {"tags", simtest.All{"Role": 1}}, {"tags", simtest.All{"Role": "nobody"}}, {"tags", simtest.All{"": "x"}}, {"tags", simtest.All{"Role": "*"}},
		{"maxConcurrency", 0}, {"maxConcurrency", -1}, {"maxConcurrency", 91}, {"maxConcurrency", "101%"}, {"maxConcurrency", "0%"}, {"maxConcurrency", 1.5}, {"maxConcurrency", "many"},
		{"minHealthy", -1}, {"minHealthy", "101%"}, {"minHealthy", "most"}, {"minHealthy", 2.5},
		{"maxErrors", -1}, {"maxErrors", "x%"}, {"maxErrors", simtest.All{}},
		{"bootWait", 60}, {"bootWait", "-1s"}, {"bootWait", "25h"}, {"bootWait", "soon"},
		{"checkInterval", "0s"}, {"checkInterval", "2h"}, {"maxChecks", 0}, {"maxChecks", 1001}, {"maxChecks", "30"},
		{"drainTimeout", "1s"}, {"drainTimeout", "25h"}, {"rejoinTimeout", "1s"}, {"rejoinTimeout", "25h"},
		{"gateTimeout", "1s"}, {"gateTimeout", "1000h"}, {"maxPause", "0s"}, {"maxPause", "1000h"},
		{"notAfter", "2020-01-01T00:00:00Z"}, {"notAfter", "later"}, {"notAfter", 5},
		{"check", "http"}, {"check.ec2", simtest.All{"ec2": "yes"}}, {"check.ping", simtest.All{"ping": true}}, {"check", 1},
		{"check.http.port", simtest.All{"http": simtest.All{"port": 70000}}}, {"check.http.path", simtest.All{"http": simtest.All{"path": "health"}}},
		{"check.http.codes", simtest.All{"http": simtest.All{"codes": "2xx"}}}, {"check.http.text", simtest.All{"http": simtest.All{"text": 1}}},
		{"check.http.timeout", simtest.All{"http": simtest.All{"timeout": "1h"}}},
		{"check.tcp.port", simtest.All{"tcp": simtest.All{}}}, {"check.tcp.port", simtest.All{"tcp": simtest.All{"port": -1}}}, {"check.tcp.timeout", simtest.All{"tcp": simtest.All{"port": 22, "timeout": "1m"}}},
		{"check.lambda.function", simtest.All{"lambda": simtest.All{}}}, {"check.lambda.function", simtest.All{"lambda": simtest.All{"function": "not-allowed"}}},
		{"proof", "maybe"}, {"proof", true},
		{"mute", []string{"web"}}, {"mute.alarms", simtest.All{"alarms": []string{"x"}}},
		{"mute.alarmPrefixes", simtest.All{"alarmPrefixes": []string{""}}}, {"mute.alarmPrefixes", simtest.All{"alarmPrefixes": []string{"none-"}}}, {"mute.alarmPrefixes", simtest.All{"alarmPrefixes": "web-"}},
		{"mute.alarmNames", simtest.All{"alarmNames": []string{""}}}, {"mute.alarmNames", simtest.All{"alarmNames": []string{"nobody"}}}, {"mute.alarmNames", simtest.All{"alarmNames": many}},
		{"mute.rulePrefixes", simtest.All{"rulePrefixes": []string{""}}}, {"mute.rulePrefixes", simtest.All{"rulePrefixes": []string{"none-"}}},
		{"mute.ruleNames", simtest.All{"ruleNames": []string{""}}}, {"mute.ruleNames", simtest.All{"ruleNames": []string{"nobody"}}},
		{"mute.eventBus", simtest.All{"eventBus": ""}}, {"mute.eventBus", simtest.All{"eventBus": 1}},
	} {
		t.Run(fmt.Sprintf("%s %.40v", c.field, c.value), func(t *testing.T) {
			t.Parallel()
			f := muted(t, 4)
			request := simtest.All{"id": "run-1", "fleet": "web", "tags": simtest.All{"Role": "web"}}
			name, _, _ := strings.Cut(c.field, ".")
			request[name] = c.value
			_, err := f.Call("start", request)
			nothingChanged(t, f)
			if c.field == "scheduled" && err == nil { // nobody waits for the answer
				simtest.Told(t, f, "alarm", "refused", "scheduled")
			} else if err == nil || !strings.Contains(err.Error(), c.field) {
				t.Errorf("the error doesn't name %s: %v", c.field, err)
			}
		})
	}
}

// nothingChanged checks that no call changed anything, now or later.
func nothingChanged(t *testing.T, f *sim.Fleet) {
	t.Helper()
	f.Advance(time.Hour)
	if p := f.Partitions(); len(p) > 0 {
		t.Errorf("the ledger holds %v", p)
	}
	for _, kind := range []string{"elb.Register", "elb.Deregister", "ec2.Reboot", "alarms.Mute", "alarms.Unmute", "events.Disable", "events.Enable", "dynamodb.Write", "sqs.Send"} {
		if n := f.Count(kind); n > 0 {
			t.Errorf("%s was called %d times", kind, n)
		}
	}
}

func TestR11WhatIsNoRequestAtAll(t *testing.T) {
	for _, body := range []string{`null`, `[]`, `"web"`, `7`, `{}`, `{"fleet":null}`, `{"fleet":"web"}`, `{"Records":"x"}`, `{"fleet":"web","tags":{"Role":"web"},"Records":[]}`} {
		t.Run(body, func(t *testing.T) {
			f := simtest.Fleet(t, 2)
			if _, err := f.Call("start", json.RawMessage(body)); err == nil {
				t.Error("it was taken")
			}
			nothingChanged(t, f)
		})
	}
}

func TestR11TheRequestReplacesFieldsOfTheFleetsParameter(t *testing.T) {
	f := simtest.Fleet(t, 4)
	f.SetParameter("/quickstep/fleets/web", `{"fleet":"web","tags":{"Role":"nobody"},"maxConcurrency":2,"proof":"off"}`)
	if _, err := f.Call("start", simtest.All{"fleet": "web", "id": "run-1"}); err == nil ||
		!strings.Contains(err.Error(), "tags") {
		t.Errorf("the parameter's tags should match nothing: %v", err)
	}
	f.Watch.Tokens = 2
	simtest.Begin(t, f, nil)
	simtest.Finish(t, f, 6*time.Hour)
	simtest.Counts(t, f, 4, 0, 0)
	for _, bad := range []string{`{`, `[]`, `{"colour":1}`, `{"id":"x"}`, `{"maxChecks":"many"}`} {
		f.SetParameter("/quickstep/fleets/web", bad)
		if _, err := f.Ask(simtest.All{"id": "run-2"}); err == nil {
			t.Errorf("the parameter %s was taken", bad)
		}
	}
}

func TestR11FleetsThatCannotBeRebooted(t *testing.T) {
	for _, c := range []struct {
		name, field string
		prepare     func(*sim.Fleet)
	}{
		{"an instance without the tag that allows it", "quickstep", func(f *sim.Fleet) {
			f.ChangeMachine(sim.ID(2), func(m *world.MachineSpec) { delete(m.Tags, "quickstep") })
		}},
		{"an instance of an Auto Scaling group", "auto scaling", func(f *sim.Fleet) {
			f.ChangeMachine(sim.ID(2), func(m *world.MachineSpec) { m.Tags["aws:autoscaling:groupName"] = "web" })
		}},
		{"a target group of IP addresses", "api", func(f *sim.Fleet) {
			f.ChangeGroup(sim.Group("api"), func(g *world.GroupSpec) { g.TargetType = "ip" })
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := simtest.Fleet(t, 3)
			c.prepare(f)
			if _, err := f.Ask(nil); err == nil || !simtest.ContainsAll(err.Error(), c.field) {
				t.Errorf("the answer was %v", err)
			}
			nothingChanged(t, f)
		})
	}
}
