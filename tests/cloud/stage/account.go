package stage

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"quickstep/tests/cloud/emulator"
)

// PutFleet puts a fleet's settings where an operator has them.
func (s *Stage) PutFleet(ctx context.Context, name, settings string) error {
	_, err := ssm.NewFromConfig(s.Others).PutParameter(ctx, &ssm.PutParameterInput{
		Name:  aws.String("/quickstep/fleets/" + name),
		Type:  ssmtypes.ParameterTypeString,
		Value: &settings,
	})
	if err != nil {
		return fmt.Errorf("put the parameter of fleet %s: %w", name, err)
	}
	return nil
}

// PutAlarm makes an alarm on a count of healthy hosts. It is OK until SetAlarm says otherwise: the
// emulator has no metrics.
func (s *Stage) PutAlarm(ctx context.Context, name string, atLeast int) error {
	_, err := cloudwatch.NewFromConfig(s.Others).PutMetricAlarm(ctx, &cloudwatch.PutMetricAlarmInput{
		AlarmName:          &name,
		Namespace:          aws.String("AWS/ApplicationELB"),
		MetricName:         aws.String("HealthyHostCount"),
		Statistic:          cloudwatchtypes.StatisticMinimum,
		Period:             aws.Int32(60),
		EvaluationPeriods:  aws.Int32(1),
		Threshold:          aws.Float64(float64(atLeast)),
		ComparisonOperator: cloudwatchtypes.ComparisonOperatorLessThanThreshold,
		TreatMissingData:   aws.String("ignore"),
	})
	if err != nil {
		return fmt.Errorf("put alarm %s: %w", name, err)
	}
	return s.SetAlarm(ctx, name, "OK")
}

// SetAlarm is CloudWatch's evaluation of an alarm.
func (s *Stage) SetAlarm(ctx context.Context, name, state string) error {
	_, err := cloudwatch.NewFromConfig(s.Others).
		SetAlarmState(ctx, &cloudwatch.SetAlarmStateInput{AlarmName: &name,
			StateValue:  cloudwatchtypes.StateValue(state),
			StateReason: aws.String("healthy targets were counted")})
	if err != nil {
		return fmt.Errorf("set alarm %s: %w", name, err)
	}
	return nil
}

// PutRule makes a rule that acts on what happens to instances, on an event bus that exists.
func (s *Stage) PutRule(ctx context.Context, bus, name string, enabled bool) error {
	state := eventtypes.RuleStateDisabled
	if enabled {
		state = eventtypes.RuleStateEnabled
	}
	_, err := eventbridge.NewFromConfig(s.Config).PutRule(ctx, &eventbridge.PutRuleInput{
		EventBusName: &bus, Name: &name, State: state, EventPattern: aws.String(`{"source":["aws.ec2"]}`)})
	if err != nil {
		return fmt.Errorf("put rule %s: %w", name, err)
	}
	return nil
}

// PutBus makes an event bus.
func (s *Stage) PutBus(ctx context.Context, name string) error {
	client := eventbridge.NewFromConfig(s.Config)
	if _, err := client.CreateEventBus(ctx, &eventbridge.CreateEventBusInput{Name: &name}); err != nil {
		return fmt.Errorf("put event bus %s: %w", name, err)
	}
	return nil
}

// Invoke calls a deployed function and waits for its answer.
func (s *Stage) Invoke(ctx context.Context, function string, event, answer any) error {
	payload, err := json.Marshal(event)
	if err != nil {
		return err
	}
	out, err := lambda.NewFromConfig(s.Config).
		Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String(emulator.Function(function)),
			InvocationType: lambdatypes.InvocationTypeRequestResponse, Payload: payload})
	if err != nil {
		return fmt.Errorf("invoke %s: %w", function, err)
	}
	if out.FunctionError != nil {
		return fmt.Errorf("%s answers %s", function, out.Payload)
	}
	return json.Unmarshal(out.Payload, answer)
}
