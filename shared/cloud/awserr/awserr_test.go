package awserr_test

import (
	"context"
	"errors"
	"testing"
	"time"

	api "github.com/aws/aws-sdk-go-v2/service/sns"

	"quickstep/shared/cloud/awserr"
	"quickstep/shared/cloud/cloudtest"
	"quickstep/shared/transient"
)

const (
	final = iota
	unknown
	refused
)

var kinds = map[int]string{final: "final", unknown: "passing, effect unknown", refused: "passing, without effect"}

func kind(err error) int {
	switch {
	case transient.IsNotApplied(err):
		return refused
	case transient.Is(err):
		return unknown
	}
	return final
}

func answer(status int, code string) cloudtest.Answer {
	a := cloudtest.Query(code)
	a.Status = status
	return a
}

// publish stands for any call: it goes to an endpoint that gives the answers in turn and then repeats the last.
func publish(ctx context.Context, t *testing.T, answers ...cloudtest.Answer) (attempts int, err error) {
	t.Helper()
	n := 0
	w := cloudtest.Serve(t, func(cloudtest.Call) cloudtest.Answer {
		n++
		return answers[min(n, len(answers))-1]
	})
	topic, text := "arn:aws:sns:eu-west-1:111122223333:alarms", "text"
	_, err = api.NewFromConfig(awserr.Watch(w.Config)).Publish(ctx, &api.PublishInput{TopicArn: &topic, Message: &text})
	return len(w.Calls()), err
}

func TestMark(t *testing.T) {
	for _, c := range []struct {
		name     string
		answers  []cloudtest.Answer
		want     int
		attempts int
	}{
		{"a throttle with status 400 had no effect", []cloudtest.Answer{answer(400, "Throttling")}, refused, 3},
		{"a throttle with status 503, as EC2 sends it, had no effect", []cloudtest.Answer{answer(503, "RequestLimitExceeded")}, refused, 3},
		{"a throttle that the SDK doesn't try again had no effect", []cloudtest.Answer{answer(429, "Throttled")}, refused, 1},
		{"an unknown code with status 429 is a throttle", []cloudtest.Answer{answer(429, "Busy")}, refused, 1},
		{"a throttle after a throttle had no effect", []cloudtest.Answer{answer(400, "Throttling"), answer(400, "SlowDown")}, refused, 3},
		{"a throttle after a server error may have had one", []cloudtest.Answer{answer(500, "InternalFailure"), answer(400, "Throttling")}, unknown, 3},
		{"a server error after a throttle may have had one", []cloudtest.Answer{answer(400, "Throttling"), answer(500, "InternalFailure")}, unknown, 3},
		{"an overloaded service may have done it", []cloudtest.Answer{answer(503, "ServiceUnavailable")}, unknown, 3},
		{"an internal error with status 400 may have had an effect", []cloudtest.Answer{answer(400, "InternalError")}, unknown, 1},
		{"a timeout that AWS reports may have had an effect", []cloudtest.Answer{answer(408, "RequestTimeout")}, unknown, 3},
		{"an earlier request that is still at work may have an effect", []cloudtest.Answer{answer(400, "TransactionInProgressException")}, unknown, 3},
		{"a quota doesn't pass", []cloudtest.Answer{answer(400, "LimitExceededException")}, final, 3},
		{"a missing permission doesn't pass", []cloudtest.Answer{answer(403, "AuthorizationError")}, final, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			attempts, err := publish(t.Context(), t, c.answers...)
			if err == nil {
				t.Fatal("no error")
			}
			marked := awserr.Mark(err)
			if kind(marked) != c.want {
				t.Errorf("got %s, want %s: %v", kinds[kind(marked)], kinds[c.want], marked)
			}
			if attempts != c.attempts {
				t.Errorf("%d attempts, want %d", attempts, c.attempts)
			}
			if last := c.answers[len(c.answers)-1]; last.Body != cloudtest.Query(awserr.Code(marked)).Body {
				t.Errorf("code %q isn't the last answer's", awserr.Code(marked))
			}
			if !errors.Is(marked, err) {
				t.Error("the mark hides the error")
			}
		})
	}
}

func TestMarkOfWhatAWSDidNotSay(t *testing.T) {
	if awserr.Mark(nil) != nil {
		t.Error("no error became one")
	}
	own := errors.New("a mistake of our own")
	if got := awserr.Mark(own); kind(got) != final || awserr.Code(got) != "" {
		t.Errorf("got %s", kinds[kind(got)])
	}
	if got := awserr.MarkTransient(own); kind(got) != unknown {
		t.Errorf("an error of which nothing is known is %s", kinds[kind(got)])
	}
}

func TestTheContextEndsACall(t *testing.T) {
	over, cancel := context.WithCancel(t.Context())
	cancel()
	attempts, err := publish(over, t, cloudtest.Answer{})
	if kind(awserr.Mark(err)) != refused || attempts != 0 {
		t.Errorf("before the first attempt: %d attempts, %s: %v", attempts, kinds[kind(awserr.Mark(err))], err)
	}
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	attempts, err = publish(short, t, cloudtest.Answer{Hang: true})
	if !transient.Is(awserr.Mark(err)) || attempts > 1 {
		t.Errorf("during an attempt: %d attempts, %s: %v", attempts, kinds[kind(awserr.Mark(err))], err)
	}
}
