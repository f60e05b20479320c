// Command survey finds the maintenance windows that open soon, and the instances that they are going to
// patch.
package main

import (
	_ "time/tzdata" // the runtime has no time zones of its own

	"github.com/aws/aws-lambda-go/lambda"

	"quickstep/shared/cloud/ec2"
	"quickstep/shared/cloud/function"
	"quickstep/shared/cloud/groups"
	"quickstep/shared/cloud/sns"
	"quickstep/shared/cloud/ssm"
	"quickstep/shared/patch"
	"quickstep/shared/report"
	"quickstep/shared/rolling"
)

func main() {
	var env struct {
		Alarm    string `env:"ALARM_TOPIC"`
		Settings report.Settings
	}
	f := function.MustLoad(&env)
	systems := ssm.New(f.AWS)
	lambda.Start(patch.Survey{
		Deps:       f.Deps,
		Windows:    systems,
		Executions: systems,
		Managed:    systems,
		EC2:        ec2.New(f.AWS),
		Groups:     groups.New(f.AWS),
		Reboots:    rolling.Reboots{Store: f.Deps.Ledger},
		AlarmTopic: sns.New(f.AWS, env.Alarm),
		Settings:   env.Settings,
	}.Handler())
}
