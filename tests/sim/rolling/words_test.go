package rolling_test

import (
	"context"
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"quickstep/tests/sim/simtest"

	"quickstep/shared/ledger"
	"quickstep/shared/run"
	"quickstep/tests/sim"
	"quickstep/tests/world"
)

// hostile is what a function answers that would forge mails: each label is one of ours, and FORGED follows it.
var hostile = "x\n\nNext:   FORGED run this\r\nSubject: FORGED\u2028Why:    FORGED\x1b[2K\u202e\u2066\u200b\ufeff\U000e0041" +
	strings.Repeat(
		" ",
		80,
	) + "Rest:   FORGED <!channel> <@U012AB3CD> @here [FORGED](https://evil.example) <https://evil.example|AWS>"

var (
	unseen = regexp.MustCompile(
		"[\\x00-\\x09\\x0b-\\x1f\\x7f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]",
	)
	markup = regexp.MustCompile(`<[!@#/A-Za-z]|\]\(|(^|\s)@[A-Za-z]`)
	forged = regexp.MustCompile(`(?m)^\s*([A-Za-z]+:)?\s*FORGED`)
)

// mustBeOurs checks that no text from outside has made a line, hidden or called anything.
func mustBeOurs(t *testing.T, text string) {
	t.Helper()
	for what, bad := range map[string]*regexp.Regexp{"a character that can't be seen": unseen, "markup": markup, "a forged line": forged} {
		if at := bad.FindString(text); at != "" {
			t.Errorf("%s, %q, is in\n%s", what, at, text)
		}
	}
}

func TestAFunctionsReasonForgesNothing(t *testing.T) {
	for name, reason := range map[string]string{"forged lines": hostile, "200 KB": "begins " + strings.Repeat("long ", 40_000) + hostile} {
		t.Run(name, func(t *testing.T) {
			f := simtest.Fleet(t, 3)
			f.SetCheck("ready-forger", func(json.RawMessage) (bool, string) { return false, reason })
			simtest.Begin(
				t,
				f,
				simtest.All{"check": simtest.All{"lambda": simtest.All{"function": "ready-forger"}}, "maxChecks": 3},
			)
			simtest.Until(t, f, "no check was made", time.Hour, func() bool { return f.Count("lambda.Ready") == 2 })
			s, err := f.Status("run-1")
			if err != nil || len(s.InFlight) != 1 || len(s.InFlight[0].Reason) > 1000 {
				t.Fatalf("in flight: %.300v, %v", s.InFlight, err)
			}
			mustBeOurs(t, s.InFlight[0].Reason)
			simtest.Finish(t, f, 6*time.Hour, sim.ID(1))
			for _, topic := range []string{"alarm", "report"} {
				for _, n := range f.Published(topic) {
					mustBeOurs(t, n.Subject+"\n"+n.Text)
				}
			}
			n := simtest.Told(t, f, "alarm", sim.ID(1), "FAILED", "ready-forger: ")
			if len(n.Text) > 5000 || (len(reason) > 1000 && !strings.Contains(n.Text, "bytes cut")) {
				t.Errorf("%d bytes: %s", len(n.Text), n.Text)
			}
			for _, d := range append(f.Docs("RUN#run-1"), f.Docs("OUT")...) {
				if len(d.Body) > 6000 {
					t.Errorf("%s has %d bytes", d.SK, len(d.Body))
				}
			}
		})
	}
}

func TestARefusedRequestForgesNothing(t *testing.T) {
	for name, request := range map[string]string{
		"its fleet":      `{"scheduled":"2026-01-05T04:00:00Z","fleet":` + quoted(hostile) + `}`,
		"a field's name": `{"scheduled":"2026-01-05T04:00:00Z","fleet":"web",` + quoted(hostile) + `:1}`,
		"a value":        `{"scheduled":"2026-01-05T04:00:00Z","fleet":"web","instanceIds":[` + quoted(hostile) + `]}`,
		"white space":    "{\n\n\"scheduled\":\"2026-01-05T04:00:00Z\",\r\n\"fleet\":\"web\",\n\"tags\":\n\nFORGED}",
		"its length":     `{"scheduled":"2026-01-05T04:00:00Z","fleet":"web","tags":{"a":` + quoted(strings.Repeat(hostile, 2000)) + `},"x":1}`,
	} {
		t.Run(name, func(t *testing.T) {
			f := simtest.Fleet(t, 2)
			answer, err := f.Call("start", json.RawMessage(request))
			if name != "white space" && (err != nil || answer["status"] != "refused") {
				t.Errorf("the answer is %.300v, %v", answer, err)
			}
			if err != nil {
				mustBeOurs(t, err.Error())
			}
			for _, n := range f.Published("alarm") {
				mustBeOurs(t, n.Subject+"\n"+n.Text)
				if len(n.Text) > 5000 {
					t.Errorf("it has %d bytes", len(n.Text))
				}
			}
		})
	}
}

func quoted(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func TestTheLastTokensHolderEndsTheRunAndTheMailSaysSo(t *testing.T) {
	f := simtest.Fleet(t, 3, map[int]world.MachineSpec{1: {NeverReturns: true}})
	simtest.Begin(t, f, simtest.All{"maxErrors": 2, "maxChecks": 4})
	simtest.Finish(t, f, 6*time.Hour, sim.ID(1))
	simtest.Counts(t, f, 0, 1, 2)
	n := simtest.Told(
		t,
		f,
		"alarm",
		sim.ID(1),
		"FAILED",
		"the run ends, and 2 instances are skipped: every token is held",
	)
	if strings.Contains(n.Text, "goes on") {
		t.Errorf("it says\n%s", n.Text)
	}
}

func TestSinceWhenItIsOutOfServiceIsOneTimeEverywhere(t *testing.T) {
	f := simtest.Fleet(t, 3, map[int]world.MachineSpec{1: {NeverReturns: true}})
	simtest.Begin(t, f, simtest.All{"maxChecks": 10})
	simtest.Finish(t, f, 6*time.Hour, sim.ID(1))
	doc, _ := f.Doc("RUN#run-1", "I#"+sim.ID(1))
	var i struct{ LeftAt time.Time }
	if err := json.Unmarshal(doc.Body, &i); err != nil {
		t.Fatal(err)
	}
	out, err := f.Invoke(context.Background(), "control", []byte(`{"command":"status"}`))
	var reply struct {
		OutOfService []struct{ Since, FailedAt time.Time }
	}
	if err != nil || json.Unmarshal(out, &reply) != nil || len(reply.OutOfService) != 1 {
		t.Fatalf("%s, %v", out, err)
	}
	o := reply.OutOfService[0]
	if !o.Since.Equal(i.LeftAt) || o.FailedAt.Sub(o.Since) < 3*time.Minute {
		t.Errorf("out of service since %s, failed at %s; it left at %s", o.Since, o.FailedAt, i.LeftAt)
	}
	simtest.Told(t, f, "alarm", "OUT OF SERVICE since "+i.LeftAt.Format(time.RFC3339))
}

func TestWhoIsReleasedBeforeTheEndIsNotSaidToBeOut(t *testing.T) {
	f := simtest.Fleet(t, 4, map[int]world.MachineSpec{1: {NeverReturns: true}})
	simtest.Begin(t, f, simtest.All{"maxErrors": 2, "maxConcurrency": 2, "maxChecks": 4})
	simtest.Until(t, f, "nobody failed", 3*time.Hour, func() bool { return len(f.Docs("OUT")) == 1 })
	if _, err := f.Call("control", simtest.All{"command": "release", "instance": sim.ID(1)}); err != nil {
		t.Fatal(err)
	}
	f.Watch.Forget(sim.ID(1))
	simtest.Finish(t, f, 12*time.Hour, sim.ID(1))
	n := simtest.Told(t, f, "report", "ended", sim.ID(1)+" out of service until it was released or seen back, at check")
	if strings.Contains(n.Text, "OUT OF SERVICE") || strings.Contains(n.Text, "counts as such") {
		t.Errorf("it says\n%s", n.Text)
	}
	simtest.FailedBecause(t, f, sim.ID(1), "check", false, "not started")
}

func TestADeletedTargetGroupIsSaidToBeDeleted(t *testing.T) {
	gone := func(f *sim.Fleet, groups ...string) {
		f.AfterEffect = nil // the watch can't look at a group that is gone
		simtest.Once(f, "ec2.Reboot", func(world.Op) {
			for _, g := range groups {
				f.RemoveGroup(sim.Group(g))
			}
		})
	}
	run := func(t *testing.T, f *sim.Fleet, failed, skipped, done int, out bool, parts ...string) {
		t.Helper()
		simtest.Begin(t, f, simtest.All{"maxErrors": 1})
		simtest.Until(t, f, "the run isn't over", 12*time.Hour, f.Over)
		simtest.Counts(t, f, done, failed, skipped)
		simtest.FailedBecause(t, f, sim.ID(1), "rejoin", out, parts[0])
		n := simtest.Told(t, f, "alarm", append(parts, sim.ID(1))...)
		if strings.Contains(n.Text, "somebody else") || strings.Contains(n.Text, "register it again") {
			t.Errorf("it says\n%s", n.Text)
		}
		if _, kept := f.Doc("OUT", sim.ID(1)); kept != out {
			t.Errorf("it is kept as out of service: %t", kept)
		}
	}
	t.Run("one of two", func(t *testing.T) {
		f := simtest.Fleet(t, 3)
		gone(f, "api")
		run(t, f, 1, 0, 2, false, "target group api doesn't exist any more", "in service again where it still can be")
		if len(f.Standing("web", sim.ID(1))) != 1 {
			t.Error("it isn't back in the other group")
		}
	})
	t.Run("both", func(t *testing.T) {
		f := simtest.Fleet(t, 3)
		gone(f, "api", "web")
		run(t, f, 1, 2, 0, false, "target groups api, web don't exist any more", "running, and in no target group")
	})
	t.Run("one, and it is broken in the other", func(t *testing.T) {
		f := simtest.Fleet(t, 3)
		gone(f, "api")
		simtest.Once(f, "elb.Register", func(world.Op) { f.Break(sim.ID(1)) })
		run(
			t,
			f,
			1,
			2,
			0,
			true,
			"target group api doesn't exist any more",
			"and not healthy",
			"web port 8080 is unhealthy",
			"OUT OF SERVICE since",
		)
	})
	t.Run("one, and somebody takes it out of the other", func(t *testing.T) {
		f := simtest.Fleet(t, 3)
		gone(f, "api")
		simtest.Once(f, "elb.Register", func(world.Op) {
			f.After(time.Second, func() { f.DeregisterByHand(sim.Group("web"), simtest.Address(sim.ID(1), "8080")) })
		})
		simtest.Begin(t, f, simtest.All{"maxErrors": 1})
		simtest.Until(t, f, "the run isn't over", 12*time.Hour, f.Over)
		simtest.Told(
			t,
			f,
			"alarm",
			"somebody else took it out of web port 8080",
			"target group api doesn't exist any more",
		)
	})
}

func TestWhoIsDoneAndNotHealthyIsNamed(t *testing.T) {
	f := simtest.Fleet(t, 3)
	f.Break(sim.ID(2))
	f.Watch.Forget(sim.ID(2)) // it serves neither before nor after
	f.Advance(2 * time.Minute)
	simtest.Begin(t, f, simtest.All{"minHealthy": 0})
	simtest.Finish(t, f, 12*time.Hour, sim.ID(2))
	simtest.Counts(t, f, 3, 0, 0)
	n := simtest.Told(
		t,
		f,
		"report",
		"ended: all done, 1 unhealthy as before",
		"Done, but not healthy, as before:\n  "+sim.ID(2)+": api port 9090 is ",
		"web port 8080 is ",
	)
	if strings.Contains(n.Text, sim.ID(1)+":") {
		t.Errorf("it says\n%s", n.Text)
	}
	out, err := f.Invoke(context.Background(), "control", []byte(`{"command":"status","run":"run-1"}`))
	var reply struct {
		Runs []struct {
			Unhealthy []struct {
				Instance string
				Where    []string
			}
		}
	}
	if err != nil || json.Unmarshal(out, &reply) != nil || len(reply.Runs[0].Unhealthy) != 1 ||
		len(reply.Runs[0].Unhealthy[0].Where) != 2 {
		t.Errorf("control's status is %s, %v", out, err)
	}
}

func TestAnotherRequestWithAnIDThatWasUsedIsRefused(t *testing.T) {
	for _, c := range []struct {
		name  string
		when  func(*sim.Fleet) bool
		again simtest.All
		parts []string
	}{
		{"while the run starts", func(*sim.Fleet) bool { return true }, simtest.All{"maxErrors": 2}, []string{"maxErrors"}},
		{"while it is open", func(f *sim.Fleet) bool { return f.Count("ec2.Reboot") > 0 }, simtest.All{"tags": nil, "instanceIds": []string{sim.ID(1)}}, []string{"instanceIds, tags"}},
		{"once it has ended", (*sim.Fleet).Over, simtest.All{"check": simtest.All{"ec2": true}}, []string{"check"}},
		{"by a schedule", func(f *sim.Fleet) bool { return f.Count("ec2.Reboot") > 0 }, simtest.All{"scheduled": "2026-01-05T02:00:00Z"}, []string{"scheduled"}},
		{"and is wrong besides", func(*sim.Fleet) bool { return true }, simtest.All{"maxChecks": 0}, []string{"maxChecks"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := simtest.Fleet(t, 3)
			simtest.Begin(t, f, nil)
			simtest.Until(t, f, "it never came to that", 6*time.Hour, func() bool { return c.when(f) })
			before := len(f.Docs("RUN#run-1"))
			answer, err := f.Ask(c.again)
			parts := append([]string{"id: run run-1 was begun at 2026-01-05T02:00:00Z", "they differ in"}, c.parts...)
			switch {
			case c.again["scheduled"] != nil:
				if err != nil || answer["status"] != "refused" {
					t.Errorf("the answer is %v, %v", answer, err)
				}
				simtest.Told(t, f, "alarm", append(parts, "refused")...)
			case err == nil || !simtest.ContainsAll(err.Error(), parts...):
				t.Errorf("the answer is %v, %v; want %q", answer, err, parts)
			}
			if len(f.Docs("RUN#run-1")) != before {
				t.Error("the ledger has changed")
			}
			if answer, err := f.Ask(nil); err != nil || answer["run"] != "run-1" {
				t.Errorf("the first request, again: %v, %v", answer, err)
			}
			simtest.Finish(t, f, 6*time.Hour)
			simtest.Counts(t, f, 3, 0, 0)
		})
	}
}

// A request that was taken finds its run, even where it would be refused now, and whatever white space it comes
// with.
func TestARetryFindsItsRunWhateverHasChangedSince(t *testing.T) {
	f := simtest.Fleet(t, 3)
	ask := simtest.All{"notAfter": sim.Began.Add(3 * time.Hour)}
	f.SetParameter("/quickstep/fleets/web", `{"maxErrors":1}`)
	simtest.Begin(t, f, ask)
	simtest.Finish(t, f, 6*time.Hour)
	f.SetParameter("/quickstep/fleets/web", `{"maxErrors":`)
	f.Advance(6 * time.Hour)
	if answer, err := f.Ask(ask); err != nil || answer["status"] != "ended" {
		t.Errorf("the answer is %v, %v", answer, err)
	}
	spaced := json.RawMessage(
		"{ \"tags\": {\"Role\": \"web\"}, \"notAfter\": \"2026-01-05T05:00:00Z\",\n\"fleet\": \"web\", \"id\": \"run-1\" }",
	)
	if answer, err := f.Call("start", spaced); err != nil || answer["status"] != "ended" {
		t.Errorf("with white space the answer is %v, %v", answer, err)
	}
}

func TestOfTwoRequestsWithOneIDAtOnceOneIsRefused(t *testing.T) {
	f := simtest.Fleet(t, 3)
	f.Pace = func(world.Op) time.Duration { return 200 * time.Millisecond }
	for _, errors := range []int{0, 1} {
		text, _ := json.Marshal(
			simtest.All{
				"id":        "run-1",
				"fleet":     "web",
				"tags":      simtest.All{"Role": "web"},
				"maxErrors": errors,
				"scheduled": sim.Began,
			},
		)
		f.InvokeAsync("start", text)
	}
	simtest.Until(t, f, "neither began", time.Hour, func() bool { return !f.Over() })
	simtest.Finish(t, f, 6*time.Hour)
	simtest.Counts(t, f, 3, 0, 0)
	if notes := f.Published("alarm"); len(notes) != 1 ||
		!simtest.ContainsAll(notes[0].Text, "id: run run-1 was begun", "they differ in maxErrors") {
		t.Errorf("people were told %v", notes)
	}
}

func TestARunOfAnEarlierVersionHasNoDigestAndComparesEqual(t *testing.T) {
	f := simtest.Fleet(t, 3)
	simtest.Begin(t, f, nil)
	simtest.Until(t, f, "nobody was rebooted", time.Hour, func() bool { return f.Count("ec2.Reboot") == 1 })
	key := ledger.Key{PK: "RUN#run-1", SK: "RUN"}
	var r run.Run
	rev, err := ledger.Read(t.Context(), f.Table(), key, &r)
	if err != nil || r.Digest == "" {
		t.Fatalf("the digest is %q, %v", r.Digest, err)
	}
	r.Digest = ""
	if err := ledger.Apply(t.Context(), f.Table(), "earlier", ledger.Put(key, rev, r)); err != nil {
		t.Fatal(err)
	}
	if answer, err := f.Ask(simtest.All{"maxErrors": 2}); err != nil || answer["run"] != "run-1" {
		t.Errorf("the answer is %v, %v", answer, err)
	}
	simtest.Finish(t, f, 6*time.Hour)
}

func TestControlSaysWhyThereIsNothingToDo(t *testing.T) {
	f := simtest.Fleet(t, 2)
	simtest.Begin(t, f, nil)
	simtest.Until(t, f, "nobody was rebooted", time.Hour, func() bool { return f.Count("ec2.Reboot") == 1 })
	for _, c := range []struct{ command, did string }{
		{"resume", "nothing to do: the run isn't paused"}, {"pause", "paused:"}, {"pause", "nothing to do: the run is paused since 2026"}, {"resume", "resumed"},
		{"cancel", "cancelled:"}, {"cancel", "nothing to do: no further instance leaves service already: cancelled by an operator"},
	} {
		answer, err := f.Call("control", simtest.All{"command": c.command, "run": "run-1"})
		if did, _ := answer["did"].(string); err != nil || !strings.HasPrefix(did, c.did) {
			t.Errorf("%s: %q, %v", c.command, did, err)
		}
	}
	simtest.Finish(t, f, 6*time.Hour)
	answer, err := f.Call("control", simtest.All{"command": "pause", "run": "run-1"})
	if did, _ := answer["did"].(string); err != nil || !strings.HasPrefix(did, "nothing to do: the run ended at ") {
		t.Errorf("after the end: %q, %v", did, err)
	}
}
