// Package sqs puts messages into the queues between the steps.
//
// Batches exist for cost and speed alone: whoever sends doesn't see them, and learns which messages didn't get
// through.
package sqs

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"quickstep/shared/choreo"
	"quickstep/shared/cloud/awserr"
	"quickstep/shared/transient"
)

// Queues are the project's queues by the step that each feeds.
type Queues struct {
	client *api.Client
	urls   map[string]string
}

// New makes a client for the queues, given as the step's name → the queue's URL; it calls nothing yet.
func New(cfg aws.Config, urls map[string]string) Queues {
	return Queues{api.NewFromConfig(awserr.Watch(cfg)), urls}
}

// Send puts messages into their queues. Nothing is sent if one of them has no queue or too long a delay. Otherwise
// all are tried, and the error names those that failed; it is marked as passing if each of them may be sent again,
// and the others may by then have been sent twice.
func (q Queues) Send(ctx context.Context, messages ...choreo.Envelope) error {
	for _, m := range messages {
		switch {
		case q.urls[m.Queue] == "":
			return fmt.Errorf("send to %s: this function has no queue of that name", m.Queue)
		case m.Delay > choreo.MaxDelay:
			return fmt.Errorf("send to %s: a delay of %s; SQS delays by %s at most", m.Queue, m.Delay, choreo.MaxDelay)
		}
	}
	if len(messages) == 1 {
		return q.one(ctx, messages[0])
	}
	var failures []error
	calls := batches(messages)
	for _, b := range calls {
		failures = append(failures, q.batch(ctx, b)...)
	}
	if len(calls) == 1 && len(failures) == 1 { // may be marked as refused, which two calls together aren't
		return failures[0]
	}
	return join(failures)
}

func (q Queues) one(ctx context.Context, m choreo.Envelope) error {
	_, err := q.client.SendMessage(ctx, &api.SendMessageInput{
		QueueUrl: aws.String(q.urls[m.Queue]), MessageBody: &m.Body, DelaySeconds: seconds(m.Delay)})
	if err != nil {
		return fmt.Errorf("send to %s: %w", m.Queue, awserr.Mark(err))
	}
	return nil
}

func (q Queues) batch(ctx context.Context, b []choreo.Envelope) []error {
	queue := b[0].Queue
	entries := make([]types.SendMessageBatchRequestEntry, 0, len(b))
	for i, m := range b {
		entries = append(entries, types.SendMessageBatchRequestEntry{
			Id: aws.String(strconv.Itoa(i)), MessageBody: &m.Body, DelaySeconds: seconds(m.Delay)})
	}
	in := &api.SendMessageBatchInput{QueueUrl: aws.String(q.urls[queue]), Entries: entries}
	out, err := q.client.SendMessageBatch(ctx, in)
	if err != nil {
		return []error{fmt.Errorf("send %d messages to %s: %w", len(b), queue, awserr.Mark(err))}
	}
	var failures []error
	for _, f := range out.Failed {
		failures = append(failures, failure(b, f))
	}
	if answered := len(out.Failed) + len(out.Successful); answered < len(b) {
		err := fmt.Errorf("send %d messages to %s: the answer is about %d", len(b), queue, answered)
		failures = append(failures, transient.Mark(err))
	}
	return failures
}

func failure(b []choreo.Envelope, f types.BatchResultErrorEntry) error {
	body := "message " + aws.ToString(f.Id)
	if i, err := strconv.Atoi(aws.ToString(f.Id)); err == nil && i >= 0 && i < len(b) {
		body = short(b[i].Body)
	}
	err := fmt.Errorf("send %s to %s: %s: %s", body, b[0].Queue, aws.ToString(f.Code), aws.ToString(f.Message))
	if f.SenderFault {
		return err
	}
	return transient.Mark(err)
}

// join makes one error of several. One that doesn't pass must not hide behind one that does.
func join(failures []error) error {
	for i, err := range failures {
		if !transient.Is(err) {
			others := append(failures[:i:i], failures[i+1:]...)
			if len(others) == 0 {
				return err
			}
			return fmt.Errorf("%w\nand: %s", err, errors.Join(others...).Error())
		}
	}
	return transient.Mark(errors.Join(failures...))
}

// seconds rounds a delay up to what SQS knows. The SDK doesn't send a zero, so that a message without a delay gets
// the queue's own DelaySeconds: the queues of this project have none.
func seconds(d time.Duration) int32 {
	return int32((max(0, d) + time.Second - 1) / time.Second)
}

// short is enough of a message to tell whose it is.
func short(body string) string {
	if len(body) > 200 {
		return strings.ToValidUTF8(body[:200], "") + "…"
	}
	return body
}
