package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	ledgertable "quickstep/shared/cloud/dynamodb"
	"quickstep/shared/cloud/events"
	"quickstep/shared/ledger"
	"quickstep/tests/cloud/emulator"
)

// account is the deployed stack, and what operators and others have in the same account, over the wire.
type account struct {
	*emulator.Stack
	standIn aws.Config // as the functions see EC2, ELBv2, SSM and CloudWatch
}

// prepare puts the fleets' settings, alarms and rules where an operator has them.
func (a *account) prepare(ctx context.Context) error {
	for _, f := range all {
		if _, err := ssm.NewFromConfig(a.standIn).PutParameter(ctx, &ssm.PutParameterInput{Name: aws.String("/quickstep/fleets/" + f.name),
			Type: ssmtypes.ParameterTypeString, Value: aws.String(f.settings())}); err != nil {
			return fmt.Errorf("put the parameter of fleet %s: %w", f.name, err)
		}
		if _, err := cloudwatch.NewFromConfig(a.standIn).PutMetricAlarm(ctx, &cloudwatch.PutMetricAlarmInput{AlarmName: aws.String(f.alarm()),
			Namespace: aws.String("AWS/ApplicationELB"), MetricName: aws.String("HealthyHostCount"), Statistic: cloudwatchtypes.StatisticMinimum,
			Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(float64(f.size - 1)),
			ComparisonOperator: cloudwatchtypes.ComparisonOperatorLessThanThreshold, TreatMissingData: aws.String("ignore")}); err != nil {
			return fmt.Errorf("put alarm %s: %w", f.alarm(), err)
		}
		if err := a.setAlarm(ctx, f, "OK"); err != nil {
			return err
		}
		for name, state := range map[string]eventtypes.RuleState{f.heal(): eventtypes.RuleStateEnabled, f.retired(): eventtypes.RuleStateDisabled} {
			if _, err := eventbridge.NewFromConfig(a.Config).PutRule(ctx, &eventbridge.PutRuleInput{Name: &name, State: state,
				EventPattern: aws.String(`{"source":["aws.ec2"]}`)}); err != nil {
				return fmt.Errorf("put rule %s: %w", name, err)
			}
		}
	}
	return nil
}

// setAlarm is CloudWatch's evaluation, which the emulator has no metrics for.
func (a *account) setAlarm(ctx context.Context, f *fleet, state string) error {
	_, err := cloudwatch.NewFromConfig(a.standIn).SetAlarmState(ctx, &cloudwatch.SetAlarmStateInput{AlarmName: aws.String(f.alarm()),
		StateValue: cloudwatchtypes.StateValue(state), StateReason: aws.String("healthy targets were counted")})
	if err != nil {
		return fmt.Errorf("set alarm %s: %w", f.alarm(), err)
	}
	return nil
}

// rules says which of a fleet's rules aren't as they should be.
func (a *account) rules(ctx context.Context, f *fleet, healEnabled bool) (wrong []string) {
	for name, want := range map[string]bool{f.heal(): healEnabled, f.retired(): false} {
		rule, err := events.New(a.Config).Rule(ctx, "default", name)
		if err != nil || rule.Enabled != want {
			wrong = append(wrong, fmt.Sprintf("R6: rule %s is enabled: %t, and should be: %t (%v)", name, rule.Enabled, want, err))
		}
	}
	return wrong
}

// invoke calls a function and waits for its answer.
func (a *account) invoke(ctx context.Context, function string, event, answer any) error {
	payload, err := json.Marshal(event)
	if err != nil {
		return err
	}
	out, err := lambda.NewFromConfig(a.Config).Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String(emulator.Function(function)),
		InvocationType: lambdatypes.InvocationTypeRequestResponse, Payload: payload})
	if err != nil {
		return fmt.Errorf("invoke %s: %w", function, err)
	}
	if out.FunctionError != nil {
		return fmt.Errorf("%s answers %s", function, out.Payload)
	}
	return json.Unmarshal(out.Payload, answer)
}

// purge empties the queues of the steps, and says how many messages were lost.
func (a *account) purge(ctx context.Context, queues ...string) (lost int, err error) {
	for _, name := range queues {
		now, later, _, err := a.Left(ctx, name)
		if err != nil {
			return lost, err
		}
		lost += now + later
		if _, err := sqs.NewFromConfig(a.Config).PurgeQueue(ctx, &sqs.PurgeQueueInput{QueueUrl: aws.String(a.Queues[name])}); err != nil {
			return lost, fmt.Errorf("purge queue %s: %w", name, err)
		}
	}
	return lost, nil
}

// partitions are the ledger's, sorted.
func (a *account) partitions(ctx context.Context) (keys []string, err error) {
	pages := dynamodb.NewScanPaginator(dynamodb.NewFromConfig(a.Config), &dynamodb.ScanInput{TableName: &a.Table})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("scan the ledger: %w", err)
		}
		for _, item := range page.Items {
			if pk, ok := item["pk"].(*dynamotypes.AttributeValueMemberS); ok {
				keys = append(keys, pk.Value)
			}
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys), nil
}

// rest is what a run must not leave in the ledger.
func (a *account) rest(ctx context.Context) (wrong []string) {
	keys, err := a.partitions(ctx)
	if err != nil {
		return []string{err.Error()}
	}
	table := ledgertable.New(a.Config, a.Table)
	for _, pk := range keys {
		var muted struct {
			Runs      []string
			Restoring bool
		}
		if strings.HasPrefix(pk, "MUTE#") { // that a rule was held once may stay written down
			_, err = ledger.Read(ctx, table, ledger.Key{PK: pk, SK: "MUTE"}, &muted)
		}
		if pk == "ACTIVE" || pk == "OUT" || strings.HasPrefix(pk, "LOCK#") || len(muted.Runs) > 0 || muted.Restoring || err != nil {
			wrong = append(wrong, fmt.Sprintf("the ledger still has %s (%+v, %v)", pk, muted, err))
		}
	}
	return wrong
}
