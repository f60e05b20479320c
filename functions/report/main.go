// Command report puts patch reports together, and sends them.
package main

import (
	_ "time/tzdata" // the runtime has no time zones of its own

	"github.com/aws/aws-lambda-go/lambda"

	"quickstep/shared/cloud/function"
	"quickstep/shared/cloud/s3"
	"quickstep/shared/cloud/sns"
	"quickstep/shared/cloud/ssm"
	"quickstep/shared/patch"
)

func main() {
	var env struct {
		Stack  string `env:"STACK"`
		Alarm  string `env:"ALARM_TOPIC"`
		Report string `env:"REPORT_TOPIC"`
		Bucket string `env:"BUCKET"`
		Prefix string `env:"BUCKET_PREFIX"`
	}
	f := function.MustLoad(&env)
	reporter := patch.Reporter{
		Deps:         f.Deps,
		ReportTopic:  sns.New(f.AWS, env.Report),
		AlarmTopic:   sns.New(f.AWS, env.Alarm),
		Baselines:    ssm.New(f.AWS),
		BucketName:   env.Bucket,
		BucketPrefix: env.Prefix,
		Stack:        env.Stack,
	}
	if env.Bucket != "" {
		reporter.Bucket = s3.New(f.AWS, env.Bucket)
	}
	lambda.Start(reporter.Handler())
}
