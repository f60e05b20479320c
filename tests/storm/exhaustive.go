package storm

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"time"

	"quickstep/shared/run"
	"quickstep/tests/sim"
	"quickstep/tests/world"
)

// Small is the fleet for which every case is tried: three instances, two tokens, one that never comes back.
func Small() *Scenario {
	s := &Scenario{Seed: 1, Pace: -1, Rates: map[world.Fault]float64{}, Calm: time.Minute, Traced: 60, chance: rand.New(rand.NewPCG(1, 7))}
	for _, name := range []string{"group1", "group2"} {
		s.Groups = append(s.Groups, world.GroupSpec{ARN: sim.Group(name), Name: name, VPC: sim.VPC, Delay: time.Minute, Interval: 10 * time.Second,
			HealthyThreshold: 2, UnhealthyThreshold: 2, Attached: true, Health: run.HealthCheck{Protocol: "HTTP", Port: "traffic-port", Path: "/", Codes: "200"}})
	}
	for n := 1; n <= 3; n++ {
		s.Machines = append(s.Machines, Machine{Places: []string{"group1:8080", "group2:9090"},
			MachineSpec: world.MachineSpec{ID: sim.ID(n), Managed: n < 3, NeverReturns: n == 2, BootTime: time.Minute}})
	}
	s.Request = map[string]any{"id": "run-1", "fleet": "web", "tags": map[string]string{"Role": "web"}, "maxConcurrency": 2, "minHealthy": 1,
		"maxErrors": 1, "maxChecks": 4, "mute": map[string]any{"alarmPrefixes": []string{"web-"}, "ruleNames": []string{"web-nightly"}}}
	return s
}

// Case is what goes wrong in one run of the small fleet: faults by the number of the effect, and a delivery that SQS makes
// twice, by its number; zero for none.
type Case struct {
	Faults map[int]world.Fault
	Twice  int
}

func (c Case) String() string {
	if c.Twice > 0 {
		return fmt.Sprintf("delivery %d twice", c.Twice)
	}
	return fmt.Sprint(c.Faults)
}

// Try runs the small fleet through one case. It also counts the effects and the deliveries.
func Try(c Case) (r Result, effects, deliveries int, err error) {
	s := Small()
	s.Hook = func(op world.Op) world.Fault {
		if op.Function == "" {
			return world.None
		}
		effects++
		return c.Faults[effects]
	}
	s.Again = func() bool {
		deliveries++
		return deliveries == c.Twice
	}
	r, err = Run(s)
	return r, effects, deliveries, err
}

// Singles are every fault at every effect, and every delivery twice.
func Singles() ([]Case, error) {
	_, effects, deliveries, err := Try(Case{})
	var cases []Case
	for n := 1; n <= effects; n++ {
		for _, f := range world.Faults {
			cases = append(cases, Case{Faults: map[int]world.Fault{n: f}})
		}
	}
	for n := 1; n <= deliveries; n++ {
		cases = append(cases, Case{Twice: n})
	}
	return cases, err
}

// Pairs are a crash at every two effects.
func Pairs() ([]Case, error) {
	_, effects, _, err := Try(Case{})
	var cases []Case
	for first := 1; first <= effects; first++ {
		for second := first + 1; second <= effects; second++ {
			cases = append(cases, Case{Faults: map[int]world.Fault{first: world.CrashAfter, second: world.CrashAfter}})
		}
	}
	return cases, err
}

// TryAll runs cases on all cores; broken is called for each that breaks a rule, one at a time.
func TryAll(cases []Case, broken func(Case, Result, error)) {
	var mu sync.Mutex
	var cores sync.WaitGroup
	next := 0
	for range runtime.NumCPU() {
		cores.Go(func() {
			for {
				mu.Lock()
				n := next
				next++
				mu.Unlock()
				if n >= len(cases) {
					return
				}
				if r, _, _, err := Try(cases[n]); err != nil || len(r.Broken) > 0 {
					mu.Lock()
					broken(cases[n], r, err)
					mu.Unlock()
				}
			}
		})
	}
	cores.Wait()
}
