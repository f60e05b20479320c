// Command survey finds the maintenance windows that open soon, and the instances that they are going to patch.
package main

import (
	"context"
	"encoding/json"
	"time"
	_ "time/tzdata" // the runtime has no time zones of its own

	"github.com/aws/aws-lambda-go/lambda"

	"quickstep/shared/choreo"
	"quickstep/shared/cloud"
	"quickstep/shared/cloud/dynamodb"
	"quickstep/shared/cloud/ec2"
	"quickstep/shared/cloud/groups"
	"quickstep/shared/cloud/sns"
	"quickstep/shared/cloud/sqs"
	"quickstep/shared/cloud/ssm"
	"quickstep/shared/config"
	"quickstep/shared/patch"
)

func main() {
	var env struct {
		Table        string        `env:"TABLE"`
		Lease        time.Duration `env:"LEASE"`
		Survey       string        `env:"SURVEY_QUEUE"`
		Scan         string        `env:"SCAN_QUEUE"`
		Report       string        `env:"REPORT_QUEUE"`
		Dead         string        `env:"DEAD_QUEUE"`
		Alarm        string        `env:"ALARM_TOPIC"`
		WindowIDs    []string      `env:"PATCH_WINDOW_IDS"`
		WindowPrefix string        `env:"PATCH_WINDOW_PREFIX"`
		States       []string      `env:"PATCH_STATES"`
		Lead         time.Duration `env:"PATCH_LEAD"`
		StaleAfter   time.Duration `env:"PATCH_STALE_AFTER"`
		Deadline     time.Duration `env:"PATCH_DEADLINE"`
		After        bool          `env:"PATCH_AFTER"`
	}
	config.MustLoad(&env)
	now := choreo.Milliseconds(time.Now)
	aws := cloud.MustLoad()
	table, systems := dynamodb.New(aws, env.Table), ssm.New(aws)
	queues := sqs.New(aws, map[string]string{"survey": env.Survey, "scan": env.Scan, "report": env.Report, "dead": env.Dead})
	line := choreo.Deps{Ledger: table, Queues: queues, Now: now, Lease: env.Lease}
	survey := patch.Survey{
		Ledger:     table,
		Queues:     queues,
		Windows:    systems,
		Managed:    systems,
		EC2:        ec2.New(aws),
		Groups:     groups.New(aws),
		AlarmTopic: sns.New(aws, env.Alarm),
		Settings: patch.Settings{WindowIDs: env.WindowIDs, WindowPrefix: env.WindowPrefix, States: env.States, Lead: env.Lead,
			StaleAfter: env.StaleAfter, Deadline: env.Deadline, After: env.After},
		Now: now,
	}
	lambda.Start(choreo.SQSOrDirectHandler(survey.Mover(line), func(ctx context.Context, request json.RawMessage) (any, error) {
		return survey.Request(ctx, choreo.Invocation(ctx), request)
	}))
}
