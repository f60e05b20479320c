package storm

import (
	"math/rand/v2"
	"strings"
	"time"

	"quickstep/shared/run"
	"quickstep/tests/sim"
	"quickstep/tests/world"
)

// Small fleets, for which every case is tried.
const (
	one    = iota // one of three never comes back
	hung          // another one hangs, and EC2 forces its reboot
	behind        // the last one never comes back, and a second run follows
	stuck         // whoever reboots or puts back an instance crashes
	late          // the last one serves again after it has failed, and long before a second run
	hushed        // whoever announces failures crashes; one never comes back
	freed         // the first one never comes back, and is released while the run is paused
)

// Small is a fleet of three instances that has two tokens.
func Small(fleet int) *Scenario {
	s := &Scenario{
		Seed:   1,
		Prefix: "*",
		Pace:   -1,
		Rates:  map[world.Fault]float64{},
		Calm:   time.Minute,
		Traced: 60,
		chance: rand.New(rand.NewPCG(1, 7)),
	}
	for _, name := range []string{"group1", "group2"} {
		s.Groups = append(
			s.Groups,
			world.GroupSpec{
				ARN:                sim.Group(name),
				Name:               name,
				VPC:                sim.VPC,
				Delay:              time.Minute,
				Interval:           10 * time.Second,
				HealthyThreshold:   2,
				UnhealthyThreshold: 2,
				Attached:           true,
				Health:             run.HealthCheck{Protocol: "HTTP", Port: "traffic-port", Path: "/", Codes: "200"},
			},
		)
	}
	lost := map[int]int{one: 2, hung: 2, behind: 3, stuck: 0, late: 0, hushed: 2, freed: 1}[fleet]
	for n := 1; n <= 3; n++ {
		s.Machines = append(
			s.Machines,
			Machine{Places: []string{"group1:8080", "group2:9090"}, MachineSpec: world.MachineSpec{ID: sim.ID(n),
				Managed: n < 3, NeverReturns: n == lost, IgnoresReboot: fleet == hung && n == 1, BootTime: time.Minute}},
		)
	}
	request := func(id string, tokens int) map[string]any {
		return map[string]any{
			"id":             id,
			"fleet":          "web",
			"tags":           map[string]string{"Role": "web"},
			"maxConcurrency": tokens,
			"minHealthy":     1,
			"maxErrors":      1,
			"maxChecks":      4,
			"mute":           map[string]any{"alarmPrefixes": []string{"web-"}, "ruleNames": []string{"web-nightly"}},
		}
	}
	s.Request = request("run-1", 2)
	switch fleet {
	case hung:
		s.Request["maxChecks"] = 20
	case behind: // one at a time, so that there are moments at which nobody is at work on any instance
		s.Request["maxConcurrency"] = 1
		s.Second, s.SecondAt = request("run-2", 1), whenAsked
	case stuck:
		for _, function := range []string{"reboot", "rejoin"} {
			s.Acts = append(s.Acts, Act{Kind: "crash", Function: function, For: 9 * time.Hour})
		}
	case hushed:
		s.Acts = append(s.Acts, Act{Kind: "crash", Function: "triage", For: 9 * time.Hour})
	case freed:
		s.Acts = []Act{
			{At: 5 * time.Minute, Kind: "pause"},
			{At: 40 * time.Minute, Kind: "release"},
			{At: 80 * time.Minute, Kind: "resume"},
		}
	case late:
		s.Machines[2].AppTime = 20 * time.Minute // twice what a registered instance may take
		s.Second, s.SecondAt = request("run-2", 1), 3*time.Hour
	}
	return s
}

// Case is what goes wrong in one run of a small fleet. Effects, deliveries and sent messages go by their number;
// zero is none.
type Case struct {
	Fleet   int
	Faults  map[int]world.Fault // by effect
	Twice   int                 // a delivery that SQS makes twice
	Late    int                 // a message that comes once more after minutes
	Slow    int                 // an effect that takes almost as long as its function may
	Frozen  int                 // an effect before which its function stands still, for longer than its lease
	After   int                 // an effect after which the Command comes, every reading being a little old
	Command string
	Second  int // an effect at which the second run is asked for; that it begins is slow to be written down
}

// Tried is what one case came to, and how much there was of everything that cases go by.
type Tried struct {
	Result
	Effects, Deliveries, Messages int
}

// Try runs a small fleet through one case.
func Try(c Case) (t Tried, err error) {
	s := Small(c.Fleet)
	slow, frozen := c.Slow, c.Frozen
	s.Hook = func(w *faults, op world.Op) world.Fault {
		over := w.seen["runs"] > 0 && len(w.judge.active) == 0
		if op.Function == "" || over { // what follows is the watchdog's, which finds nothing to do
			return world.None
		}
		t.Effects++
		if op.Service == "sqs" && op.Name == "Send" {
			if t.Messages++; t.Messages == c.Late {
				w.late(op, 7*time.Minute)
			}
		}
		switch t.Effects {
		case c.After:
			w.commands(c.Command)
		case c.Second:
			w.ask(w.Second)
		}
		if op.Service != "dynamodb" && w.fleet.Now().Before(w.crashes[op.Function]) {
			return world.CrashBefore
		}
		return c.Faults[t.Effects]
	}
	s.Again = func() bool {
		t.Deliveries++
		return t.Deliveries == c.Twice
	}
	if c.After > 0 {
		s.Old = 10 * time.Second
	}
	if c.Slow+c.Frozen+c.Second > 0 {
		s.Wait = func(op world.Op) time.Duration {
			switch {
			case strings.Contains(op.Detail, "put RUN#run-2/RUN@0 "): // start has five minutes
				return 285 * time.Second
			case t.Effects+1 == slow:
				slow = 0
				return 50 * time.Second
			}
			return -1
		}
		s.Stand = func(op world.Op) time.Duration {
			if t.Effects+1 != frozen {
				return 0
			}
			frozen = 0
			return 7 * time.Minute
		}
	}
	t.Result, err = Run(s)
	return t, err
}

// TryAll runs cases on all cores; broken is called for each that breaks a rule, one at a time.
func TryAll(cases []Case, broken func(Case, Result, error)) {
	type tried struct {
		Result
		err error
	}
	Cores(len(cases), func(n int) tried {
		r, err := Try(cases[n-1])
		return tried{r.Result, err}
	}, func(n int, t tried) {
		if t.err != nil || len(t.Broken) > 0 {
			broken(cases[n-1], t.Result, t.err)
		}
	})
}
