package sns_test

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"quickstep/shared/cloud/cloudtest"
	"quickstep/shared/cloud/sns"
	"quickstep/shared/notify"
	"quickstep/shared/transient"
)

const topic = "arn:aws:sns:eu-west-1:111122223333:quickstep-alarms"

var accepted = cloudtest.Answer{
	Body: `<PublishResponse><PublishResult><MessageId>m</MessageId></PublishResult></PublishResponse>`,
}

func TestPublish(t *testing.T) {
	for _, c := range []struct{ name, subject, text, wantSubject, wantText string }{
		{"a subject and a text", "web: i-1 failed", "It is out of service.\nźródło", "web: i-1 failed", "It is out of service.\nźródło"},
		{"a long subject is cut", strings.Repeat("s", 150), "text", strings.Repeat("s", 99), "text"},
		{"99 characters are not cut", strings.Repeat("s", 99), "text", strings.Repeat("s", 99), "text"},
		{"a subject in other letters is cut at a rune", strings.Repeat("é", 150), "text", strings.Repeat("?", 99), "text"},
		{"what isn't ASCII is replaced", "awaria – żółw", "text", "awaria ? ???w", "text"},
		{"a subject is one line", " a\nb\tc\r\x00\x7f ", "text", "a b c", "text"},
		{"no space is left where it is cut", strings.Repeat("s", 98) + " tail", "text", strings.Repeat("s", 98), "text"},
		{"a message may have no subject", "", "text", "", "text"},
		{"a text that isn't UTF-8 is mended", "s", "a\xffb", "s", "a?b"},
		{"the longest text", "s", strings.Repeat("x", notify.MaxText), "s", strings.Repeat("x", notify.MaxText)},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := cloudtest.Serve(t, func(cloudtest.Call) cloudtest.Answer { return accepted })
			if err := sns.New(w.Config, topic).Publish(t.Context(), c.subject, c.text); err != nil {
				t.Fatal(err)
			}
			form := w.Calls()[0].Form
			if form.Get("Action") != "Publish" || form.Get("TopicArn") != topic ||
				form.Get("Subject") != c.wantSubject ||
				form.Get("Message") != c.wantText {
				t.Errorf("sent subject %q to %s", form.Get("Subject"), form.Get("TopicArn"))
			}
			if form.Has("Subject") != (c.wantSubject != "") {
				t.Error("an empty subject was sent; SNS refuses that")
			}
		})
	}
}

func TestTextsThatSNSDoesNotTake(t *testing.T) {
	for name, text := range map[string]string{"an empty text": "", "a text that is too long": strings.Repeat("x", notify.MaxText+1)} {
		t.Run(name, func(t *testing.T) {
			w := cloudtest.Serve(t, func(cloudtest.Call) cloudtest.Answer { return accepted })
			err := sns.New(w.Config, topic).Publish(t.Context(), "web: done", text)
			if err == nil || transient.Is(err) || len(w.Calls()) != 0 ||
				!strings.Contains(err.Error(), "quickstep-alarms") {
				t.Errorf("%d calls, %v", len(w.Calls()), err)
			}
		})
	}
}

func TestSNSHasItsOwnWordForAThrottle(t *testing.T) {
	w := cloudtest.Serve(t, func(cloudtest.Call) cloudtest.Answer { return cloudtest.Query("Throttled") })
	if err := sns.New(w.Config, topic).Publish(t.Context(), "s", "text"); !transient.IsNotApplied(err) {
		t.Errorf("got %v", err)
	}
}

func TestFailures(t *testing.T) {
	call := func(ctx context.Context, cfg aws.Config) error { return sns.New(cfg, topic).Publish(ctx, "s", "text") }
	cloudtest.Failures(t, cloudtest.Query, call)
	cloudtest.Garbled(t, accepted, call)
	for _, code := range []string{"Throttling", "InternalError"} { // it isn't the SDK that sends it again
		w := cloudtest.Serve(t, func(cloudtest.Call) cloudtest.Answer { return cloudtest.Query(code) })
		if err := call(t.Context(), w.Config); !transient.Is(err) || len(w.Calls()) != 1 {
			t.Errorf("after %s: %v, %d calls", code, err, len(w.Calls()))
		}
	}
}
