package standin

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"

	"quickstep/shared/run"
)

const ec2Namespace = "http://ec2.amazonaws.com/doc/2016-11-15/"

// ec2 answers EC2's calls.
func (s *Server) ec2(ctx context.Context, q query, peer string) func(http.ResponseWriter) {
	calls := map[string]func(context.Context, query) (any, error){
		"DescribeFleets":         s.describeFleets,
		"DescribeInstances":      s.describeInstances,
		"DescribeInstanceStatus": s.describeInstanceStatus,
		"RebootInstances":        func(ctx context.Context, q query) (any, error) { return s.rebootInstances(ctx, q, peer) },
	}
	call, ours := calls[q.Get("Action")]
	if !ours {
		return nil
	}
	return func(w http.ResponseWriter) {
		out, err := call(ctx, q)
		if err == nil {
			xmlAnswer(w, http.StatusOK, q.Get("Action")+"Response", ec2Namespace, out)
			return
		}
		xmlAnswer(w, http.StatusBadRequest, "Response", "", struct {
			Errors    []refusal `xml:"Errors>Error"`
			RequestID string
		}{[]refusal{*coded(err, "InvalidParameterValue")}, requestID})
	}
}

type ec2Fleet struct {
	ID    string `xml:"fleetId"`
	State string `xml:"fleetState"`
	Type  string `xml:"type"`
}

// describeFleets knows the one filter by which it is asked.
func (s *Server) describeFleets(ctx context.Context, q query) (any, error) {
	if q.Get("Filter.1.Name") != "type" || q.Get("Filter.1.Value.1") != "maintain" ||
		q.Get("Filter.2.Name") != "" {
		return nil, errors.New("EC2 Fleets are only found by their type, maintain")
	}
	fleets, err := s.world.EC2().Maintained(ctx)
	var out struct {
		Fleets []ec2Fleet `xml:"fleetSet>item"`
	}
	for _, id := range fleets {
		out.Fleets = append(out.Fleets, ec2Fleet{id, "active", "maintain"})
	}
	return out, err
}

type ec2Instance struct {
	InstanceID string   `xml:"instanceId"`
	State      ec2State `xml:"instanceState"`
	PrivateIP  string   `xml:"privateIpAddress,omitempty"`
	VPC        string   `xml:"vpcId,omitempty"`
	Platform   string   `xml:"platform,omitempty"`
	Tags       []ec2Tag `xml:"tagSet>item"`
	IPv6       string   `xml:"ipv6Address,omitempty"`

	Interfaces []ec2Interface `xml:"networkInterfaceSet>item"`
}

type ec2Interface struct {
	VPC          string       `xml:"vpcId,omitempty"`
	PrivateIPs   []ec2Private `xml:"privateIpAddressesSet>item"`
	IPv6s        []ec2IPv6    `xml:"ipv6AddressesSet>item"`
	IPv4Prefixes []ec2Prefix4 `xml:"ipv4PrefixSet>item"`
	IPv6Prefixes []ec2Prefix6 `xml:"ipv6PrefixSet>item"`
}

type ec2Private struct {
	Address string `xml:"privateIpAddress"`
}

type ec2IPv6 struct {
	Address string `xml:"ipv6Address"`
}

type ec2Prefix4 struct {
	Prefix string `xml:"ipv4Prefix"`
}

type ec2Prefix6 struct {
	Prefix string `xml:"ipv6Prefix"`
}

type ec2State struct {
	Code int    `xml:"code"`
	Name string `xml:"name"`
}

type ec2Tag struct {
	Key   string `xml:"key"`
	Value string `xml:"value"`
}

// states are EC2's codes of them.
var states = map[string]int{
	"pending":       0,
	"running":       16,
	"shutting-down": 32,
	"terminated":    48,
	"stopping":      64,
	"stopped":       80,
}

func (s *Server) describeInstances(ctx context.Context, q query) (any, error) {
	found, err := s.selected(ctx, q)
	if err != nil {
		return nil, err
	}
	some, next, err := paged(found, q.Get("NextToken"))
	if err != nil {
		return nil, err
	}
	type reservation struct {
		Instances []ec2Instance `xml:"instancesSet>item"`
	}
	out := struct {
		RequestID    string        `xml:"requestId"`
		Reservations []reservation `xml:"reservationSet>item"`
		NextToken    string        `xml:"nextToken,omitempty"`
	}{RequestID: requestID, NextToken: next}
	for _, m := range some {
		out.Reservations = append(out.Reservations, reservation{[]ec2Instance{described(m)}})
	}
	return out, nil
}

func described(m run.Machine) ec2Instance {
	i := ec2Instance{InstanceID: m.ID, State: ec2State{states[m.State], m.State}, PrivateIP: m.PrivateIP, VPC: m.VPC,
		IPv6: m.IPv6}
	for _, n := range m.Interfaces {
		i.Interfaces = append(i.Interfaces, networkInterface(n))
	}
	if m.Windows {
		i.Platform = "windows"
	}
	for _, key := range slices.Sorted(maps.Keys(m.Tags)) {
		i.Tags = append(i.Tags, ec2Tag{key, m.Tags[key]})
	}
	return i
}

func networkInterface(n run.Interface) ec2Interface {
	i := ec2Interface{VPC: n.VPC}
	for _, p := range n.Addresses {
		switch v4 := p.Addr().Is4(); {
		case v4 && p.IsSingleIP():
			i.PrivateIPs = append(i.PrivateIPs, ec2Private{p.Addr().String()})
		case v4:
			i.IPv4Prefixes = append(i.IPv4Prefixes, ec2Prefix4{p.String()})
		case p.IsSingleIP():
			i.IPv6s = append(i.IPv6s, ec2IPv6{p.Addr().String()})
		default:
			i.IPv6Prefixes = append(i.IPv6Prefixes, ec2Prefix6{p.String()})
		}
	}
	return i
}

type ec2Status struct {
	InstanceID string   `xml:"instanceId"`
	State      ec2State `xml:"instanceState"`
	System     string   `xml:"systemStatus>status"`
	Instance   string   `xml:"instanceStatus>status"`
	EBS        string   `xml:"attachedEbsStatus>status"`

	Application string `xml:"applicationStatus>status"`
}

func (s *Server) describeInstanceStatus(ctx context.Context, q query) (any, error) {
	out := struct {
		RequestID string      `xml:"requestId"`
		Statuses  []ec2Status `xml:"instanceStatusSet>item"`
	}{RequestID: requestID}
	for _, id := range q.list("InstanceId") {
		found, err := s.world.EC2().Machines(ctx, run.Selection{IDs: []string{id}})
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			return nil, refuse("InvalidInstanceID.NotFound", "the instance ID '%s' does not exist", id)
		}
		checks, err := s.world.EC2().Status(ctx, id)
		if err != nil {
			return nil, err
		}
		if checks.State != "running" && q.Get("IncludeAllInstances") != "true" {
			continue
		}
		status := ec2Status{InstanceID: id, State: ec2State{states[checks.State], checks.State}, System: checks.System,
			Instance: checks.Instance, EBS: checks.EBS, Application: checks.Application}
		out.Statuses = append(out.Statuses, status)
	}
	return out, nil
}

func (s *Server) rebootInstances(ctx context.Context, q query, peer string) (any, error) {
	for _, id := range q.list("InstanceId") {
		err := s.world.EC2().Reboot(ctx, id)
		if errors.Is(err, run.ErrGone) {
			return nil, refuse("IncorrectInstanceState", "%v", err)
		}
		if err != nil {
			return nil, err
		}
		if s.Rebooted != nil {
			s.Rebooted(id, peer)
		}
	}
	return struct {
		RequestID string `xml:"requestId"`
		Return    bool   `xml:"return"`
	}{requestID, true}, nil
}
