package choreo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"quickstep/shared/sanitize"
)

// Handler takes one message for an invocation that is known as owner.
type Handler interface {
	Handle(ctx context.Context, owner string, msg Message) error
}

// Function is the code of a Lambda function, as lambda.Start takes it.
type Function = func(ctx context.Context, event json.RawMessage) (any, error)

// SQSHandler makes a Lambda function of a handler: one that SQS invokes with messages, and that
// reports those that failed.
func SQSHandler(h Handler) Function {
	return func(ctx context.Context, event json.RawMessage) (any, error) {
		var messages events.SQSEvent
		if err := json.Unmarshal(event, &messages); err != nil {
			return nil, fmt.Errorf("event: not one of SQS: %w", err)
		}
		if len(messages.Records) == 0 {
			return nil, errors.New(
				"event: no SQS records; this function takes messages from its queue alone")
		}
		return handleRecords(ctx, h, messages.Records), nil
	}
}

// SQSOrDirectHandler makes a Lambda function that takes messages from its queue as well as direct
// invocations. What isn't all messages goes the direct way, which refuses the field Records.
func SQSOrDirectHandler(h Handler, direct Function) Function {
	queue := SQSHandler(h)
	return func(ctx context.Context, event json.RawMessage) (any, error) {
		if isSQSEvent(event) {
			return queue(ctx, event)
		}
		answer, err := direct(ctx, event)
		return answer, sanitize.Error(err)
	}
}

// handleRecords takes messages one by one. The list of failures is never nil, which Lambda would
// not read as "none".
func handleRecords(
	ctx context.Context, h Handler, records []events.SQSMessage,
) events.SQSEventResponse {
	failures := []events.SQSBatchItemFailure{}
	for _, record := range records {
		if err := handleRecord(ctx, h, record); err != nil {
			slog.Error("message", "outcome", "failed", "reason", err.Error(),
				"messageId", record.MessageId)
			failures = append(failures,
				events.SQSBatchItemFailure{ItemIdentifier: record.MessageId})
		}
	}
	return events.SQSEventResponse{BatchItemFailures: failures}
}

func handleRecord(ctx context.Context, h Handler, record events.SQSMessage) error {
	msg, err := DecodeMessage(record.Body)
	if err != nil {
		return err
	}
	return h.Handle(ctx, Invocation(ctx), msg)
}

// Invocation is the id of the Lambda invocation.
func Invocation(ctx context.Context) string {
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		return lc.AwsRequestID
	}
	return "local"
}

// isSQSEvent says whether an event is what Lambda makes of a queue's messages, and nothing else.
func isSQSEvent(event json.RawMessage) bool {
	var fields map[string]json.RawMessage
	var records []struct {
		EventSource string `json:"eventSource"`
	}
	if json.Unmarshal(event, &fields) != nil || len(fields) != 1 {
		return false
	}
	if json.Unmarshal(fields["Records"], &records) != nil {
		return false
	}
	for _, r := range records {
		if r.EventSource != "aws:sqs" {
			return false
		}
	}
	return len(records) > 0
}

// Watchdog looks for what is overdue, and gives it its message again. Owner marks its writes.
type Watchdog interface {
	Look(ctx context.Context, owner string) error
}

// WatchdogHandler makes a Lambda function that has each of the watchdogs look, whatever it is sent.
// What keeps one from its work doesn't keep the others.
func WatchdogHandler(watchdogs ...Watchdog) func(context.Context) error {
	return func(ctx context.Context) error {
		var all []error
		for _, d := range watchdogs {
			all = append(all, d.Look(ctx, Invocation(ctx)))
		}
		return errors.Join(all...)
	}
}
