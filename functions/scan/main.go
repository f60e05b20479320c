// Command scan reads the patches of single instances, a page at a time.
package main

import (
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"quickstep/shared/choreo"
	"quickstep/shared/cloud"
	"quickstep/shared/cloud/dynamodb"
	"quickstep/shared/cloud/sqs"
	"quickstep/shared/cloud/ssm"
	"quickstep/shared/config"
	"quickstep/shared/patch"
)

func main() {
	var env struct {
		Table  string        `env:"TABLE"`
		Lease  time.Duration `env:"LEASE"`
		Scan   string        `env:"SCAN_QUEUE"`
		Report string        `env:"REPORT_QUEUE"`
		Dead   string        `env:"DEAD_QUEUE"`
	}
	config.MustLoad(&env)
	now := choreo.Milliseconds(time.Now)
	aws := cloud.MustLoad()
	table := dynamodb.New(aws, env.Table)
	queues := sqs.New(aws, map[string]string{"scan": env.Scan, "report": env.Report, "dead": env.Dead})
	line := choreo.Deps{Ledger: table, Queues: queues, Now: now, Lease: env.Lease}
	lambda.Start(choreo.SQSHandler(patch.Scanner{
		Ledger:  table,
		Patches: ssm.New(aws),
		Now:     now,
	}.Mover(line)))
}
