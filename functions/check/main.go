// Command check asks whether rebooted instances have started.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"quickstep/shared/cloud/ec2"
	"quickstep/shared/cloud/function"
	functions "quickstep/shared/cloud/lambda"
	"quickstep/shared/cloud/sns"
	"quickstep/shared/cloud/ssm"
	"quickstep/shared/probe"
	"quickstep/shared/rolling"
)

func main() {
	var env struct {
		Alarm string `env:"ALARM_TOPIC"`
	}
	f := function.MustLoad(&env)
	lambda.Start(rolling.Check{
		Deps:       f.Deps,
		EC2:        ec2.New(f.AWS),
		Boots:      ssm.New(f.AWS),
		Probes:     probe.Net{},
		Functions:  functions.New(f.AWS),
		AlarmTopic: sns.New(f.AWS, env.Alarm),
	}.Handler())
}
