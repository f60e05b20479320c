// Package sns tells people: it publishes to the topic that a function was given.
package sns

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/sns"

	"quickstep/shared/cloud/awserr"
	"quickstep/shared/notify"
	"quickstep/shared/run"
)

// Topic is one SNS topic.
type Topic struct {
	client *api.Client
	arn    string
}

// New makes a client for the topic; it calls nothing yet.
func New(cfg aws.Config, topicARN string) Topic {
	return Topic{api.NewFromConfig(awserr.Watch(cfg)), topicARN}
}

// Publish sends a message to the topic's subscribers. The subject is made to fit what SNS takes: at
// most notify.MaxSubject characters, ASCII, one line. A text that is empty or longer than
// notify.MaxText is an error; nothing is cut from it.
//
// It makes one attempt and no more, as Announce does: whoever calls repeats it by the protocol, and knows about
// doubt.
func (t Topic) Publish(ctx context.Context, subject, text string) error {
	what := fmt.Sprintf("publish %q to %s", subject, run.ShortARN(t.arn))
	switch {
	case text == "":
		return fmt.Errorf("%s: %w", what, errors.New("there is no text"))
	case len(text) > notify.MaxText:
		return fmt.Errorf("%s: the text has %d bytes, SNS takes %d", what, len(text), notify.MaxText)
	}
	in := &api.PublishInput{TopicArn: &t.arn, Message: aws.String(strings.ToValidUTF8(text, "?"))}
	if s := fit(subject); s != "" {
		in.Subject = &s
	}
	if _, err := t.client.Publish(ctx, in, once); err != nil {
		return fmt.Errorf("%s: %w", what, awserr.Mark(err))
	}
	return nil
}

// once keeps the SDK from sending a message again whose reply was lost.
func once(o *api.Options) { o.Retryer = aws.NopRetryer{} }

// fit replaces what a subject may not hold. After that each character is one byte.
func fit(subject string) string {
	ascii := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.IsControl(r):
			return ' '
		case r > unicode.MaxASCII:
			return '?'
		}
		return r
	}, subject)
	ascii = strings.TrimSpace(ascii)
	return strings.TrimSpace(ascii[:min(len(ascii), notify.MaxSubject)])
}
