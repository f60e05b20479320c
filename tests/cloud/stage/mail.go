package stage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"quickstep/tests/cloud/emulator"
)

// Note is what a subscriber of a topic gets.
type Note struct{ Topic, Subject, Text string }

// Mail reads what is published, through a queue that is subscribed to both topics, as a person's
// mailbox would be.
type Mail struct {
	client *sqs.Client
	queue  *string
	topics map[string]string // names by ARN
	log    *Log

	mu    sync.Mutex
	notes []Note
}

// Subscribe makes a mailbox and subscribes it to every topic of the stack.
func Subscribe(ctx context.Context, s *emulator.Stack, d *Log) (*Mail, error) {
	m := &Mail{client: sqs.NewFromConfig(s.Config), topics: map[string]string{}, log: d}
	created, err := m.client.CreateQueue(
		ctx,
		&sqs.CreateQueueInput{QueueName: aws.String("operator")},
	)
	if err != nil {
		return nil, fmt.Errorf("make a mailbox: %w", err)
	}
	m.queue = created.QueueUrl
	for name, arn := range s.Topics {
		m.topics[arn] = name
		_, err := sns.NewFromConfig(s.Config).Subscribe(ctx, &sns.SubscribeInput{
			TopicArn: &arn, Protocol: aws.String("sqs"), ReturnSubscriptionArn: true,
			Endpoint: aws.String(emulator.QueueARN(*m.queue))})
		if err != nil {
			return nil, fmt.Errorf("subscribe to topic %s: %w", name, err)
		}
	}
	return m, nil
}

// Read takes notes until ctx ends.
func (m *Mail) Read(ctx context.Context) {
	for ctx.Err() == nil {
		out, err := m.client.ReceiveMessage(
			ctx,
			&sqs.ReceiveMessageInput{
				QueueUrl:            m.queue,
				MaxNumberOfMessages: 10,
				WaitTimeSeconds:     2,
			},
		)
		if err != nil {
			if !errors.Is(err, context.Canceled) && ctx.Err() == nil {
				m.log.Judge("operator", "the mailbox can be read", err.Error())
				return
			}
			continue
		}
		for _, message := range out.Messages {
			m.take(ctx, message)
		}
	}
}

func (m *Mail) take(ctx context.Context, message types.Message) {
	var body struct{ TopicArn, Subject, Message string }
	if err := json.Unmarshal([]byte(aws.ToString(message.Body)), &body); err != nil {
		m.log.Judge("operator", "what arrives is from SNS", err.Error())
	}
	n := Note{m.topics[body.TopicArn], body.Subject, body.Message}
	m.mu.Lock()
	m.notes = append(m.notes, n)
	m.mu.Unlock()
	m.log.Say("operator", "gets from topic %s: %s", n.Topic, n.Subject)
	_, _ = m.client.DeleteMessage(
		ctx,
		&sqs.DeleteMessageInput{QueueUrl: m.queue, ReceiptHandle: message.ReceiptHandle},
	) // else it comes twice, and that shows
}

// About are the notes of a topic that say something.
func (m *Mail) About(topic, something string) (found []Note) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, n := range m.notes {
		if n.Topic == topic && strings.Contains(n.Subject+"\n"+n.Text, something) {
			found = append(found, n)
		}
	}
	return found
}
