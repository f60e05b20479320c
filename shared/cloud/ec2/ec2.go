// Package ec2 is EC2 as a rolling reboot sees it: which instances there are, whether their status checks pass, and
// the reboot itself.
package ec2

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"quickstep/shared/cloud/awserr"
	"quickstep/shared/run"
)

const (
	// pageSize is the most instances that DescribeInstances returns at once.
	pageSize = 1000
	// idsPerCall leaves half of the 200 filter values of one request to the tags.
	idsPerCall = 100
)

// Instances are the EC2 instances of the Region.
type Instances struct{ client *api.Client }

// New makes a client; it calls nothing yet.
func New(cfg aws.Config) Instances { return Instances{api.NewFromConfig(awserr.Watch(cfg))} }

// Machines finds the instances that have one of the selection's ids and all of its tags, whatever
// their state, sorted by id. Ids that EC2 doesn't know are absent from the result, not an error.
func (i Instances) Machines(ctx context.Context, s run.Selection) ([]run.Machine, error) {
	if len(s.IDs) == 0 && len(s.Tags) == 0 {
		return nil, errors.New("list instances: neither ids nor tags were given, which would be all of the Region")
	}
	tags := tagFilters(s.Tags)
	if len(s.IDs) == 0 {
		return i.list(ctx, tags)
	}
	var machines []run.Machine
	ids := slices.Compact(slices.Sorted(slices.Values(s.IDs)))
	for chunk := range slices.Chunk(ids, idsPerCall) {
		ids := types.Filter{Name: aws.String("instance-id"), Values: chunk}
		found, err := i.list(ctx, append(slices.Clone(tags), ids))
		if err != nil {
			return nil, err
		}
		machines = append(machines, found...)
	}
	// A filter reads * and ? as wildcards; in an id they are mistakes.
	return slices.DeleteFunc(machines, func(m run.Machine) bool {
		_, asked := slices.BinarySearch(ids, m.ID)
		return !asked
	}), nil
}

func tagFilters(tags map[string]string) []types.Filter {
	var filters []types.Filter
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		filters = append(filters, types.Filter{Name: aws.String("tag:" + key), Values: []string{tags[key]}})
	}
	return filters
}

func (i Instances) list(ctx context.Context, filters []types.Filter) ([]run.Machine, error) {
	var machines []run.Machine
	in := &api.DescribeInstancesInput{Filters: filters, MaxResults: aws.Int32(pageSize)}
	for {
		page, err := i.client.DescribeInstances(ctx, in)
		if err != nil {
			return nil, fmt.Errorf("list instances: %w", awserr.Mark(err))
		}
		for _, r := range page.Reservations {
			for _, instance := range r.Instances {
				machines = append(machines, machine(instance))
			}
		}
		if aws.ToString(page.NextToken) == "" {
			break
		}
		in.NextToken = page.NextToken
	}
	slices.SortFunc(machines, func(a, b run.Machine) int { return strings.Compare(a.ID, b.ID) })
	return machines, nil
}

func machine(i types.Instance) run.Machine {
	m := run.Machine{
		ID:        aws.ToString(i.InstanceId),
		VPC:       aws.ToString(i.VpcId),
		PrivateIP: aws.ToString(i.PrivateIpAddress),
		IPv6:      ipv6(i),
		Windows:   strings.EqualFold(string(i.Platform), "windows"), // the SDK says Windows, EC2 windows

		Interfaces: interfaces(i),
	}
	if i.Operator != nil && aws.ToBool(i.Operator.Managed) {
		m.Operator = cmp.Or(aws.ToString(i.Operator.Principal), "unknown")
	}
	if i.State != nil {
		m.State = string(i.State.Name)
	}
	if len(i.Tags) > 0 {
		m.Tags = make(map[string]string, len(i.Tags))
	}
	for _, t := range i.Tags {
		m.Tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return m
}
