//go:build e2e

package adapters_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	snsapi "github.com/aws/aws-sdk-go-v2/service/sns"
	sqsapi "github.com/aws/aws-sdk-go-v2/service/sqs"

	"quickstep/shared/cloud/sns"
	"quickstep/shared/cloud/sqs"
	"quickstep/tests/cloud/emulator"
	"quickstep/tests/contract"
)

// box is a queue that is read by hand.
type box struct {
	url    string
	bodies []string
}

func newBox(t *testing.T) *box {
	t.Helper()
	out := must[*sqsapi.CreateQueueOutput](t)(sqsapi.NewFromConfig(config()).CreateQueue(t.Context(), &sqsapi.CreateQueueInput{QueueName: aws.String(fresh("box"))}))
	return &box{url: *out.QueueUrl}
}

// read takes what is there, and gives all that has come so far.
func (b *box) read(t *testing.T) []string {
	t.Helper()
	client := sqsapi.NewFromConfig(config())
	for {
		out := must[*sqsapi.ReceiveMessageOutput](t)(client.ReceiveMessage(t.Context(), &sqsapi.ReceiveMessageInput{QueueUrl: &b.url, MaxNumberOfMessages: 10}))
		if len(out.Messages) == 0 {
			return b.bodies
		}
		for _, m := range out.Messages {
			b.bodies = append(b.bodies, aws.ToString(m.Body))
			must[*sqsapi.DeleteMessageOutput](t)(client.DeleteMessage(t.Context(), &sqsapi.DeleteMessageInput{QueueUrl: &b.url, ReceiptHandle: m.ReceiptHandle}))
		}
	}
}

func TestQueues(t *testing.T) {
	t.Parallel()
	contract.ExerciseQueues(t, func(t *testing.T) contract.QueuesFixture {
		boxes := map[string]*box{"first": newBox(t), "second": newBox(t)}
		return contract.QueuesFixture{Port: sqs.New(config(), map[string]string{"first": boxes["first"].url, "second": boxes["second"].url}),
			First: "first", Second: "second", Wait: time.Sleep, Arrived: func(queue string) []string { return boxes[queue].read(t) }}
	})
}

func TestTopic(t *testing.T) {
	t.Parallel()
	contract.ExerciseTopic(t, func(t *testing.T) contract.TopicFixture {
		client, b := snsapi.NewFromConfig(config()), newBox(t)
		topic := must[*snsapi.CreateTopicOutput](t)(client.CreateTopic(t.Context(), &snsapi.CreateTopicInput{Name: aws.String(fresh("topic"))}))
		must[*snsapi.SubscribeOutput](t)(client.Subscribe(t.Context(), &snsapi.SubscribeInput{TopicArn: topic.TopicArn, Protocol: aws.String("sqs"),
			Endpoint: aws.String(emulator.QueueARN(b.url))}))
		return contract.TopicFixture{Port: sns.New(config(), *topic.TopicArn), Got: func(t *testing.T) (notes []contract.Note) {
			for _, body := range b.read(t) {
				var n struct{ Subject, Message string }
				if err := json.Unmarshal([]byte(body), &n); err != nil {
					t.Fatal(err)
				}
				notes = append(notes, contract.Note{Subject: n.Subject, Text: n.Message})
			}
			return notes
		}}
	})
}
