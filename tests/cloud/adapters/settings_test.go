//go:build e2e

package adapters_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	ssmapi "github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"quickstep/shared/cloud/alarms"
	"quickstep/shared/cloud/ssm"
	"quickstep/tests/contract"
	"quickstep/tests/sim"
	"quickstep/tests/template"
	"quickstep/tests/world"
)

func open(t *testing.T) *world.World {
	t.Helper()
	w := world.New(&template.Stack{}, world.Virtual(sim.Began.Add(17*time.Second)), 1)
	t.Cleanup(w.Close)
	return w
}

// TestAlarms has its alarms in the emulator and its mute rules in the stand-in, on whose clock it waits.
func TestAlarms(t *testing.T) {
	t.Parallel()
	contract.ExerciseAlarms(t, func(t *testing.T) contract.AlarmsFixture {
		w := open(t)
		cfg, client := beside(t, w), cloudwatch.NewFromConfig(config())
		return contract.AlarmsFixture{Port: alarms.New(cfg), Prefix: fresh("ours") + "-", Rule: fresh("mute"), Now: w.Now, Wait: w.Advance,
			Composite: func(t *testing.T, name, rule string, acts bool) {
				in := &cloudwatch.PutCompositeAlarmInput{AlarmName: &name, AlarmRule: &rule, ActionsEnabled: &acts,
					AlarmActions: []string{"arn:aws:sns:us-east-1:123456789012:people"}}
				must[*cloudwatch.PutCompositeAlarmOutput](t)(client.PutCompositeAlarm(t.Context(), in))
			},
			Add: func(t *testing.T, name, state string) {
				w.Do(func() { w.AddAlarm(name, state) }) // the stand-in mutes no alarm that it doesn't know
				must[*cloudwatch.PutMetricAlarmOutput](t)(client.PutMetricAlarm(t.Context(), &cloudwatch.PutMetricAlarmInput{AlarmName: &name,
					Namespace: aws.String("contract"), MetricName: aws.String("none"), Statistic: types.StatisticSum, Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1),
					Threshold: aws.Float64(1), ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold, TreatMissingData: aws.String("ignore")}))
				must[*cloudwatch.SetAlarmStateOutput](t)(client.SetAlarmState(t.Context(), &cloudwatch.SetAlarmStateInput{AlarmName: &name,
					StateValue: types.StateValue(state), StateReason: aws.String("contract")}))
			}}
	})
}

func TestParameters(t *testing.T) {
	t.Parallel()
	contract.ExerciseParameters(t, func(t *testing.T) contract.ParametersFixture {
		cfg, name := beside(t, open(t)), "/quickstep/contract/"+fresh("web")
		return contract.ParametersFixture{Port: ssm.New(cfg), Name: name, Set: func(t *testing.T, value string) {
			must[*ssmapi.PutParameterOutput](t)(ssmapi.NewFromConfig(cfg).PutParameter(t.Context(), &ssmapi.PutParameterInput{Name: &name, Value: &value,
				Type: ssmtypes.ParameterTypeString, Overwrite: aws.Bool(true)}))
		}}
	})
}
