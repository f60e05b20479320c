// Command finish tends open runs, and brings runs to their end: restores alarms and rules, tells people,
// frees the locks.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"quickstep/shared/cloud/alarms"
	"quickstep/shared/cloud/events"
	"quickstep/shared/cloud/function"
	"quickstep/shared/cloud/sns"
	"quickstep/shared/rolling"
)

func main() {
	var env struct {
		Stack  string `env:"STACK"`
		Alarm  string `env:"ALARM_TOPIC"`
		Report string `env:"REPORT_TOPIC"`
	}
	f := function.MustLoad(&env)
	watch := alarms.New(f.AWS)
	lambda.Start(rolling.Finish{
		Deps: f.Deps,
		Muter: rolling.Muter{
			Deps: f.Deps, Alarms: watch, Rules: events.New(f.AWS), Stack: env.Stack,
		},
		AlarmStates: watch,
		AlarmTopic:  sns.New(f.AWS, env.Alarm),
		ReportTopic: sns.New(f.AWS, env.Report),
	}.Handler())
}
