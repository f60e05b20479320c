package rolling_test

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"

	"quickstep/tests/sim/simtest"

	"quickstep/shared/ledger"
	"quickstep/shared/run"
	"quickstep/tests/sim"
	"quickstep/tests/world"
)

const otherVPC = "vpc-0fedcba9876543210"

// networked is an instance with everything that a network interface can have, and a second one in
// another VPC.
var networked = world.MachineSpec{IP: "10.0.7.1", IPv6: "2001:db8::7:1", More: []run.Interface{
	{Addresses: []netip.Prefix{netip.MustParsePrefix("10.0.7.2/32"), netip.MustParsePrefix("10.0.7.16/28"),
		netip.MustParsePrefix("2001:db8:0:0:7::/80")}},
	{VPC: otherVPC, Addresses: []netip.Prefix{netip.MustParsePrefix("10.2.7.1/32")}},
}}

// reachable are ways in which a target group of type ip can reach it.
var reachable = []struct{ name, vpc, target string }{
	{"by its primary address", sim.VPC, "10.0.7.1"},
	{"by its primary address, from another VPC", otherVPC, "10.0.7.1"},
	{"by its primary address, from a VPC of others", "vpc-3", "10.0.7.1"},
	{"by a secondary address", sim.VPC, "10.0.7.2"},
	{"by a secondary address, from a VPC of others", "vpc-3", "10.0.7.2"},
	{"by a second network interface", otherVPC, "10.2.7.1"},
	{"by IPv6", sim.VPC, "2001:db8::7:1"},
	{"by IPv6, written in full", "vpc-3", "2001:0DB8:0000:0000:0000:0000:0007:0001"},
	{"by an address of a delegated prefix", sim.VPC, "10.0.7.20"},
	{"by an address of a delegated IPv6 prefix", "vpc-3", "2001:db8:0:0:7::5"},
}

// byAddress makes a fleet of three, the first with many addresses, and a target group of type ip.
func byAddress(t *testing.T, vpc string) *sim.Fleet {
	t.Helper()
	f := simtest.Fleet(t, 3, map[int]world.MachineSpec{1: networked})
	f.AddGroup(world.GroupSpec{ARN: sim.Group("pods"), Name: "pods", VPC: vpc, TargetType: "ip", Protocol: "TCP",
		Delay: time.Minute, Interval: 10 * time.Second, Attached: true})
	return f
}

func TestR3AnInstanceInAnIPTargetGroupIsRefusedWithTheGroupsName(t *testing.T) {
	for _, c := range reachable {
		t.Run(c.name, func(t *testing.T) {
			f := byAddress(t, c.vpc)
			f.Place(sim.Group("pods"), c.target, 8080)
			_, err := f.Ask(nil)
			if err == nil || !simtest.ContainsAll(err.Error(), "tags: ", "pods", sim.ID(1), c.target, "notours") {
				t.Errorf("the answer was %v", err)
			}
			_, err = f.Ask(simtest.All{"instanceIds": []string{sim.ID(1)}, "tags": nil})
			if err == nil || !simtest.ContainsAll(err.Error(), "instanceids: ", "pods") {
				t.Errorf("the answer was %v", err)
			}
			nothingChanged(t, f)
		})
	}
}

func TestR3WhoIsRegisteredByAddressInMidRunIsNotRebooted(t *testing.T) {
	for _, c := range reachable {
		for _, when := range []string{"elb.Targets", "elb.Deregister"} { // before the gate, and while it drains
			t.Run(c.name+", at "+when, func(t *testing.T) {
				f := byAddress(t, c.vpc)
				seen := false
				f.Also(func(op world.Op) {
					if !seen && op.Service+"."+op.Name == when && op.Happened && op.Function == "drain" {
						seen = true
						f.After(0, func() { f.RegisterByHand(sim.Group("pods"), simtest.Address(c.target, "8080")) })
					}
				})
				simtest.Begin(t, f, simtest.All{"maxErrors": 1})
				simtest.Finish(t, f, 12*time.Hour)
				simtest.Rebooted(t, f, 0, sim.ID(1))
				simtest.Rebooted(t, f, 1, sim.ID(2), sim.ID(3))
				if !seen {
					t.Error("it was never registered")
				}
			})
		}
	}
}

func TestNotOursExcludesAGroupThatMerelyUsesTheAddress(t *testing.T) {
	f := byAddress(t, "vpc-3")
	f.AddMachine(world.MachineSpec{ID: sim.ID(9), IP: "10.0.7.1", VPC: "vpc-3"}) // of an overlapping range
	f.Place(sim.Group("pods"), "10.0.7.1", 8080)
	if _, err := f.Ask(nil); err == nil || !simtest.ContainsAll(err.Error(), "pods", "notours") {
		t.Errorf("without notOurs the answer was %v", err)
	}
	simtest.Begin(t, f, simtest.All{"notOurs": []string{sim.Group("pods")}})
	simtest.Finish(t, f, 4*time.Hour)
	simtest.Counts(t, f, 3, 0, 0)
	simtest.Rebooted(t, f, 1, f.IDs...)
}

func TestNotOursThatCannotBeMeantIsRefused(t *testing.T) {
	for _, c := range []struct {
		name, arn, want string
	}{
		{"a group that doesn't exist", sim.Group("nobody"), "there is no target group"},
		{"a group of type instance", sim.Group("web"), "is of type instance"},
		{"a name", "pods", "give arns"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := byAddress(t, "vpc-3")
			_, err := f.Ask(simtest.All{"notOurs": []string{c.arn}})
			if err == nil || !simtest.ContainsAll(err.Error(), "notours: ", c.want) {
				t.Errorf("the answer was %v", err)
			}
			nothingChanged(t, f)
		})
	}
}

// TestNotOursHidesNothingOfTheInstancesOwnVPC: there the address can be nobody else's.
func TestNotOursHidesNothingOfTheInstancesOwnVPC(t *testing.T) {
	request := simtest.All{"notOurs": []string{sim.Group("pods")}, "maxErrors": 1}
	f := byAddress(t, sim.VPC)
	f.Place(sim.Group("pods"), "10.0.7.2", 8080)
	if _, err := f.Ask(request); err == nil || !simtest.ContainsAll(err.Error(), "tags: ", "pods", "can't exclude") {
		t.Errorf("the answer was %v", err)
	}
	nothingChanged(t, f)

	f = byAddress(t, sim.VPC)
	simtest.Once(
		f,
		"elb.Deregister",
		func(world.Op) { f.RegisterByHand(sim.Group("pods"), simtest.Address("10.0.7.2", "8080")) },
	)
	simtest.Begin(t, f, request)
	simtest.Finish(t, f, 12*time.Hour)
	simtest.Rebooted(t, f, 0, sim.ID(1))
}

func TestAnInstanceGroupOfTheSecondInterfacesVPCIsSeen(t *testing.T) {
	f := simtest.Fleet(t, 3, map[int]world.MachineSpec{1: networked})
	f.AddGroup(
		world.GroupSpec{
			ARN:      sim.Group("back"),
			Name:     "back",
			VPC:      otherVPC,
			Attached: true,
			Interval: 10 * time.Second,
		},
	)
	simtest.Once(
		f,
		"elb.Deregister",
		func(world.Op) { f.RegisterByHand(sim.Group("back"), simtest.Address(sim.ID(1), "9000")) },
	)
	simtest.Begin(t, f, simtest.All{"maxErrors": 1})
	simtest.Finish(t, f, 12*time.Hour)
	simtest.Rebooted(t, f, 0, sim.ID(1))
}

// probed are the addresses that the run's probes went to.
func probed(f *sim.Fleet) string {
	var all []string
	for _, op := range f.Log() {
		if op.Service == "probe" {
			all = append(all, op.Subject)
		}
	}
	return strings.Join(all, " ")
}

func TestAnInstanceWithoutIPv4IsProbedByIPv6(t *testing.T) {
	for name, check := range map[string]simtest.All{
		"http://[2001:db8::7:1]:8080/": {"http": simtest.All{"port": 8080, "path": "/"}},
		"[2001:db8::7:1]:8080":         {"tcp": simtest.All{"port": 8080}},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := sim.StackWith(map[string]string{"PatchScheduleState": "DISABLED", "CheckIPv6": "true"})
			if err != nil {
				t.Fatal(err)
			}
			f := sim.On(s, 1)
			t.Cleanup(f.Close)
			f.AddGroups("web")
			f.Add(world.MachineSpec{ID: sim.ID(1), IPv6: "2001:db8::7:1"}, "web:8080")
			f.Add(world.MachineSpec{ID: sim.ID(2)}, "web:8080")
			simtest.Settle(f, 1, "web")
			simtest.Begin(t, f, simtest.All{"check": check})
			simtest.Finish(t, f, 4*time.Hour)
			simtest.Counts(t, f, 2, 0, 0)
			if got := probed(f); !strings.Contains(got, name) || strings.Contains(got, "//:") {
				t.Errorf("probed were %s", got)
			}
		})
	}
}

func TestACheckThatCouldReachNoAddressIsRefused(t *testing.T) {
	for _, c := range []struct {
		name  string
		spec  world.MachineSpec
		check simtest.All
		field string
		want  string
	}{
		{"HTTP to IPv6 that isn't sent", world.MachineSpec{IPv6: "2001:db8::1"}, simtest.All{"http": simtest.All{"port": 80}}, "check.http", "checkipv6"},
		{"TCP to IPv6 that isn't sent", world.MachineSpec{IPv6: "2001:db8::1"}, simtest.All{"tcp": simtest.All{"port": 80}}, "check.tcp", "checkipv6"},
		{"HTTP to no address", world.MachineSpec{}, simtest.All{"http": simtest.All{"port": 80}}, "check.http", "no private ipv4"},
		{"TCP to no address", world.MachineSpec{}, simtest.All{"tcp": simtest.All{"port": 80}}, "check.tcp", "no private ipv4"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := simtest.Fleet(t, 2)
			c.spec.ID, c.spec.VPC = sim.ID(5), sim.VPC
			c.spec.Tags = map[string]string{"quickstep": "allowed", "Role": "web"}
			f.AddMachine(c.spec)
			_, err := f.Ask(simtest.All{"check": c.check})
			if err == nil || !simtest.ContainsAll(err.Error(), c.field+": ", c.spec.ID, c.want) {
				t.Errorf("the answer was %v", err)
			}
			nothingChanged(t, f)
		})
	}
}

// TestAnInstanceThatHasLeftTheProbedGroupIsSkipped: nothing could ever show that it has started.
func TestAnInstanceThatHasLeftTheProbedGroupIsSkipped(t *testing.T) {
	f := simtest.Empty(t, 1)
	f.AddGroups("web")
	network(f, "nlb", 30*time.Second)
	for n := 1; n <= 3; n++ {
		f.Add(world.MachineSpec{ID: sim.ID(n)}, "web:8080", "nlb:443")
	}
	simtest.Settle(f, 1, "web", "nlb")
	simtest.Begin(t, f, simtest.All{"check": simtest.All{"http": simtest.All{"path": "/"}}})
	f.DeregisterByHand(sim.Group("web"), simtest.Address(sim.ID(3), "8080"))
	f.Watch.Forget(sim.ID(3))
	simtest.Finish(t, f, 4*time.Hour)
	simtest.Counts(t, f, 2, 0, 1)
	simtest.Rebooted(t, f, 0, sim.ID(3))
}

// TestR5ACheckThatMakesNoProbeNeverPasses, alone or beside one that passes: the plan has lost the group
// that the instance was captured in.
func TestR5ACheckThatMakesNoProbeNeverPasses(t *testing.T) {
	for name, check := range map[string]simtest.All{
		"alone":          {"http": simtest.All{"path": "/"}},
		"beside another": {"http": simtest.All{"path": "/"}, "ec2": true},
	} {
		t.Run(name, func(t *testing.T) {
			f := simtest.Fleet(t, 3)
			simtest.Begin(t, f, simtest.All{"check": check, "maxChecks": 3})
			simtest.Until(t, f, "nobody was rebooted", time.Hour, func() bool { return f.Count("ec2.Reboot") == 1 })
			var groups any
			change(
				t,
				f,
				"PLAN",
				func(plan map[string]any) { groups, plan["groups"] = plan["groups"], map[string]any{} },
			)
			simtest.Until(t, f, "it hasn't failed", 2*time.Hour, func() bool {
				s, err := f.Status("run-1")
				return err == nil && s.Done+s.Failed > 0
			})
			simtest.FailedBecause(t, f, sim.ID(1), "check", true, "no port to probe")
			change(t, f, "PLAN", func(plan map[string]any) { plan["groups"] = groups })
			simtest.Finish(t, f, 4*time.Hour, sim.ID(1))
		})
	}
}

// change changes a row of the run by hand.
func change(t *testing.T, f *sim.Fleet, sk string, do func(row map[string]any)) {
	t.Helper()
	doc, _ := f.Doc("RUN#run-1", sk)
	var row map[string]any
	if err := json.Unmarshal(doc.Body, &row); err != nil {
		t.Fatal(err)
	}
	do(row)
	if err := f.Table().Write(t.Context(), "test", ledger.Put(doc.Key, doc.Rev, row)); err != nil {
		t.Fatal(err)
	}
}

// quic makes a fleet of three in a QUIC target group and in one for HTTP, and gives each one's server id.
func quic(t *testing.T) (f *sim.Fleet, ids map[string]string) {
	t.Helper()
	f = simtest.Empty(t, 1)
	f.AddGroups("web")
	f.ARNs = append(f.ARNs, sim.Group("quic"))
	f.AddGroup(world.GroupSpec{ARN: sim.Group("quic"), Name: "quic", VPC: sim.VPC, Protocol: "TCP_QUIC",
		Delay: 30 * time.Second, Interval: 10 * time.Second, HealthyThreshold: 2, Attached: true,
		Health: run.HealthCheck{Protocol: "TCP", Port: "traffic-port"}})
	ids = map[string]string{}
	for n := 1; n <= 3; n++ {
		f.Add(world.MachineSpec{ID: sim.ID(n)}, "web:8080", "quic:443", "quic:8443")
	}
	for _, target := range f.TargetsOf(sim.Group("quic")) {
		ids[target.Address.String()] = target.QUICServerID
	}
	simtest.Settle(f, 1, "web", "quic")
	return f, ids
}

func TestR4QUICTargetsComeBackWithTheirServerIDs(t *testing.T) {
	f, ids := quic(t)
	simtest.Begin(t, f, simtest.All{"maxConcurrency": 2})
	simtest.Finish(t, f, 4*time.Hour)
	simtest.Counts(t, f, 3, 0, 0)
	if len(ids) != 6 {
		t.Fatalf("there were %v", ids)
	}
	for _, target := range f.TargetsOf(sim.Group("quic")) {
		if want := ids[target.Address.String()]; target.QUICServerID != want || want == "" {
			t.Errorf("%s came back with %q, not %q", target.Address, target.QUICServerID, want)
		}
	}
}

// TestR4ACaptureOfBeforeTheUpgradeHasNoServerID: nothing knows it any more, so the instance is reported.
func TestR4ACaptureOfBeforeTheUpgradeHasNoServerID(t *testing.T) {
	f, _ := quic(t)
	simtest.Begin(t, f, nil)
	simtest.Until(t, f, "nobody was rebooted", time.Hour, func() bool { return f.Count("ec2.Reboot") == 1 })
	change(t, f, "I#"+sim.ID(1), func(item map[string]any) {
		for _, c := range item["capture"].([]any) {
			delete(c.(map[string]any), "quicServerId")
		}
	})
	simtest.Finish(t, f, 24*time.Hour, sim.ID(1))
	simtest.FailedBecause(t, f, sim.ID(1), "rejoin", true, "QuicServerId")
	simtest.Told(t, f, "alarm", sim.ID(1), "QuicServerId")
}
