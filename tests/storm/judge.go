package storm

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"quickstep/shared/run"
	"quickstep/tests/sim"
	"quickstep/tests/world"
)

// judge sees every effect and says which rule it breaks. It knows what the scenario asked for, AWS's state, the
// effects and the ledger's rows as data, and nothing of the product's own types and functions.
type judge struct {
	*Scenario
	audit
	networks
	words
	tended
	fleet *sim.Fleet
	seen  map[string]int
	found []string
	trace []string
	last  []world.Op // a ring of the latest effects
	lag   time.Duration

	out       map[string]map[run.Address]string // taken out by the product: where it stood, address to group
	asked     map[string]bool                   // asked to reboot in the present run
	booted    map[string]bool                   // has rebooted since
	rejoined  map[string]bool                   // registered again since
	touched   map[string]time.Time              // by others: registered, deregistered, stopped, terminated, broken
	floor     map[string]int
	stood     map[string]map[run.Address]bool // by group, as the product last could have seen it
	active    map[string]bool
	returned  map[string]time.Time // last registered by the product
	deleted   map[string]time.Time // alarms that others have deleted
	unlisted  time.Time            // when the alarms could last not be listed
	enabled   time.Time            // when others have last enabled web-nightly
	disturbed time.Time            // when something last kept functions from their work
	rough     func() bool          // something does so now
	denied    map[string]time.Time // when alarms, and rules, last couldn't be muted
	denies    func(string) bool    // they can't be now
	inside    map[string]bool      // rebooted from the inside, by another agent
	sick      map[string]bool      // it wasn't healthy when it was taken out: it needn't be when it is back
}

func newJudge(s *Scenario, f *sim.Fleet, seen map[string]int) *judge {
	j := &judge{
		Scenario: s,
		audit:    newAudit(),
		networks: newNetworks(),
		words:    newWords(),
		tended:   newTended(),
		fleet:    f,
		seen:     seen,
		out:      map[string]map[run.Address]string{},
		asked:    map[string]bool{},
		booted:   map[string]bool{},
		rejoined: map[string]bool{},
		touched:  map[string]time.Time{},
		floor:    map[string]int{},
		stood:    map[string]map[run.Address]bool{},
		active:   map[string]bool{},
		returned: map[string]time.Time{},
		deleted:  map[string]time.Time{},
		denied:   map[string]time.Time{},
		sick:     map[string]bool{},
		inside:   map[string]bool{},
	}
	for _, g := range s.Groups {
		j.look(g.ARN)
		j.serverIDs(g.ARN, f.Now())
	}
	return j
}

func (j *judge) broken(rule, format string, args ...any) {
	if len(j.found) == 0 {
		for _, op := range j.last {
			line := op.String()
			j.trace = append(j.trace, line[:min(len(line), 400)])
		}
	}
	if len(j.found) < 10 {
		j.found = append(
			j.found,
			fmt.Sprintf("%s %s: %s", rule, j.fleet.Now().Format("15:04:05.000"), fmt.Sprintf(format, args...)),
		)
	}
}

// look notes who is registered in a group.
func (j *judge) look(arn string) {
	j.stood[arn] = map[run.Address]bool{}
	for _, t := range j.fleet.TargetsOf(arn) {
		if t.Registered() {
			j.stood[arn][t.Address] = true
		}
	}
}

func (j *judge) after(op world.Op) {
	if j.last = append(j.last, op); len(j.last) > 2*j.Traced {
		j.last = slices.Clone(j.last[len(j.last)-j.Traced:])
	}
	if j.Watch != nil {
		j.Watch(op.String())
	}
	j.listen()
	j.lets(op)
	j.disturb(op)
	if op.Function != "" && op.Service == "dynamodb" && op.Name == "Write" && op.Happened {
		j.wrote(op)
	}
	j.tends(op)
	j.rights(op)
	if op.Service == "alarms" {
		j.named(op)
	}
	switch op.Service + "." + op.Name {
	case "elb.Deregister",
		"elb.Register",
		"ec2.Reboot",
		"alarms.Mute",
		"alarms.Unmute",
		"events.Disable",
		"events.Enable",
		"sns.Publish":
		j.acts(op)
		j.takes(op)
	case "sqs.Send":
		j.sends(op)
	}
	switch {
	case op.Service == "hand":
		j.operator(op)
	case op.Service == "world" && op.Name == "invoked" && op.Subject == "watchdog":
		j.silence()
	case op.Service == "world" && op.Name == "reboots":
		j.goesDown(op.Subject)
	case op.Service == "probe":
		j.probed(op)
	case !op.Happened:
	case op.Service == "sns":
		j.spoken(op)
		j.tells(op)
	case op.Service == "ssm" && op.Name == "BootAnswer" && op.Function == "reboot":
		j.answered(op)
	case op.Service == "elb" && op.Name == "Deregister":
		j.leaves(op)
	case op.Service == "elb" && op.Name == "Register":
		j.returns(op)
	case op.Service == "elb" && op.Name == "Targets" && op.Function == "start":
		j.measure(op.Subject)
	case op.Service == "ec2" && op.Name == "Reboot":
		j.reboots(op)
	case op.Service == "dynamodb" && op.Name == "Write":
		j.written(op)
		j.ledger(op)
	case op.Service == "world" && op.Name == "discarded":
		delete(j.impostors, op.Invocation) // Lambda's own note says so
	}
	if len(j.out) > 0 && (op.Service != "dynamodb" && op.Service != "sqs") {
		j.back(op)
	}
}

// operator notes what others do: from then on it isn't the product's doing.
func (j *judge) operator(op world.Op) {
	now := j.fleet.Now()
	j.mishap(op)
	switch op.Name {
	case "RebootInside":
		j.inside[op.Subject] = true
	case "Register", "Deregister":
		if j.strange(op.Subject) {
			j.strangers(op)
			return
		}
		id, port, _ := strings.Cut(op.Detail, ":")
		j.touched[id] = now
		n, _ := strconv.Atoi(port)
		j.stood[op.Subject][run.Address{ID: id, Port: n}] = op.Name == "Register"
	case "RemoveGroup":
		j.deletes(op.Subject)
	case "Terminate", "Stop", "Break", "Mend":
		if op.Name == "Break" &&
			slices.ContainsFunc(j.Machines, func(m Machine) bool { return m.ID == op.Subject && m.Fades }) &&
			j.fleet.Boots(op.Subject) > 0 {
			return // its own habit; before its boot somebody has broken it
		}
		j.touched[op.Subject] = now
	}
}

// leaves checks R1 and R2 for those that have just left.
func (j *judge) leaves(op world.Op) {
	before := j.stood[op.Subject]
	j.look(op.Subject)
	j.serverIDs(op.Subject, j.fleet.Now().Add(-time.Millisecond))
	for _, a := range slices.SortedFunc(maps.Keys(before), func(a, b run.Address) int { return strings.Compare(a.String(), b.String()) }) {
		if !before[a] || j.stood[op.Subject][a] ||
			!slices.Contains(strings.Fields(strings.Trim(op.Detail, "[]")), a.String()) {
			continue // the others have gone by themselves: they are terminated
		}
		if j.out[a.ID] == nil {
			j.out[a.ID] = map[run.Address]string{}
			delete(j.returned, a.ID)
			j.sick[a.ID] = slices.ContainsFunc(
				j.fleet.TargetsAt(op.Subject, j.fleet.Now().Add(-j.lag-time.Millisecond)),
				func(t run.Target) bool {
					return t.Address == a && t.Registered() && !t.Healthy()
				},
			)
			j.seen["left service"]++
			j.tokens(a.ID)
			j.floors(a.ID, op.Subject)
			j.mayLeave(a.ID)
			j.standsFree(a.ID, op.Subject)
		}
		j.firstChecks(a.ID, op.Subject, a.Port)
		j.out[a.ID][run.Address{ID: op.Subject, Port: a.Port}] = op.Subject
	}
}

// tokens checks R1: no more are out than the active runs were asked for; of runs that share nothing, each by
// itself.
func (j *judge) tokens(id string) {
	out, limit := slices.Sorted(maps.Keys(j.out)), 0
	for _, r := range []map[string]any{j.Request, j.Second} {
		if r == nil || !j.active[r["id"].(string)] {
			continue
		}
		if ids, _ := r["instanceIds"].([]string); j.Apart {
			if !slices.Contains(ids, id) {
				continue
			}
			out = slices.DeleteFunc(out, func(other string) bool { return !slices.Contains(ids, other) })
		}
		limit += r["maxConcurrency"].(int)
	}
	if len(out) > limit {
		j.broken("R1", "%d instances are out, %d may be: %v", len(out), limit, out)
	}
}

// floors checks that at some moment no older than a lease every group kept its floor without the instance.
func (j *judge) floors(id, from string) {
	for _, g := range j.Groups {
		stands := g.ARN == from
		for a, registered := range j.stood[g.ARN] {
			stands = stands || (registered && a.ID == id)
		}
		if !stands {
			continue
		}
		if best := j.best(g.ARN); best < j.floor[g.ARN] {
			j.broken("R2", "%s leaves %s with %d healthy targets, its floor is %d", id, g.Name, best, j.floor[g.ARN])
		} else if best == j.floor[g.ARN] {
			j.seen["left at the floor"]++
		}
	}
}

func (j *judge) best(arn string) int {
	best := 0
	for age := time.Duration(0); age <= 100*time.Second+j.Lag+j.Old; age += 5 * time.Second {
		healthy := 0
		for _, t := range j.fleet.TargetsAt(arn, j.fleet.Now().Add(-age)) {
			if t.Healthy() && j.out[t.ID] == nil {
				healthy++
			}
		}
		best = max(best, healthy)
	}
	return best
}

// ledger notes which runs are active, and whom an operator has released.
func (j *judge) ledger(op world.Op) {
	switch op.Function {
	case "start", "finish":
		now := map[string]bool{}
		for _, d := range j.fleet.Docs("ACTIVE") {
			now[d.SK] = true
			if !j.active[d.SK] { // a new run may reboot again
				j.seen["begun with instances out"] += len(j.fleet.Docs("OUT"))
				clear(j.asked)
				clear(j.rejoined)
				clear(j.calls)
				clear(j.boots)
				j.seen["runs"]++
			}
		}
		if len(now) > 1 && !j.apart() {
			j.broken(
				"R9",
				"two runs are active on instances of the same target groups: %v",
				slices.Sorted(maps.Keys(now)),
			)
		}
		if j.active = now; len(now) > 1 {
			j.seen["two runs at once"]++
		}
	case "control":
		for id := range j.out {
			if _, kept := j.fleet.Doc("OUT", id); !kept && strings.Contains(op.Detail, "delete OUT/"+id) {
				delete(j.out, id)
				j.seen["released"]++
			}
		}
	}
}

// apart says that two runs can't meet in a target group: they share none, or no instance stands in any, so that
// only the instances themselves are locked.
func (j *judge) apart() bool {
	return j.Apart || !slices.ContainsFunc(j.Machines, func(m Machine) bool {
		return slices.ContainsFunc(m.Places, func(p string) bool { arn, _ := place(p); return arn != j.gone })
	})
}

// measure computes a group's floor from what the start function has just read.
func (j *judge) measure(arn string) {
	r := j.Request
	if j.active["run-2"] {
		r = j.Second
	}
	size := map[run.Address]bool{}
	for _, t := range j.fleet.TargetsAt(arn, j.fleet.Now().Add(-j.lag)) {
		if t.Registered() {
			size[t.Address] = true
		}
	}
	for id, places := range j.out {
		for at := range places {
			if at.ID == arn {
				size[run.Address{ID: id, Port: at.Port}] = true
			}
		}
	}
	j.floor[arn] = 0
	switch v := r["minHealthy"].(type) {
	case int:
		j.floor[arn] = v
	case string:
		n, _ := strconv.Atoi(strings.TrimSuffix(v, "%"))
		j.floor[arn] = (len(size)*n + 99) / 100
	}
}
