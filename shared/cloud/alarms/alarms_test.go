package alarms_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go/encoding/cbor"

	"quickstep/shared/cloud/alarms"
	"quickstep/shared/cloud/cloudtest"
	"quickstep/shared/run"
	"quickstep/shared/transient"
)

func say(v cbor.Map) func(cloudtest.Call) cloudtest.Answer {
	return func(cloudtest.Call) cloudtest.Answer { return cloudtest.Bytes(v) }
}

// sent is a request's body.
func sent(t *testing.T, c cloudtest.Call) cbor.Map {
	t.Helper()
	v, err := cbor.Decode(c.Body)
	if err != nil {
		t.Fatal(err)
	}
	return v.(cbor.Map)
}

func list(names ...string) cbor.List {
	var l cbor.List
	for _, n := range names {
		l = append(l, cbor.String(n))
	}
	return l
}

func alarm(name, state string) cbor.Map {
	return cbor.Map{"AlarmName": cbor.String(name), "StateValue": cbor.String(state)}
}

func TestAlarmsByPrefixReadsAllPages(t *testing.T) {
	w := cloudtest.Serve(t, func(c cloudtest.Call) cloudtest.Answer {
		in := sent(t, c)
		switch {
		case in["AlarmNamePrefix"] == cbor.String("db-"):
			return cloudtest.Bytes(cbor.Map{})
		case in["NextToken"] == nil:
			return cloudtest.Bytes(
				cbor.Map{"MetricAlarms": cbor.List{alarm("web-2", "OK")}, "NextToken": cbor.String("two")},
			)
		case in["NextToken"] == cbor.String("two"):
			return cloudtest.Bytes(cbor.Map{"NextToken": cbor.String("three")})
		}
		return cloudtest.Bytes(
			cbor.Map{
				"CompositeAlarms": cbor.List{alarm("web-all", "ALARM")},
				"MetricAlarms":    cbor.List{alarm("web-1", "INSUFFICIENT_DATA")},
				"LogAlarms":       cbor.List{alarm("web-errors", "OK")},
			},
		)
	})
	got, err := alarms.New(w.Config).Alarms(t.Context(), []string{"web-", "db-"}, nil)
	want := []run.Alarm{
		{Name: "web-1", State: "INSUFFICIENT_DATA"},
		{Name: "web-2", State: "OK"},
		{Name: "web-all", State: "ALARM"},
		{Name: "web-errors", State: "OK"},
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	if len(w.Calls()) != 4 {
		t.Errorf("%d calls", len(w.Calls()))
	}
	for _, c := range w.Calls() {
		if in := sent(t, c); fmt.Sprint(in["AlarmTypes"]) != "[MetricAlarm CompositeAlarm LogAlarm]" ||
			in["MaxRecords"] != cbor.Uint(100) ||
			in["AlarmNames"] != nil {
			t.Errorf("sent %v", in)
		}
	}
}

func TestAlarmsByName(t *testing.T) {
	w := cloudtest.Serve(t, func(c cloudtest.Call) cloudtest.Answer {
		in, found := sent(t, c), cbor.List{}
		names, _ := in["AlarmNames"].(cbor.List)
		if len(names) > 100 {
			return cloudtest.CBOR("ValidationException")
		}
		for _, n := range names {
			if n != cbor.String("a-007") { // doesn't exist
				found = append(found, alarm(string(n.(cbor.String)), "OK"))
			}
		}
		if in["AlarmNamePrefix"] != nil {
			found = cbor.List{alarm("a-001", "OK"), alarm("b", "OK")}
		}
		return cloudtest.Bytes(cbor.Map{"MetricAlarms": found})
	})
	var names []string
	for i := range 150 {
		names = append(names, fmt.Sprintf("a-%03d", 149-i), fmt.Sprintf("a-%03d", i))
	}
	got, err := alarms.New(w.Config).Alarms(t.Context(), []string{"a-001"}, names)
	if err != nil {
		t.Fatal(err)
	}
	sorted := slices.IsSortedFunc(got, func(a, b run.Alarm) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	if len(got) != 150 || !sorted || slices.Contains(got, run.Alarm{Name: "a-007", State: "OK"}) ||
		got[149].Name != "b" {
		t.Errorf("got %d: %v", len(got), got)
	}
	if len(w.Calls()) != 3 {
		t.Errorf("%d calls for a prefix and 150 names", len(w.Calls()))
	}
}

func TestNoAlarmsNeedNoCall(t *testing.T) {
	w := cloudtest.Serve(t, say(cbor.Map{"MetricAlarms": cbor.List{alarm("a", "OK")}}))
	if got, err := alarms.New(w.Config).Alarms(t.Context(), nil, nil); err != nil || len(got) != 0 ||
		len(w.Calls()) != 0 {
		t.Errorf("got %v, %v", got, err)
	}
	if got, err := alarms.New(w.Config).Alarms(t.Context(), []string{""}, nil); err == nil || len(w.Calls()) != 0 {
		t.Errorf("an empty prefix gave %v", got)
	}
}

func TestComposites(t *testing.T) {
	composite := func(name, rule string, enabled bool, actions string) cbor.Map {
		m := alarm(name, "OK")
		m["AlarmRule"], m["ActionsEnabled"] = cbor.String(rule), cbor.Bool(enabled)
		if actions != "" {
			m[actions] = list("arn:aws:sns:us-east-1:123456789012:people")
		}
		return m
	}
	w := cloudtest.Serve(t, func(c cloudtest.Call) cloudtest.Answer {
		if sent(t, c)["NextToken"] == nil {
			return cloudtest.Bytes(cbor.Map{"NextToken": cbor.String("two"),
				"CompositeAlarms": cbor.List{composite("site", "ALARM(web-1)", true, "AlarmActions")}})
		}
		return cloudtest.Bytes(cbor.Map{"CompositeAlarms": cbor.List{composite("off", "OK(a)", false, "AlarmActions"),
			composite("back", "OK(b)", true, "OKActions"), composite("mark", "OK(c)", true, "")}})
	})
	got, err := alarms.New(w.Config).Composites(t.Context())
	want := []run.Composite{{Name: "back", Rule: "OK(b)", Acts: true}, {Name: "mark", Rule: "OK(c)"},
		{Name: "off", Rule: "OK(a)"}, {Name: "site", Rule: "ALARM(web-1)", Acts: true}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, c := range w.Calls() {
		in := sent(t, c)
		if c.Operation != "DescribeAlarms" || fmt.Sprint(in["AlarmTypes"]) != "[CompositeAlarm]" ||
			in["MaxRecords"] != cbor.Uint(100) {
			t.Errorf("%s sent %v", c.Operation, in)
		}
	}
}

func TestMute(t *testing.T) {
	warsaw := time.FixedZone("CET", 3600)
	for _, c := range []struct {
		name           string
		from           time.Time
		lasts          time.Duration
		at, expression string
	}{
		{"whole minutes stay", time.Date(2026, 3, 1, 2, 30, 0, 0, time.UTC), 90 * time.Minute, "at(2026-03-01T02:30)", "PT1H30M"},
		{"parts of minutes are rounded up", time.Date(2026, 3, 1, 2, 30, 0, 1, time.UTC), time.Minute + 1, "at(2026-03-01T02:31)", "PT2M"},
		{"another zone becomes UTC", time.Date(2026, 3, 1, 0, 59, 59, 0, warsaw), time.Hour, "at(2026-03-01T00:00)", "PT1H"},
		{"a day and more", time.Date(2026, 12, 31, 23, 59, 1, 0, time.UTC), 26*time.Hour + 5*time.Minute, "at(2027-01-01T00:00)", "P1DT2H5M"},
		{"whole days", time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), 15 * 24 * time.Hour, "at(2026-03-01T00:00)", "P15D"},
		{"the least is a minute", time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), 0, "at(2026-03-01T00:00)", "PT1M"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := cloudtest.Serve(t, say(cbor.Map{}))
			err := alarms.New(
				w.Config,
			).Mute(
				t.Context(),
				run.MuteRule{Name: "quickstep-1", Alarms: []string{"a", "b"}, From: c.from, For: c.lasts},
			)
			if err != nil {
				t.Fatal(err)
			}
			want := cbor.Map{
				"Name":        cbor.String("quickstep-1"),
				"MuteTargets": cbor.Map{"AlarmNames": list("a", "b")},
				"Rule": cbor.Map{"Schedule": cbor.Map{
					"Expression": cbor.String(
						c.at,
					), "Timezone": cbor.String("UTC"), "Duration": cbor.String(c.expression)}},
			}
			if call := w.Calls()[0]; call.Operation != "PutAlarmMuteRule" ||
				fmt.Sprint(sent(t, call)) != fmt.Sprint(want) {
				t.Errorf("%s sent %v, want %v", call.Operation, sent(t, call), want)
			}
		})
	}
}

func TestMuteActive(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer cloudtest.Answer
		want   bool
	}{
		{"a rule at work", cloudtest.Bytes(cbor.Map{"Status": cbor.String("ACTIVE")}), true},
		{"a rule whose time hasn't come", cloudtest.Bytes(cbor.Map{"Status": cbor.String("SCHEDULED")}), false},
		{"a rule whose time is over", cloudtest.Bytes(cbor.Map{"Status": cbor.String("EXPIRED")}), false},
		{"a rule that says nothing", cloudtest.Bytes(cbor.Map{}), false},
		{"no such rule", cloudtest.CBOR("ResourceNotFoundException"), false},
		{"no such rule, by its older name", cloudtest.CBOR("ResourceNotFound"), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := cloudtest.Serve(t, func(cloudtest.Call) cloudtest.Answer { return c.answer })
			if got, err := alarms.New(w.Config).MuteActive(t.Context(), "quickstep-1"); got != c.want || err != nil {
				t.Errorf("got %t, %v", got, err)
			}
			if call := w.Calls()[0]; call.Operation != "GetAlarmMuteRule" ||
				sent(t, call)["AlarmMuteRuleName"] != cbor.String("quickstep-1") {
				t.Errorf("%s sent %v", call.Operation, sent(t, call))
			}
		})
	}
}

func TestUnmute(t *testing.T) {
	for name, answer := range map[string]cloudtest.Answer{
		"a rule that is there":    cloudtest.Bytes(cbor.Map{}),
		"a rule that isn't there": cloudtest.CBOR("ResourceNotFoundException"),
	} {
		t.Run(name, func(t *testing.T) {
			w := cloudtest.Serve(t, func(cloudtest.Call) cloudtest.Answer { return answer })
			if err := alarms.New(w.Config).Unmute(t.Context(), "quickstep-1"); err != nil {
				t.Error(err)
			}
			if call := w.Calls()[0]; call.Operation != "DeleteAlarmMuteRule" ||
				sent(t, call)["AlarmMuteRuleName"] != cbor.String("quickstep-1") {
				t.Errorf("%s sent %v", call.Operation, sent(t, call))
			}
		})
	}
}

func TestAQuotaOfMuteRulesDoesNotPass(t *testing.T) {
	w := cloudtest.Serve(t, func(cloudtest.Call) cloudtest.Answer { return cloudtest.CBOR("LimitExceededFault") })
	err := alarms.New(w.Config).Mute(t.Context(), run.MuteRule{Name: "quickstep-1", Alarms: []string{"a"}})
	if err == nil || transient.Is(err) {
		t.Errorf("got %v", err)
	}
}

func TestFailures(t *testing.T) {
	for name, call := range map[string]func(context.Context, alarms.CloudWatch) error{
		"Alarms by prefix": func(ctx context.Context, c alarms.CloudWatch) error {
			_, err := c.Alarms(ctx, []string{"web-"}, nil)
			return err
		},
		"Alarms by name": func(ctx context.Context, c alarms.CloudWatch) error {
			_, err := c.Alarms(ctx, nil, []string{"web-1"})
			return err
		},
		"Composites": func(ctx context.Context, c alarms.CloudWatch) error {
			_, err := c.Composites(ctx)
			return err
		},
		"Mute": func(ctx context.Context, c alarms.CloudWatch) error {
			return c.Mute(ctx, run.MuteRule{Name: "quickstep-1", Alarms: []string{"web-1"}})
		},
		"MuteActive": func(ctx context.Context, c alarms.CloudWatch) error {
			_, err := c.MuteActive(ctx, "quickstep-1")
			return err
		},
		"Unmute": func(ctx context.Context, c alarms.CloudWatch) error { return c.Unmute(ctx, "quickstep-1") },
	} {
		t.Run(name, func(t *testing.T) {
			on := func(ctx context.Context, cfg aws.Config) error { return call(ctx, alarms.New(cfg)) }
			cloudtest.Failures(t, cloudtest.CBOR, on)
			if name != "Mute" && name != "Unmute" { // they read no answer
				cloudtest.Garbled(t, cloudtest.Bytes(cbor.Map{"MetricAlarms": cbor.List{alarm("web-1", "OK")}}), on)
			}
		})
	}
}
