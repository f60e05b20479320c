package emulator

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"quickstep/tests/template"
)

func (s *Stack) functionSettings(f template.Function) (all []setting) {
	client, name := lambda.NewFromConfig(s.Config), aws.String(f.FunctionName)
	all = append(all, setting{what: "timeout of function " + f.Name, want: f.Timeout.String(), read: func(ctx context.Context) (string, error) {
		out, err := client.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: name})
		if err != nil {
			return "", err
		}
		return (time.Duration(aws.ToInt32(out.Timeout)) * time.Second).String(), nil
	}})
	if f.Source != nil {
		all = append(all, s.sourceSetting(client, f))
	}
	for _, variable := range slices.Sorted(maps.Keys(f.Environment)) {
		all = append(all, s.variableSetting(client, f, variable))
	}
	if f.RecursiveLoop != "" {
		all = append(all, setting{what: "recursive loop of function " + f.Name, want: f.RecursiveLoop,
			read: func(ctx context.Context) (string, error) {
				out, err := client.GetFunctionRecursionConfig(ctx, &lambda.GetFunctionRecursionConfigInput{FunctionName: name})
				if err != nil {
					return "", err
				}
				return string(out.RecursiveLoop), nil
			},
			set: func(ctx context.Context) error {
				_, err := client.PutFunctionRecursionConfig(ctx, &lambda.PutFunctionRecursionConfigInput{FunctionName: name, RecursiveLoop: lambdatypes.RecursiveLoop(f.RecursiveLoop)})
				return err
			}})
	}
	if f.Async != nil {
		all = append(all, s.asyncSetting(client, f))
	}
	return all
}

// sourceSetting is the mapping that feeds a queue's messages to a function: one, and that one as declared.
func (s *Stack) sourceSetting(client *lambda.Client, f template.Function) setting {
	form := func(arn string, batch int32, partial bool) string {
		return fmt.Sprint(arn, " by ", batch, ", partial failures ", partial, "; ")
	}
	return setting{what: "event source of function " + f.Name, want: form(QueueARN(s.Queues[f.Source.Queue]), int32(f.Source.BatchSize), f.Source.PartialFailures),
		read: func(ctx context.Context) (all string, err error) {
			out, err := client.ListEventSourceMappings(ctx, &lambda.ListEventSourceMappingsInput{FunctionName: aws.String(f.FunctionName)})
			if err != nil {
				return "", err
			}
			for _, m := range out.EventSourceMappings {
				all += form(aws.ToString(m.EventSourceArn), aws.ToInt32(m.BatchSize), slices.Contains(m.FunctionResponseTypes, lambdatypes.FunctionResponseTypeReportBatchItemFailures))
			}
			return all, nil
		}}
}

func (s *Stack) variableSetting(client *lambda.Client, f template.Function, variable string) setting {
	want := s.real(f.Environment[variable])
	return setting{what: "variable " + variable + " of function " + f.Name, want: want,
		read: func(ctx context.Context) (string, error) {
			now, err := s.variables(ctx, f.Name)
			return now[variable], err
		},
		set: func(ctx context.Context) error {
			now, err := s.variables(ctx, f.Name)
			if err != nil {
				return err
			}
			now[variable], s.Environment[f.Name] = want, now
			_, err = client.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String(f.FunctionName),
				Environment: &lambdatypes.Environment{Variables: now}})
			return err
		}}
}

func (s *Stack) asyncSetting(client *lambda.Client, f template.Function) setting {
	age := cmp.Or(f.Async.MaxAge, 6*time.Hour) // Lambda's own
	in := lambda.PutFunctionEventInvokeConfigInput{FunctionName: aws.String(f.FunctionName), MaximumRetryAttempts: aws.Int32(int32(f.Async.Retries)),
		MaximumEventAgeInSeconds: aws.Int32(int32(age / time.Second))}
	var destination string
	if f.Async.OnFailure != "" {
		destination = s.Topics[f.Async.OnFailure[len("topic:"):]]
		in.DestinationConfig = &lambdatypes.DestinationConfig{OnFailure: &lambdatypes.OnFailure{Destination: &destination}}
	}
	return setting{what: "asynchronous invocation of function " + f.Name, want: fmt.Sprint(f.Async.Retries, " ", aws.ToInt32(in.MaximumEventAgeInSeconds), " ", destination),
		read: func(ctx context.Context) (string, error) {
			out, err := client.GetFunctionEventInvokeConfig(ctx, &lambda.GetFunctionEventInvokeConfigInput{FunctionName: in.FunctionName})
			var missing *lambdatypes.ResourceNotFoundException
			if errors.As(err, &missing) {
				return "", nil
			}
			if err != nil {
				return "", err
			}
			to := ""
			if d := out.DestinationConfig; d != nil && d.OnFailure != nil {
				to = aws.ToString(d.OnFailure.Destination)
			}
			return fmt.Sprint(aws.ToInt32(out.MaximumRetryAttempts), " ", aws.ToInt32(out.MaximumEventAgeInSeconds), " ", to), nil
		},
		set: func(ctx context.Context) error {
			_, err := client.PutFunctionEventInvokeConfig(ctx, &in)
			return err
		}}
}
