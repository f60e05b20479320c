// Command control is what an operator does to runs: status, pause, resume, cancel, release. Status and
// cancel are for patch reports as well.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"quickstep/shared/cloud/function"
	"quickstep/shared/control"
)

func main() {
	lambda.Start(control.Handler(function.MustLoad().Deps))
}
