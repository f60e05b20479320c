package sns

import (
	"context"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"quickstep/shared/cloud/awserr"
	"quickstep/shared/notify"
	"quickstep/shared/run"
)

// Announce sends an announcement to the topic's subscribers: text by e-mail, JSON to everybody
// else. The subject is made to fit as in Publish. Attributes are strings, ints and bools, which SNS
// has as strings, true and false; an empty string, which it doesn't take, is left out. One that
// lacks a form, or is longer than notify.MaxAnnouncement, is an error; nothing is cut.
//
// It makes one attempt and no more: of one whose reply is lost nobody knows whether it was sent,
// and whoever sends it again says so.
func (t Topic) Announce(ctx context.Context, a notify.Announcement) error {
	what := fmt.Sprintf("announce %q to %s", a.Subject, run.ShortARN(t.arn))
	in, err := t.announcement(a)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if _, err := t.client.Publish(ctx, in, once); err != nil {
		return fmt.Errorf("%s: %w", what, awserr.Mark(err))
	}
	return nil
}

func (t Topic) announcement(a notify.Announcement) (*api.PublishInput, error) {
	switch {
	case a.Text == "" || len(a.JSON) == 0:
		return nil, fmt.Errorf("%d bytes of text and %d of JSON; it needs both", len(a.Text), len(a.JSON))
	case a.Size() > notify.MaxAnnouncement:
		return nil, fmt.Errorf("it has %d bytes, SNS takes %d", a.Size(), notify.MaxAnnouncement)
	}
	values, err := attributes(a.Attributes)
	if err != nil {
		return nil, err
	}
	in := &api.PublishInput{
		TopicArn:          &t.arn,
		Message:           aws.String(a.Message()),
		MessageStructure:  aws.String("json"),
		MessageAttributes: values,
	}
	if s := fit(a.Subject); s != "" {
		in.Subject = &s
	}
	return in, nil
}

func attributes(all map[string]any) (map[string]types.MessageAttributeValue, error) {
	values := make(map[string]types.MessageAttributeValue, len(all))
	for name, value := range all {
		kind, text := "String", ""
		switch v := value.(type) {
		case string:
			text = v
		case int:
			kind, text = "Number", strconv.Itoa(v)
		case bool:
			text = strconv.FormatBool(v)
		default:
			return nil, fmt.Errorf("the attribute %s is a %T", name, value)
		}
		if text != "" {
			values[name] = types.MessageAttributeValue{DataType: &kind, StringValue: &text}
		}
	}
	return values, nil
}
