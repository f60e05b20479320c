package storm

import (
	"errors"
	"slices"
	"strings"
	"time"

	"quickstep/shared/run"
	"quickstep/tests/sim"
	"quickstep/tests/world"
)

// outages are the calls of AWS that are throttled or denied for a while.
var outages = []string{
	"elb.Register",
	"elb.Register",
	"elb.Deregister",
	"elb.Targets",
	"elb.Groups",
	"ec2.Reboot",
	"ec2.Machines",
	"ec2.Status",
	"ssm.AskBoot",
	"ssm.BootAnswer",
}

// outage is the time in which a call is throttled, or denied.
type outage struct {
	until  time.Time
	denied bool
}

// outOf begins an outage. One that is denied is an error that no repetition mends, as far as who meets it can know;
// it lasts two hours at most, and a throttle three.
func (w *faults) outOf(a Act) {
	lasts := min(a.For, 3*hour)
	if a.Kind == "deny" {
		lasts = min(a.For, 2*hour)
	}
	w.outages[a.Calls] = outage{until: w.fleet.Now().Add(lasts), denied: a.Kind == "deny"}
}

// busy says whether a call is throttled now.
func (w *faults) busy(op world.Op) bool {
	o := w.outages[op.Service+"."+op.Name]
	hit := op.Function != "" && !o.denied && w.fleet.Now().Before(o.until)
	if hit {
		w.seen["throttled for long"]++
	}
	return hit
}

// refuse is the account's word on a call that is denied now.
func (w *faults) refuse(op world.Op) error {
	o := w.outages[op.Service+"."+op.Name]
	if op.Function == "" || !o.denied || !w.fleet.Now().Before(o.until) {
		return nil
	}
	w.seen["denied for long"]++
	return errors.New("AccessDenied: not authorized to perform " + op.Service + ":" + op.Name)
}

// otherAgent reboots a machine whose habit that is, once: after the reboot function has read its boot, and before
// it calls.
func (w *faults) otherAgent(op world.Op) {
	if op.Function != "reboot" || op.Service != "elb" || op.Name != "Groups" || w.judge.reads[op.Invocation] == "" {
		return
	}
	_, id, _ := strings.Cut(w.judge.item[op.Invocation], "/I#")
	if w.agents[id] || !slices.ContainsFunc(w.Machines, func(m Machine) bool { return m.ID == id && m.Agent }) {
		return
	}
	w.agents[id] = true
	w.seen["rebooted by another agent before the call"]++
	w.fleet.RebootInside(id)
}

// leftOut checks that nobody ends out of service who is well: errors alone, for hours at most, are no reason.
func (j *judge) leftOut(id string) {
	m := j.Machines[slices.IndexFunc(j.Machines, func(m Machine) bool { return m.ID == id })]
	habit := m.NeverReturns || m.Fades || m.Agent || m.IgnoresReboot || m.NoBootID || m.BootsTwice > 0 ||
		m.BootTime > 5*minute
	hindered := j.Frozen > 0 || slices.ContainsFunc(j.Acts, func(a Act) bool {
		return slices.Contains([]string{"crash", "dead", "throttle", "purge", "reboot"}, a.Kind)
	})
	for _, f := range []world.Fault{world.CrashBefore, world.CrashAfter, world.Timeout} {
		hindered = hindered || j.Rates[f] > 0.01
	}
	for _, p := range m.Places { // it can't be put back where it was
		arn, _ := place(p)
		hindered = hindered || arn == j.gone
	}
	for _, g := range j.Groups { // where nobody is ever healthy
		hindered = hindered || !g.Attached
	}
	// Somebody registers it elsewhere after a call that may or may not be carried out, and no boot id can tell.
	unknown := false
	for _, r := range []string{"run-1", "run-2"} {
		readable := m.Managed && j.request(r)["proof"] != "off"
		unknown = unknown || !readable && !j.row("RUN#"+r, "I#"+id).RebootAskedAt.IsZero()
	}
	hindered = hindered || unknown && slices.ContainsFunc(j.Acts, func(a Act) bool {
		return a.Kind == "address" && j.Machines[a.Who].ID == id
	})
	missing := slices.ContainsFunc(m.Places, func(p string) bool {
		arn, port := place(p)
		return !slices.ContainsFunc(j.fleet.TargetsOf(arn), func(t run.Target) bool {
			return t.ID == id && t.Port == port &&
				t.State != "draining" // it failed in an earlier run, or it is back all the same
		})
	})
	if missing && !habit && !hindered && j.touched[id].IsZero() && j.fleet.Answers(id) {
		j.broken("R4", "%s is left out of service, and is well", id)
	}
	j.seen["left out"]++
}

// firstChecks checks that an instance doesn't leave in the middle of its own first health checks.
func (j *judge) firstChecks(id, arn string, port int) {
	at := j.fleet.Now().Add(-time.Millisecond) // an older reading shows it initial all the more
	for _, t := range j.fleet.TargetsAt(arn, at) {
		if t.ID == id && t.Port == port && t.State == "initial" && j.touched[id].IsZero() &&
			at.Sub(sim.Began) < 10*time.Minute {
			j.broken("R5", "%s leaves %s, port %d, in the middle of its first health checks", id, arn, port)
		}
	}
}
