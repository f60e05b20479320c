package storm

import (
	"fmt"
	"time"

	"quickstep/shared/run"
	"quickstep/tests/sim"
	"quickstep/tests/world"
)

// one is true once in n times.
func (s *Scenario) one(n int) bool { return s.chance.IntN(n) == 0 }

// between is a duration of whole seconds.
func (s *Scenario) between(least, most time.Duration) time.Duration {
	return least + time.Duration(s.chance.Int64N(int64(most-least)/int64(time.Second)+1))*time.Second
}

func pick[T any](s *Scenario, of ...T) T { return of[s.chance.IntN(len(of))] }

func (s *Scenario) drawGroups() {
	for n := range 1 + s.chance.IntN(3) {
		name := fmt.Sprintf("group%d", n+1)
		s.Groups = append(s.Groups, world.GroupSpec{ARN: sim.Group(name), Name: name, VPC: sim.VPC, Protocol: pick(s, "HTTP", "HTTP", "TCP"),
			Delay: pick(s, 0, 10*time.Second, 2*minute, 5*minute), Interval: pick(s, 5*time.Second, 10*time.Second, 30*time.Second),
			HealthyThreshold: 2, UnhealthyThreshold: 2, Attached: !s.one(12),
			UnhealthyDraining: pick(s, 0, 5*minute, 2*hour), Health: run.HealthCheck{Protocol: "HTTP", Port: "traffic-port", Path: "/", Codes: "200"}})
	}
}

func (s *Scenario) drawMachines() {
	size := 2 + s.chance.IntN(6)
	for n := range size {
		m := Machine{MachineSpec: world.MachineSpec{ID: sim.ID(n + 1), Managed: s.one(2), BootTime: s.between(10*time.Second, 3*minute),
			AppTime: s.between(0, minute), RebootLag: s.between(time.Second, 10*time.Second)}}
		switch s.chance.IntN(18) {
		case 0:
			m.NeverReturns = true
		case 5, 6:
			m.Fades = true
		case 1:
			m.IgnoresReboot, m.NoData = true, pick(s, 0, 100*time.Second)
		case 2:
			m.BootsTwice = s.between(0, minute) + time.Second
		case 3:
			m.NoBootID = true
		case 4:
			m.BootTime = 12 * minute
		case 7:
			m.Agent, m.Managed, m.IgnoresReboot = true, true, true
		case 8:
			m.Fresh = true
		case 9:
			m.Managed, m.AgentTime = true, s.between(0, minute)
		}
		for _, g := range s.Groups {
			if s.one(4) {
				continue
			}
			m.Places = append(m.Places, g.Name+":8080")
			if s.one(5) {
				m.Places = append(m.Places, g.Name+":9090")
			}
		}
		if len(m.Places) == 0 && !s.one(3) {
			m.Places = []string{s.Groups[0].Name + ":8080"}
		}
		s.Machines = append(s.Machines, m)
	}
}

func (s *Scenario) drawRequests() {
	s.Request = s.drawRequest("run-1", "web")
	if s.one(3) {
		s.Second = s.drawRequest("run-2", pick(s, "web", "api"))
		s.SecondAt = s.between(0, 3*hour)
	}
}

func (s *Scenario) drawRequest(id, fleet string) map[string]any {
	r := map[string]any{"id": id, "fleet": fleet, "tags": map[string]string{"Role": "web"},
		"maxConcurrency": 1 + s.chance.IntN(4), "minHealthy": pick[any](s, 0, 0, 1, 1, "25%", "50%"), "maxErrors": pick[any](s, 0, 1, 2, "50%"),
		"gateTimeout": pick(s, "10m", "1h"), "maxPause": pick(s, "10m", "1h"), "rejoinTimeout": pick(s, "3m", "10m"),
		"bootWait": pick(s, "0s", "1m"), "maxChecks": pick(s, 20, 30), "proof": pick(s, "whenManaged", "whenManaged", "off", "required"),
		"mute": pick(s, map[string]any{}, map[string]any{"alarmPrefixes": []string{"web-"}}, map[string]any{"alarmNames": []string{"web-5xx"}, "rulePrefixes": []string{"web-"}}),
		"check": pick(s, map[string]any{"tcp": map[string]any{"port": 8080}}, map[string]any{"http": map[string]any{"port": 8080, "path": "/"}},
			map[string]any{"ec2": true}, map[string]any{"ec2": true, "tcp": map[string]any{"port": 8080}})}
	if s.one(10) {
		r["notAfter"] = sim.Began.Add(s.between(20*minute, 3*hour))
	}
	return r
}

// drawFaults draws how often what goes wrong; one seed in eight has fine weather.
func (s *Scenario) drawFaults() {
	s.Calm = s.between(hour, 5*hour)
	s.Pace = pick(s, -1, 0, 200*time.Millisecond, 5*time.Second)
	if s.one(8) {
		return
	}
	for _, f := range world.Faults {
		if s.one(2) {
			s.Rates[f] = pick(s, 0.001, 0.01, 0.05)
		}
	}
	if s.one(3) {
		s.Lag = s.between(time.Second, 20*time.Second)
	}
	s.Twice = pick(s, 0, 0, 0.02, 0.3)
	s.Late = pick(s, 0, 0, 0.02, 0.2)
	s.Frozen = pick(s, 0, 0, 0, 0.002)
}

func (s *Scenario) drawActs() {
	for range s.chance.IntN(6) {
		s.Acts = append(s.Acts, Act{At: s.between(0, s.Calm), Kind: pick(s, commands...), Who: s.chance.IntN(len(s.Machines))})
	}
	for range s.chance.IntN(6) {
		s.Acts = append(s.Acts, Act{At: s.between(0, s.Calm), Kind: pick(s, others...), Who: s.chance.IntN(len(s.Machines)),
			Function: pick(s, steps...), For: s.between(minute, 9*hour), Calls: pick(s, outages...)})
	}
}
