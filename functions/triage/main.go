// Command triage takes the dead letters: it says what failed, and sends it back, ends it, or gives it
// another chance.
package main

import (
	_ "time/tzdata" // the runtime has no time zones of its own

	"github.com/aws/aws-lambda-go/lambda"

	"quickstep/shared/choreo"
	"quickstep/shared/cloud/function"
	"quickstep/shared/cloud/sns"
	"quickstep/shared/patch"
	"quickstep/shared/rolling"
)

func main() {
	var env struct {
		Alarm string `env:"ALARM_TOPIC"`
	}
	f := function.MustLoad(&env)
	alarm := sns.New(f.AWS, env.Alarm)
	lambda.Start(choreo.SQSHandler(choreo.ItemHandlers{
		rolling.Triage{Deps: f.Deps, AlarmTopic: alarm},
		patch.Triage{Deps: f.Deps, AlarmTopic: alarm},
	}))
}
