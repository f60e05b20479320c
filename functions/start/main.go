// Command start takes requests for rolling reboots, and begins the runs.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"quickstep/shared/cloud/alarms"
	"quickstep/shared/cloud/ec2"
	"quickstep/shared/cloud/elb"
	"quickstep/shared/cloud/events"
	"quickstep/shared/cloud/function"
	"quickstep/shared/cloud/sns"
	"quickstep/shared/cloud/ssm"
	"quickstep/shared/rolling"
)

func main() {
	var env struct {
		Stack       string `env:"STACK"`
		Alarm       string `env:"ALARM_TOPIC"`
		Report      string `env:"REPORT_TOPIC"`
		FleetPrefix string `env:"FLEET_PREFIX"`
		Allowed     rolling.Allowed
	}
	f := function.MustLoad(&env)
	watch, rules := alarms.New(f.AWS), events.New(f.AWS)
	lambda.Start(rolling.Start{
		Deps:        f.Deps,
		EC2:         ec2.New(f.AWS),
		Targets:     elb.New(f.AWS),
		Parameters:  ssm.New(f.AWS),
		Alarms:      watch,
		Rules:       rules,
		Muter:       rolling.Muter{Deps: f.Deps, Alarms: watch, Rules: rules, Stack: env.Stack},
		AlarmTopic:  sns.New(f.AWS, env.Alarm),
		ReportTopic: sns.New(f.AWS, env.Report),
		Stack:       env.Stack,
		FleetPrefix: env.FleetPrefix,
		Allowed:     env.Allowed,
	}.Handler())
}
