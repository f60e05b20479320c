// Package alarms is CloudWatch's alarms: which there are and in what state, and the mute rules that keep them from acting
// while a run works. A mute rule leaves the alarms as they are and ends by itself.
package alarms

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"quickstep/shared/cloud/fault"
	"quickstep/shared/run"
)

// pageSize is the most alarms that DescribeAlarms returns at once, and the most names that it takes.
const pageSize = 100

// CloudWatch is CloudWatch in the Region.
type CloudWatch struct{ client *api.Client }

// New makes a client; it calls nothing yet.
func New(cfg aws.Config) CloudWatch { return CloudWatch{api.NewFromConfig(fault.Watch(cfg))} }

// Alarms finds the alarms, metric and composite, whose name begins with one of prefixes or is one of names, each once,
// sorted by name. Names that don't exist are absent from the result, not an error.
func (c CloudWatch) Alarms(ctx context.Context, prefixes, names []string) ([]run.Alarm, error) {
	var alarms []run.Alarm
	for _, prefix := range prefixes {
		if prefix == "" {
			return nil, errors.New("list alarms: an empty prefix would be all of the Region")
		}
		found, err := c.list(ctx, &api.DescribeAlarmsInput{AlarmNamePrefix: &prefix})
		if err != nil {
			return nil, fmt.Errorf("list alarms named %s*: %w", prefix, err)
		}
		alarms = append(alarms, found...)
	}
	for chunk := range slices.Chunk(slices.Compact(slices.Sorted(slices.Values(names))), pageSize) {
		found, err := c.list(ctx, &api.DescribeAlarmsInput{AlarmNames: chunk})
		if err != nil {
			return nil, fmt.Errorf("list %d alarms from %s on: %w", len(chunk), chunk[0], err)
		}
		alarms = append(alarms, found...)
	}
	slices.SortStableFunc(alarms, byName)
	return slices.CompactFunc(alarms, func(a, b run.Alarm) bool { return a.Name == b.Name }), nil
}

func (c CloudWatch) list(ctx context.Context, in *api.DescribeAlarmsInput) ([]run.Alarm, error) {
	in.AlarmTypes = []types.AlarmType{types.AlarmTypeMetricAlarm, types.AlarmTypeCompositeAlarm} // default: metric alone
	in.MaxRecords = aws.Int32(pageSize)
	var alarms []run.Alarm
	for {
		page, err := c.client.DescribeAlarms(ctx, in)
		if err != nil {
			return nil, fault.Mark(err)
		}
		for _, a := range page.MetricAlarms {
			alarms = append(alarms, run.Alarm{Name: aws.ToString(a.AlarmName), State: string(a.StateValue)})
		}
		for _, a := range page.CompositeAlarms {
			alarms = append(alarms, run.Alarm{Name: aws.ToString(a.AlarmName), State: string(a.StateValue)})
		}
		if aws.ToString(page.NextToken) == "" {
			return alarms, nil
		}
		in.NextToken = page.NextToken
	}
}

func byName(a, b run.Alarm) int { return strings.Compare(a.Name, b.Name) }
