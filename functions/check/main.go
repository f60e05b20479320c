// Command check asks whether rebooted instances have started.
package main

import (
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"quickstep/shared/choreo"
	"quickstep/shared/cloud"
	"quickstep/shared/cloud/dynamodb"
	"quickstep/shared/cloud/ec2"
	functions "quickstep/shared/cloud/lambda"
	"quickstep/shared/cloud/sns"
	"quickstep/shared/cloud/sqs"
	"quickstep/shared/cloud/ssm"
	"quickstep/shared/config"
	"quickstep/shared/probe"
	"quickstep/shared/rolling"
)

func main() {
	var env struct {
		Table  string        `env:"TABLE"`
		Lease  time.Duration `env:"LEASE"`
		Check  string        `env:"CHECK_QUEUE"`
		Rejoin string        `env:"REJOIN_QUEUE"`
		Dead   string        `env:"DEAD_QUEUE"`
		Alarm  string        `env:"ALARM_TOPIC"`
	}
	config.MustLoad(&env)
	now := choreo.Milliseconds(time.Now)
	aws := cloud.MustLoad()
	table := dynamodb.New(aws, env.Table)
	queues := sqs.New(aws, map[string]string{"check": env.Check, "rejoin": env.Rejoin, "dead": env.Dead})
	line := choreo.Deps{Ledger: table, Queues: queues, Now: now, Lease: env.Lease, Margin: choreo.Margin}
	lambda.Start(choreo.SQSHandler(rolling.Check{
		Ledger:     table,
		EC2:        ec2.New(aws),
		Boots:      ssm.New(aws),
		Probes:     probe.Net{},
		Functions:  functions.New(aws),
		AlarmTopic: sns.New(aws, env.Alarm),
		Now:        now,
	}.Mover(line)))
}
