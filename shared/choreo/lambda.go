package choreo

import (
	"context"
	"encoding/json"
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

// SQSHandler makes a Lambda function of a handler: one that SQS invokes with messages, and that
// reports those that failed. The list of failures is never nil, which Lambda would not read as
// "none".
func SQSHandler(h Handler) func(context.Context, events.SQSEvent) (events.SQSEventResponse, error) {
	return func(ctx context.Context, event events.SQSEvent) (events.SQSEventResponse, error) {
		response := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
		if len(event.Records) == 0 {
			return response, fmt.Errorf("event: no SQS records; this function takes messages from its queue alone")
		}
		for _, record := range event.Records {
			if err := handleRecord(ctx, h, record); err != nil {
				slog.Error("message", "outcome", "failed", "reason", err.Error(), "messageId", record.MessageId)
				response.BatchItemFailures = append(response.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: record.MessageId})
			}
		}
		return response, nil
	}
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

// SQSOrDirectHandler makes a Lambda function that takes messages from its queue as well as direct
// invocations. What isn't all messages goes the direct way, which refuses the field Records.
func SQSOrDirectHandler(
	h Handler, direct func(ctx context.Context, event json.RawMessage) (any, error),
) func(context.Context, json.RawMessage) (any, error) {
	each := SQSHandler(h)
	return func(ctx context.Context, event json.RawMessage) (any, error) {
		if !isSQSEvent(event) {
			answer, err := direct(ctx, event)
			return answer, sanitize.Error(err)
		}
		var messages events.SQSEvent
		if err := json.Unmarshal(event, &messages); err != nil {
			return nil, fmt.Errorf("event: not one of SQS: %w", err)
		}
		return each(ctx, messages)
	}
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
