// Command triage takes the dead letters: it says what failed, and sends it back, ends it, or gives it another chance.
package main

import (
	"time"
	_ "time/tzdata" // the runtime has no time zones of its own

	"github.com/aws/aws-lambda-go/lambda"

	"quickstep/shared/choreo"
	"quickstep/shared/cloud"
	"quickstep/shared/cloud/dynamodb"
	"quickstep/shared/cloud/sns"
	"quickstep/shared/cloud/sqs"
	"quickstep/shared/config"
	"quickstep/shared/patch"
	"quickstep/shared/rolling"
)

func main() {
	var env struct {
		Table  string        `env:"TABLE"`
		Lease  time.Duration `env:"LEASE"`
		Start  string        `env:"START_QUEUE"`
		Drain  string        `env:"DRAIN_QUEUE"`
		Reboot string        `env:"REBOOT_QUEUE"`
		Check  string        `env:"CHECK_QUEUE"`
		Rejoin string        `env:"REJOIN_QUEUE"`
		Finish string        `env:"FINISH_QUEUE"`
		Survey string        `env:"SURVEY_QUEUE"`
		Scan   string        `env:"SCAN_QUEUE"`
		Report string        `env:"REPORT_QUEUE"`
		Dead   string        `env:"DEAD_QUEUE"`
		Alarm  string        `env:"ALARM_TOPIC"`
	}
	config.MustLoad(&env)
	now := choreo.Milliseconds(time.Now)
	aws := cloud.MustLoad()
	queues := sqs.New(aws, map[string]string{"start": env.Start, "drain": env.Drain, "reboot": env.Reboot, "check": env.Check,
		"rejoin": env.Rejoin, "finish": env.Finish, "survey": env.Survey, "scan": env.Scan, "report": env.Report, "dead": env.Dead})
	table, alarm := dynamodb.New(aws, env.Table), sns.New(aws, env.Alarm)
	lambda.Start(choreo.SQSHandler(choreo.ItemHandlers{
		rolling.Triage{Deps: choreo.Deps{Ledger: table, Queues: queues, Now: now, Lease: env.Lease, Margin: choreo.Margin}, AlarmTopic: alarm},
		patch.Triage{Deps: choreo.Deps{Ledger: table, Queues: queues, Now: now, Lease: env.Lease, Margin: choreo.Margin}, AlarmTopic: alarm},
	}))
}
