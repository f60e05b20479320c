// Command watchdog gives whatever is overdue its message again. It runs every minute.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"quickstep/shared/choreo"
	"quickstep/shared/cloud/function"
	"quickstep/shared/patch"
	"quickstep/shared/rolling"
)

func main() {
	f := function.MustLoad()
	lambda.Start(choreo.WatchdogHandler(
		rolling.Watchdog{Deps: f.Deps},
		patch.Watchdog{Deps: f.Deps},
	))
}
