package bootstrap

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-lambda-go/events"
)

// spoiled are events that a function must refuse: made from its good ones, and some that are nobody's.
func spoiled(function string, good []dish) (bad []dish) {
	takesMessages := false
	for _, d := range good {
		half := d.event[:len(d.event)/2]
		bad = append(bad, dish{"half of " + d.name, half, refused("")})
		if strings.Contains(string(d.event), `"Records"`) && !takesMessages {
			takesMessages = true
			bad = append(bad, messages(d)...)
		}
	}
	switch {
	case function == "start" || function == "control" || function == "survey":
		bad = append(bad, requests(function)...)
	case takesMessages:
		for _, event := range []string{`[]`, `"text"`, `5`, `{}`, `{"Records":[]}`, `{"Records":"none"}`, `{"Records":[{"body":5}]}`, `{"source":"aws.events"}`} {
			bad = append(bad, dish{event, []byte(event), refused("")})
		}
	default: // it asks nothing of its event, so that it can't be a bad one
		for n := range bad {
			bad[n].judge = good[0].judge
		}
	}
	return bad
}

// requests are bad requests and commands, and the field that the error must name.
func requests(function string) (bad []dish) {
	what, first := "request", "fleet"
	if function == "control" {
		what, first = "command", "command"
	}
	if function == "survey" { // nothing must be given
		first = "windowIds"
	}
	for event, field := range map[string]string{
		`[]`: what, `"text"`: what, `5`: what, `null`: what,
		fmt.Sprintf(`{%q:5}`, first): first,
		`{"colour":"red"}`:           "", fmt.Sprintf(`{"command":"status","fleet":"web","colour":%q}`, what): "",
	} {
		bad = append(bad, dish{event, []byte(event), refused(field)})
	}
	return bad
}

// messages are SQS events whose message nobody of ours has sent: they are given back to the queue, one by one, and the log
// says why.
func messages(good dish) (bad []dish) {
	var event events.SQSEvent
	if err := json.Unmarshal(good.event, &event); err != nil || len(event.Records) == 0 {
		return nil // then it isn't good, and that shows
	}
	body := event.Records[0].Body
	for _, c := range []struct{ name, body, reason string }{
		{"half a message", body[:len(body)/2], "not one of ours"},
		{"a message of words", "hello", "not one of ours"},
		{"an empty message", "", "not one of ours"},
		{"a message with a field too many", strings.Replace(body, "{", `{"colour":"red",`, 1), "colour"},
		{"a message with a number as text", strings.Replace(body, `"n":1`, `"n":"1"`, 1), "not one of ours"},
		{"a message without a number", strings.Replace(body, `"n":1,`, "", 1), "field n"},
		{"a note of SNS", `{"Type":"Notification","Message":"hello"}`, "not one of ours"},
	} {
		spoilt := event
		spoilt.Records = []events.SQSMessage{event.Records[0]}
		spoilt.Records[0].Body = c.body
		text, err := json.Marshal(spoilt)
		if err != nil {
			panic(err) // it has just been read
		}
		bad = append(bad, dish{c.name, text, givenBack(event.Records[0].MessageId, c.reason)})
	}
	return bad
}

// givenBack says that a message was, and why.
func givenBack(id, reason string) func(Answer) string {
	return func(a Answer) string {
		if a.Body != fmt.Sprintf(`{"batchItemFailures":[{"itemIdentifier":%q}]}`, id) {
			return "the message should be given back"
		}
		if !strings.Contains(a.Log, "message: ") || !strings.Contains(a.Log, reason) {
			return fmt.Sprintf("the log should say %q, and says %s", reason, a.Log)
		}
		return ""
	}
}

// refused says that an event ended in an error that names a field, or is in words at least.
func refused(field string) func(Answer) string {
	return func(a Answer) string {
		if len(a.Error) < 10 || !strings.Contains(a.Error, " ") {
			return "it should be refused in words"
		}
		if field != "" && !strings.HasPrefix(a.Error, field+":") && !strings.Contains(a.Error, " "+field+":") {
			return "the error should name " + field
		}
		return ""
	}
}
