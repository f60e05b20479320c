package storm

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"quickstep/tests/world"
)

// What happens to what a run mutes, beside what happens to the run: the permission to mute goes away, alarms are
// deleted, a rule is enabled by somebody else.
const (
	unmutable = "unmutable" // For is how long; Function is what: alarms, rules, or both
	erase     = "erase"     // Function is which alarm; empty: all the others
	enabled   = "enabled"   // the rule web-nightly
)

// forever is a permission that doesn't come back.
const forever = 1000 * hour

// sweeps is how long after others have enabled a rule the product may take to disable it again: until it next looks
// at what is muted, half an hour before a mute ends by itself.
const sweeps = 45 * minute

func another(n int) string { return fmt.Sprintf("web-%03d", n) }

// drawMutes draws it for one scenario in four, from a source of its own: the others stay what they are.
func (s *Scenario) drawMutes() {
	chance := rand.New(rand.NewPCG(s.Seed, 11))
	kind := chance.IntN(24)
	if kind > 5 {
		return
	}
	own := s.chance
	s.chance = chance
	defer func() { s.chance = own }()

	for _, r := range []map[string]any{s.Request, s.Second} {
		if r != nil && !s.Apart {
			r["mute"] = pick(s, map[string]any{"alarmPrefixes": []string{"web-"}},
				map[string]any{"alarmPrefixes": []string{"web-"}, "rulePrefixes": []string{"web-"}})
		}
	}
	if kind < 3 {
		s.slow()
	}
	switch kind {
	case 1, 3:
		s.mishap(unmutable, pick(s, "alarms", "rules", "both"))
	case 2, 4:
		s.Alarms = pick(s, 3, 110)
		s.mishap(erase, pick(s, "web-5xx", "web-latency", "", ""))
		if s.one(3) {
			s.mishap(erase, "web-latency")
		}
	case 0, 5:
		s.mishap(enabled, "")
	}
}

func (s *Scenario) mishap(kind, what string) {
	a := Act{At: s.between(minute, s.Calm), Kind: kind, Function: what, For: s.between(minute, 9*hour)}
	if s.one(3) {
		a.For = forever
	}
	s.Acts = append(s.Acts, a)
}

// slow makes it a run of hours in fine weather: mutes have to be prolonged while instances are out.
func (s *Scenario) slow() {
	clear(s.Rates)
	s.Lag, s.Twice, s.Late, s.Frozen, s.Acts, s.Second, s.Apart = 0, 0, 0, 0, nil, nil, false
	for n := range s.Groups {
		s.Groups[n].Delay = s.between(15*minute, 100*minute)
	}
	s.Request["maxConcurrency"], s.Request["gateTimeout"] = 1, pick(s, "10m", "1h")
	delete(s.Request, "notAfter")
}

// mishaps are the acts of this file.
func (w *faults) mishaps(a Act) {
	f := w.fleet
	switch a.Kind {
	case unmutable:
		w.denied[a.Function] = f.Now().Add(a.For)
	case enabled:
		f.SetRule("default", "web-nightly", true)
	case erase:
		names := []string{a.Function}
		if a.Function == "" {
			names = nil
			for n := range w.Alarms {
				names = append(names, another(n))
			}
		}
		for _, name := range names {
			if f.HasAlarm(name) {
				f.DeleteAlarm(name)
			}
		}
	}
}

// refuseMute is the answer while the permission to mute is gone.
func (w *faults) refuseMute(op world.Op) error {
	var what string
	switch op.Service + "." + op.Name {
	case "alarms.Mute":
		what = "alarms"
	case "events.Disable":
		what = "rules"
	default:
		return nil
	}
	if w.denies(what) {
		w.seen["denied to mute"]++
		return errors.New("AccessDenied: not authorized to mute " + what)
	}
	return nil
}

// denies says that the permission to mute alarms, or rules, is gone right now.
func (w *faults) denies(what string) bool {
	now := w.fleet.Now()
	return now.Before(w.denied[what]) || now.Before(w.denied["both"])
}

// rough says that something keeps functions from their work right now.
func (w *faults) rough() bool {
	now := w.fleet.Now()
	if now.Before(w.throttled) {
		return true
	}
	for _, until := range []map[string]time.Time{w.crashes, w.dead} {
		for _, at := range until {
			if now.Before(at) {
				return true
			}
		}
	}
	return false
}

// settles is how long after the last disturbance everything must be muted again that is to be: the longest wait of
// the watchdog, and a mute's own minutes.
const settles = 100 * minute

// disturb notes when something last kept the product from its work.
func (j *judge) disturb(op world.Op) {
	purged := op.Service == "hand" && strings.HasPrefix(op.Name, "Purge")
	if op.Fault != world.None || purged || j.rough() ||
		(op.Service == "world" && (op.Name == "failed" || op.Name == "freezes")) {
		j.disturbed = j.fleet.Now()
	}
	for _, what := range []string{"alarms", "rules"} {
		if j.denies(what) {
			j.denied[what] = j.fleet.Now()
		}
	}
}

// mishap notes what others do to alarms and rules.
func (j *judge) mishap(op world.Op) {
	switch op.Name {
	case "DeleteAlarm":
		j.deleted[op.Subject] = j.fleet.Now()
	case "SetRule":
		j.enabled = j.fleet.Now()
	}
}

// named checks that CloudWatch isn't asked to mute an alarm long after that was deleted.
func (j *judge) named(op world.Op) {
	if op.Service == "alarms" && op.Name == "Alarms" && op.Err != nil {
		j.unlisted = j.fleet.Now() // it has to do with the list of before, and is refused
	}
	if op.Err == nil || !j.unlisted.IsZero() && j.fleet.Now().Sub(j.unlisted) <= 5*minute {
		return
	}
	for name, at := range j.deleted {
		if strings.Contains(op.Err.Error(), "alarm "+name+" doesn't exist") {
			j.seen["muted a deleted alarm"]++
			if took := j.fleet.Now().Sub(at); took > 30*minute {
				j.broken("R6", "%s is still to be muted %s after it was deleted", name, took)
			}
		}
	}
}

// excused says that something may act although a run is to mute it.
func (j *judge) excused(what string) bool {
	within := func(at time.Time, long time.Duration) bool { return !at.IsZero() && j.fleet.Now().Sub(at) <= long }
	if what == "web-nightly" {
		return within(j.enabled, sweeps)
	}
	return !j.fleet.HasAlarm(what)
}

// unable says that a mute may lapse: nothing could have kept it up.
func (j *judge) unable(what string) bool {
	permission := "alarms"
	if what == "web-nightly" {
		permission = "rules"
	}
	at := j.denied[permission]
	return !at.IsZero() && j.fleet.Now().Sub(at) <= settles
}
