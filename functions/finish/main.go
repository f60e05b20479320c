// Command finish tends open runs, and brings runs to their end: restores alarms and rules, tells people, frees the locks.
package main

import (
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"quickstep/shared/choreo"
	"quickstep/shared/cloud"
	"quickstep/shared/cloud/alarms"
	"quickstep/shared/cloud/dynamodb"
	"quickstep/shared/cloud/events"
	"quickstep/shared/cloud/sns"
	"quickstep/shared/cloud/sqs"
	"quickstep/shared/config"
	"quickstep/shared/rolling"
)

func main() {
	var env struct {
		Table  string        `env:"TABLE"`
		Lease  time.Duration `env:"LEASE"`
		Stack  string        `env:"STACK"`
		Finish string        `env:"FINISH_QUEUE"`
		Drain  string        `env:"DRAIN_QUEUE"`
		Dead   string        `env:"DEAD_QUEUE"`
		Alarm  string        `env:"ALARM_TOPIC"`
		Report string        `env:"REPORT_TOPIC"`
	}
	config.MustLoad(&env)
	now := choreo.Milliseconds(time.Now)
	aws := cloud.MustLoad()
	table, watch := dynamodb.New(aws, env.Table), alarms.New(aws)
	queues := sqs.New(aws, map[string]string{"finish": env.Finish, "drain": env.Drain, "dead": env.Dead})
	line := choreo.Deps{Ledger: table, Queues: queues, Now: now, Lease: env.Lease, Margin: choreo.Margin}
	lambda.Start(choreo.SQSHandler(rolling.Finish{
		Ledger:      table,
		Muter:       rolling.Muter{Ledger: table, Alarms: watch, Rules: events.New(aws), Stack: env.Stack, Now: now},
		AlarmStates: watch,
		AlarmTopic:  sns.New(aws, env.Alarm),
		ReportTopic: sns.New(aws, env.Report),
		Now:         now,
	}.Mover(line)))
}
