package run

import (
	"net/netip"
	"slices"
)

// Interface is a network interface of an instance.
type Interface struct {
	VPC string `json:"vpc,omitempty"` // empty on a secondary network, which is no VPC
	// Addresses are all by which it can be reached, private IPv4 and IPv6: single ones have the prefix
	// length of their family, delegated prefixes (a container host's) a shorter one.
	Addresses []netip.Prefix `json:"addresses,omitempty"`
}

// Finder finds the instances that a target stands for. A target group of type instance knows them
// by their ids. One of type ip knows them by any address of any network interface, whatever VPC the
// group is in: targets may be in a peered one.
//
// It takes time for each machine once, and none for each machine when it is asked.
type Finder struct {
	ids     map[string]bool
	vpcs    map[string]bool
	owners  map[netip.Prefix][]addressOwner
	lengths []int // of these prefixes, each once
	notOurs map[string]bool
}

// addressOwner is who has an address, and in which VPC.
type addressOwner struct{ instance, vpc string }

// NewFinder finds these machines. notOurs are the ARNs of target groups that merely use the same
// addresses in another VPC.
func NewFinder(notOurs []string, machines ...Machine) *Finder {
	f := &Finder{ids: map[string]bool{}, vpcs: map[string]bool{}, owners: map[netip.Prefix][]addressOwner{},
		notOurs: map[string]bool{}}
	for _, arn := range notOurs {
		f.notOurs[arn] = true
	}
	for _, m := range machines {
		f.ids[m.ID], f.vpcs[m.VPC] = true, true
		if ip, err := netip.ParseAddr(m.PrivateIP); err == nil {
			f.add(netip.PrefixFrom(ip, ip.BitLen()), addressOwner{m.ID, m.VPC})
		}
		for _, i := range m.Interfaces {
			if i.VPC != "" {
				f.vpcs[i.VPC] = true
			}
			for _, p := range i.Addresses {
				f.add(p.Masked(), addressOwner{m.ID, i.VPC})
			}
		}
	}
	return f
}

func (f *Finder) add(p netip.Prefix, o addressOwner) {
	if slices.Contains(f.owners[p], o) {
		return
	}
	f.owners[p] = append(f.owners[p], o)
	if !slices.Contains(f.lengths, p.Bits()) {
		f.lengths = append(f.lengths, p.Bits())
	}
}

// Holds says whether the group can hold one of the machines at all. Targets of the types lambda and
// alb are no instances.
func (f *Finder) Holds(g Group) bool {
	switch g.TargetType {
	case "instance":
		return f.vpcs[g.VPC]
	case "ip":
		return !f.notOurs[g.ARN] || f.vpcs[g.VPC]
	}
	return false
}

// Find lists the instances that a target of the group stands for. In notOurs an address means an
// instance only if the group's own VPC gave it to that instance: there nobody else can have it.
func (f *Finder) Find(g Group, target string) []string {
	if f.ids[target] {
		return []string{target}
	}
	var found []string
	for _, o := range f.at(target) {
		if f.notOurs[g.ARN] && o.vpc != g.VPC {
			continue
		}
		if !slices.Contains(found, o.instance) {
			found = append(found, o.instance)
		}
	}
	return found
}

// Contains says whether a target has an id or an address of one of the machines.
func (f *Finder) Contains(target string) bool { return f.ids[target] || len(f.at(target)) > 0 }

func (f *Finder) at(target string) (all []addressOwner) {
	ip, err := netip.ParseAddr(target) // by value: an IPv6 address can be written in several ways
	if err != nil {
		return nil
	}
	ip = ip.Unmap().WithZone("")
	for _, bits := range f.lengths {
		if p, err := ip.Prefix(bits); err == nil {
			all = append(all, f.owners[p]...)
		}
	}
	return all
}
