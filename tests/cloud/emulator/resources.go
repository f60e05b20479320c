package emulator

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"quickstep/tests/template"
)

func (s *Stack) queueSettings(q template.Queue) (all []setting) {
	client, url := sqs.NewFromConfig(s.Config), s.Queues[q.Name]
	attribute := func(what, name, want string, same func(string) string) {
		all = append(all, setting{what: what + " of queue " + q.Name, want: same(want),
			read: func(ctx context.Context) (string, error) {
				out, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameAll}})
				if err != nil {
					return "", err
				}
				return same(out.Attributes[name]), nil
			},
			set: func(ctx context.Context) error {
				_, err := client.SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{QueueUrl: &url, Attributes: map[string]string{name: want}})
				return err
			}})
	}
	plain := func(text string) string { return text }
	attribute("visibility", "VisibilityTimeout", seconds(q.Visibility, "30"), plain)
	attribute("retention", "MessageRetentionPeriod", seconds(q.Retention, "345600"), plain)
	attribute("encryption", "SqsManagedSseEnabled", strconv.FormatBool(q.Encrypted), plain)
	if q.Dead != "" {
		attribute("redrive", "RedrivePolicy", fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":%d}`, QueueARN(s.Queues[q.Dead]), q.MaxReceives), redrive)
	}
	if q.Permits != "" {
		attribute("who may redrive", "RedriveAllowPolicy", s.allowance(q), allowed)
	}
	return all
}

// allowance is a queue's redrive allow policy, by the names that queues have as deployed.
func (s *Stack) allowance(q template.Queue) string {
	var p allowPolicy
	p.Permission = q.Permits
	for _, other := range s.Template.Queues {
		if other.Dead == q.Name && q.Takes(other) {
			p.Sources = append(p.Sources, QueueARN(s.Queues[other.Name]))
		}
	}
	text, _ := json.Marshal(p) // two strings and a list
	return string(text)
}

type allowPolicy struct {
	Permission string   `json:"redrivePermission"`
	Sources    []string `json:"sourceQueueArns"`
}

// allowed is a redrive allow policy in one form: its queues come in any order.
func allowed(text string) string {
	var p allowPolicy
	if json.Unmarshal([]byte(text), &p) != nil {
		return text
	}
	slices.Sort(p.Sources)
	return p.Permission + " " + strings.Join(p.Sources, " ")
}

func seconds(d time.Duration, otherwise string) string {
	if d == 0 {
		return otherwise
	}
	return strconv.Itoa(int(d / time.Second))
}

// redrive is a redrive policy in one form: AWS gives the count as a number or as a string.
func redrive(text string) string {
	var p struct {
		DeadLetterTargetArn string      `json:"deadLetterTargetArn"`
		MaxReceiveCount     json.Number `json:"maxReceiveCount"`
	}
	if json.Unmarshal([]byte(text), &p) != nil {
		return text
	}
	return p.DeadLetterTargetArn + " after " + p.MaxReceiveCount.String()
}

func (s *Stack) tableSettings() []setting {
	client, name, ttl := dynamodb.NewFromConfig(s.Config), aws.String(s.Table), s.Template.Table.TTL
	return []setting{
		{what: "TTL of the table", want: ttl,
			read: func(ctx context.Context) (string, error) {
				out, err := client.DescribeTimeToLive(ctx, &dynamodb.DescribeTimeToLiveInput{TableName: name})
				if err != nil || out.TimeToLiveDescription.TimeToLiveStatus != dynamotypes.TimeToLiveStatusEnabled {
					return "", err
				}
				return aws.ToString(out.TimeToLiveDescription.AttributeName), nil
			},
			set: func(ctx context.Context) error {
				_, err := client.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{TableName: name,
					TimeToLiveSpecification: &dynamotypes.TimeToLiveSpecification{AttributeName: &ttl, Enabled: aws.Bool(true)}})
				return err
			}},
		{what: "point-in-time recovery of the table", want: strconv.FormatBool(s.Template.Table.PointInTime),
			read: func(ctx context.Context) (string, error) {
				out, err := client.DescribeContinuousBackups(ctx, &dynamodb.DescribeContinuousBackupsInput{TableName: name})
				if err != nil {
					return "", err
				}
				d := out.ContinuousBackupsDescription.PointInTimeRecoveryDescription
				return strconv.FormatBool(d != nil && d.PointInTimeRecoveryStatus == dynamotypes.PointInTimeRecoveryStatusEnabled), nil
			},
			set: func(ctx context.Context) error {
				_, err := client.UpdateContinuousBackups(ctx, &dynamodb.UpdateContinuousBackupsInput{TableName: name,
					PointInTimeRecoverySpecification: &dynamotypes.PointInTimeRecoverySpecification{PointInTimeRecoveryEnabled: aws.Bool(true)}})
				return err
			}},
		{what: "deletion protection of the table", want: strconv.FormatBool(s.Template.Table.DeletionProtection),
			read: func(ctx context.Context) (string, error) {
				out, err := client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: name})
				if err != nil {
					return "", err
				}
				return strconv.FormatBool(aws.ToBool(out.Table.DeletionProtectionEnabled)), nil
			}},
	}
}
