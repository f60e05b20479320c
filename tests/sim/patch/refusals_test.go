package patch_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"quickstep/tests/sim/simtest"

	"quickstep/tests/sim"
)

const strange = "mw-00000000000000000" // a window that isn't there

// refusals are requests that are wrong, and the field that the error names.
var refusals = []struct{ name, request, field string }{
	{"no JSON", `{`, "request"},
	{"no object", `["mw-0123456789abcdef0"]`, "request"},
	{"null", `null`, "request"},
	{"a string", `"web"`, "request"},
	{"an unknown field", `{"windowsIds":["mw-0123456789abcdef0"]}`, "windowsIds"},
	{"a field of a run", `{"fleet":"web"}`, "fleet"},
	{"a field twice in other letters", `{"WindowIds":["mw-0123456789abcdef0"]}`, "WindowIds"},
	{"windows that aren't a list", `{"windowIds":"mw-0123456789abcdef0"}`, "windowIds"},
	{"windows that are numbers", `{"windowIds":[7]}`, "windowIds"},
	{"no windows", `{"windowIds":[]}`, "windowIds"},
	{"a window's name for its id", `{"windowIds":["web-patches"]}`, "windowIds"},
	{"an id that is too short", `{"windowIds":["mw-0123"]}`, "windowIds"},
	{"an id in capitals", `{"windowIds":["mw-0123456789ABCDEF0"]}`, "windowIds"},
	{"a window that doesn't exist", `{"windowIds":["` + strange + `"]}`, "windowIds"},
	{"one that exists and one that doesn't", `{"windowIds":["` + simtest.Window + `","` + strange + `"]}`, "windowIds"},
	{"windows by id and by name", `{"windowIds":["` + simtest.Window + `"],"windowPrefix":"web"}`, "windowPrefix"},
	{"a name that none can have", `{"windowPrefix":"web *"}`, "windowPrefix"},
	{"no name", `{"windowPrefix":""}`, "windowPrefix"},
	{"null for a name", `{"windowPrefix":null}`, "windowPrefix"},
	{"a name that no window has", `{"windowPrefix":"wbe-"}`, "windowPrefix"},
	{"a name that is a number", `{"windowPrefix":7}`, "windowPrefix"},
	{
		"windows and instances",
		`{"windowIds":["` + simtest.Window + `"],"instanceIds":["i-0123456789abcdef0"]}`,
		"instanceIds",
	},
	{"windows by name, and tags", `{"windowPrefix":"web","tags":{"Role":"web"}}`, "tags|windowPrefix"},
	{"instances by id and by tag", `{"instanceIds":["i-0123456789abcdef0"],"tags":{"Role":"web"}}`, "tags"},
	{"no instances", `{"instanceIds":[]}`, "instanceIds"},
	{"an instance's name", `{"instanceIds":["web-1"]}`, "instanceIds"},
	{"half an id", `{"instanceIds":["i-"]}`, "instanceIds"},
	{"more ids than a request takes", `{"instanceIds":["` + strings.Join(many(1001), `","`) + `"]}`, "instanceIds"},
	{"no tags", `{"tags":{}}`, "tags"},
	{"tags that are a list", `{"tags":["Role"]}`, "tags"},
	{"a tag of several values", `{"tags":{"Role":["web","api"]}}`, "tags"},
	{"every value of a tag", `{"tags":{"Role":"*"}}`, "tags"},
	{"a tag without a key", `{"tags":{"":"web"}}`, "tags"},
	{"no states", `{"windowIds":["` + simtest.Window + `"],"states":[]}`, "states"},
	{"a state that doesn't exist", `{"windowIds":["` + simtest.Window + `"],"states":["Absent"]}`, "states"},
	{"a state in small letters", `{"windowIds":["` + simtest.Window + `"],"states":["missing"]}`, "states"},
	{"one state, not in a list", `{"windowIds":["` + simtest.Window + `"],"states":"Missing"}`, "states"},
	{"a lead that is a number", `{"windowIds":["` + simtest.Window + `"],"lead":24}`, "lead"},
	{"a lead that is no time", `{"windowIds":["` + simtest.Window + `"],"lead":"a day"}`, "lead"},
	{"no lead", `{"windowIds":["` + simtest.Window + `"],"lead":"0s"}`, "lead"},
	{"a lead before the beginning", `{"windowIds":["` + simtest.Window + `"],"lead":"-24h"}`, "lead"},
	{"a lead of months", `{"windowIds":["` + simtest.Window + `"],"lead":"2000h"}`, "lead"},
	{"an age of nothing", `{"windowIds":["` + simtest.Window + `"],"staleAfter":"0s"}`, "staleAfter"},
	{"an age of years", `{"windowIds":["` + simtest.Window + `"],"staleAfter":"20000h"}`, "staleAfter"},
	{"a deadline of a second", `{"windowIds":["` + simtest.Window + `"],"deadline":"1s"}`, "deadline"},
	{"a deadline of a week", `{"windowIds":["` + simtest.Window + `"],"deadline":"168h"}`, "deadline"},
	{"after, in quotes", `{"windowIds":["` + simtest.Window + `"],"after":"true"}`, "after"},
	{"after what, with instances", `{"instanceIds":["i-0123456789abcdef0"],"after":true}`, "after"},
	{"an id that is a number", `{"id":7}`, "id"},
	{"an id that is a page long", `{"id":"` + strings.Repeat("x", 1025) + `"}`, "id"},
	{"a time that is none", `{"scheduled":"tomorrow"}`, "scheduled"},
}

func many(n int) (ids []string) {
	for k := range n {
		ids = append(ids, sim.ID(k+1))
	}
	return ids
}

func TestABadRequestIsRefusedByNameAndChangesNothing(t *testing.T) {
	for _, c := range refusals {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := simtest.Patched(t, 1, simtest.ByHand(), nil)
			before := f.Partitions()
			out, err := f.Invoke(t.Context(), "survey", json.RawMessage(c.request))
			if c.field == "scheduled" { // whoever sends that field isn't there to read the answer
				if simtest.Told(t, f, "alarm", "refused", c.field); err != nil ||
					!strings.Contains(string(out), c.field+":") {
					t.Errorf("the answer is %s, %v", out, err)
				}
				return
			}
			if err == nil ||
				!slices.ContainsFunc(
					strings.Split(c.field, "|"),
					func(field string) bool { return strings.HasPrefix(err.Error(), field+":") },
				) {
				t.Errorf("it is answered with %s, %v; want an error that names %s", out, err, c.field)
			}
			f.Advance(time.Hour)
			if after := f.Partitions(); !slices.Equal(before, after) {
				t.Errorf("it left %v in the ledger", after)
			}
			if n := f.Count("sqs.Messages"); n > 0 || len(f.Published("report"))+len(f.Published("alarm")) > 0 {
				t.Errorf("%d messages were sent, people were told %v", n, f.Published("alarm"))
			}
		})
	}
}

// Each hour's is wrong in the same way: it is said once a day, and the windows that are all right are reported.
func TestASchedulesBadRequestIsAnAlarmOnceADay(t *testing.T) {
	f := simtest.Patched(t, 2, map[string]string{"PatchWindowIds": simtest.Window + "," + strange}, nil)
	f.Advance(50 * time.Hour)
	alarms := f.Published("alarm")
	if len(alarms) != 3 {
		t.Errorf("%d alarms in 50 hours, want three", len(alarms))
	}
	for n, a := range alarms {
		simtest.Holds(
			t,
			a.Text,
			strange,
			"windowIds",
			"the stack's parameter PatchWindowIds",
			"windows are",
			"reported as usual",
		)
		if n > 0 && a.At.Sub(alarms[n-1].At) < 23*time.Hour {
			t.Errorf("an alarm %s after the one before", a.At.Sub(alarms[n-1].At))
		}
	}
	if m := parsed(t, simtest.Sent(f)); m.Window.ID != simtest.Window {
		t.Errorf("the report is about %s", m.Window.ID)
	}
	simtest.Settled(t, f)
}

func TestARequestThatComesTwiceIsOneReport(t *testing.T) {
	for _, c := range []struct {
		name  string
		event simtest.All
	}{
		{"of a window", simtest.All{"id": "a", "windowIds": []string{simtest.Window}}},
		{"of a window, with a second report", simtest.All{"id": "a", "windowIds": []string{simtest.Window}, "after": true}},
		{"of instances", simtest.All{"id": "a", "instanceIds": []string{sim.ID(1)}}},
		{"of a schedule", simtest.All{"id": "a", "scheduled": sim.Began.Format(time.RFC3339), "lead": "48h"}},
	} {
		for _, pause := range []time.Duration{0, 500 * time.Millisecond, time.Hour} {
			t.Run(fmt.Sprintf("%s, again after %s", c.name, pause), func(t *testing.T) {
				t.Parallel()
				f := simtest.Patched(t, 3, simtest.ByHand(), nil)
				first := simtest.Survey(t, f, c.event)
				f.Advance(pause)
				again := simtest.Survey(t, f, c.event)
				a, b := first["reports"].([]any)[0].(map[string]any), again["reports"].([]any)[0].(map[string]any)
				if a["report"] != b["report"] || a["report"] == nil || b["status"] == "begun" {
					t.Errorf("the answers are %v and %v", a, b)
				}
				f.Advance(2 * time.Hour)
				simtest.Only(t, f)
			})
		}
	}
}

func TestAnIDThatAnotherRequestHadIsRefused(t *testing.T) {
	f := simtest.Patched(t, 2, simtest.ByHand(), nil)
	simtest.Survey(t, f, simtest.All{"id": "a", "instanceIds": []string{sim.ID(1)}})
	_, err := f.Call("survey", simtest.All{"id": "a", "instanceIds": []string{sim.ID(2)}})
	if err == nil || !strings.HasPrefix(err.Error(), "id:") {
		t.Errorf("it is answered with %v; want an error that names id", err)
	}
	simtest.Reported(t, f, time.Hour)
	if m := parsed(t, simtest.Sent(f)); m.each()[sim.ID(1)] != "" || len(m.each()) != 1 {
		t.Errorf("the report tells of %v", m.each())
	}
}

func TestAWindowThatIsNamedTwiceByHandIsTwoReports(t *testing.T) {
	f := simtest.Patched(t, 3, simtest.ByHand(), nil)
	for _, id := range []string{"a", "b"} {
		simtest.Survey(t, f, simtest.All{"id": id, "windowIds": []string{simtest.Window}})
	}
	simtest.Survey(
		t,
		f,
		simtest.All{"windowIds": []string{simtest.Window}},
	) // without an id, each invocation is its own
	simtest.Survey(t, f, simtest.All{"windowIds": []string{simtest.Window}})
	simtest.Reported(t, f, 2*time.Hour)
	ids := map[string]bool{}
	for _, n := range simtest.Sent(f) {
		ids[parsedOne(t, n).Report] = true
	}
	if len(ids) != 4 || len(simtest.Sent(f)) != 4 {
		t.Errorf("%d messages of %d reports, want four", len(simtest.Sent(f)), len(ids))
	}
	simtest.Quiet(t, f)
}
