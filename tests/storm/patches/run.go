package patches

import (
	"encoding/json"
	"errors"
	"sync"
	"time"

	"quickstep/tests/sim"
	"quickstep/tests/world"
)

var stack = sync.OnceValues(sim.Stack)

var errDenied = errors.New("AccessDeniedException: not authorized")

// Result is what became of a storm.
type Result struct {
	Broken  []string
	Seen    map[string]int
	Effects int
	Taken   int // deliveries
}

// Run runs a storm.
func Run(s *Scenario) (Result, error) {
	loaded, err := stack()
	if err != nil {
		return Result{}, err
	}
	copied := *loaded
	f := s.fleet(&copied)
	defer f.Close()
	f.KeepLog = false
	j := &judge{Scenario: s, fleet: f, seen: map[string]int{}}
	j.blow()
	request, err := json.Marshal(map[string]any{"id": "storm", "windowIds": []string{window}, "after": s.After})
	if err != nil {
		return Result{}, err
	}
	f.InvokeAsync("survey", request)
	f.Advance(s.lasts())
	if err := f.Run(func() bool { return len(f.Docs("REPORTS")) == 0 }, 72*time.Hour); err != nil {
		j.broken("a report isn't over: %v", err)
	}
	f.Advance(s.lasts() + 40*time.Minute) // a message whose function crashed comes back after half an hour, and is dropped
	j.end()
	return Result{Broken: j.found, Seen: j.seen, Effects: j.effects, Taken: j.taken}, nil
}

// lasts is when nothing of the scenario is still to come.
func (s *Scenario) lasts() time.Duration {
	end := s.Calm
	for _, a := range s.Acts {
		end = max(end, a.At+a.For)
	}
	return end
}

func (j *judge) calm() bool { return j.fleet.Now().Sub(sim.Began) >= j.Calm }

// blow makes things go wrong.
func (j *judge) blow() {
	f := j.fleet
	f.AfterEffect = j.after
	f.Fault = func(op world.Op) world.Fault {
		j.effects++
		if j.Hook != nil {
			return j.Hook(op)
		}
		for _, fault := range world.Faults {
			if p := j.Rates[fault]; p > 0 && op.Function != "" && !j.calm() && j.chance.Float64() < p {
				j.seen["fault "+fault.String()]++
				return fault
			}
		}
		return world.None
	}
	f.Refuse = func(op world.Op) error {
		for _, n := range j.Nodes {
			if n.Denied && op.Name == "Patches" && op.Subject == n.ID {
				return errDenied
			}
		}
		return nil
	}
	if j.Pace >= 0 {
		f.Pace = func(world.Op) time.Duration {
			if j.Pace == 0 || j.calm() {
				return 0
			}
			return time.Duration(j.chance.Int64N(int64(j.Pace)))
		}
	}
	f.Duplicate = func(string) bool {
		j.taken++
		if j.Again != nil {
			return j.Again()
		}
		twice := !j.calm() && j.chance.Float64() < j.Twice
		if twice {
			j.seen["delivered twice"]++
		}
		return twice
	}
	j.acts()
}

func (j *judge) acts() {
	f := j.fleet
	still := map[string]time.Time{}
	f.Throttled = func(function string) bool { return f.Now().Before(still[function]) || f.Now().Before(still["all"]) }
	for _, a := range j.Acts {
		f.After(a.At, func() {
			j.seen[a.Kind]++
			switch a.Kind {
			case "purge":
				f.PurgeAll()
			case "tokens":
				f.ExpireTokens()
			case "throttle":
				still["all"] = f.Now().Add(a.For / 4)
			case "dead":
				still[a.Function] = f.Now().Add(a.For)
			}
		})
	}
}
