// Command start takes requests for rolling reboots, and begins the runs.
package main

import (
	"context"
	"encoding/json"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"quickstep/shared/choreo"
	"quickstep/shared/cloud"
	"quickstep/shared/cloud/alarms"
	"quickstep/shared/cloud/dynamodb"
	"quickstep/shared/cloud/ec2"
	"quickstep/shared/cloud/elb"
	"quickstep/shared/cloud/events"
	"quickstep/shared/cloud/sns"
	"quickstep/shared/cloud/sqs"
	"quickstep/shared/cloud/ssm"
	"quickstep/shared/config"
	"quickstep/shared/rolling"
)

func main() {
	var env struct {
		Table         string        `env:"TABLE"`
		Lease         time.Duration `env:"LEASE"`
		Stack         string        `env:"STACK"`
		Start         string        `env:"START_QUEUE"`
		Drain         string        `env:"DRAIN_QUEUE"`
		Finish        string        `env:"FINISH_QUEUE"`
		Dead          string        `env:"DEAD_QUEUE"`
		Alarm         string        `env:"ALARM_TOPIC"`
		Report        string        `env:"REPORT_TOPIC"`
		FleetPrefix   string        `env:"FLEET_PREFIX"`
		InstanceTag   string        `env:"INSTANCE_TAG"`
		GroupPrefix   string        `env:"TARGET_GROUP_PREFIX"`
		AlarmPrefix   string        `env:"ALARM_PREFIX"`
		RulePrefix    string        `env:"RULE_PREFIX"`
		CheckFunction string        `env:"CHECK_FUNCTION"`
		EventBuses    string        `env:"EVENT_BUSES"`
		InVPC         bool          `env:"IN_VPC"`
		IPv6          bool          `env:"CHECK_DUAL_STACK"`
	}
	config.MustLoad(&env)
	now := choreo.Milliseconds(time.Now)
	aws := cloud.MustLoad()
	table := dynamodb.New(aws, env.Table)
	queues := sqs.New(aws, map[string]string{"start": env.Start, "drain": env.Drain, "finish": env.Finish, "dead": env.Dead})
	line := choreo.Deps{Ledger: table, Queues: queues, Now: now, Lease: env.Lease, Margin: choreo.Margin}
	watch, rules := alarms.New(aws), events.New(aws)
	start := rolling.Start{
		Ledger:      table,
		Queues:      queues,
		EC2:         ec2.New(aws),
		Targets:     elb.New(aws),
		Parameters:  ssm.New(aws),
		Alarms:      watch,
		Rules:       rules,
		Muter:       rolling.Muter{Ledger: table, Alarms: watch, Rules: rules, Stack: env.Stack, Now: now},
		AlarmTopic:  sns.New(aws, env.Alarm),
		ReportTopic: sns.New(aws, env.Report),
		Stack:       env.Stack,
		FleetPrefix: env.FleetPrefix,
		Allowed: rolling.Allowed{InstanceTag: env.InstanceTag, TargetGroupPrefix: env.GroupPrefix, AlarmPrefix: env.AlarmPrefix,
			RulePrefix: env.RulePrefix, CheckFunction: env.CheckFunction, EventBuses: env.EventBuses, InVPC: env.InVPC, IPv6: env.IPv6},
		Now: now,
	}
	lambda.Start(choreo.SQSOrDirectHandler(start.Mover(line), func(ctx context.Context, request json.RawMessage) (any, error) {
		return start.Request(ctx, choreo.Invocation(ctx), request)
	}))
}
