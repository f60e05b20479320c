package contract_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"quickstep/shared/input"
	"quickstep/shared/run"
	"quickstep/tests/contract"
	"quickstep/tests/sim"
	"quickstep/tests/world"
)

var stack = sync.OnceValues(sim.Stack)

// open makes a world of the project's template, in which time passes only when it is waited for.
func open(t *testing.T) *world.World {
	t.Helper()
	s, err := stack()
	if err != nil {
		t.Fatal(err)
	}
	w := world.New(s, world.Virtual(sim.Began), 1)
	t.Cleanup(w.Close)
	return w
}

func TestQueuesOfTheWorld(t *testing.T) {
	contract.ExerciseQueues(t, func(t *testing.T) contract.QueuesFixture {
		w := open(t)
		got := map[string][]string{}
		for _, queue := range []string{"drain", "reboot"} {
			w.Handle(queue, func(_ context.Context, event json.RawMessage) (any, error) {
				var e events.SQSEvent
				err := json.Unmarshal(event, &e)
				for _, r := range e.Records {
					got[queue] = append(got[queue], r.Body)
				}
				return events.SQSEventResponse{}, err
			})
		}
		return contract.QueuesFixture{Port: w.Queues("watchdog"), First: "drain", Second: "reboot", Wait: w.Advance,
			Arrived: func(queue string) []string { return got[queue] }}
	})
}

func TestGroupsOfTheWorld(t *testing.T) {
	contract.ExerciseGroups(t, func(t *testing.T) contract.GroupsFixture {
		w := open(t)
		f := contract.GroupsFixture{
			Port:    w.Targets(),
			Delay:   time.Minute,
			Unknown: sim.ID(9),
			Missing: sim.Group("missing"),
			QUIC:    sim.Group("quic"),
			Wait:    w.Advance,
		}
		w.AddGroup(
			world.GroupSpec{
				ARN:      f.QUIC,
				Name:     "quic",
				VPC:      sim.VPC,
				Protocol: "TCP_QUIC",
				Delay:    f.Delay,
				Attached: true,
			},
		)
		for n, g := range []*run.Group{&f.First, &f.Second} {
			name := []string{"web", "api"}[n]
			*g = run.Group{ARN: sim.Group(name), Name: name, VPC: sim.VPC, TargetType: "instance", Protocol: "HTTP",
				Health: run.HealthCheck{Protocol: "HTTP", Port: "traffic-port", Path: "/health", Codes: "200",
					Interval: input.Duration(10 * time.Second), Healthy: 2}}
			w.AddGroup(
				world.GroupSpec{
					ARN:              g.ARN,
					Name:             name,
					VPC:              sim.VPC,
					Delay:            f.Delay,
					Interval:         10 * time.Second,
					HealthyThreshold: 2,
					Attached:         true,
					Health:           g.Health,
				},
			)
			w.AddMachine(world.MachineSpec{ID: sim.ID(n), VPC: sim.VPC})
			f.Instances = append(f.Instances, sim.ID(n))
		}
		return f
	})
}

func TestMachinesOfTheWorld(t *testing.T) {
	contract.ExerciseMachines(t, func(t *testing.T) contract.MachinesFixture {
		w := open(t)
		for n, role := range []string{"web-1", "web-2", "db", "other"} {
			w.AddMachine(
				world.MachineSpec{ID: sim.ID(n), IP: fmt.Sprint("10.0.0.", n), VPC: sim.VPC, Windows: role == "db",
					Tags: map[string]string{"Role": role, "Suite": "contract"}},
			)
		}
		w.AddMachine(world.MachineSpec{ID: sim.ID(8)}) // somebody else's
		networked := world.MachineSpec{ID: sim.ID(7), IP: "10.0.0.7", VPC: sim.VPC, IPv6: "2001:db8::7",
			More: []run.Interface{
				{Addresses: []netip.Prefix{netip.MustParsePrefix("10.0.0.70/32"), netip.MustParsePrefix("10.0.0.80/28"),
					netip.MustParsePrefix("2001:db8:0:0:1::/80")}},
				{VPC: "vpc-2", Addresses: []netip.Prefix{netip.MustParsePrefix("10.2.0.7/32")}}}}
		w.AddMachine(networked)
		w.Stop(sim.ID(3))
		w.Advance(time.Hour)
		for id, kind := range map[string]string{"fleet-2": "maintain", "fleet-1": "maintain", "fleet-3": "instant"} {
			w.AddFleet(id, kind)
		}
		return contract.MachinesFixture{
			Maintained: []string{"fleet-1", "fleet-2"},
			Port:       w.EC2(),
			Web1:       sim.ID(0),
			Web2:       sim.ID(1),
			Windows:    sim.ID(2),
			Stopped:    sim.ID(3),
			Suite:      "contract",
			Unknown:    sim.ID(99),
			Boots:      w.Boots,
			Wait:       w.Advance,
			Networked: run.Machine{
				ID:        sim.ID(7),
				PrivateIP: "10.0.0.7",
				IPv6:      "2001:db8::7",
				Interfaces: []run.Interface{
					{VPC: sim.VPC, Addresses: []netip.Prefix{netip.MustParsePrefix("10.0.0.7/32"),
						netip.MustParsePrefix("2001:db8::7/128"), netip.MustParsePrefix("10.0.0.70/32"),
						netip.MustParsePrefix("10.0.0.80/28"), netip.MustParsePrefix("2001:db8:0:0:1::/80")}},
					{VPC: "vpc-2", Addresses: []netip.Prefix{netip.MustParsePrefix("10.2.0.7/32")}}},
			},
		}
	})
}

func TestBootsOfTheWorld(t *testing.T) {
	contract.ExerciseBoots(t, func(t *testing.T) contract.BootsFixture {
		w := open(t)
		w.AddMachine(world.MachineSpec{ID: sim.ID(0), Managed: true})
		w.AddMachine(world.MachineSpec{ID: sim.ID(1), Managed: true, Windows: true})
		w.AddMachine(world.MachineSpec{ID: sim.ID(2)})
		return contract.BootsFixture{
			Port:      w.SSM(),
			Linux:     sim.ID(0),
			Windows:   sim.ID(1),
			Unmanaged: sim.ID(2),
			Unknown:   sim.ID(9),
			Wait:      w.Advance,
			Reboot: func(t *testing.T, id string) {
				if err := w.EC2().Reboot(t.Context(), id); err != nil {
					t.Fatal(err)
				}
				w.Advance(5 * time.Minute)
			},
		}
	})
}

func TestParametersOfTheWorld(t *testing.T) {
	contract.ExerciseParameters(t, func(t *testing.T) contract.ParametersFixture {
		w := open(t)
		return contract.ParametersFixture{
			Port: w.SSM(),
			Name: "/quickstep/web",
			Set:  func(_ *testing.T, value string) { w.SetParameter("/quickstep/web", value) },
		}
	})
}

func TestAlarmsOfTheWorld(t *testing.T) {
	contract.ExerciseAlarms(t, func(t *testing.T) contract.AlarmsFixture {
		w := open(t)
		w.Advance(17 * time.Second)
		w.AddAlarm("theirs", "OK")
		return contract.AlarmsFixture{Port: w.Alarms(), Prefix: "ours-", Rule: "ours-mute", Now: w.Now, Wait: w.Advance,
			Add:       func(_ *testing.T, name, state string) { w.AddAlarm(name, state) },
			Composite: func(_ *testing.T, name, rule string, acts bool) { w.AddComposite(name, rule, acts) }}
	})
}

func TestRulesOfTheWorld(t *testing.T) {
	for _, bus := range []string{"default", "orders"} {
		t.Run(bus, func(t *testing.T) {
			contract.ExerciseRules(t, func(t *testing.T) contract.RulesFixture {
				w := open(t)
				w.AddRule(bus, "theirs", true, "")
				w.AddRule("elsewhere", "ours-a", true, "")
				return contract.RulesFixture{Port: w.Rules(), Bus: bus, Prefix: "ours-",
					Add:     func(_ *testing.T, name string, enabled bool) { w.AddRule(bus, name, enabled, "") },
					Delete:  func(_ *testing.T, name string) { w.DeleteRule(bus, name) },
					Managed: func(_ *testing.T, name string) { w.AddRule(bus, name, true, "states.amazonaws.com") }}
			})
		})
	}
}

func TestTopicOfTheWorld(t *testing.T) {
	contract.ExerciseTopic(t, func(t *testing.T) contract.TopicFixture {
		w := open(t)
		return contract.TopicFixture{Port: w.Topic("alarm"), Got: func(*testing.T) (all []contract.Note) {
			for _, n := range w.Published("alarm") {
				all = append(all, contract.Note{Subject: n.Subject, Text: n.Text})
			}
			return all
		}}
	})
}

func TestFunctionsOfTheWorld(t *testing.T) {
	contract.ExerciseFunctions(t, func(t *testing.T) contract.FunctionsFixture {
		w := open(t)
		return contract.FunctionsFixture{
			Port:     w.Functions(),
			Function: "ready-web",
			Answers: func(_ *testing.T, ready bool, reason string, got func([]byte)) {
				w.SetCheck(
					"ready-web",
					func(payload json.RawMessage) (bool, string) { got(payload); return ready, reason },
				)
			},
		}
	})
}

func TestProbesOfTheWorld(t *testing.T) {
	contract.ExerciseProbes(t, func(t *testing.T) contract.ProbesFixture {
		w := open(t)
		n := 0
		serves := func(_ *testing.T, status int, body string) (url, address string) {
			n++
			ip := fmt.Sprint("10.0.0.", n)
			w.AddMachine(world.MachineSpec{ID: sim.ID(n), IP: ip, Status: status, Body: body})
			return "http://" + ip + ":8080/health", ip + ":8080"
		}
		_, refuses := serves(t, 200, "")
		w.Break(sim.ID(n))
		return contract.ProbesFixture{Port: w.Probe(), Serves: serves, Refuses: refuses, Silent: "10.9.9.9:8080"}
	})
}
