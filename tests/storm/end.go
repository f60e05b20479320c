package storm

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"quickstep/shared/run"
	"quickstep/tests/sim"
	"quickstep/tests/world"
)

// place splits "group:port".
func place(p string) (arn string, port int) {
	name, number, _ := strings.Cut(p, ":")
	port, _ = strconv.Atoi(number)
	return sim.Group(name), port
}

// end checks what must hold when all is over.
func (j *judge) end() {
	f := j.fleet
	ends := j.ends()
	j.rebootsKnown()
	j.impostorsRefused()
	for _, pk := range f.Partitions() {
		id := strings.TrimPrefix(pk, "LOCK#")
		_, kept := f.Doc("OUT", id)
		if (strings.HasPrefix(pk, "LOCK#") && !kept) || pk == "ACTIVE" {
			j.broken("R7", "the ledger still has %s", pk)
		}
	}
	if f.Held() {
		j.broken("R6", "the ledger still holds a rule disabled")
	}
	for name, status := range f.MuteRules() {
		j.broken("R6", "alarm mute rule %s is %s", name, status)
	}
	if !f.RuleEnabled("default", "web-nightly") || f.RuleEnabled("default", "web-off") {
		j.broken("R6", "the EventBridge rules aren't as before")
	}
	for name := range f.Stack.Queues {
		if n := f.Depth(name); n > 0 && name != "last" {
			j.broken("R8", "%d messages are left in queue %s: %v", n, name, f.Peek(name))
		}
	}
	for _, m := range j.Machines {
		asked := !j.row("RUN#run-1", "I#"+m.ID).RebootAskedAt.IsZero() ||
			!j.row("RUN#run-2", "I#"+m.ID).RebootAskedAt.IsZero()
		out := slices.Contains(ends[m.ID], run.Failed) && (asked || j.stuck(m.ID))
		if out {
			j.leftOut(m.ID)
		}
		if !j.touched[m.ID].IsZero() || out {
			continue // others had a hand in it, or it failed out of service; one that was never rebooted goes back
		}
		for _, p := range m.Places {
			arn, port := place(p)
			if arn != j.gone &&
				!slices.ContainsFunc(
					f.TargetsOf(arn),
					func(t run.Target) bool { return t.ID == m.ID && t.Port == port && t.Registered() },
				) {
				j.broken("R4", "%s isn't back in %s, and ended as %v", m.ID, p, ends[m.ID])
			}
			j.sameServer(arn, run.Address{ID: m.ID, Port: port})
		}
	}
}

// ends asks control how every run has ended, and returns the ends of each instance by what the ledger's table shows.
func (j *judge) ends() map[string][]string {
	f := j.fleet
	ends := map[string][]string{}
	for _, id := range []string{"run-1", "run-2"} {
		if _, ok := f.Doc("RUN#"+id, "RUN"); !ok {
			continue
		}
		out, err := f.Invoke(
			context.Background(),
			"control",
			mustJSON(map[string]string{"command": "status", "run": id}),
		)
		var reply struct {
			Runs []struct {
				Status                                string
				Total, Waiting, Done, Failed, Skipped int
			}
		}
		if err != nil || json.Unmarshal(out, &reply) != nil || len(reply.Runs) != 1 {
			j.broken("R7", "control can't tell the status of %s: %v", id, err)
			continue
		}
		if r := reply.Runs[0]; r.Status != "ended" || r.Done+r.Failed+r.Skipped != r.Total {
			j.broken(
				"R7",
				"run %s is %s: %d done + %d failed + %d skipped of %d",
				id,
				r.Status,
				r.Done,
				r.Failed,
				r.Skipped,
				r.Total,
			)
		}
		j.instances(id, ends)
		if !j.told("report", id, "ended") {
			j.broken("R7", "nobody was told that %s has ended", id)
		}
	}
	return ends
}

func (j *judge) instances(id string, ends map[string][]string) {
	for _, d := range j.fleet.Docs("RUN#" + id) {
		var i struct{ ID, Step, Reason string }
		if !strings.HasPrefix(d.SK, "I#") || json.Unmarshal(d.Body, &i) != nil {
			continue
		}
		ends[i.ID] = append(ends[i.ID], i.Step)
		j.seen["ended "+i.Step]++
		switch {
		case i.Step == run.Failed && !j.told("alarm", i.ID, "FAILED"):
			j.broken("R7", "nobody was told that %s has failed", i.ID)
		case i.Step == run.Done && (j.fleet.Boots(i.ID) > 0 || j.inside[i.ID]): // of a lost call nobody can tell
			j.namesUnhealthy(id, i.ID, d.Body)
		case i.Step == run.Done:
			j.broken("R5", "%s is done and was never rebooted", i.ID)
		case (i.Step == run.Failed || i.Step == run.Skipped) && i.Reason == "":
			j.broken("R7", "%s ended as %s without a reason", i.ID, i.Step)
		case !slices.Contains([]string{run.Done, run.Failed, run.Skipped, run.StepWaiting}, i.Step):
			j.broken("R7", "%s was left at %s", i.ID, i.Step)
		}
	}
}

// rebootsKnown checks what the ledger says of reboots by the instances' ids alone: each of an instance that is done, and none of
// which no run has seen a new boot.
func (j *judge) rebootsKnown() {
	known := map[string]bool{}
	for _, pk := range j.fleet.Partitions() {
		id, ok := strings.CutPrefix(pk, "REBOOT#")
		if !ok {
			continue
		}
		var last struct {
			Run string
			At  time.Time
		}
		if doc, _ := j.fleet.Doc(pk, "REBOOT"); json.Unmarshal(doc.Body, &last) != nil {
			j.broken("R5", "%s can't be read: %s", pk, doc.Body)
		}
		known[id] = true
		if r := j.row("RUN#"+last.Run, "I#"+id); r.StartedAt.IsZero() || !r.RebootedAt.Equal(last.At) {
			j.broken(
				"R5",
				"the ledger says that %s has rebooted %s at %s; the run's item says %+v",
				last.Run,
				id,
				last.At,
				r,
			)
		}
		j.seen["reboot known by its instance"]++
	}
	for _, id := range []string{"run-1", "run-2"} {
		for _, d := range j.fleet.Docs("RUN#" + id) {
			var i struct{ ID, Step string }
			if strings.HasPrefix(d.SK, "I#") && json.Unmarshal(d.Body, &i) == nil && i.Step == run.Done &&
				!known[i.ID] {
				j.broken("R5", "%s is done in %s, and its reboot isn't known by its id", i.ID, id)
			}
		}
	}
}

// stuck says that people were told that an instance could not be put back either.
func (j *judge) stuck(id string) bool {
	return slices.ContainsFunc(j.fleet.Published("alarm"), func(n world.Note) bool {
		return strings.Contains(n.Subject, id) && strings.Contains(n.Text, "on its way back")
	})
}

func (j *judge) told(topic, about, what string) bool {
	for _, n := range j.fleet.Published(topic) {
		if strings.Contains(n.Subject+n.Text, about) && strings.Contains(n.Subject, what) {
			return true
		}
	}
	return false
}
