package storm

import (
	"slices"
	"time"

	"quickstep/shared/run"
	"quickstep/tests/sim"
	"quickstep/tests/world"
)

// crowd makes a scenario in which many want to leave at once and a target group can spare only one: some stand in both groups,
// some in one, so that who is held back by one group stands in the way of others in the other. Nothing else goes wrong.
func (s *Scenario) crowd() {
	s.Groups, s.Machines, s.Acts, s.Second = nil, nil, nil, nil
	for _, name := range []string{"group1", "group2"} {
		s.Groups = append(s.Groups, s.plainGroup(name))
	}
	places := [][]string{{"group1:8080", "group2:8080"}, {"group1:8080"}, {"group2:8080"}}
	first := s.chance.IntN(len(places))
	for n := range 6 + s.chance.IntN(3)*3 {
		s.Machines = append(s.Machines, s.plainMachine(n, places[(first+n)%len(places)]))
	}
	s.Request["maxConcurrency"], s.Request["maxErrors"] = 3+s.chance.IntN(2), 2
	s.Request["minHealthy"] = 2*len(s.Machines)/3 - 1
	delete(s.Request, "notAfter")
	s.Rates, s.Lag, s.Twice, s.Late, s.Frozen = map[world.Fault]float64{}, 0, 0, 0, 0
	s.Strays = 0
	s.Pace = pick(s, time.Second, 5*time.Second)
}

// sideBySide makes a scenario of two runs at the same time, of instances that share nothing but the rules that are muted.
func (s *Scenario) sideBySide() {
	s.Groups, s.Machines = nil, nil
	ids := map[string][]string{}
	for _, name := range []string{"group1", "group2"} {
		s.Groups = append(s.Groups, s.plainGroup(name))
		for range 2 + s.chance.IntN(3) {
			m := s.plainMachine(len(s.Machines), []string{name + ":8080"})
			s.Machines = append(s.Machines, m)
			ids[name] = append(ids[name], m.ID)
		}
	}
	s.Acts = slices.DeleteFunc(s.Acts, func(a Act) bool { return a.Who >= len(s.Machines) })
	s.Second, s.SecondAt, s.Apart = s.drawRequest("run-2", "api"), s.between(0, 20*minute), true
	s.Second["minHealthy"] = s.Request["minHealthy"]
	for name, request := range map[string]map[string]any{"group1": s.Request, "group2": s.Second} {
		request["instanceIds"] = ids[name]
		delete(request, "tags")
		request["mute"] = map[string]any{"alarmNames": []string{"web-5xx"}, "rulePrefixes": []string{"web-"}}
	}
}

func (s *Scenario) plainGroup(name string) world.GroupSpec {
	return world.GroupSpec{ARN: sim.Group(name), Name: name, VPC: sim.VPC, Delay: pick(s, 10*time.Second, minute), Interval: 10 * time.Second,
		HealthyThreshold: 2, UnhealthyThreshold: 2, Attached: true, Health: run.HealthCheck{Protocol: "HTTP", Port: "traffic-port", Path: "/", Codes: "200"}}
}

func (s *Scenario) plainMachine(n int, places []string) Machine {
	return Machine{Places: places, MachineSpec: world.MachineSpec{ID: sim.ID(n + 1), Managed: s.one(2), BootTime: s.between(10*time.Second, 2*minute)}}
}
