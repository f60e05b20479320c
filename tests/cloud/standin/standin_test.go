package standin_test

import (
	"fmt"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"quickstep/shared/cloud/alarms"
	"quickstep/shared/cloud/ec2"
	"quickstep/shared/cloud/elb"
	"quickstep/shared/cloud/ssm"
	"quickstep/shared/input"
	"quickstep/shared/run"
	"quickstep/tests/cloud/standin"
	"quickstep/tests/contract"
	"quickstep/tests/sim"
	"quickstep/tests/template"
	"quickstep/tests/world"
)

// open makes a virtual world, and the configuration of an SDK that reaches it over the wire. Whoever calls waits
// for the answer, so that time passes only between calls.
func open(t *testing.T) (*world.World, aws.Config) {
	t.Helper()
	w := world.New(&template.Stack{}, world.Virtual(sim.Began), 1)
	t.Cleanup(w.Close)
	server := httptest.NewServer(standin.New(w, nil))
	t.Cleanup(server.Close)
	return w, aws.Config{Region: "us-east-1", BaseEndpoint: &server.URL, HTTPClient: server.Client(),
		Credentials: credentials.NewStaticCredentialsProvider("AKIAEXAMPLE", "example", "")}
}

func TestMachinesOverTheWire(t *testing.T) {
	contract.ExerciseMachines(t, func(t *testing.T) contract.MachinesFixture {
		w, cfg := open(t)
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
			Port:       ec2.New(cfg),
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

func TestGroupsOverTheWire(t *testing.T) {
	contract.ExerciseGroups(t, func(t *testing.T) contract.GroupsFixture {
		w, cfg := open(t)
		f := contract.GroupsFixture{
			Port:    elb.New(cfg),
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
		for n := range 5 { // others', so that there is more than one page
			w.AddGroup(world.GroupSpec{ARN: sim.Group(fmt.Sprint("others-", n)), Name: fmt.Sprint("others-", n)})
		}
		return f
	})
}

func TestBootsOverTheWire(t *testing.T) {
	contract.ExerciseBoots(t, func(t *testing.T) contract.BootsFixture {
		w, cfg := open(t)
		w.AddMachine(world.MachineSpec{ID: sim.ID(0), Managed: true})
		w.AddMachine(world.MachineSpec{ID: sim.ID(1), Managed: true, Windows: true})
		w.AddMachine(world.MachineSpec{ID: sim.ID(2)})
		return contract.BootsFixture{
			Port:      ssm.New(cfg),
			Linux:     sim.ID(0),
			Windows:   sim.ID(1),
			Unmanaged: sim.ID(2),
			Unknown:   sim.ID(9),
			Wait:      w.Advance,
			Reboot: func(t *testing.T, id string) {
				if err := ec2.New(cfg).Reboot(t.Context(), id); err != nil {
					t.Fatal(err)
				}
				w.Advance(5 * time.Minute)
			},
		}
	})
}

// TestMuteRulesOverTheWire is the part of the alarms' contract that needs no alarms: those are the emulator's.
func TestMuteRulesOverTheWire(t *testing.T) {
	w, cfg := open(t)
	port := alarms.New(cfg)
	w.AddAlarm("web-5xx", "OK") // a mute rule of an alarm that doesn't exist is refused
	rule := run.MuteRule{
		Name:   "quickstep-1",
		Alarms: []string{"web-5xx"},
		From:   w.Now().Add(time.Minute),
		For:    26*time.Hour + 5*time.Minute,
	}
	active := func(want bool) {
		t.Helper()
		if got, err := port.MuteActive(t.Context(), rule.Name); got != want || err != nil {
			t.Errorf("active: %t, %v; want %t", got, err, want)
		}
	}
	active(false)
	if err := port.Mute(t.Context(), rule); err != nil {
		t.Fatal(err)
	}
	active(false)
	w.Advance(time.Minute)
	active(true)
	if !w.Muted("web-5xx") || w.Muted("web-4xx") {
		t.Error("other alarms are muted than those that were named")
	}
	w.Advance(rule.For - time.Second)
	active(true)
	w.Advance(time.Second)
	active(false)
	for range 2 { // the second time there is none
		if err := port.Unmute(t.Context(), rule.Name); err != nil {
			t.Error(err)
		}
	}
	rule.Alarms = nil
	if err := port.Mute(t.Context(), rule); err == nil {
		t.Error("a rule without alarms is taken")
	}
}
