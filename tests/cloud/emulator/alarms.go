package emulator

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"

	"quickstep/tests/template"
)

// alarmSetting is one of the stack's own alarms: what it looks at, and whom it tells.
func (s *Stack) alarmSetting(a template.Alarm) setting {
	form := func(namespace, metric, missing string, dimensions, actions []string) string {
		slices.Sort(dimensions)
		return fmt.Sprint(namespace, " ", metric, " ", dimensions, ", missing data ", missing, ", tells ", actions)
	}
	var dimensions, actions []string
	for name, value := range a.Dimensions {
		if name == "QueueName" {
			value = s.queueName(value)
		}
		dimensions = append(dimensions, name+"="+value)
	}
	for _, action := range a.Actions {
		actions = append(actions, s.real(action))
	}
	return setting{what: "alarm " + a.Name, want: form(a.Namespace, a.Metric, a.MissingData, dimensions, actions),
		read: func(ctx context.Context) (string, error) {
			out, err := cloudwatch.NewFromConfig(s.Config).DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{a.Name}})
			if err != nil || len(out.MetricAlarms) != 1 {
				return "", err
			}
			found := out.MetricAlarms[0]
			var dimensions []string
			for _, d := range found.Dimensions {
				dimensions = append(dimensions, aws.ToString(d.Name)+"="+aws.ToString(d.Value))
			}
			return form(aws.ToString(found.Namespace), aws.ToString(found.MetricName), aws.ToString(found.TreatMissingData), dimensions, found.AlarmActions), nil
		}}
}
