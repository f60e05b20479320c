package sim_test

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"

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
	f := fleet(t, 3, map[int]world.MachineSpec{1: networked})
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
			if err == nil || !containsAll(err.Error(), "tags: ", "pods", sim.ID(1), c.target, "notours") {
				t.Errorf("the answer was %v", err)
			}
			_, err = f.Ask(all{"instanceIds": []string{sim.ID(1)}, "tags": nil})
			if err == nil || !containsAll(err.Error(), "instanceids: ", "pods") {
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
						f.After(0, func() { f.RegisterByHand(sim.Group("pods"), address(c.target, "8080")) })
					}
				})
				begin(t, f, all{"maxErrors": 1})
				finish(t, f, 12*time.Hour)
				rebooted(t, f, 0, sim.ID(1))
				rebooted(t, f, 1, sim.ID(2), sim.ID(3))
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
	if _, err := f.Ask(nil); err == nil || !containsAll(err.Error(), "pods", "notours") {
		t.Errorf("without notOurs the answer was %v", err)
	}
	begin(t, f, all{"notOurs": []string{sim.Group("pods")}})
	finish(t, f, 4*time.Hour)
	counts(t, f, 3, 0, 0)
	rebooted(t, f, 1, f.IDs...)
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
			_, err := f.Ask(all{"notOurs": []string{c.arn}})
			if err == nil || !containsAll(err.Error(), "notours: ", c.want) {
				t.Errorf("the answer was %v", err)
			}
			nothingChanged(t, f)
		})
	}
}

// TestNotOursHidesNothingOfTheInstancesOwnVPC: there the address can be nobody else's.
func TestNotOursHidesNothingOfTheInstancesOwnVPC(t *testing.T) {
	request := all{"notOurs": []string{sim.Group("pods")}, "maxErrors": 1}
	f := byAddress(t, sim.VPC)
	f.Place(sim.Group("pods"), "10.0.7.2", 8080)
	if _, err := f.Ask(request); err == nil || !containsAll(err.Error(), "tags: ", "pods", "can't exclude") {
		t.Errorf("the answer was %v", err)
	}
	nothingChanged(t, f)

	f = byAddress(t, sim.VPC)
	once(f, "elb.Deregister", func(world.Op) { f.RegisterByHand(sim.Group("pods"), address("10.0.7.2", "8080")) })
	begin(t, f, request)
	finish(t, f, 12*time.Hour)
	rebooted(t, f, 0, sim.ID(1))
}

func TestAnInstanceGroupOfTheSecondInterfacesVPCIsSeen(t *testing.T) {
	f := fleet(t, 3, map[int]world.MachineSpec{1: networked})
	f.AddGroup(world.GroupSpec{ARN: sim.Group("back"), Name: "back", VPC: otherVPC, Attached: true, Interval: 10 * time.Second})
	once(f, "elb.Deregister", func(world.Op) { f.RegisterByHand(sim.Group("back"), address(sim.ID(1), "9000")) })
	begin(t, f, all{"maxErrors": 1})
	finish(t, f, 12*time.Hour)
	rebooted(t, f, 0, sim.ID(1))
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
	for name, check := range map[string]all{
		"http://[2001:db8::7:1]:8080/": {"http": all{"port": 8080, "path": "/"}},
		"[2001:db8::7:1]:8080":         {"tcp": all{"port": 8080}},
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
			settle(f, 1, "web")
			begin(t, f, all{"check": check})
			finish(t, f, 4*time.Hour)
			counts(t, f, 2, 0, 0)
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
		check all
		field string
		want  string
	}{
		{"HTTP to IPv6 that isn't sent", world.MachineSpec{IPv6: "2001:db8::1"}, all{"http": all{"port": 80}}, "check.http", "checkipv6"},
		{"TCP to IPv6 that isn't sent", world.MachineSpec{IPv6: "2001:db8::1"}, all{"tcp": all{"port": 80}}, "check.tcp", "checkipv6"},
		{"HTTP to no address", world.MachineSpec{}, all{"http": all{"port": 80}}, "check.http", "no private ipv4"},
		{"TCP to no address", world.MachineSpec{}, all{"tcp": all{"port": 80}}, "check.tcp", "no private ipv4"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := fleet(t, 2)
			c.spec.ID, c.spec.VPC = sim.ID(5), sim.VPC
			c.spec.Tags = map[string]string{"quickstep": "allowed", "Role": "web"}
			f.AddMachine(c.spec)
			_, err := f.Ask(all{"check": c.check})
			if err == nil || !containsAll(err.Error(), c.field+": ", c.spec.ID, c.want) {
				t.Errorf("the answer was %v", err)
			}
			nothingChanged(t, f)
		})
	}
}

// TestAnInstanceThatHasLeftTheProbedGroupIsSkipped: nothing could ever show that it has started.
func TestAnInstanceThatHasLeftTheProbedGroupIsSkipped(t *testing.T) {
	f := empty(t, 1)
	f.AddGroups("web")
	network(f, "nlb", 30*time.Second)
	for n := 1; n <= 3; n++ {
		f.Add(world.MachineSpec{ID: sim.ID(n)}, "web:8080", "nlb:443")
	}
	settle(f, 1, "web", "nlb")
	begin(t, f, all{"check": all{"http": all{"path": "/"}}})
	f.DeregisterByHand(sim.Group("web"), address(sim.ID(3), "8080"))
	f.Watch.Forget(sim.ID(3))
	finish(t, f, 4*time.Hour)
	counts(t, f, 2, 0, 1)
	rebooted(t, f, 0, sim.ID(3))
}

// TestR5ACheckThatMakesNoProbeNeverPasses, alone or beside one that passes: the plan has lost the group
// that the instance was captured in.
func TestR5ACheckThatMakesNoProbeNeverPasses(t *testing.T) {
	for name, check := range map[string]all{
		"alone":          {"http": all{"path": "/"}},
		"beside another": {"http": all{"path": "/"}, "ec2": true},
	} {
		t.Run(name, func(t *testing.T) {
			f := fleet(t, 3)
			begin(t, f, all{"check": check, "maxChecks": 3})
			until(t, f, "nobody was rebooted", time.Hour, func() bool { return f.Count("ec2.Reboot") == 1 })
			var groups any
			change(t, f, "PLAN", func(plan map[string]any) { groups, plan["groups"] = plan["groups"], map[string]any{} })
			until(t, f, "it hasn't failed", 2*time.Hour, func() bool {
				s, err := f.Status("run-1")
				return err == nil && s.Done+s.Failed > 0
			})
			failedBecause(t, f, sim.ID(1), "check", true, "no port to probe")
			change(t, f, "PLAN", func(plan map[string]any) { plan["groups"] = groups })
			finish(t, f, 4*time.Hour, sim.ID(1))
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
	f = empty(t, 1)
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
	settle(f, 1, "web", "quic")
	return f, ids
}

func TestR4QUICTargetsComeBackWithTheirServerIDs(t *testing.T) {
	f, ids := quic(t)
	begin(t, f, all{"maxConcurrency": 2})
	finish(t, f, 4*time.Hour)
	counts(t, f, 3, 0, 0)
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
	begin(t, f, nil)
	until(t, f, "nobody was rebooted", time.Hour, func() bool { return f.Count("ec2.Reboot") == 1 })
	change(t, f, "I#"+sim.ID(1), func(item map[string]any) {
		for _, c := range item["capture"].([]any) {
			delete(c.(map[string]any), "quicServerId")
		}
	})
	finish(t, f, 24*time.Hour, sim.ID(1))
	failedBecause(t, f, sim.ID(1), "rejoin", true, "QuicServerId")
	told(t, f, "alarm", sim.ID(1), "QuicServerId")
}
