package ec2

import (
	"net/netip"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"quickstep/shared/run"
)

// ipv6 is an IPv6 address of the instance's primary network interface.
func ipv6(i types.Instance) string {
	if i.Ipv6Address != nil {
		return *i.Ipv6Address
	}
	for _, n := range i.NetworkInterfaces {
		primary := n.Attachment != nil && aws.ToInt32(n.Attachment.DeviceIndex) == 0 &&
			aws.ToInt32(n.Attachment.NetworkCardIndex) == 0
		if primary && len(n.Ipv6Addresses) > 0 {
			return aws.ToString(n.Ipv6Addresses[0].Ipv6Address)
		}
	}
	return ""
}

// interfaces are all network interfaces of the instance, with every address of each.
func interfaces(i types.Instance) []run.Interface {
	var all []run.Interface
	for _, n := range i.NetworkInterfaces {
		all = append(all, run.Interface{VPC: aws.ToString(n.VpcId), Addresses: addresses(n)})
	}
	for _, n := range i.SecondaryInterfaces { // of secondary networks, beside those of its VPCs
		var texts []*string
		for _, a := range n.PrivateIpAddresses {
			texts = append(texts, a.PrivateIpAddress)
		}
		all = append(all, run.Interface{Addresses: prefixes(texts)})
	}
	return all
}

func addresses(n types.InstanceNetworkInterface) []netip.Prefix {
	texts := []*string{n.PrivateIpAddress}
	reached := func(by *types.InstanceNetworkInterfaceAssociation) {
		if by != nil { // on an Outpost, customers give addresses of their own, which may be private
			texts = append(texts, by.PublicIp, by.CarrierIp, by.CustomerOwnedIp)
		}
	}
	reached(n.Association)
	for _, a := range n.PrivateIpAddresses {
		texts = append(texts, a.PrivateIpAddress)
		reached(a.Association)
	}
	for _, a := range n.Ipv6Addresses {
		texts = append(texts, a.Ipv6Address)
	}
	for _, p := range n.Ipv4Prefixes {
		texts = append(texts, p.Ipv4Prefix)
	}
	for _, p := range n.Ipv6Prefixes {
		texts = append(texts, p.Ipv6Prefix)
	}
	return prefixes(texts)
}

// prefixes reads addresses and prefixes, each once. What isn't there is nil.
func prefixes(texts []*string) []netip.Prefix {
	var all []netip.Prefix
	seen := map[netip.Prefix]bool{}
	for _, t := range texts {
		p, err := netip.ParsePrefix(aws.ToString(t))
		if err != nil {
			ip, err := netip.ParseAddr(aws.ToString(t))
			if err != nil {
				continue
			}
			p = netip.PrefixFrom(ip, ip.BitLen())
		}
		if p = p.Masked(); !seen[p] {
			seen[p] = true
			all = append(all, p)
		}
	}
	return all
}
