// Command reboot reboots instances that no target group can reach any more.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"quickstep/shared/cloud/ec2"
	"quickstep/shared/cloud/elb"
	"quickstep/shared/cloud/function"
	"quickstep/shared/cloud/ssm"
	"quickstep/shared/rolling"
)

func main() {
	f := function.MustLoad()
	lambda.Start(rolling.Reboot{
		Deps:    f.Deps,
		EC2:     ec2.New(f.AWS),
		Targets: elb.New(f.AWS),
		Boots:   ssm.New(f.AWS),
	}.Handler())
}
