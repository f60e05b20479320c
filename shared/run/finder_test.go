package run_test

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"quickstep/shared/run"
)

// networked is an instance of two VPCs, with all that an interface can have.
func networked() run.Machine {
	interfaceOf := func(vpc string, texts ...string) run.Interface {
		i := run.Interface{VPC: vpc}
		for _, t := range texts {
			i.Addresses = append(i.Addresses, netip.MustParsePrefix(t))
		}
		return i
	}
	return run.Machine{ID: "i-1", State: "running", VPC: "vpc-1", PrivateIP: "10.0.0.1", Interfaces: []run.Interface{
		interfaceOf("vpc-1", "10.0.0.1/32", "10.0.0.2/32", "2001:db8::1/128", "10.0.0.16/28", "2001:db8:0:0:1::/80"),
		interfaceOf("vpc-2", "10.2.0.1/32"),
		interfaceOf("", "172.16.0.1/32"),
	}}
}

func TestFinderKnowsEveryAddressByItsValue(t *testing.T) {
	f := run.NewFinder(nil, networked(), run.Machine{ID: "i-2", VPC: "vpc-1", PrivateIP: "10.0.0.9"})
	for target, want := range map[string]string{
		"i-1": "i-1", "i-2": "i-2", "i-3": "", "i-10": "", "": "", "10.0.0": "", "arn:aws:lambda:eu-west-1:1:function:f": "",
		"10.0.0.1": "i-1", "10.0.0.2": "i-1", "10.2.0.1": "i-1", "172.16.0.1": "i-1", "10.0.0.9": "i-2", "10.0.0.3": "",
		"::ffff:10.0.0.2": "i-1",
		"10.0.0.15":       "", "10.0.0.16": "i-1", "10.0.0.31": "i-1", "10.0.0.32": "",
		"2001:db8::1": "i-1", "2001:0DB8:0000:0000:0000:0000:0000:0001": "i-1", "2001:db8::2": "",
		"2001:db8:0:0:1::": "i-1", "2001:db8::1:ffff:ffff:ffff": "i-1", "2001:db8::2:0:0:0": "",
	} {
		var found []string
		if want != "" {
			found = []string{want}
		}
		ip := run.Group{ARN: arn("ip"), VPC: "vpc-3", TargetType: "ip"}
		if got := f.Find(ip, target); !slices.Equal(got, found) || f.Contains(target) != (want != "") {
			t.Errorf("%s is %v, want %v", target, got, found)
		}
	}
}

func TestFinderFindsAllThatShareAnAddress(t *testing.T) {
	f := run.NewFinder(nil, run.Machine{ID: "i-1", VPC: "vpc-1", PrivateIP: "10.0.0.1"},
		run.Machine{ID: "i-2", VPC: "vpc-2", PrivateIP: "10.0.0.1"})
	if got := f.Find(run.Group{ARN: arn("ip"), VPC: "vpc-3"}, "10.0.0.1"); !slices.Equal(got, []string{"i-1", "i-2"}) {
		t.Errorf("found %v", got)
	}
}

func TestFinderSaysWhichGroupsCanHoldAnInstance(t *testing.T) {
	f := run.NewFinder([]string{arn("excluded")}, networked())
	for _, c := range []struct {
		name, vpc, of string
		want          bool
	}{
		{"web", "vpc-1", "instance", true}, {"of the second interface", "vpc-2", "instance", true},
		{"foreign", "vpc-3", "instance", false}, {"ip", "vpc-1", "ip", true}, {"peered", "vpc-3", "ip", true},
		{"excluded", "vpc-3", "ip", false}, {"excluded", "vpc-1", "ip", true}, {"excluded", "vpc-1", "instance", true},
		{"fn", "", "lambda", false}, {"alb", "vpc-1", "alb", false},
	} {
		if got := f.Holds(run.Group{ARN: arn(c.name), VPC: c.vpc, TargetType: c.of}); got != c.want {
			t.Errorf("%s of type %s in %s: %t", c.name, c.of, c.vpc, got)
		}
	}
}

func TestNotOursExcludesNoAddressThatItsOwnVPCGave(t *testing.T) {
	f := run.NewFinder([]string{arn("a"), arn("b")}, networked())
	for _, c := range []struct {
		group, vpc, target string
		want               bool
	}{
		{"a", "vpc-3", "10.0.0.1", false}, {"b", "vpc-2", "10.0.0.1", false}, {"a", "vpc-3", "10.0.0.17", false},
		{"a", "vpc-1", "10.0.0.1", true}, {"a", "vpc-1", "10.0.0.17", true}, {"b", "vpc-2", "10.2.0.1", true},
		{"a", "vpc-1", "10.2.0.1", false}, {"c", "vpc-3", "10.0.0.1", true}, {"a", "vpc-3", "i-1", true},
	} {
		if got := f.Find(run.Group{ARN: arn(c.group), VPC: c.vpc}, c.target); (len(got) > 0) != c.want {
			t.Errorf("%s in %s of %s: %v", c.target, c.group, c.vpc, got)
		}
	}
}

// BenchmarkFinder makes and asks a finder of fleets of several sizes: the time for each instance must not
// grow with the fleet.
func BenchmarkFinder(b *testing.B) {
	for _, size := range []int{1_000, 10_000, 100_000} {
		machines := make([]run.Machine, size)
		for n := range machines {
			ip := netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)})
			machines[n] = run.Machine{ID: fmt.Sprintf("i-%d", n), VPC: "vpc-1", PrivateIP: ip.String(),
				Interfaces: []run.Interface{{VPC: "vpc-1", Addresses: []netip.Prefix{netip.PrefixFrom(ip, 32)}}}}
		}
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			for b.Loop() {
				f := run.NewFinder(nil, machines...)
				for _, m := range machines {
					if len(f.Find(run.Group{VPC: "vpc-1"}, m.PrivateIP)) != 1 {
						b.Fatal(m.PrivateIP)
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(size), "ns/instance")
		})
	}
}
