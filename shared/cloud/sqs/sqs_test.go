package sqs_test

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"quickstep/shared/choreo"
	"quickstep/shared/cloud/cloudtest"
	"quickstep/shared/cloud/sqs"
	"quickstep/shared/transient"
)

var urls = map[string]string{"drain": "https://sqs/1/drain", "reboot": "https://sqs/1/reboot"}

// accept answers as SQS does, with the checksums that the SDK compares; of a batch, messages whose body is the name
// of a failure fail.
func accept(c cloudtest.Call) cloudtest.Answer {
	in := c.JSON()
	entries, batch := in["Entries"].([]any)
	if !batch {
		return answer(map[string]any{"MessageId": "m", "MD5OfMessageBody": sum(in["MessageBody"].(string))})
	}
	good, bad := []any{}, []any{}
	for _, e := range entries {
		entry := e.(map[string]any)
		switch body := entry["MessageBody"].(string); body {
		case "ours", "theirs":
			bad = append(
				bad,
				map[string]any{
					"Id":          entry["Id"],
					"Code":        "InternalError",
					"Message":     "it is " + body,
					"SenderFault": body == "ours",
				},
			)
		case "forgotten":
		default:
			good = append(good, map[string]any{"Id": entry["Id"], "MessageId": "m", "MD5OfMessageBody": sum(body)})
		}
	}
	return answer(map[string]any{"Successful": good, "Failed": bad})
}

func answer(v map[string]any) cloudtest.Answer {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return cloudtest.Answer{Body: string(body)}
}

func sum(body string) string {
	h := md5.Sum([]byte(body))
	return hex.EncodeToString(h[:])
}

func TestOneMessage(t *testing.T) {
	for _, c := range []struct {
		name  string
		delay time.Duration
		want  any
	}{
		{"no delay is left out", 0, nil},
		{"a delay is rounded up to the second", 2*time.Second + 1, 3.0},
		{"a whole second stays one", time.Second, 1.0},
		{"the longest delay is 900 seconds", choreo.MaxDelay, 900.0},
		{"a delay that has passed is none", -time.Minute, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := cloudtest.Serve(t, accept)
			if err := sqs.New(w.Config, urls).Send(t.Context(), choreo.Envelope{Queue: "drain", Body: `{"n":1}`, Delay: c.delay}); err != nil {
				t.Fatal(err)
			}
			want := map[string]any{"QueueUrl": urls["drain"], "MessageBody": `{"n":1}`}
			if c.want != nil {
				want["DelaySeconds"] = c.want
			}
			if call := w.Calls()[0]; call.Operation != "SendMessage" || !reflect.DeepEqual(call.JSON(), want) {
				t.Errorf("%s sent %s", call.Operation, call.Body)
			}
		})
	}
}

func TestManyMessagesGoInBatchesPerQueue(t *testing.T) {
	w := cloudtest.Serve(t, accept)
	var messages []choreo.Envelope
	for i := range 23 {
		messages = append(
			messages,
			choreo.Envelope{Queue: "drain", Body: fmt.Sprint(i), Delay: time.Duration(i+1) * time.Second},
		)
	}
	messages = append(messages[:5:5], append([]choreo.Envelope{{Queue: "reboot", Body: "r"}}, messages[5:]...)...)
	if err := sqs.New(w.Config, urls).Send(t.Context(), messages...); err != nil {
		t.Fatal(err)
	}
	var sizes []string
	next := 0
	for _, c := range w.Calls() {
		in := c.JSON()
		entries := in["Entries"].([]any)
		sizes = append(sizes, fmt.Sprintf("%s %s %d", c.Operation, in["QueueUrl"], len(entries)))
		for _, e := range entries {
			if in["QueueUrl"] != urls["drain"] {
				continue
			}
			if entry := e.(map[string]any); entry["MessageBody"] != fmt.Sprint(next) ||
				entry["DelaySeconds"] != float64(next+1) {
				t.Errorf("message %d is %v", next, entry)
			}
			next++
		}
	}
	want := "SendMessageBatch https://sqs/1/drain 10, SendMessageBatch https://sqs/1/reboot 1, " +
		"SendMessageBatch https://sqs/1/drain 10, SendMessageBatch https://sqs/1/drain 3"
	if got := strings.Join(sizes, ", "); got != want {
		t.Errorf("got %s", got)
	}
}

func TestABatchStaysBelowItsLimitOfBytes(t *testing.T) {
	w := cloudtest.Serve(t, accept)
	large := choreo.Envelope{Queue: "drain", Body: strings.Repeat("x", 400<<10)}
	if err := sqs.New(w.Config, urls).Send(t.Context(), large, large, large, large, large); err != nil {
		t.Fatal(err)
	}
	if got := len(w.Calls()); got != 3 {
		t.Errorf("5 messages of 400 KiB went in %d calls", got)
	}
}

func TestNothingIsSentIfSomethingCannotBe(t *testing.T) {
	good := choreo.Envelope{Queue: "drain", Body: "{}"}
	for name, bad := range map[string]choreo.Envelope{
		"a queue that the function doesn't have": {Queue: "finish", Body: "{}"},
		"a delay that SQS doesn't have":          {Queue: "drain", Body: "{}", Delay: choreo.MaxDelay + 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := cloudtest.Serve(t, accept)
			err := sqs.New(w.Config, urls).Send(t.Context(), good, bad)
			if err == nil || transient.Is(err) || len(w.Calls()) != 0 {
				t.Errorf("%d calls, %v", len(w.Calls()), err)
			}
		})
	}
	w := cloudtest.Serve(t, accept)
	if err := sqs.New(w.Config, urls).Send(t.Context()); err != nil || len(w.Calls()) != 0 {
		t.Errorf("no message: %d calls, %v", len(w.Calls()), err)
	}
}

func TestPartialFailures(t *testing.T) {
	for _, c := range []struct {
		name, bodies, names string
		passes              bool
	}{
		{"a message that SQS failed on passes", "a theirs b", "theirs", true},
		{"a message that SQS won't take doesn't pass", "a ours b", "ours", false},
		{"one that doesn't pass isn't hidden by one that does", "theirs a ours", "theirs ours", false},
		{"nor by one of another batch", "theirs 1 2 3 4 5 6 7 8 9 ours", "theirs ours", false},
		{"a message that the answer leaves out passes", "a forgotten", "1", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := cloudtest.Serve(t, accept)
			var messages []choreo.Envelope
			for _, body := range strings.Fields(c.bodies) {
				messages = append(messages, choreo.Envelope{Queue: "drain", Body: body})
			}
			err := sqs.New(w.Config, urls).Send(t.Context(), messages...)
			if err == nil || transient.Is(err) != c.passes || transient.IsNotApplied(err) {
				t.Fatalf("got %v", err)
			}
			for _, name := range strings.Fields(c.names) {
				if !strings.Contains(err.Error(), name) {
					t.Errorf("%v doesn't name %s", err, name)
				}
			}
		})
	}
}

func TestABatchThatFailsDoesNotStopTheNext(t *testing.T) {
	w := cloudtest.Serve(t, func(c cloudtest.Call) cloudtest.Answer {
		if c.JSON()["QueueUrl"] == urls["drain"] {
			return cloudtest.JSON("ThrottlingException")
		}
		return accept(c)
	})
	err := sqs.New(
		w.Config,
		urls,
	).Send(
		t.Context(),
		choreo.Envelope{Queue: "drain", Body: "a"},
		choreo.Envelope{Queue: "reboot", Body: "b"},
	)
	if !transient.Is(err) || transient.IsNotApplied(err) { // the other one was sent
		t.Errorf("got %v", err)
	}
	if calls := w.Calls(); calls[len(calls)-1].JSON()["QueueUrl"] != urls["reboot"] {
		t.Errorf("the last call was %s", calls[len(calls)-1].Body)
	}
}

func TestFailures(t *testing.T) {
	one := choreo.Envelope{Queue: "drain", Body: "{}"}
	for name, messages := range map[string][]choreo.Envelope{"one message": {one}, "several messages": {one, one}} {
		t.Run(name, func(t *testing.T) {
			call := func(ctx context.Context, cfg aws.Config) error { return sqs.New(cfg, urls).Send(ctx, messages...) }
			cloudtest.Failures(t, cloudtest.JSON, call)
			cloudtest.Garbled(t, answer(map[string]any{"MessageId": "m", "MD5OfMessageBody": sum("{}")}), call)
		})
	}
}
