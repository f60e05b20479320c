package choreo_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"quickstep/shared/choreo"
)

// taker notes what it is given, and fails on request.
type taker struct {
	owners []string
	taken  []choreo.Message
}

func (h *taker) Handle(_ context.Context, owner string, msg choreo.Message) error {
	h.owners, h.taken = append(h.owners, owner), append(h.taken, msg)
	if msg.Step == "fail" {
		return errors.New("as asked")
	}
	return nil
}

const good, failing = `{"pk":"P","sk":"item","step":"wash","n":1,"nudge":0}`, `{"pk":"P","sk":"item","step":"fail","n":1,"nudge":0}`

func asJSON(t *testing.T, v any) json.RawMessage {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestSQSHandler(t *testing.T) {
	for _, c := range []struct {
		name     string
		bodies   []string // of messages m0, m1 …
		response string
		taken    int
	}{
		{"one message", []string{good}, `{"batchItemFailures":[]}`, 1},
		{"one that fails", []string{failing}, `{"batchItemFailures":[{"itemIdentifier":"m0"}]}`, 1},
		{"one that is malformed", []string{`{`}, `{"batchItemFailures":[{"itemIdentifier":"m0"}]}`, 0},
		{"one without a body", []string{``}, `{"batchItemFailures":[{"itemIdentifier":"m0"}]}`, 0},
		{"the good ones of several", []string{good, `null`, failing, good}, `{"batchItemFailures":[{"itemIdentifier":"m1"},{"itemIdentifier":"m2"}]}`, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			var event events.SQSEvent
			for n, body := range c.bodies {
				event.Records = append(
					event.Records,
					events.SQSMessage{MessageId: "m" + string(rune('0'+n)), Body: body},
				)
			}
			h := &taker{}
			response, err := choreo.SQSHandler(h)(t.Context(), asJSON(t, event))
			text, _ := json.Marshal(response)
			if err != nil || string(text) != c.response || len(h.taken) != c.taken {
				t.Errorf(
					"answered %s, %v after %d messages; want %s after %d",
					text,
					err,
					len(h.taken),
					c.response,
					c.taken,
				)
			}
		})
	}
}

func TestSQSHandlerWithoutMessages(t *testing.T) {
	for _, event := range []events.SQSEvent{{}, {Records: []events.SQSMessage{}}} {
		response, err := choreo.SQSHandler(&taker{})(t.Context(), asJSON(t, event))
		if err == nil || !strings.HasPrefix(err.Error(), "event: ") || response != nil {
			t.Errorf("answered %+v, %v", response, err)
		}
	}
}

func TestOwner(t *testing.T) {
	h := &taker{}
	event := events.SQSEvent{Records: []events.SQSMessage{{MessageId: "m", Body: good}}}
	for _, ctx := range []context.Context{t.Context(), lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: "request"})} {
		if _, err := choreo.SQSHandler(h)(ctx, asJSON(t, event)); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Join(h.owners, " "); got != "local request" {
		t.Errorf("the owners are %q", got)
	}
}

func TestSQSOrDirectHandler(t *testing.T) {
	record := func(body string) string {
		text, _ := json.Marshal(body)
		return `{"Records":[{"eventSource":"aws:sqs","messageId":"m","body":` + string(text) + `}]}`
	}
	for _, c := range []struct {
		name, event, answer string
		taken, direct       int
		fails               bool
	}{
		{"a message", record(good), `{"batchItemFailures":[]}`, 1, 0, false},
		{"a malformed message", record(`{`), `{"batchItemFailures":[{"itemIdentifier":"m"}]}`, 0, 0, false},
		{"a request", `{"fleet":"web"}`, `"direct"`, 0, 1, false},
		{"no object", `[]`, `"direct"`, 0, 1, false},
		{"nothing", ``, `"direct"`, 0, 1, false},
		{"null", `null`, `"direct"`, 0, 1, false},
		{"an event without records", `{"Records":[]}`, `"direct"`, 0, 1, false},
		{"another service's event", `{"Records":[{"EventSource":"aws:sns","Sns":{}}]}`, `"direct"`, 0, 1, false},
		{"a request that looks like an event of SQS",
			strings.Replace(record(good), "{", `{"fleet":"web",`, 1), `"direct"`, 0, 1, false},
		{"messages, and one of another service",
			strings.Replace(record(good), "[", `[{"eventSource":"aws:s3"},`, 1), `"direct"`, 0, 1, false},
		{"messages, and one of another service among them",
			strings.Replace(record(good), "[", `[{"eventSource":"aws:sqs"},{"eventSource":"aws:s3"},`, 1),
			`"direct"`, 0, 1, false},
		{"records in other letters", strings.Replace(record(good), "Records", "records", 1), `"direct"`, 0, 1, false},
		{"an event of SQS that can't be read", `{"Records":[{"eventSource":"aws:sqs","messageId":7}]}`, `null`, 0, 0, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, direct := &taker{}, 0
			answer, err := choreo.SQSOrDirectHandler(h, func(_ context.Context, event json.RawMessage) (any, error) {
				direct++
				if string(event) != c.event {
					t.Errorf("the direct way got %s", event)
				}
				return "direct", nil
			})(t.Context(), json.RawMessage(c.event))
			text, _ := json.Marshal(answer)
			if (err != nil) != c.fails || string(text) != c.answer || len(h.taken) != c.taken || direct != c.direct {
				t.Errorf("answered %s, %v; %d messages, %d direct", text, err, len(h.taken), direct)
			}
		})
	}
}
