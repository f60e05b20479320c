// Package alarms is CloudWatch's alarms: which there are and in what state, and the mute rules that
// keep them from acting while a run works. A mute rule leaves the alarms as they are and ends by
// itself.
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

	"quickstep/shared/cloud/awserr"
	"quickstep/shared/run"
)

// pageSize is the most alarms that DescribeAlarms returns at once, and the most names that it takes.
const pageSize = 100

// CloudWatch is CloudWatch in the Region.
type CloudWatch struct{ client *api.Client }

// New makes a client; it calls nothing yet.
func New(cfg aws.Config) CloudWatch { return CloudWatch{api.NewFromConfig(awserr.Watch(cfg))} }

// Alarms finds the alarms (on metrics, on logs, and composite) whose name begins with one of
// prefixes or is one of names, each once, sorted by name. Names that don't exist are absent from
// the result, not an error.
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

// kinds are all types of alarms: whoever doesn't ask for them gets those on metrics alone.
var kinds = []types.AlarmType{
	types.AlarmTypeMetricAlarm, types.AlarmTypeCompositeAlarm, types.AlarmTypeLogAlarm,
}

func (c CloudWatch) list(ctx context.Context, in *api.DescribeAlarmsInput) ([]run.Alarm, error) {
	in.AlarmTypes = kinds
	var alarms []run.Alarm
	add := func(name *string, state types.StateValue) {
		alarms = append(alarms, run.Alarm{Name: aws.ToString(name), State: string(state)})
	}
	err := c.pages(ctx, in, func(page *api.DescribeAlarmsOutput) {
		for _, a := range page.MetricAlarms {
			add(a.AlarmName, a.StateValue)
		}
		for _, a := range page.CompositeAlarms {
			add(a.AlarmName, a.StateValue)
		}
		for _, a := range page.LogAlarms {
			add(a.AlarmName, a.StateValue)
		}
	})
	return alarms, err
}

// Composites finds all composite alarms, sorted by name.
func (c CloudWatch) Composites(ctx context.Context) ([]run.Composite, error) {
	in := &api.DescribeAlarmsInput{AlarmTypes: []types.AlarmType{types.AlarmTypeCompositeAlarm}}
	var all []run.Composite
	err := c.pages(ctx, in, func(page *api.DescribeAlarmsOutput) {
		for _, a := range page.CompositeAlarms {
			actions := len(a.AlarmActions) + len(a.OKActions) + len(a.InsufficientDataActions)
			all = append(all, run.Composite{
				Name: aws.ToString(a.AlarmName),
				Rule: aws.ToString(a.AlarmRule),
				Acts: aws.ToBool(a.ActionsEnabled) && actions > 0,
			})
		}
	})
	if err != nil {
		return nil, fmt.Errorf("list composite alarms: %w", err)
	}
	slices.SortFunc(all, func(a, b run.Composite) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

func (c CloudWatch) pages(
	ctx context.Context, in *api.DescribeAlarmsInput, each func(*api.DescribeAlarmsOutput),
) error {
	in.MaxRecords = aws.Int32(pageSize)
	for {
		page, err := c.client.DescribeAlarms(ctx, in)
		if err != nil {
			return awserr.Mark(err)
		}
		each(page)
		if aws.ToString(page.NextToken) == "" {
			return nil
		}
		in.NextToken = page.NextToken
	}
}

func byName(a, b run.Alarm) int { return strings.Compare(a.Name, b.Name) }
