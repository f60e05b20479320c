package emulator

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"quickstep/tests/template"
)

// Stack is what was deployed.
type Stack struct {
	Config      aws.Config
	Template    *template.Stack
	Queues      map[string]string            // URLs by the queues' names, such as "drain", "dead", "last"
	Topics      map[string]string            // ARNs by the topics' names, such as "alarm"
	Table       string                       // the ledger's name
	Environment map[string]map[string]string // by function, such as "drain"
}

// Function is the name that a function has as deployed.
func Function(name string) string { return StackName + "-" + name }

// Read finds what was deployed, and what topics and table are called by those who know: the functions.
func Read(ctx context.Context, endpoint string, t *template.Stack) (*Stack, error) {
	s := &Stack{Config: Config(endpoint), Template: t, Queues: map[string]string{}, Topics: map[string]string{}, Environment: map[string]map[string]string{}}
	queues := sqs.NewFromConfig(s.Config)
	for name, q := range t.Queues {
		prefix := StackName + "-" + q.LogicalID
		if q.QueueName != "" { // it has another stack's id at its end
			prefix = StackName + "-" + q.Name + "-"
		}
		out, err := queues.ListQueues(ctx, &sqs.ListQueuesInput{QueueNamePrefix: &prefix})
		if err != nil {
			return nil, fmt.Errorf("find queue %s: %w", name, err)
		}
		if len(out.QueueUrls) != 1 {
			return nil, fmt.Errorf("find queue %s: there are %v", name, out.QueueUrls)
		}
		s.Queues[name] = out.QueueUrls[0]
	}
	for name, f := range t.Functions {
		deployed, err := s.variables(ctx, name)
		if err != nil {
			return nil, err
		}
		if got, want := slices.Sorted(maps.Keys(deployed)), slices.Sorted(maps.Keys(f.Environment)); !slices.Equal(got, want) {
			return nil, fmt.Errorf("function %s was deployed with the variables %v, and the template declares %v", name, got, want)
		}
		s.Environment[name] = deployed
		for variable, means := range f.Environment {
			if topic, ok := strings.CutPrefix(means, "topic:"); ok {
				s.Topics[topic] = deployed[variable]
			}
			if means == "table" {
				s.Table = deployed[variable]
			}
		}
	}
	return s, nil
}

func (s *Stack) variables(ctx context.Context, function string) (map[string]string, error) {
	out, err := lambda.NewFromConfig(s.Config).GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: aws.String(Function(function))})
	if err != nil {
		return nil, fmt.Errorf("read the variables of function %s: %w", function, err)
	}
	if out.Environment == nil {
		return nil, nil
	}
	return out.Environment.Variables, nil
}

// real is what a variable of the template says as deployed.
func (s *Stack) real(means string) string {
	kind, name, _ := strings.Cut(means, ":")
	switch {
	case kind == "queue":
		return s.Queues[name]
	case kind == "topic":
		return s.Topics[name]
	case means == "table":
		return s.Table
	}
	return means
}

// queueName is the name of a queue, of which the template says "queue:drain", or something else.
func (s *Stack) queueName(means string) string {
	url := s.real(means)
	return url[strings.LastIndex(url, "/")+1:]
}

// Left is how many messages wait in a queue, how many come later, and how many are being worked on.
func (s *Stack) Left(ctx context.Context, queue string) (now, later, taken int, err error) {
	out, err := sqs.NewFromConfig(s.Config).GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: aws.String(s.Queues[queue]),
		AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll}})
	if err != nil {
		return 0, 0, 0, fmt.Errorf("count the messages of queue %s: %w", queue, err)
	}
	for name, n := range map[string]*int{"ApproximateNumberOfMessages": &now, "ApproximateNumberOfMessagesDelayed": &later, "ApproximateNumberOfMessagesNotVisible": &taken} {
		if _, err := fmt.Sscan(out.Attributes[name], n); err != nil {
			return 0, 0, 0, fmt.Errorf("count the messages of queue %s: %s is %q", queue, name, out.Attributes[name])
		}
	}
	return now, later, taken, nil
}
