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
	compute, groups, watch, rules := ec2.New(f.AWS), elb.New(f.AWS), alarms.New(f.AWS), events.New(f.AWS)
	lambda.Start(rolling.Start{
		Deps:        f.Deps,
		EC2:         compute,
		Targets:     groups,
		Parameters:  ssm.New(f.AWS),
		Alarms:      watch,
		Rules:       rules,
		AlarmTopic:  sns.New(f.AWS, env.Alarm),
		Allowed:     env.Allowed,
		Stack:       env.Stack,
		FleetPrefix: env.FleetPrefix,
	}.Handler(rolling.Starting{
		Deps:        f.Deps,
		EC2:         compute,
		Targets:     groups,
		Muter:       rolling.Muter{Deps: f.Deps, Alarms: watch, Rules: rules, Stack: env.Stack},
		ReportTopic: sns.New(f.AWS, env.Report),
		Allowed:     env.Allowed,
	}))
}
