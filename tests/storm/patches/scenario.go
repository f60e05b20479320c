// Package patches is the storm for patch reports: from one seed a fleet with patches, and everything that can go wrong, judged
// from AWS's side alone: what was published must be what the instances have, each once.
package patches

import (
	"fmt"
	"math/rand/v2"
	"time"

	"quickstep/shared/patch"
	"quickstep/tests/sim"
	"quickstep/tests/template"
	"quickstep/tests/world"
)

const (
	window = "mw-0123456789abcdef0"
	opens  = 20 * time.Hour // from the beginning
	closes = opens + 3*time.Hour
)

// Node is an instance, and what its report must say.
type Node struct {
	world.MachineSpec
	Patches []patch.Patch
	Never   bool // scanned
	Denied  bool // its patches can't be read, ever
}

// Act is what happens in between.
type Act struct {
	At       time.Duration
	Kind     string // purge, tokens, throttle, dead
	Function string
	For      time.Duration
}

// Scenario is one storm.
type Scenario struct {
	Seed  uint64
	Nodes []Node
	After bool // a second report, too
	Acts  []Act
	Rates map[world.Fault]float64
	Twice float64
	Pace  time.Duration // negative: none
	Rate  float64       // of DescribeInstancePatches, calls a second; 0: any
	Calm  time.Duration // from then on nothing goes wrong
	// Hook and Again take the place of chance: a fault for an effect, a second delivery.
	Hook   func(op world.Op) world.Fault
	Again  func() bool
	Watch  func(line string)
	chance *rand.Rand
}

func pick[T any](s *Scenario, of ...T) T { return of[s.chance.IntN(len(of))] }

func (s *Scenario) one(n int) bool { return s.chance.IntN(n) == 0 }

// Draw draws a scenario. One seed in eight has fine weather.
func Draw(seed uint64) *Scenario {
	s := &Scenario{Seed: seed, Rates: map[world.Fault]float64{}, Pace: -1, chance: rand.New(rand.NewPCG(seed, 11))}
	for n := range 1 + s.chance.IntN(10) {
		node := Node{MachineSpec: world.MachineSpec{ID: sim.ID(n + 1), Managed: !s.one(8), Tags: map[string]string{"Patch Group": "web"}},
			Never: s.one(10), Denied: s.one(12)}
		if node.Managed && !node.Never {
			node.Patches = listed(s.chance.IntN(3)*s.chance.IntN(70) + s.chance.IntN(8))
		}
		s.Nodes = append(s.Nodes, node)
	}
	s.After = s.one(3)
	s.Calm = time.Duration(1+s.chance.IntN(5)) * time.Hour
	if s.one(8) {
		return s
	}
	for _, f := range world.Faults {
		if s.one(2) {
			s.Rates[f] = pick(s, 0.002, 0.02, 0.1)
		}
	}
	s.Twice = pick(s, 0, 0.05, 0.4)
	s.Pace = pick(s, -1, 0, 300*time.Millisecond, 6*time.Second)
	s.Rate = pick(s, 0, 0, 0.5, 5)
	for range s.chance.IntN(4) {
		s.Acts = append(s.Acts, Act{At: time.Duration(s.chance.IntN(40)) * pick(s, time.Second, time.Minute), Kind: pick(s, "purge", "tokens", "throttle", "dead"),
			Function: pick(s, "survey", "scan", "report", "triage"), For: time.Duration(1+s.chance.IntN(120)) * time.Minute})
	}
	return s
}

// listed are n patches, in all states that a report tells, the same on each instance that has as many.
func listed(n int) (all []patch.Patch) {
	for k := range n {
		all = append(all, patch.Patch{KB: fmt.Sprintf("package%d", k), Title: fmt.Sprintf("package%d-1.%d", k, k%7), Classification: "Security",
			Severity: []string{"Critical", "Important", "Low", ""}[k%4], State: []string{patch.Missing, patch.Failed, patch.Missing, patch.InstalledPendingReboot}[k%4]})
	}
	return all
}

// Small is the report for which every case is tried: one instance with pages of patches, one that isn't managed, one that
// can't be read.
func Small() *Scenario {
	nodes := []Node{{Patches: listed(120)}, {}, {Denied: true, Patches: listed(3)}}
	for n := range nodes {
		nodes[n].MachineSpec = world.MachineSpec{ID: sim.ID(n + 1), Managed: n != 1, Tags: map[string]string{"Patch Group": "web"}}
	}
	return &Scenario{Seed: 1, Nodes: nodes, Rates: map[world.Fault]float64{}, Pace: -1, Calm: time.Minute, chance: rand.New(rand.NewPCG(1, 11))}
}

// fleet builds the world that the scenario describes.
func (s *Scenario) fleet(stack *template.Stack) *sim.Fleet {
	f := sim.On(stack, s.Seed)
	for _, n := range s.Nodes {
		f.Add(n.MachineSpec)
		if !n.Never {
			f.SetPatches(n.ID, &patch.State{Baseline: "pb-0123456789abcdef0", Operation: "Scan", Ended: sim.Began.Add(-time.Hour)}, n.Patches)
		}
	}
	f.AddWindow(world.WindowSpec{ID: window, Name: "web", Hours: 3, Executions: []time.Time{sim.Began.Add(opens)},
		Tasks: []patch.Task{{Document: "AWS-RunPatchBaseline", Operation: "Install", Targets: []patch.Target{{Key: "tag:Patch Group", Values: []string{"web"}}}}}})
	f.PatchRate = s.Rate
	return f
}
