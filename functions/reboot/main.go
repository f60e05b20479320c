// Command reboot reboots instances that no target group can reach any more.
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
	"quickstep/shared/cloud/ssm"
	"quickstep/shared/config"
	"quickstep/shared/rolling"
)

func main() {
	var env struct {
		Table  string        `env:"TABLE"`
		Lease  time.Duration `env:"LEASE"`
		Reboot string        `env:"REBOOT_QUEUE"`
		Check  string        `env:"CHECK_QUEUE"`
		Dead   string        `env:"DEAD_QUEUE"`
	}
	config.MustLoad(&env)
	now := choreo.Milliseconds(time.Now)
	aws := cloud.MustLoad()
	table := dynamodb.New(aws, env.Table)
	queues := sqs.New(aws, map[string]string{"reboot": env.Reboot, "check": env.Check, "dead": env.Dead})
	line := choreo.Deps{Ledger: table, Queues: queues, Now: now, Lease: env.Lease, Margin: choreo.Margin}
	lambda.Start(choreo.SQSHandler(rolling.Reboot{
		Ledger:  table,
		EC2:     ec2.New(aws),
		Targets: elb.New(aws),
		Boots:   ssm.New(aws),
		Now:     now,
	}.Mover(line)))
}
