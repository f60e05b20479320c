package storm

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"quickstep/shared/run"
	"quickstep/tests/world"
)

// tended are the checks of what nobody does twice: commands, letters, announcements, and the messages that the
// watchdog would otherwise have to send.
type tended struct {
	troubled  bool                              // a fault has occurred
	failing   map[string]time.Time              // by item: since when it has given up
	failures  map[string]int                    // by item: how often it has given up
	told      map[string]time.Time              // by instance: when people were last told that it failed
	finishing map[string]time.Time              // by run: since when it has been over
	freed     map[string]time.Time              // by instance: when an operator has released it
	alarm     time.Time                         // since when web-5xx has been in ALARM
	tales     map[string]tale                   // by run: its row as it was last written
	served    map[string]time.Time              // by instance that had been out: since when it hasn't been any more
	wasOut    map[string]map[run.Address]string // as of the effect before, or of when it was out last
}

func newTended() tended {
	return tended{
		failing:   map[string]time.Time{},
		failures:  map[string]int{},
		told:      map[string]time.Time{},
		finishing: map[string]time.Time{},
		freed:     map[string]time.Time{},
		tales:     map[string]tale{},
		wasOut:    map[string]map[run.Address]string{},
		served:    map[string]time.Time{},
	}
}

// tale is what these checks read of a run's row.
type tale struct {
	Opened, Paused, ClosedSince time.Time
	Stopped                     string
	Announce                    []string
	Tokens                      []struct {
		Instance, From string
		Failed         bool
	}
}

func (j *judge) tale(id string) (t tale) {
	if doc, ok := j.fleet.Doc("RUN#"+id, "RUN"); ok {
		_ = json.Unmarshal(doc.Body, &t) // what can't be read is empty
	}
	return t
}

// okWait is for how long, after a run is over, its mute outlasts an alarm that is still in ALARM.
const okWait = 15 * time.Minute

// tends looks at each effect.
func (j *judge) tends(op world.Op) {
	now := j.fleet.Now()
	j.troubled = j.troubled || op.Fault != world.None || op.Service == "hand" ||
		(op.Service == "world" && op.Name == "failed")
	switch {
	case !j.fleet.HasAlarm("web-5xx") || j.fleet.AlarmState("web-5xx") != "ALARM":
		j.alarm = time.Time{}
	case j.alarm.IsZero():
		j.alarm = now
	}
	for id := range j.wasOut {
		if j.out[id] == nil && j.served[id].IsZero() {
			j.served[id] = now
		}
	}
	for id, places := range j.out {
		j.wasOut[id] = places
		delete(j.served, id)
	}
	switch op.Service + "." + op.Name {
	case "sns.Publish":
		if op.Happened && op.Subject == "alarm" && strings.Contains(op.Detail, " FAILED at ") {
			for _, m := range j.Machines {
				if strings.Contains(op.Detail, m.ID) {
					j.tended.told[m.ID] = now
				}
			}
			j.toldAgain(op)
		}
	case "alarms.Unmute":
		over := j.finishing["run-1"]
		muted := now.Sub(j.quiet["web-5xx"]) < 10*time.Second // until this call; an earlier try may have ended it
		if op.Happened && muted && strings.Contains(op.Subject, "run-1-") && !over.IsZero() &&
			now.Sub(over) < okWait-j.lag-time.Minute &&
			!j.alarm.IsZero() &&
			now.Sub(j.alarm) > inFlight+j.lag {
			j.broken("R6", "the mute ends %s after run-1 is over, and web-5xx is in ALARM", now.Sub(over))
		}
	case "elb.Deregister":
		j.patience(op)
	}
	if op.Function != "" && op.Service == "dynamodb" && op.Name == "Write" && op.Happened {
		for _, m := range runs.FindAllStringSubmatch(op.Detail, -1) {
			j.writesRun(op, m[1])
		}
		for id := range j.wasOut {
			if op.Function == "control" && strings.Contains(op.Detail, "delete OUT/"+id) {
				j.freed[id] = now
			}
		}
	}
}

// toldAgain checks that nobody announces a failure of which the ledger says that it was announced.
func (j *judge) toldAgain(op world.Op) {
	pk, sk, _ := strings.Cut(j.item[op.Invocation], "/")
	var i struct {
		Failure struct {
			Step      string
			At        time.Time
			Announced bool
		}
	}
	doc, ok := j.fleet.Doc(pk, sk)
	if !ok || json.Unmarshal(doc.Body, &i) != nil || !i.Failure.Announced {
		return
	}
	when := "When:   " + i.Failure.At.UTC().Format(time.RFC3339) + "\n"
	if strings.Contains(op.Detail, "FAILED at "+i.Failure.Step+",") && strings.Contains(op.Detail, when) {
		j.broken("R7", "people are told again of what the ledger says they were told: %s", when)
	}
}

// writesRun looks at what a write makes of a run.
func (j *judge) writesRun(op world.Op, id string) {
	before, now := j.tales[id], j.tale(id)
	j.tales[id] = now
	if op.Function == "control" && before.Stopped == "" && now.Stopped != "" && !now.Paused.IsZero() {
		j.broken("R7", "%s is cancelled and stays paused: who waits at its gate isn't asked", id)
	}
	if op.Function == "control" && !before.Paused.IsZero() && now.Paused.IsZero() && now.Stopped == "" &&
		!now.ClosedSince.IsZero() {
		j.broken(
			"R7",
			"%s is resumed, and its patience counts from %s, before the pause",
			id,
			now.ClosedSince.Format("15:04:05"),
		)
	}
	if before.Opened.IsZero() && !now.Opened.IsZero() {
		for _, t := range now.Tokens {
			since := j.served[t.Instance]
			if t.From != "" && !since.IsZero() && j.fleet.Now().Sub(since) > 10*time.Minute && j.healthy(t.Instance) {
				j.broken(
					"R1",
					"%s begins with a token for %s, which has served again since %s",
					id,
					t.Instance,
					since.Format("15:04:05"),
				)
			}
		}
	}
}

// healthy says that an instance which was out is registered and healthy wherever it was, by every reading that
// somebody may still have.
func (j *judge) healthy(id string) bool {
	for at, arn := range j.wasOut[id] {
		for age := time.Duration(0); age <= inFlight+j.Lag; age += 5 * time.Second {
			if !slices.ContainsFunc(j.fleet.TargetsAt(arn, j.fleet.Now().Add(-age)), func(t run.Target) bool {
				return t.ID == id && t.Port == at.Port && t.Registered() && t.Healthy()
			}) {
				return false
			}
		}
	}
	return len(j.wasOut[id]) > 0
}

// patience checks that a run which lets an instance leave counts its patience anew. Who waits may write at the same
// moment.
func (j *judge) patience(op world.Op) {
	id := strings.TrimSuffix(strings.TrimPrefix(j.item[op.Invocation], "RUN#"), "/I#")
	id, _, _ = strings.Cut(id, "/")
	if id == "" || j.Frozen > 0 || j.Stand != nil || !op.Happened {
		return
	}
	if since := j.tale(id).ClosedSince; !since.IsZero() && j.fleet.Now().Sub(since) > 2*inFlight {
		j.broken("R7", "an instance of %s leaves, and its patience counts from %s", id, since.Format("15:04:05"))
	}
}

// releases checks that a run which has looked after itself holds no token for one whom an operator has released:
// long enough ago for any reading that somebody may still have.
func (j *judge) releases(run string) {
	for _, t := range j.tale(run).Tokens {
		since := j.freed[t.Instance]
		_, out := j.fleet.Doc("OUT", t.Instance)
		if t.Failed && !since.IsZero() && !out && j.fleet.Now().Sub(since) > 12*time.Minute {
			j.broken(
				"R7",
				"%s looks after itself, and holds the token of %s, released at %s",
				run,
				t.Instance,
				since.Format("15:04:05"),
			)
		}
	}
}

// passes looks at what a write makes of an item that moves.
func (j *judge) passes(op world.Op, key string, before, p position) {
	now := j.fleet.Now()
	if p.Step == "failing" && before.Step != "failing" {
		j.failing[key] = now
		j.failures[key]++
		if op.Function == "triage" && before.Tries < 5 && before.Nudge < 9 {
			j.broken("R7", "%s gives up after %d tries, for a letter of which no code ran", key, before.Tries)
		}
	}
	r, id, instance := strings.Cut(strings.TrimPrefix(key, "RUN#"), "/I#")
	if instance && p.Step == "failed" && before.Step == "failing" && j.tended.told[id].Before(j.failing[key]) &&
		!slices.Contains(j.tale(r).Announce, id) {
		j.broken("R7", "%s has failed at %s, and nobody was told of that", id, j.failing[key].Format("15:04:05"))
	}
	if n := strings.Count(p.Reason, "on its way back, after it had failed"); instance && p.Step == "failed" &&
		n >= max(1, j.failures[key]) {
		j.broken("R7", "%s has failed %d times, and its reason tells of %d more", id, j.failures[key], n)
	}
	if id, own := strings.CutPrefix(key, "ACTIVE/"); own && p.Step == "finishing" && before.Step != "finishing" {
		j.finishing[id] = now
	} else if own && op.Function == "finish" && p.Step == "open" && p.N > before.N && p.Reason == "" {
		j.releases(id)
	}
	fine := !j.troubled && len(j.Acts) == 0 && j.Frozen == 0 && j.Stand == nil && j.Old == 0 && j.Pace < 5*time.Second
	if fine && op.Function == "watchdog" && p.Nudge > before.Nudge {
		j.broken("R7", "nothing has gone wrong, and %s at %s gets its message by the watchdog alone", key, p.Step)
	}
}
