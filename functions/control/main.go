// Command control is what an operator does to runs: status, pause, resume, cancel, release. Status shows patch reports as well.
package main

import (
	"context"
	"encoding/json"
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
		Drain  string `env:"DRAIN_QUEUE"`
		Finish string `env:"FINISH_QUEUE"`
	}
	config.MustLoad(&env)
	now := choreo.Milliseconds(time.Now)
	aws := cloud.MustLoad()
	control := rolling.Control{
		Ledger: dynamodb.New(aws, env.Table),
		Queues: sqs.New(aws, map[string]string{"drain": env.Drain, "finish": env.Finish}),
		Now:    now,
	}
	lambda.Start(func(ctx context.Context, command json.RawMessage) (rolling.Reply, error) {
		return control.Do(ctx, choreo.Invocation(ctx), command)
	})
}
