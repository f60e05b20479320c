// Command report puts patch reports together, and sends them.
package main

import (
	"time"
	_ "time/tzdata" // the runtime has no time zones of its own

	"github.com/aws/aws-lambda-go/lambda"

	"quickstep/shared/choreo"
	"quickstep/shared/cloud"
	"quickstep/shared/cloud/dynamodb"
	"quickstep/shared/cloud/s3"
	"quickstep/shared/cloud/sns"
	"quickstep/shared/cloud/sqs"
	"quickstep/shared/config"
	"quickstep/shared/patch"
)

func main() {
	var env struct {
		Table  string        `env:"TABLE"`
		Lease  time.Duration `env:"LEASE"`
		Stack  string        `env:"STACK"`
		Scan   string        `env:"SCAN_QUEUE"`
		Report string        `env:"REPORT_QUEUE"`
		Dead   string        `env:"DEAD_QUEUE"`
		Alarm  string        `env:"ALARM_TOPIC"`
		Topic  string        `env:"REPORT_TOPIC"`
		Bucket string        `env:"BUCKET"`
		Prefix string        `env:"BUCKET_PREFIX"`
	}
	config.MustLoad(&env)
	now := choreo.Milliseconds(time.Now)
	aws := cloud.MustLoad()
	table := dynamodb.New(aws, env.Table)
	queues := sqs.New(aws, map[string]string{"scan": env.Scan, "report": env.Report, "dead": env.Dead})
	line := choreo.Deps{Ledger: table, Queues: queues, Now: now, Lease: env.Lease}
	reporter := patch.Reporter{
		Ledger:       table,
		Queues:       queues,
		ReportTopic:  sns.New(aws, env.Topic),
		AlarmTopic:   sns.New(aws, env.Alarm),
		BucketName:   env.Bucket,
		BucketPrefix: env.Prefix,
		Stack:        env.Stack,
		Now:          now,
	}
	if env.Bucket != "" {
		reporter.Bucket = s3.New(aws, env.Bucket)
	}
	lambda.Start(choreo.SQSHandler(reporter.Mover(line)))
}
