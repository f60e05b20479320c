// Command watchdog gives whatever is overdue its message again. It runs every minute.
package main

import (
	"context"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"quickstep/shared/choreo"
	"quickstep/shared/cloud"
	"quickstep/shared/cloud/dynamodb"
	"quickstep/shared/cloud/sqs"
	"quickstep/shared/config"
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
		Dead   string `env:"DEAD_QUEUE"`
	}
	config.MustLoad(&env)
	now := choreo.Seconds(time.Now)
	aws := cloud.MustLoad()
	queues := sqs.New(aws, map[string]string{"start": env.Start, "drain": env.Drain, "reboot": env.Reboot, "check": env.Check,
		"rejoin": env.Rejoin, "finish": env.Finish, "dead": env.Dead})
	watchdog := rolling.Watchdog{Ledger: dynamodb.New(aws, env.Table), Queues: queues, Now: now}
	lambda.Start(func(ctx context.Context) (rolling.Watched, error) {
		return watchdog.Look(ctx, choreo.Invocation(ctx))
	})
}
