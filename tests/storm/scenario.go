// Package storm breaks everything, from one seed: it draws a fleet, a request, the rates of every fault and what
// operators and others do meanwhile, runs the product on it, and judges the rules from AWS's state, the effects,
// and the ledger's rows, which it reads as data.
package storm

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	"quickstep/shared/run"
	"quickstep/tests/sim"
	"quickstep/tests/template"
	"quickstep/tests/world"
)

// Scenario is what a seed draws.
type Scenario struct {
	Outside

	Seed     uint64
	Machines []Machine
	Groups   []world.GroupSpec
	// Strangers are target groups in which the fleet doesn't stand, until somebody registers an instance.
	Strangers []world.GroupSpec
	Request   map[string]any
	Second    map[string]any // a second request, at SecondAt; nil: none
	SecondAt  time.Duration
	Apart     bool   // the two requests share no instance and no target group
	Prefix    string // the stack's AlarmPrefix and RulePrefix
	Rates     map[world.Fault]float64
	Pace      time.Duration // the longest time a call takes; negative: none
	Lag       time.Duration // the oldest state that a reading shows
	Twice     float64       // how often SQS delivers twice
	Late      float64       // how often a message comes once more after minutes
	Frozen    float64       // how often a function stands still before a call, for minutes
	Strays    float64       // how often a message that is sent is copied to where it doesn't belong
	Acts      []Act
	Calm      time.Duration     // when the faults end
	Traced    int               // how many of the latest effects a broken rule shows
	Watch     func(line string) // sees every effect, if set
	Alarms    int               // more alarms that are muted than web-5xx and web-latency
	Old       time.Duration     // how old the state is that every reading shows, if set, instead of Lag

	// What decides about faults instead of Rates, about deliveries instead of Twice, about how long a call takes
	// instead of Pace, and about who stands still for how long, if set.
	Hook        func(*faults, world.Op) world.Fault
	Again       func() bool
	Wait, Stand func(world.Op) time.Duration

	chance, odd *rand.Rand
}

// whenAsked is the SecondAt of a request that a case makes itself.
const whenAsked = -1

// Machine is an instance and where it stands, "group:port".
type Machine struct {
	world.MachineSpec
	Places []string
	Fades  bool // it has started, and stops answering once it is registered again
	Fresh  bool // registered a moment ago: its first health checks are under way
	Agent  bool // another agent reboots it right before the product does
}

// Act is something that happens at a time.
type Act struct {
	At   time.Duration
	Kind string // an operator's command, or what others or AWS do
	Who  int    // of Machines, where it is about one
	// Function is whose code crashes or doesn't run, and For how long.
	Function string
	For      time.Duration
	Calls    string // "service.Name" of what is throttled or denied for that long
	// Group is in which somebody registers the instance as Target, and For how long.
	Group, Target string
}

// What can happen beside faults of calls.
var (
	commands = []string{"pause", "resume", "cancel", "release"}
	others   = []string{
		"terminate",
		"stop",
		"deregister",
		"register",
		"break",
		"mend",
		"alarm",
		"purge",
		"throttle",
		"put",
		"crash",
		"dead",
		"reboot",
		"busy",
		"deny",
	}
	steps = []string{"start", "drain", "reboot", "check", "rejoin", "finish", "triage"}
)

const (
	minute = time.Minute
	hour   = time.Hour
)

// Draw draws a scenario.
func Draw(seed uint64) *Scenario {
	s := &Scenario{Seed: seed, Traced: 60, Rates: map[world.Fault]float64{}, chance: rand.New(rand.NewPCG(seed, 7))}
	s.drawGroups()
	s.drawMachines()
	s.drawRequests()
	s.drawFaults()
	s.drawActs()
	s.drawStrays()
	switch s.chance.IntN(12) {
	case 0, 1:
		s.crowd()
	case 2:
		s.sideBySide()
	default:
		s.drawNetworks()
	}
	s.drawMutes()
	s.drawRights()
	s.drawWords()
	return s
}

// Fleet builds the world that the scenario describes.
func (s *Scenario) Fleet(stack *template.Stack) *sim.Fleet {
	f := sim.On(stack, s.Seed)
	for _, g := range s.Groups {
		f.AddGroup(g)
		f.ARNs = append(f.ARNs, g.ARN)
	}
	for _, g := range s.Strangers {
		f.AddGroup(g)
	}
	for n := range s.Machines {
		m := &s.Machines[n]
		if m.IP == "" && m.IPv6 == "" { // the judge must know at whom a probe is aimed
			m.IP = fmt.Sprintf("10.0.0.%d", n+2)
		}
		if !m.Fresh {
			f.Add(m.MachineSpec, m.Places...)
			continue
		}
		f.Add(m.MachineSpec)
		for _, p := range m.Places {
			arn, port := place(p)
			f.RegisterByHand(arn, run.Address{ID: m.ID, Port: port})
		}
	}
	if s.Lie != "" {
		f.SetCheck(forger, func(payload json.RawMessage) (bool, string) {
			var asked struct{ Instance string }
			_ = json.Unmarshal(payload, &asked) // whom it can't read it doesn't know
			return f.Answers(asked.Instance), s.Lie
		})
	}
	if s.Sick > 0 && s.Sick <= len(s.Machines) {
		f.Break(s.Machines[s.Sick-1].ID)
		f.Advance(3 * minute) // its targets are known to be unhealthy
	}
	f.AddAlarm("web-5xx", "OK")
	f.AddAlarm("web-latency", "OK")
	for n := range s.Alarms {
		f.AddAlarm(another(n), "OK")
	}
	f.AddRule("default", "web-nightly", true, "")
	f.AddRule("default", "web-off", false, "")
	f.AddRule(otherBus, "web-nightly", true, "")
	return f
}
