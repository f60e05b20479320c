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
