package reports

import (
	"encoding/json"
	"fmt"
	"time"

	"quickstep/tests/sim"
	"quickstep/tests/world"
)

// faults makes things go wrong as the scenario says, until it is calm.
type faults struct {
	*Scenario
	fleet *sim.Fleet
	judge *judge
	until map[string]time.Time // by function: its code doesn't run until then; "" is all of them
	began time.Time
}

func (w *faults) calm() bool { return w.fleet.Now().Sub(w.began) >= w.Calm }

func (w *faults) inject() {
	f := w.fleet
	f.Fault = w.fault
	if w.Hook != nil {
		f.Fault = w.Hook
	}
	if w.Pace >= 0 {
		f.Pace = func(world.Op) time.Duration {
			if w.Pace == 0 || w.calm() {
				return 0
			}
			return time.Duration(w.chance.Int64N(int64(w.Pace)))
		}
	}
	f.Duplicate = func(string) bool {
		if w.Deliver != nil {
			return w.Deliver()
		}
		twice := !w.calm() && w.chance.Float64() < w.Twice
		w.judge.saw("delivered twice", twice)
		return twice
	}
	f.Throttled = func(function string) bool { return f.Now().Before(w.until[""]) || f.Now().Before(w.until[function]) }
	for _, a := range w.Acts {
		f.After(a.At, func() { w.act(a) })
	}
	text, err := json.Marshal(w.Request)
	if err != nil {
		panic(fmt.Sprintf("reports: the request of seed %d: %v", w.Seed, err))
	}
	f.InvokeAsync("survey", text)
	if w.Again > 0 {
		f.After(w.Again, func() { f.InvokeAsync("survey", text) })
	}
}

func (w *faults) fault(op world.Op) world.Fault {
	if op.Function == "" || w.calm() {
		return world.None
	}
	for _, fault := range world.Faults {
		if p := w.Rates[fault]; p > 0 && w.chance.Float64() < p {
			w.judge.saw("fault "+fault.String(), true)
			return fault
		}
	}
	return world.None
}

func (w *faults) act(a Act) {
	f, n := w.fleet, w.Nodes[a.Who]
	w.judge.saw(a.Kind, true)
	end := f.Now().Add(a.For)
	switch a.Kind {
	case "purge":
		f.PurgeAll()
	case "expire":
		f.ExpireTokens()
	case "throttle":
		w.until[""] = f.Now().Add(a.For / 6)
	case "dead":
		w.until[a.Function] = end
	case "crowd": // others ask Systems Manager as well
		f.PatchRate = 0.05
		f.After(a.For/6, func() { f.PatchRate = w.Rate })
	case "vanish", "unmanage":
		w.judge.touched[n.ID] = true
		w.vanish(a.Kind, n)
	}
}

// vanish takes a node away, from EC2 or from Systems Manager alone.
func (w *faults) vanish(how string, n Node) {
	switch {
	case n.Kind == unknown:
	case n.Kind == elsewhere:
		w.fleet.RemoveNode(n.ID)
	case how == "vanish":
		w.fleet.Terminate(n.ID)
	default:
		w.fleet.ChangeMachine(n.ID, func(m *world.MachineSpec) { m.Managed = false })
	}
}

// lasts is when nothing of the scenario is still to come.
func (s *Scenario) lasts() time.Duration {
	end := max(s.Calm, s.Again)
	for _, a := range s.Acts {
		end = max(end, a.At+a.For)
	}
	for _, w := range s.Windows {
		if s.After {
			end = max(end, w.closes().Sub(sim.Began)+time.Hour)
		}
	}
	return end + 15*time.Minute
}

// patience is how long after the last fault everything must be over: a day that a report is worth, and the hours of
// nudges.
const patience = 48 * time.Hour

// Result is what became of a seed.
type Result struct {
	Seed   uint64
	Broken []string
	Seen   map[string]int // how often what happened
	Lasted time.Duration
}

// Run runs a scenario.
func Run(s *Scenario) (r Result, err error) {
	f, err := s.fleet()
	if err != nil {
		return r, err
	}
	defer f.Close()
	w := &faults{Scenario: s, fleet: f, until: map[string]time.Time{}, began: f.Now()}
	w.judge = newJudge(s, f)
	f.AfterEffect = w.judge.after
	w.inject()
	over := func() bool { return f.Now().Sub(sim.Began) > s.lasts() && len(f.Docs("REPORTS")) == 0 }
	if err := f.Run(over, s.lasts()+patience); err != nil {
		w.judge.broken("end", "reports are still under way %s after the faults: %v", patience, err)
	}
	f.Advance(90 * time.Minute) // a message that nothing can read takes so long to its last queue
	f.Fault = nil               // what the judge asks isn't part of the storm
	w.judge.end()
	return Result{Seed: s.Seed, Broken: w.judge.found, Seen: w.judge.seen, Lasted: f.Now().Sub(sim.Began)}, nil
}
