// Command watchdog gives whatever is overdue its message again. It runs every minute.
package main

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"quickstep/shared/choreo"
	"quickstep/shared/cloud"
	"quickstep/shared/cloud/dynamodb"
	"quickstep/shared/cloud/sqs"
	"quickstep/shared/config"
	"quickstep/shared/patch"
	"quickstep/shared/rolling"
)

func main() {
	var env struct {
		Table  string `env:"TABLE"`
		Start  string `env:"START_QUEUE"`
		Drain  string `env:"DRAIN_QUEUE"`
		Reboot string `env:"REBOOT_QUEUE"`
		Check  string `env:"CHECK_QUEUE"`
		Rejoin string `env:"REJOIN_QUEUE"`
		Finish string `env:"FINISH_QUEUE"`
		Survey string `env:"SURVEY_QUEUE"`
		Scan   string `env:"SCAN_QUEUE"`
		Report string `env:"REPORT_QUEUE"`
		Dead   string `env:"DEAD_QUEUE"`
	}
	config.MustLoad(&env)
	now := choreo.Milliseconds(time.Now)
	aws := cloud.MustLoad()
	queues := sqs.New(aws, map[string]string{"start": env.Start, "drain": env.Drain, "reboot": env.Reboot, "check": env.Check,
		"rejoin": env.Rejoin, "finish": env.Finish, "survey": env.Survey, "scan": env.Scan, "report": env.Report, "dead": env.Dead})
	table := dynamodb.New(aws, env.Table)
	runs, reports := rolling.Watchdog{Ledger: table, Queues: queues, Now: now}, patch.Watchdog{Ledger: table, Queues: queues, Now: now}
	lambda.Start(func(ctx context.Context) error {
		_, err := runs.Look(ctx, choreo.Invocation(ctx))
		_, more := reports.Look(ctx, choreo.Invocation(ctx))
		return errors.Join(err, more)
	})
}
