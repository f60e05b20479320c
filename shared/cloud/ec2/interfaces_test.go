package ec2_test

import (
	"net/netip"
	"reflect"
	"testing"

	"quickstep/shared/cloud/cloudtest"
	"quickstep/shared/cloud/ec2"
	"quickstep/shared/run"
)

func TestMachinesKnowEveryAddressOfEveryInterface(t *testing.T) {
	w := cloudtest.Serve(t, func(c cloudtest.Call) cloudtest.Answer {
		return answer(c.Operation, `<reservationSet><item><instancesSet><item><instanceId>i-1</instanceId>
			<instanceState><name>running</name></instanceState><vpcId>vpc-1</vpcId>
			<networkInterfaceSet>
				<item><vpcId>vpc-1</vpcId><privateIpAddress>10.0.0.1</privateIpAddress>
					<attachment><deviceIndex>0</deviceIndex><networkCardIndex>0</networkCardIndex></attachment>
					<association><publicIp>203.0.113.1</publicIp><carrierIp>155.146.0.1</carrierIp></association>
					<privateIpAddressesSet>
						<item><privateIpAddress>10.0.0.1</privateIpAddress>
							<association><publicIp>203.0.113.1</publicIp></association></item>
						<item><privateIpAddress>10.0.0.2</privateIpAddress>
							<association><customerOwnedIp>192.168.9.2</customerOwnedIp></association></item>
					</privateIpAddressesSet>
					<ipv6AddressesSet><item><ipv6Address>2001:db8::1</ipv6Address></item>
						<item><ipv6Address>2001:db8::2</ipv6Address></item></ipv6AddressesSet>
					<ipv4PrefixSet><item><ipv4Prefix>10.0.0.16/28</ipv4Prefix></item></ipv4PrefixSet>
					<ipv6PrefixSet><item><ipv6Prefix>2001:db8:0:0:1::/80</ipv6Prefix></item></ipv6PrefixSet></item>
				<item><vpcId>vpc-2</vpcId><privateIpAddress>10.2.0.1</privateIpAddress>
					<attachment><deviceIndex>1</deviceIndex></attachment></item>
			</networkInterfaceSet>
			<secondaryInterfaceSet><item><privateIpAddressSet>
				<item><privateIpAddress>172.16.0.1</privateIpAddress></item></privateIpAddressSet></item></secondaryInterfaceSet>
			</item></instancesSet></item></reservationSet>`)
	})
	got, err := ec2.New(w.Config).Machines(t.Context(), run.Selection{IDs: []string{"i-1"}})
	want := []run.Machine{{ID: "i-1", State: "running", VPC: "vpc-1", IPv6: "2001:db8::1", Interfaces: []run.Interface{
		{VPC: "vpc-1", Addresses: prefixes("10.0.0.1/32", "203.0.113.1/32", "155.146.0.1/32", "10.0.0.2/32",
			"192.168.9.2/32", "2001:db8::1/128", "2001:db8::2/128", "10.0.0.16/28", "2001:db8:0:0:1::/80")},
		{VPC: "vpc-2", Addresses: prefixes("10.2.0.1/32")},
		{Addresses: prefixes("172.16.0.1/32")},
	}}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
	}
}

func prefixes(texts ...string) (all []netip.Prefix) {
	for _, t := range texts {
		all = append(all, netip.MustParsePrefix(t))
	}
	return all
}
