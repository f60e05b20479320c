package storm

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"quickstep/tests/world"
)

// drawStrays draws how often somebody puts into queues what doesn't belong there. It has a chance
// of its own, so that the other seeds stay the storms that they were.
func (s *Scenario) drawStrays() {
	s.odd = rand.New(rand.NewPCG(s.Seed, 11))
	if s.odd.IntN(3) == 0 {
		s.Strays = []float64{0.02, 0.1, 0.3}[s.odd.IntN(3)]
	}
}

// strays are what is done with a copy of a message that is being sent.
var strays = []string{"stray message", "forged letters", "far-future message", "hurried message"}

// dozen is how many forged letters come at once.
const dozen = 12

// stray puts copies of messages where they don't belong, some of them changed.
func (w *faults) stray(op world.Op) {
	for _, b := range bodies.FindAllStringSubmatch(op.Detail, -1) {
		kind := strays[w.odd.IntN(len(strays))]
		w.seen[kind]++
		var due struct{ NotBefore time.Time }
		_ = json.Unmarshal([]byte(b[1]), &due) // what can't be read is due now
		// Before its own message is taken up, or at that moment, when it may be the faster one.
		wait := max(0, due.NotBefore.Sub(w.fleet.Now()))
		if w.odd.IntN(2) == 0 {
			wait = time.Duration(w.odd.Int64N(int64(wait) + 1))
		}
		switch kind {
		case "stray message":
			w.put(wait, w.elsewhere(op.Subject), b[1])
		case "forged letters":
			for range dozen {
				w.put(wait, "dead", b[1])
			}
		case "far-future message":
			w.put(0, op.Subject, rewritten(b[1], `"9999-12-31T23:59:59Z"`))
		case "hurried message":
			w.put(wait, op.Subject, rewritten(b[1], ""))
		}
	}
}

func (w *faults) put(wait time.Duration, queue, body string) {
	w.fleet.After(wait, func() { w.fleet.Put(queue, body, 0) })
}

// elsewhere is a queue that feeds a function, but another one.
func (w *faults) elsewhere(than string) string {
	others := slices.DeleteFunc(slices.Sorted(maps.Keys(w.fleet.Stack.Queues)), func(name string) bool {
		return name == than || name == "dead" || name == "last"
	})
	return others[w.odd.IntN(len(others))]
}

// rewritten is a message with another notBefore, or none.
func rewritten(body, notBefore string) string {
	fields := map[string]json.RawMessage{}
	_ = json.Unmarshal([]byte(body), &fields) // the product's own
	if fields["notBefore"] = json.RawMessage(notBefore); notBefore == "" {
		delete(fields, "notBefore")
	}
	return string(mustJSON(fields))
}

// takes is whose step is whose to take up.
var takes = map[string]string{
	"starting":  "start",
	"open":      "finish",
	"finishing": "finish",
	"drain":     "drain",
	"reboot":    "reboot",
	"check":     "check",
	"rejoin":    "rejoin",
	"await":     "rejoin",
	"failing":   "triage",
}

// claims checks that an item is taken up by its step's own function, which has a message of where it stands.
func (j *judge) claims(op world.Op, key string, before position) {
	if takes[before.Step] != op.Function {
		j.broken("R8", "%s stands at %s and is claimed by %s", key, before.Step, op.Function)
	}
	var event struct{ Records []struct{ Body string } }
	_ = json.Unmarshal([]byte(j.given[op.Invocation]), &event) // what can't be read is no message of anything
	for _, r := range event.Records {
		var m struct {
			PK, SK   string
			N, Nudge int
		}
		_ = json.Unmarshal([]byte(r.Body), &m)
		if m.PK+"/"+m.SK == key && m.N == before.N && m.Nudge == before.Nudge {
			return
		}
	}
	j.broken(
		"R8",
		"%s stands at n %d nudge %d and is claimed for %s",
		key,
		before.N,
		before.Nudge,
		j.given[op.Invocation],
	)
}

// redelivered checks what triage sends without a claim: letters that it gives back. Some letters
// may come close to one another in a minute, for they take their time; no dozen.
func (j *judge) redelivered(op world.Op, key, step string) {
	if op.Function != "triage" || step == "failing" || j.item[op.Invocation] == key {
		return
	}
	const most = 3
	now := j.fleet.Now()
	recent := slices.DeleteFunc(j.letters[key], func(at time.Time) bool { return now.Sub(at) > time.Minute })
	if j.letters[key] = append(recent, now); len(j.letters[key]) > most {
		j.broken("R8", "the message of %s is given back %d times within a minute", key, len(j.letters[key]))
	}
	j.seen["letter given back"]++
}

// nudges checks that forged letters can't use up what keeps a position from being lost.
func (j *judge) nudges(op world.Op, key string, before, p position) {
	if op.Function == "triage" && p.N == before.N && p.Nudge > before.Nudge {
		j.broken("R8", "a letter uses up a nudge of %s", key)
	}
}
