// Command drain takes instances out of their target groups.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"quickstep/shared/cloud/ec2"
	"quickstep/shared/cloud/elb"
	"quickstep/shared/cloud/function"
	"quickstep/shared/rolling"
)

func main() {
	f := function.MustLoad()
	lambda.Start(rolling.Drain{
		Deps:    f.Deps,
		EC2:     ec2.New(f.AWS),
		Targets: elb.New(f.AWS),
	}.Handler())
}
