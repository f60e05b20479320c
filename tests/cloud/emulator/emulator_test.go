package emulator

import (
	"context"
	"errors"
	"strings"
	"testing"
)

func TestOnlyLoopback(t *testing.T) {
	for endpoint, want := range map[string]bool{
		"http://127.0.0.1:4566": true, "http://[::1]:4566": true, "https://127.9.9.9": true,
		"https://sqs.us-east-1.amazonaws.com": false, "http://10.0.0.1:4566": false, "http://localhost:4566": false, "127.0.0.1:4566": false, "": false,
	} {
		if err := Loopback("http://127.0.0.1:1", endpoint); (err == nil) != want {
			t.Errorf("%q: %v", endpoint, err)
		}
	}
	t.Setenv("AWS_ENDPOINT_URL_SQS", "http://127.0.0.1:4566")
	if err := Environment(); err != nil {
		t.Error(err)
	}
	t.Setenv("AWS_ENDPOINT_URL_SQS", "https://sqs.us-east-1.amazonaws.com")
	if err := Environment(); err == nil || !strings.Contains(err.Error(), "AWS_ENDPOINT_URL_SQS") {
		t.Errorf("an endpoint of AWS: %v", err)
	}
}

func TestSettingsAreSetOnlyWhereTheyAreDropped(t *testing.T) {
	for name, c := range map[string]struct {
		deployed       string
		settable       error
		stays, changed bool
		wrong          string
	}{
		"as the template says":  {deployed: "on"},
		"dropped, and set":      {settable: nil, stays: true, changed: true},
		"dropped, and refused":  {settable: errors.New("no such call"), wrong: "no such call"},
		"dropped, and forgets":  {wrong: "was set to on and is none"},
		"wrong, set and stays":  {deployed: "off", stays: true, changed: true},
		"wrong, set and forgot": {deployed: "off", wrong: "was set to on and is off"},
	} {
		t.Run(name, func(t *testing.T) {
			now := c.deployed
			changed, err := setting{what: "the lamp", want: "on", read: func(context.Context) (string, error) { return now, nil },
				set: func(context.Context) error {
					if c.stays {
						now = "on"
					}
					return c.settable
				}}.settle(t.Context())
			if changed != c.changed || (err == nil) != (c.wrong == "") || (err != nil && !strings.Contains(err.Error(), c.wrong)) {
				t.Errorf("changed: %t, %v", changed, err)
			}
		})
	}
	_, err := setting{what: "the lamp", want: "on", read: func(context.Context) (string, error) { return "off", nil }}.settle(t.Context())
	if err == nil || !strings.Contains(err.Error(), "the lamp was deployed as off, not on") {
		t.Errorf("what can't be set: %v", err)
	}
}

func TestWords(t *testing.T) {
	if got, want := Grouped([]string{"redrive of queue a", "TTL of the table", "redrive of queue b"}), "redrive of queue a, queue b; TTL of the table"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := QueueARN("http://127.0.0.1:4566/000000000000/quickstep-DeadQueue"), "arn:aws:sqs:us-east-1:000000000000:quickstep-DeadQueue"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	for _, policy := range []string{`{"deadLetterTargetArn":"arn","maxReceiveCount":5}`, `{"maxReceiveCount":"5","deadLetterTargetArn":"arn"}`} {
		if got := redrive(policy); got != "arn after 5" {
			t.Errorf("%s is %q", policy, got)
		}
	}
}

func TestOnlyThisMachine(t *testing.T) {
	for _, c := range []struct {
		host, endpoint string
		ok             bool
	}{
		{"127.0.0.1", "http://127.0.0.1:4566", true},
		{"127.0.0.1", "http://127.0.0.2:4566", false},
		{"127.0.0.1", "https://sqs.us-east-1.amazonaws.com", false},
		{"198.51.100.7", "http://198.51.100.7:4566", false},   // nobody's private address
		{"10.255.254.253", "http://10.255.254.253:80", false}, // private, and another machine's
		{"localhost", "http://localhost:4566", false},
		{"", "http://:4566", false},
		{"0.0.0.0", "http://0.0.0.0:4566", false}, // every address, those of its networks too
	} {
		if err := Local(c.host, c.endpoint); (err == nil) != c.ok {
			t.Errorf("%s at %s: %v", c.endpoint, c.host, err)
		}
	}
}
