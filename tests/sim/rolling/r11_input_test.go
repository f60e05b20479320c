package rolling_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"quickstep/tests/sim/simtest"

	"quickstep/shared/input"
	"quickstep/shared/run"
	"quickstep/tests/sim"
	"quickstep/tests/world"
)

// groupIn is a target group's ARN in another Region and account.
func groupIn(region, account string) string {
	return fmt.Sprintf("arn:aws:elasticloadbalancing:%s:%s:targetgroup/web/0123456789abcdef",
		region, account)
}

// retag changes the tags of an instance.
func retag(f *sim.Fleet, n int, key, value string) {
	f.ChangeMachine(sim.ID(n), func(m *world.MachineSpec) {
		if m.Tags[key] = value; value == "" {
			delete(m.Tags, key)
		}
	})
}

func TestR11Refusals(t *testing.T) {
	const parameter = "/quickstep/fleets/web"
	for _, c := range []struct {
		name    string
		prepare func(*sim.Fleet)
		request string
		says    []string
	}{
		{"all mistakes at once, of the request and of the parameter", func(f *sim.Fleet) {
			f.SetParameter(parameter, `{"maxChekcs":3,"proof":"requird","minHealthy":-1}`)
		}, `{"fleet":"web","tags":{"Role":null},"bootWait":5,"instanceIds":["web-1",null,"i-0123456789abcdef0"]}`, []string{
			"6 mistakes: ", "maxChekcs, in the SSM parameter " + parameter +
				": there is no such field; did you mean maxChecks?",
			"minHealthy, in the SSM parameter " + parameter +
				": -1 is no such amount; give 0 to 1000000 targets, or \"0%\" to \"100%\"",
			"did you mean required? Give required, whenManaged or " +
				"off", `tags: in {"Role":null}, null is no text; give up to 50 keys`,
			`bootWait: 5 is no such duration; give "0s" to "24h", in quotes and with the unit`, `instanceIds: "web-1" is no instance id; null is no text`}},
		{"a parameter that is no JSON, at its line and column", func(f *sim.Fleet) {
			f.SetParameter(parameter, "{\n  \"tags\": {\"Role\": \"web\"},\n  \"maxChecks\": 3,\n}")
		}, `{"fleet":"web"}`, []string{"parameter, in the SSM parameter " + parameter +
			": it is no JSON: at line 4, column 1 there is an invalid character '}'"}},
		{"a field twice in the parameter", func(f *sim.Fleet) {
			f.SetParameter(parameter, "{\"tags\": {\"Role\": \"web\",\n \"Role\":\"app\"}}")
		}, `{"fleet":"web"}`, []string{"tags.Role, in the SSM parameter " + parameter +
			": it is given twice, at line 1, column 11 and at line 2, column 2; give it once"}},
		{"a field twice in the request", nil,
			`{"fleet":"web","tags":{"Role":"web"},"check":{"ec2":true,"ec2":false}}`,
			[]string{"check.ec2: it is given twice, at line 1, column 47 and at line 1, column " +
				"58; give it once"}},
		{"no fleet", nil, `{"tags":{"Role":"web"}}`,
			[]string{"fleet: it is missing; give the fleet's name"}},
		{"a fleet whose parameter doesn't exist", nil, `{"fleet":"wbe"}`,
			[]string{"fleet: there is no SSM parameter /quickstep/fleets/wbe",
				"correct the name, create the parameter"}},
		{"a parameter that can't be decrypted", func(f *sim.Fleet) {
			f.SetParameter(parameter, `{"tags":{"Role":"web"}}`)
			f.SealParameter(parameter)
		}, `{"fleet":"web"}`, []string{"fleet: the SSM parameter " + parameter +
			" is a SecureString", "store the parameter as a String", "kms:Decrypt"}},
		{"a request of more than 64 KiB", nil, `{"fleet":"web","instanceIds":["` +
			strings.Repeat("x", 64<<10) + `"]}`,
			[]string{"request: it has 65570 bytes; give 65536 bytes at most"}},
		{"nothing is left: each selector says how many it matches",
			func(f *sim.Fleet) { retag(f, 2, "Role", "app") },
			`{"fleet":"web","targetGroupArns":["` + sim.Group("web") + `"],"instanceIds":["` +
				sim.ID(2) + `","` + sim.ID(99) + `"],"tags":{"Role":"web"}}`,
			[]string{"no running instance was found for fleet web: targetGroupArns matches 4 " +
				"instances, 4 running; instanceIds matches 1 instance, 1 running; " +
				"tags matches 3 instances, 3 running; all together match 0, none running"}},
		{"nothing runs", func(f *sim.Fleet) {
			for n := range 4 {
				f.Stop(sim.ID(n + 1))
			}
			f.Advance(5 * time.Minute)
		}, `{"fleet":"web","tags":{"Role":"web"}}`, []string{"tags matches 4 instances, 0 " +
			"running"}},
		{"a target group of another Region", nil, `{"fleet":"web","targetGroupArns":["` +
			groupIn("eu-west-1", "123456789012") + `"]}`,
			[]string{"targetGroupArns: ", "is in Region eu-west-1, not us-east-1"}},
		{"a target group of another account", nil, `{"fleet":"web","targetGroupArns":["` +
			groupIn("us-east-1", "210987654321") + `"]}`,
			[]string{"is in account 210987654321, not 123456789012"}},
		{"a foreign target group of another account and Region", nil,
			`{"fleet":"web","tags":{"Role":"web"},"notOurs":["` +
				groupIn("eu-west-1", "210987654321") + `"]}`,
			[]string{"notOurs: ", "is in Region eu-west-1, not us-east-1, and in account " +
				"210987654321, not 123456789012"}},
		{"an event bus of another account", nil,
			`{"fleet":"web","tags":{"Role":"web"},"mute":{"ruleNames":["r"],"eventBus":"arn:aws:events:us-east-1:210987654321:event-bus/ops"}}`,
			[]string{"mute.eventBus: event bus " +
				"arn:aws:events:us-east-1:210987654321:event-bus/ops is of another account or " +
				"Region, and its rules can't be disabled from here: it is in account " +
				"210987654321, not 123456789012"}},
		{"a target group of Lambda functions", func(f *sim.Fleet) {
			f.ChangeGroup(sim.Group("web"), func(g *world.GroupSpec) { g.TargetType = "lambda" })
		}, `{"fleet":"web","targetGroupArns":["` + sim.Group("web") +
			`"]}`, []string{"targetGroupArns: ", "web (type lambda)",
			"only target groups of type instance"}},
		{"a target group of a load balancer, and one that doesn't exist", func(f *sim.Fleet) {
			f.ChangeGroup(sim.Group("web"), func(g *world.GroupSpec) { g.TargetType = "alb" })
		}, `{"fleet":"web","targetGroupArns":["` + sim.Group("web") + `","` + sim.Group("nobody") +
			`"]}`,
			[]string{"web (type alb)", "there is no target group " + sim.Group("nobody")}},
		{"instances that must not be touched, all in one message", func(f *sim.Fleet) {
			retag(f, 1, "quickstep", "")
			retag(f, 2, "quickstep", "no")
			retag(f, 3, "aws:autoscaling:groupName", "web-asg")
			f.ChangeMachine(sim.ID(4),
				func(m *world.MachineSpec) { m.Operator = "eks.amazonaws.com" })
		}, `{"fleet":"web","tags":{"Role":"web"}}`, []string{"3 mistakes: ",
			"2 instances don't have the tag quickstep=allowed: " + sim.ID(1) + " and " + sim.ID(2),
			"instance " + sim.ID(3) + " belongs to Auto Scaling group web-asg, which may replace " +
				"it while it reboots",
			"instance " + sim.ID(4) + " belongs to AWS service eks.amazonaws.com"}},
		{"an instance of an EC2 Fleet of type maintain", func(f *sim.Fleet) {
			f.AddFleet("fleet-1", "maintain")
			retag(f, 2, "aws:ec2:fleet-id", "fleet-1")
		}, `{"fleet":"web","tags":{"Role":"web"}}`, []string{"instance " + sim.ID(2) +
			" belongs to EC2 Fleet fleet-1 (type maintain)"}},
		{"an instance of a Spot Fleet", func(f *sim.Fleet) {
			retag(f, 2,
				"aws:ec2spot:fleet-request-id", "sfr-1")
		},
			`{"fleet":"web","tags":{"Role":"web"}}`, []string{"belongs to Spot Fleet sfr-1"}},
		{"an instance of an EMR cluster", func(f *sim.Fleet) {
			retag(f, 2,
				"aws:elasticmapreduce:job-flow-id", "j-1")
		},
			`{"fleet":"web","tags":{"Role":"web"}}`, []string{"belongs to EMR cluster j-1"}},
		{"instances that aren't there, all of them", nil, `{"fleet":"web","instanceIds":["` +
			sim.ID(1) + `","` + sim.ID(98) + `","` + sim.ID(99) + `"]}`,
			[]string{"instanceIds: there is no instance " + sim.ID(98) + " and " + sim.ID(99)}},
		{"names that AWS refuses", nil,
			`{"fleet":"web","tags":{"Role":"web"},"check":{"lambda":{"function":"a b"}},"mute":{"ruleNames":["a b"],"eventBus":"a b","alarmNames":["a\u0007b"]}}`,
			[]string{`mute.ruleNames: "a b" is no rule's name; give names of EventBridge rules, or what they begin with: 1 to 64 letters`,
				`mute.eventBus: "a b" is no event bus's name or ARN`, "mute.alarmNames: ", "has " +
					"control characters", `check.lambda.function: "a b" is no function's name`}},
		{"names that don't exist, all of them, and a check that isn't allowed", nil,
			`{"fleet":"web","tags":{"Role":"web"},"check":{"lambda":{"function":"foreign"}},"mute":{"alarmNames":["a","b"],"alarmPrefixes":["c"],"ruleNames":["d","e"]}}`,
			[]string{`"a" and "b" doesn't exist`, `begins with "c"`, "mute.ruleNames",
				"check.lambda.function", "5 mistakes: "}},
		{"a plan that the ledger can't hold", func(f *sim.Fleet) {
			for n := range 999 {
				f.AddAlarm(fmt.Sprintf("web-%03d-%s", n, strings.Repeat("\u20ac", 240)), "OK")
			}
		}, `{"fleet":"web","tags":{"Role":"web"},"mute":{"alarmPrefixes":["web-"]}}`, []string{"mute: with 999 alarms and 0 rules to mute, the run's plan has ", "the ledger takes 350000 at most"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := simtest.Fleet(t, 4)
			if c.prepare != nil {
				c.prepare(f)
			}
			_, err := f.Call("start", json.RawMessage(c.request))
			if err == nil {
				t.Fatal("it was taken")
			}
			for _, part := range c.says {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("the error is\n%v\nand doesn't say\n%s", err, part)
				}
			}
			nothingChanged(t, f)
		})
	}
}

// A request that a schedule sent is refused to the alarm topic, whatever is wrong with it, and
// whole.
func TestR11ARefusalOfAScheduleIsToldWhole(t *testing.T) {
	f := simtest.Fleet(t, 2)
	request := `{"fleet":"web","fleet":"web","scheduled":"2026-01-05T02:00:00Z","maxChecks":0`
	for n := range 15 {
		request += fmt.Sprintf(`,"unknown%d":%q`, n, strings.Repeat("x", 300))
	}
	if _, err := f.Call("start", json.RawMessage(request+"}")); err != nil {
		t.Fatal(err)
	}
	nothingChanged(t, f)
	simtest.Told(t, f, "alarm", "refused, fleet web", "fleet: it is given twice",
		"maxChecks: 0 is out of bounds", "unknown0: ", "unknown14: ")
}

// The same of a survey's schedule.
func TestR11ARefusalOfASurveysScheduleIsToldWhole(t *testing.T) {
	f := simtest.Fleet(t, 1)
	request := `{"scheduled":"2026-01-05T02:00:00Z","states":["Mising"]`
	for n := range 15 {
		request += fmt.Sprintf(`,"unknown%d":1`, n)
	}
	_, _ = f.Call("survey", json.RawMessage(request+"}"))
	simtest.Told(t, f, "alarm", "scheduled patch reports refused", "did you mean Missing?", "unknown0: ",
		"unknown14: ")
}

// What an error repeats can't begin a line, reorder what stands beside it, or call people.
func TestR11AnErrorRepeatsNothingHostile(t *testing.T) {
	f := simtest.Fleet(t, 2)
	hostile := "\u202e\n<!channel> @here \x1b[31m"
	text, err := json.Marshal(simtest.All{"fleet": "web", hostile: 1, "tags": simtest.All{hostile: nil},
		"instanceIds": []any{hostile}, "proof": hostile})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = f.Call("start", json.RawMessage(text)); err == nil ||
		strings.ContainsAny(err.Error(), "\u202e\n\x1b") ||
		strings.Contains(err.Error(), "<!channel>") || strings.Contains(err.Error(), " @here") {
		t.Errorf("the error is %q", err)
	}
	nothingChanged(t, f)
}

// An instance that doesn't run and must not be touched is skipped, and the others are rebooted.
func TestR11AStoppedInstanceWithoutTheTagIsSkipped(t *testing.T) {
	f := simtest.Fleet(t, 4)
	retag(f, 2, "quickstep", "")
	retag(f, 3, "aws:autoscaling:groupName", "pool")
	for _, n := range []int{2, 3} {
		f.Stop(sim.ID(n))
		f.Watch.Forget(sim.ID(n))
	}
	f.Advance(5 * time.Minute)
	begun, err := f.Ask(simtest.All{"minHealthy": 0})
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(begun["instances"]) != "4" {
		t.Errorf("the answer is %v", begun)
	}
	simtest.Until(t, f, "the run's end", 6*time.Hour, f.Over)
	simtest.Counts(t, f, 2, 0, 2)
	for n, want := range map[int]string{
		2: "it is stopped, and doesn't have the tag quickstep=allowed",
		3: "it is stopped, and belongs to Auto Scaling group pool, which may replace it while it " +
			"reboots",
	} {
		var i run.Instance
		if doc, ok := f.Doc("RUN#run-1", "I#"+sim.ID(n)); !ok ||
			json.Unmarshal(doc.Body, &i) != nil || i.Position.Reason != want {
			t.Errorf("instance %d ended as %+v, want %q", n, i.Position, want)
		}
	}
	if n := f.Count("ec2.Reboot"); n != 2 {
		t.Errorf("%d reboots", n)
	}
}

// EC2 Fleets of other types, and those that are deleted, replace nothing: their instances are
// rebooted.
func TestR11AnInstantFleetIsRebooted(t *testing.T) {
	f := simtest.Fleet(t, 3)
	for n, kind := range []string{"instant", "request", "maintain"} {
		id := fmt.Sprint("fleet-", kind)
		f.AddFleet(id, kind)
		retag(f, n+1, "aws:ec2:fleet-id", id)
	}
	f.DeleteFleet("fleet-maintain")
	simtest.Begin(t, f, nil)
	simtest.Finish(t, f, 6*time.Hour)
	simtest.Counts(t, f, 3, 0, 0)
}

// Without an instance of any fleet, AWS isn't asked about them.
func TestR11FleetsAreAskedForOnlyIfAnInstanceHasOne(t *testing.T) {
	f := simtest.Fleet(t, 2)
	simtest.Begin(t, f, nil)
	simtest.Finish(t, f, 6*time.Hour)
	if n := f.Count("ec2.Maintained"); n != 0 {
		t.Errorf("%d calls", n)
	}
}

// However many instances are refused, the error can be read.
func TestR11ManyRefusedInstancesAreOneBoundedMessage(t *testing.T) {
	f := simtest.Fleet(t, 150)
	for n := range 150 {
		retag(f, n+1, "aws:autoscaling:groupName", fmt.Sprint("asg-", n%50))
	}
	_, err := f.Ask(nil)
	if err == nil || len(err.Error()) > 20_000 ||
		!strings.HasPrefix(err.Error(), "50 mistakes: (1) ") ||
		!strings.HasSuffix(err.Error(), "; and 30 more") || strings.Contains(err.Error(), "(21)") {
		t.Errorf("the error has %d bytes: %v", len(fmt.Sprint(err)), err)
	}
	nothingChanged(t, f)
}

// The commands and the survey's requests are refused as requests are.
func TestR11TheirRelatives(t *testing.T) {
	for _, c := range []struct{ function, event, says string }{
		{"control", `{"command":"pasue","run":"a b"}`,
			`2 mistakes: (1) command: "pasue" is no command; did you mean pause?`},
		{"control", `{"command":"status","command":"status"}`,
			"command: it is given twice, at line 1, column 2 and at line 1, column 21"},
		{"survey", `{"windowsIds":["mw-0123456789abcdef0"],"states":["Mising"],"lead":"1h","tags":{"Role":null}}`, "4 mistakes: "},
		{"survey", `{"states":["mising"]}`,
			`states: "mising" is no state of a patch; did you mean Missing?`},
		{"survey", `{"windowsIds":["mw-0123456789abcdef0"]}`,
			"windowsIds: there is no such field; did you mean windowIds?"},
		{"survey", `{"after":true,"after":false}`, "after: it is given twice"},
		{"survey", `{"id":"` + strings.Repeat("x", input.MaxText) + `"}`,
			"give 65536 bytes at most"},
	} {
		f := simtest.Fleet(t, 1)
		if _, err := f.Call(c.function, json.RawMessage(c.event)); err == nil ||
			!strings.Contains(err.Error(), c.says) {
			t.Errorf("%s %.80s: %v\nand not %s", c.function, c.event, err, c.says)
		}
		nothingChanged(t, f)
	}
}
