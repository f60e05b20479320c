package events_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"quickstep/shared/cloud/cloudtest"
	"quickstep/shared/cloud/events"
	"quickstep/shared/run"
	"quickstep/shared/transient"
)

func say(body string) func(cloudtest.Call) cloudtest.Answer {
	return func(cloudtest.Call) cloudtest.Answer { return cloudtest.Answer{Body: body} }
}

func TestRulesByPrefixReadsAllPages(t *testing.T) {
	w := cloudtest.Serve(t, func(c cloudtest.Call) cloudtest.Answer {
		in := c.JSON()
		switch {
		case in["NamePrefix"] != "web-":
			return cloudtest.Answer{Body: `{"Rules":[{"Name":"web-1","State":"ENABLED"}]}`} // again
		case in["NextToken"] == nil:
			return cloudtest.Answer{Body: `{"Rules":[{"Name":"web-3","State":"DISABLED"},
				{"Name":"web-managed","State":"ENABLED","ManagedBy":"autoscaling.amazonaws.com"}],"NextToken":"two"}`}
		case in["NextToken"] == "two":
			return cloudtest.Answer{Body: `{"Rules":[],"NextToken":"three"}`}
		}
		return cloudtest.Answer{
			Body: `{"Rules":[{"Name":"web-2","State":"ENABLED"},{"Name":"web-1","State":"ENABLED"}]}`,
		}
	})
	got, err := events.New(w.Config).Rules(t.Context(), "ops", []string{"web-", "web-1"}, nil)
	want := []run.Rule{
		{Bus: "ops", Name: "web-1", Enabled: true},
		{Bus: "ops", Name: "web-2", Enabled: true},
		{Bus: "ops", Name: "web-3"},
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	if len(w.Calls()) != 4 {
		t.Errorf("%d calls", len(w.Calls()))
	}
	sent := map[string]any{"EventBusName": "ops", "NamePrefix": "web-", "Limit": 100.0}
	if c := w.Calls()[0]; c.Operation != "ListRules" || !reflect.DeepEqual(c.JSON(), sent) {
		t.Errorf("%s sent %s", c.Operation, c.Body)
	}
}

func TestRulesByName(t *testing.T) {
	w := cloudtest.Serve(t, func(c cloudtest.Call) cloudtest.Answer {
		switch c.JSON()["Name"] {
		case "on":
			return cloudtest.Answer{Body: `{"Name":"on","State":"ENABLED"}`}
		case "off":
			return cloudtest.Answer{Body: `{"Name":"off","State":"DISABLED"}`}
		case "audit":
			return cloudtest.Answer{Body: `{"Name":"audit","State":"ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"}`}
		case "managed":
			return cloudtest.Answer{Body: `{"Name":"managed","State":"ENABLED","ManagedBy":"ssm.amazonaws.com"}`}
		}
		return cloudtest.JSON("ResourceNotFoundException")
	})
	rules := events.New(w.Config)
	got, err := rules.Rules(t.Context(), "", nil, []string{"on", "off", "on"})
	want := []run.Rule{{Bus: "default", Name: "off"}, {Bus: "default", Name: "on", Enabled: true}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	sent := map[string]any{"EventBusName": "default", "Name": "on"}
	if c := w.Calls()[0]; c.Operation != "DescribeRule" || !reflect.DeepEqual(c.JSON(), sent) {
		t.Errorf("%s sent %s", c.Operation, c.Body)
	}
	if _, err := rules.Rules(t.Context(), "", nil, []string{"on", "managed"}); !errors.Is(err, run.ErrNotOurs) ||
		!strings.Contains(err.Error(), "ssm.amazonaws.com") {
		t.Errorf("a rule of AWS's own: got %v", err)
	}
	if _, err := rules.Rules(t.Context(), "", nil, []string{"audit"}); !errors.Is(err, run.ErrNotOurs) ||
		!strings.Contains(err.Error(), "CLOUDTRAIL") {
		t.Errorf("a rule that couldn't be restored: got %v", err)
	}
	if _, err := rules.Rules(t.Context(), "", nil, []string{"on", "nightly"}); !errors.Is(err, run.ErrNoRule) ||
		!strings.Contains(err.Error(), "nightly") {
		t.Errorf("a missing name: got %v", err)
	}
}

func TestNoRulesNeedNoCall(t *testing.T) {
	w := cloudtest.Serve(t, say(`{"Rules":[{"Name":"a","State":"ENABLED"}]}`))
	if got, err := events.New(w.Config).Rules(t.Context(), "", nil, nil); err != nil || len(got) != 0 ||
		len(w.Calls()) != 0 {
		t.Errorf("got %v, %v", got, err)
	}
	if got, err := events.New(w.Config).Rules(t.Context(), "", []string{""}, nil); err == nil || len(w.Calls()) != 0 {
		t.Errorf("an empty prefix gave %v", got)
	}
}

func TestSwitching(t *testing.T) {
	for _, c := range []struct {
		name      string
		operation string
		call      func(events.EventBridge, context.Context, run.Rule) error
		rule      run.Rule
		bus       string
	}{
		{"off, on a bus of one's own", "DisableRule", events.EventBridge.Disable, run.Rule{Bus: "ops", Name: "nightly"}, "ops"},
		{"on, on a bus of one's own", "EnableRule", events.EventBridge.Enable, run.Rule{Bus: "ops", Name: "nightly"}, "ops"},
		{"off, on the default bus", "DisableRule", events.EventBridge.Disable, run.Rule{Name: "nightly"}, "default"},
		{"on, on the default bus", "EnableRule", events.EventBridge.Enable, run.Rule{Name: "nightly"}, "default"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := cloudtest.Serve(t, say(``))
			if err := c.call(events.New(w.Config), t.Context(), c.rule); err != nil {
				t.Fatal(err)
			}
			want := map[string]any{"EventBusName": c.bus, "Name": "nightly"}
			if call := w.Calls()[0]; call.Operation != c.operation || !reflect.DeepEqual(call.JSON(), want) {
				t.Errorf("%s sent %s", call.Operation, call.Body)
			}
		})
	}
}

func TestSwitchingARuleThatWasDeleted(t *testing.T) {
	w := cloudtest.Serve(
		t,
		func(cloudtest.Call) cloudtest.Answer { return cloudtest.JSON("ResourceNotFoundException") },
	)
	rule := run.Rule{Bus: "ops", Name: "nightly"}
	if err := events.New(w.Config).Enable(t.Context(), rule); err != nil {
		t.Errorf("on: got %v", err)
	}
	if err := events.New(w.Config).Disable(t.Context(), rule); !errors.Is(err, run.ErrNoRule) || transient.Is(err) {
		t.Errorf("off: got %v", err)
	}
}

func TestAChangeThatMeetsAnotherPasses(t *testing.T) {
	w := cloudtest.Serve(
		t,
		func(cloudtest.Call) cloudtest.Answer { return cloudtest.JSON("ConcurrentModificationException") },
	)
	if err := events.New(w.Config).Disable(t.Context(), run.Rule{Name: "nightly"}); !transient.Is(err) {
		t.Errorf("got %v", err)
	}
}

func TestFailures(t *testing.T) {
	rule := run.Rule{Bus: "ops", Name: "nightly"}
	for name, call := range map[string]func(context.Context, events.EventBridge) error{
		"Rules by prefix": func(ctx context.Context, e events.EventBridge) error {
			_, err := e.Rules(ctx, "ops", []string{"web-"}, nil)
			return err
		},
		"Rules by name": func(ctx context.Context, e events.EventBridge) error {
			_, err := e.Rules(ctx, "ops", nil, []string{"nightly"})
			return err
		},
		"Disable": func(ctx context.Context, e events.EventBridge) error { return e.Disable(ctx, rule) },
		"Enable":  func(ctx context.Context, e events.EventBridge) error { return e.Enable(ctx, rule) },
	} {
		t.Run(name, func(t *testing.T) {
			on := func(ctx context.Context, cfg aws.Config) error { return call(ctx, events.New(cfg)) }
			cloudtest.Failures(t, cloudtest.JSON, on)
			if strings.HasPrefix(name, "Rules") { // the others read no answer
				cloudtest.Garbled(t, cloudtest.Answer{Body: `{"Rules":[{"Name":"web-1","State":"ENABLED"}]}`}, on)
			}
		})
	}
}
