package storm

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"quickstep/tests/sim"
)

// Mix makes a fingerprint of one so far and a further line.
func Mix(so, line string) string {
	sum := sha256.Sum256([]byte(so + line))
	return hex.EncodeToString(sum[:])
}

// Result is what became of a seed.
type Result struct {
	Seed      uint64
	Broken    []string
	Trace     []string       // the last effects before the first broken rule
	Seen      map[string]int // how often what happened
	Instances int
	Lasted    time.Duration
}

// lasts is when nothing of the scenario is still to come.
func (s *Scenario) lasts() time.Duration {
	end := max(s.Calm, s.SecondAt, s.ImpostorAt)
	for _, a := range s.Acts {
		end = max(end, a.At)
		switch a.Kind {
		case unmutable:
			if a.For < forever {
				end = max(end, a.At+a.For)
			}
		case "crash", "dead", "busy", "deny", "address":
			end = max(end, a.At+a.For)
		case "throttle": // a request may come that much later
			end = max(end, a.At+hour)
		}
	}
	return end + 15*time.Minute
}

// patience is how long after the last fault everything must be over: the six hours of nudges, pauses and gates.
const patience = 72 * time.Hour

// Run runs a seed.
func Run(s *Scenario) (r Result, err error) {
	stack, err := stacks[s.Prefix]()
	if err != nil {
		return r, err
	}
	copied := *stack
	f := s.Fleet(&copied)
	defer f.Close()
	f.KeepLog = false
	w := &faults{
		Scenario: s,
		fleet:    f,
		seen:     map[string]int{},
		crashes:  map[string]time.Time{},
		dead:     map[string]time.Time{},
		outages:  map[string]outage{},
		agents:   map[string]bool{},
		denied:   map[string]time.Time{},
	}
	w.judge = newJudge(s, f, w.seen)
	w.judge.rough, w.judge.denies = w.rough, w.denies
	f.AfterEffect = w.judge.after
	w.inject()
	_, _ = f.Invoke(context.Background(), "start", mustJSON(s.Request)) // a fault may have hit it
	err = f.Run(func() bool { return f.Now().Sub(sim.Began) > s.lasts() && f.Over() }, patience)
	if err != nil {
		w.judge.broken("R7", "no run is over %s after the faults: %v", patience, err)
	}
	f.Advance(90 * time.Minute) // a message that nothing can read takes so long to its last queue
	f.Fault = nil               // what the judge asks isn't part of the storm
	w.judge.end()
	return Result{
		Seed:      s.Seed,
		Broken:    w.judge.found,
		Trace:     w.judge.trace,
		Seen:      w.seen,
		Instances: len(s.Machines),
		Lasted:    f.Now().Sub(sim.Began),
	}, nil
}

func mustJSON(v any) json.RawMessage {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return text
}
