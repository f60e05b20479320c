// Command rejoin puts rebooted instances back into their target groups.
package main

import (
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"quickstep/shared/choreo"
	"quickstep/shared/cloud"
	"quickstep/shared/cloud/dynamodb"
	"quickstep/shared/cloud/ec2"
	"quickstep/shared/cloud/elb"
	"quickstep/shared/cloud/sns"
	"quickstep/shared/cloud/sqs"
	"quickstep/shared/config"
	"quickstep/shared/rolling"
)

func main() {
	var env struct {
		Table  string        `env:"TABLE"`
		Lease  time.Duration `env:"LEASE"`
		Rejoin string        `env:"REJOIN_QUEUE"`
		Drain  string        `env:"DRAIN_QUEUE"`
		Finish string        `env:"FINISH_QUEUE"`
		Dead   string        `env:"DEAD_QUEUE"`
		Alarm  string        `env:"ALARM_TOPIC"`
	}
	config.MustLoad(&env)
	now := choreo.Milliseconds(time.Now)
	aws := cloud.MustLoad()
	table := dynamodb.New(aws, env.Table)
	queues := sqs.New(aws, map[string]string{"rejoin": env.Rejoin, "drain": env.Drain, "finish": env.Finish, "dead": env.Dead})
	line := choreo.Deps{Ledger: table, Queues: queues, Now: now, Lease: env.Lease, Margin: choreo.Margin}
	lambda.Start(choreo.SQSHandler(rolling.Rejoin{
		Ledger:     table,
		EC2:        ec2.New(aws),
		Targets:    elb.New(aws),
		AlarmTopic: sns.New(aws, env.Alarm),
		Now:        now,
	}.Mover(line)))
}
