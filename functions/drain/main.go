// Command drain takes instances out of their target groups.
package main

import (
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"quickstep/shared/choreo"
	"quickstep/shared/cloud"
	"quickstep/shared/cloud/dynamodb"
	"quickstep/shared/cloud/ec2"
	"quickstep/shared/cloud/elb"
	"quickstep/shared/cloud/sqs"
	"quickstep/shared/config"
	"quickstep/shared/rolling"
)

func main() {
	var env struct {
		Table  string        `env:"TABLE"`
		Lease  time.Duration `env:"LEASE"`
		Drain  string        `env:"DRAIN_QUEUE"`
		Reboot string        `env:"REBOOT_QUEUE"`
		Rejoin string        `env:"REJOIN_QUEUE"`
		Finish string        `env:"FINISH_QUEUE"`
		Dead   string        `env:"DEAD_QUEUE"`
	}
	config.MustLoad(&env)
	now := choreo.Milliseconds(time.Now)
	aws := cloud.MustLoad()
	table := dynamodb.New(aws, env.Table)
	queues := sqs.New(aws, map[string]string{"drain": env.Drain, "reboot": env.Reboot, "rejoin": env.Rejoin, "finish": env.Finish, "dead": env.Dead})
	line := choreo.Deps{Ledger: table, Queues: queues, Now: now, Lease: env.Lease, Margin: choreo.Margin}
	lambda.Start(choreo.SQSHandler(rolling.Drain{
		Ledger:  table,
		EC2:     ec2.New(aws),
		Targets: elb.New(aws),
		Now:     now,
	}.Mover(line)))
}
