package patch_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"quickstep/tests/sim/simtest"

	"quickstep/tests/sim"
	"quickstep/tests/world"
)

// underWay is a patch report as control tells it.
type underWay struct {
	Report, Phase, Step, Reason string
	Window                      struct{ ID, Name, Opens string }
	Since, NextWakeUp, Deadline time.Time
	Ended                       time.Time
	Instances, Messages         *struct{ Left, Total int }
}

// shown are the reports that control's status shows.
func shown(t *testing.T, f *sim.Fleet, command simtest.All) []underWay {
	t.Helper()
	answer, err := f.Call("control", command)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	var reply struct{ Reports []underWay }
	if err := json.Unmarshal(text, &reply); err != nil {
		t.Fatal(err)
	}
	if reply.Reports == nil && strings.Contains(string(text), "reports") {
		t.Errorf("there is no report, and it says %s", text)
	}
	return reply.Reports
}

// stands checks where a report is and what is left of it.
func stands(t *testing.T, u underWay, phase, step, reason string, instances, messages *struct{ Left, Total int }) {
	t.Helper()
	if u.Phase != phase || u.Step != step || !strings.Contains(u.Reason, reason) || u.Report == "" ||
		u.Since.IsZero() ||
		u.NextWakeUp.IsZero() {
		t.Errorf("%+v; it should be in phase %s at %s, because %q", u, phase, step, reason)
	}
	if w := u.Window; w.ID != simtest.Window || w.Name != "web-patches" ||
		w.Opens != sim.Began.Add(simtest.Opens).Format(time.RFC3339) {
		t.Errorf("%+v is of window %+v", u, w)
	}
	if !reflect.DeepEqual(u.Instances, instances) || !reflect.DeepEqual(u.Messages, messages) {
		t.Errorf("instances %+v, messages %+v; want %+v, %+v", u.Instances, u.Messages, instances, messages)
	}
}

func TestControlStatusTellsHowFarReportsAre(t *testing.T) {
	status := simtest.All{"command": "status"}
	of := func(left, total int) *struct{ Left, Total int } { return &struct{ Left, Total int }{left, total} }
	f := simtest.Patched(t, 5, simtest.ByHand(), nil)
	if s := shown(t, f, status); s != nil {
		t.Errorf("nobody has asked for one, and there is %+v", s)
	}
	refused := true // whatever is sent to the report topic
	f.Fault = func(op world.Op) world.Fault {
		unread := op.Name == "Patches" && (op.Subject == sim.ID(2) || op.Subject == sim.ID(4))
		return map[bool]world.Fault{true: world.Throttle}[unread || refused && op.Name == "Announce"]
	}
	simtest.Survey(t, f, simtest.All{"windowIds": []string{simtest.Window}, "after": true, "deadline": "1h"})
	f.Advance(6 * time.Minute)

	s := shown(t, f, status)
	if len(s) != 2 {
		t.Fatalf("%+v; there should be a report and one that waits", s)
	}
	stands(t, s[0], "before", "scanning", "2 instances aren't read", of(2, 5), nil)
	if d := s[0].Deadline.Sub(sim.Began); d < time.Hour || d > time.Hour+time.Minute {
		t.Errorf("its deadline is after %s", d)
	}
	stands(t, s[1], "after", "survey", "waits until the window has closed", nil, nil)
	if due := sim.Began.Add(simtest.Opens + 3*time.Hour + 30*time.Minute); !s[1].NextWakeUp.Equal(due) {
		t.Errorf("the second wakes up at %s, want %s", s[1].NextWakeUp, due)
	}

	f.Advance(70 * time.Minute) // two gaps, which the alarm topic is told as well
	stands(t, shown(t, f, status)[0], "before", "send", "", nil, of(2, 2))
	refused = false
	if err := f.Run(func() bool { return len(f.Docs("REPORTS")) == 1 }, 3*time.Hour); err != nil {
		t.Fatal(err)
	}
	if s := shown(t, f, status); len(s) != 1 || s[0].Phase != "after" {
		t.Errorf("the first is out, and there is %+v", s)
	}
	f.Fault = nil
	simtest.Reported(t, f, 48*time.Hour)
	if s := shown(t, f, status); s != nil {
		t.Errorf("all are out, and there is %+v", s)
	}
}

// Who asks for one run is told of that run.
func TestControlStatusOfARunLeavesReportsOut(t *testing.T) {
	f := simtest.Patched(t, 3, simtest.ByHand(), nil)
	simtest.Survey(t, f, simtest.All{"windowIds": []string{simtest.Window}})
	if _, err := f.Ask(simtest.All{"tags": map[string]string{"Patch Group": "web"}, "minHealthy": 0}); err != nil {
		t.Fatal(err)
	}
	if s := shown(t, f, simtest.All{"command": "status"}); len(s) != 1 {
		t.Errorf("%+v; there should be one", s)
	}
	if s := shown(t, f, simtest.All{"command": "status", "run": "run-1"}); s != nil {
		t.Errorf("run-1 was asked for, and there is %+v", s)
	}
}
