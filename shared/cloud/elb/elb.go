// Package elb is Elastic Load Balancing as a rolling reboot sees it: target groups, who is registered in them and
// how healthy, and the two changes that are made to them.
//
// AWS lets an account register or deregister about 4 times a second and describe about 10 times, so
// everything here asks per target group, never per instance.
package elb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"quickstep/shared/cloud/awserr"
	"quickstep/shared/input"
	"quickstep/shared/run"
)

// pageSize is the most target groups that DescribeTargetGroups returns at once.
const pageSize = 400

// delayAttribute is the target group attribute that holds the deregistration delay, in whole seconds.
const delayAttribute = "deregistration_delay.timeout_seconds"

// TargetGroups are the target groups of the Region.
type TargetGroups struct{ client *api.Client }

// New makes a client; it calls nothing yet.
func New(cfg aws.Config) TargetGroups { return TargetGroups{api.NewFromConfig(awserr.Watch(cfg))} }

// Groups lists all target groups of the Region, sorted by ARN.
func (g TargetGroups) Groups(ctx context.Context) ([]run.Group, error) {
	var groups []run.Group
	in := &api.DescribeTargetGroupsInput{PageSize: aws.Int32(pageSize)}
	for {
		page, err := g.client.DescribeTargetGroups(ctx, in)
		if err != nil {
			return nil, fmt.Errorf("list the target groups: %w", awserr.Mark(err))
		}
		for _, t := range page.TargetGroups {
			groups = append(groups, group(t))
		}
		if aws.ToString(page.NextMarker) == "" {
			break
		}
		in.Marker = page.NextMarker
	}
	slices.SortFunc(groups, func(a, b run.Group) int { return strings.Compare(a.ARN, b.ARN) })
	return groups, nil
}

func group(t types.TargetGroup) run.Group {
	g := run.Group{
		ARN:        aws.ToString(t.TargetGroupArn),
		Name:       aws.ToString(t.TargetGroupName),
		VPC:        aws.ToString(t.VpcId),
		TargetType: string(t.TargetType),
		Protocol:   string(t.Protocol),
		Health: run.HealthCheck{
			Protocol: string(t.HealthCheckProtocol),
			Port:     aws.ToString(t.HealthCheckPort),
			Path:     aws.ToString(t.HealthCheckPath),
			Interval: input.Duration(time.Duration(aws.ToInt32(t.HealthCheckIntervalSeconds)) * time.Second),
			Healthy:  int(aws.ToInt32(t.HealthyThresholdCount)),
		},
	}
	if t.Matcher != nil {
		g.Health.Codes = aws.ToString(t.Matcher.HttpCode)
	}
	return g
}

// Targets lists all targets of a target group, those that are draining among them. The error wraps
// run.ErrNoGroup if the group no longer exists.
func (g TargetGroups) Targets(ctx context.Context, groupARN string) ([]run.Target, error) {
	out, err := g.client.DescribeTargetHealth(ctx, &api.DescribeTargetHealthInput{TargetGroupArn: &groupARN})
	if err != nil {
		return nil, failed("list the targets of", groupARN, err)
	}
	targets := make([]run.Target, 0, len(out.TargetHealthDescriptions))
	for _, d := range out.TargetHealthDescriptions {
		if d.Target == nil || d.TargetHealth == nil {
			return nil, failed("list the targets of", groupARN, errors.New("a target came without its health"))
		}
		targets = append(targets, run.Target{
			Address:      run.Address{ID: aws.ToString(d.Target.Id), Port: int(aws.ToInt32(d.Target.Port))},
			QUICServerID: aws.ToString(d.Target.QuicServerId),
			State:        string(d.TargetHealth.State),
			Reason:       string(d.TargetHealth.Reason),
		})
	}
	return targets, nil
}

// Delay is the target group's deregistration delay: how long it lets a target finish what it has begun. The error
// wraps run.ErrNoGroup if the group no longer exists.
func (g TargetGroups) Delay(ctx context.Context, groupARN string) (time.Duration, error) {
	in := &api.DescribeTargetGroupAttributesInput{TargetGroupArn: &groupARN}
	out, err := g.client.DescribeTargetGroupAttributes(ctx, in)
	if err != nil {
		return 0, failed("read the deregistration delay of", groupARN, err)
	}
	for _, a := range out.Attributes {
		if aws.ToString(a.Key) != delayAttribute {
			continue
		}
		seconds, err := strconv.ParseUint(aws.ToString(a.Value), 10, 16) // AWS allows 0 to 3600
		if err != nil {
			return 0, failed("read the deregistration delay of", groupARN, err)
		}
		return time.Duration(seconds) * time.Second, nil
	}
	return 0, failed("read the deregistration delay of", groupARN, errors.New("it has no attribute "+delayAttribute))
}
