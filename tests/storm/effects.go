package storm

import (
	"slices"
	"time"

	"quickstep/shared/run"
	"quickstep/tests/sim"
	"quickstep/tests/world"
)

// returns checks R5 for those that have just been registered.
func (j *judge) returns(op world.Op) {
	before := j.stood[op.Subject]
	j.look(op.Subject)
	for a := range j.stood[op.Subject] {
		if before[a] {
			continue
		}
		j.returned[a.ID] = j.fleet.Now()
		j.sameServer(op.Subject, a)
		if j.asked[a.ID] && j.unprobed(a.ID) {
			j.broken("R5", "%s is put back, and nobody has probed it since its reboot", a.ID)
		}
		if j.asked[a.ID] && !j.booted[a.ID] {
			j.broken("R5", "%s is put back on its old boot", a.ID)
		}
		if j.asked[a.ID] {
			j.rejoined[a.ID] = true
		}
		if j.out[a.ID] == nil && j.touched[a.ID].IsZero() {
			j.broken("R4", "%s is registered in %s, where the product hadn't taken it out", a, run.ShortARN(op.Subject))
		}
	}
}

// reboots checks R3.
func (j *judge) reboots(op world.Op) {
	id := op.Subject
	j.seen["rebooted"]++
	j.reboot(op)
	late := 3 * time.Minute
	if len(op.Exposed) > 0 && j.fleet.Now().Sub(j.touched[id]) > late && j.fleet.Now().Sub(j.since(id)) > late &&
		!j.justAdded(id) {
		j.broken("R3", "%s is rebooted while %v can send it new traffic", id, op.Exposed)
	}
	if j.rejoined[id] {
		j.broken("R3", "%s is rebooted again after it has rejoined", id)
	}
	if !j.asked[id] {
		j.asked[id], j.booted[id], j.probes[id] = true, false, 0
	}
	if j.out[id] == nil { // it stands in no target group
		j.out[id] = map[run.Address]string{}
		j.tokens(id)
	}
}

// justAdded says that an instance was registered moments before the run was asked for: an old reading can't show
// it.
func (j *judge) justAdded(id string) bool {
	return j.fleet.Now().Sub(sim.Began) < 3*time.Minute && slices.ContainsFunc(j.Machines, func(m Machine) bool {
		return m.ID == id && m.Fresh
	})
}

// goesDown checks R3 for a reboot that comes late: EC2 carries each call out, a hung one after minutes.
func (j *judge) goesDown(id string) {
	j.booted[id] = true
	twice := slices.ContainsFunc(j.Machines, func(m Machine) bool { return m.ID == id && m.BootsTwice > 0 })
	if j.rejoined[id] && !twice && j.touched[id].IsZero() {
		j.broken("R3", "%s goes down again after it has rejoined", id)
	}
}

// back notes who is in service again, or isn't out by the product's doing any more.
func (j *judge) back(world.Op) {
	for id, places := range j.out {
		state := j.fleet.MachineState(id)
		switch {
		case state == "terminated" || state == "shutting-down":
			delete(j.out, id)
		case len(places) == 0:
			if j.booted[id] && (j.fleet.Answers(id) || (j.onlyEC2() && j.fleet.BootID(id) != "")) {
				delete(j.out, id)
			}
		case j.serves(id, places, 0) || (!j.returned[id].IsZero() && j.fleet.Now().Add(-j.lag).After(j.returned[id]) && j.serves(id, places, j.lag)):
			delete(j.out, id)
		}
	}
}

// onlyEC2 says that a request asks for EC2's status checks alone: they pass before the application answers.
func (j *judge) onlyEC2() bool {
	return slices.ContainsFunc([]map[string]any{j.Request, j.Second}, func(r map[string]any) bool {
		check, _ := r["check"].(map[string]any)
		return len(check) == 1 && check["ec2"] != nil
	})
}

// serves says whether the instance is registered wherever it was taken out, and healthy where that can be.
func (j *judge) serves(id string, places map[run.Address]string, age time.Duration) bool {
	for at, arn := range places {
		if !slices.ContainsFunc(j.fleet.TargetsAt(arn, j.fleet.Now().Add(-age)), func(t run.Target) bool {
			return t.ID == id && t.Port == at.Port && t.Registered() &&
				(t.Healthy() || t.State == "unused" || j.sick[id] || !j.touched[id].IsZero())
		}) {
			return false
		}
	}
	return true
}
