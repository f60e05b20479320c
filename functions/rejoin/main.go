// Command rejoin puts rebooted instances back into their target groups.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"quickstep/shared/cloud/ec2"
	"quickstep/shared/cloud/elb"
	"quickstep/shared/cloud/function"
	"quickstep/shared/cloud/sns"
	"quickstep/shared/rolling"
)

func main() {
	var env struct {
		Alarm string `env:"ALARM_TOPIC"`
	}
	f := function.MustLoad(&env)
	lambda.Start(rolling.Rejoin{
		Deps:       f.Deps,
		EC2:        ec2.New(f.AWS),
		Targets:    elb.New(f.AWS),
		AlarmTopic: sns.New(f.AWS, env.Alarm),
	}.Handler())
}
