package elb_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"quickstep/shared/cloud/cloudtest"
	"quickstep/shared/cloud/elb"
	"quickstep/shared/run"
)

const (
	prefix = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/"
	web    = prefix + "web/6d0ecf831eec9f09"
)

func answer(operation, result string) cloudtest.Answer {
	return cloudtest.Answer{Body: fmt.Sprintf(`<%[1]sResponse><%[1]sResult>%[2]s</%[1]sResult></%[1]sResponse>`, operation, result)}
}

func groupXML(name, rest string) string {
	return fmt.Sprintf(`<member><TargetGroupArn>%s%s</TargetGroupArn><TargetGroupName>%s</TargetGroupName>%s</member>`,
		prefix, name, name, rest)
}

func TestGroupsReadsAllPages(t *testing.T) {
	w := cloudtest.Serve(t, func(c cloudtest.Call) cloudtest.Answer {
		switch c.Form.Get("Marker") {
		case "":
			return answer(c.Operation, `<TargetGroups>`+groupXML("web", `<VpcId>vpc-1</VpcId><TargetType>instance</TargetType>
				<Protocol>HTTP</Protocol><HealthCheckProtocol>HTTP</HealthCheckProtocol><HealthCheckPort>traffic-port</HealthCheckPort>
				<HealthCheckPath>/up</HealthCheckPath><Matcher><HttpCode>200-299</HttpCode></Matcher>`)+
				`</TargetGroups><NextMarker>two</NextMarker>`)
		case "two":
			return answer(c.Operation, `<TargetGroups></TargetGroups><NextMarker>three</NextMarker>`)
		}
		return answer(c.Operation, `<TargetGroups>`+groupXML("fn", `<TargetType>lambda</TargetType>`)+
			groupXML("api", `<TargetType>ip</TargetType><Protocol>TLS</Protocol>`)+`</TargetGroups>`)
	})
	got, err := elb.New(w.Config).Groups(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []run.Group{
		{ARN: prefix + "api", Name: "api", TargetType: "ip", Protocol: "TLS"},
		{ARN: prefix + "fn", Name: "fn", TargetType: "lambda"},
		{ARN: prefix + "web", Name: "web", VPC: "vpc-1", TargetType: "instance", Protocol: "HTTP",
			Health: run.HealthCheck{Protocol: "HTTP", Port: "traffic-port", Path: "/up", Codes: "200-299"}},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if first := w.Calls()[0].Form; len(w.Calls()) != 3 || first.Get("PageSize") != "400" {
		t.Errorf("%d calls, the first with %v", len(w.Calls()), first)
	}
}

func TestTargetsKeepsThePortAndTheState(t *testing.T) {
	w := cloudtest.Serve(t, func(c cloudtest.Call) cloudtest.Answer {
		return answer(c.Operation, `<TargetHealthDescriptions>
			<member><Target><Id>i-1</Id><Port>80</Port></Target><TargetHealth><State>healthy</State></TargetHealth></member>
			<member><Target><Id>i-1</Id><Port>81</Port><QuicServerId>0x1a2b3c4d5e6f7a8b</QuicServerId></Target><TargetHealth><State>draining</State>
				<Reason>Target.DeregistrationInProgress</Reason></TargetHealth></member>
		</TargetHealthDescriptions>`)
	})
	got, err := elb.New(w.Config).Targets(t.Context(), web)
	want := []run.Target{
		{Address: run.Address{ID: "i-1", Port: 80}, State: "healthy"},
		{Address: run.Address{ID: "i-1", Port: 81}, QUICServerID: "0x1a2b3c4d5e6f7a8b", State: "draining", Reason: "Target.DeregistrationInProgress"},
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	if form := w.Calls()[0].Form; form.Get("TargetGroupArn") != web || form.Has("Targets.member.1.Id") {
		t.Errorf("asked for %v", form)
	}
}

func TestTargetsWithoutHealthAreAnError(t *testing.T) {
	w := cloudtest.Serve(t, func(c cloudtest.Call) cloudtest.Answer {
		return answer(c.Operation, `<TargetHealthDescriptions><member><Target><Id>i-1</Id></Target></member></TargetHealthDescriptions>`)
	})
	if got, err := elb.New(w.Config).Targets(t.Context(), web); err == nil {
		t.Errorf("got %+v", got)
	}
}

func TestDelay(t *testing.T) {
	for _, c := range []struct {
		name, key, value string
		want             time.Duration
		fails            bool
	}{
		{"the delay is in seconds", "deregistration_delay.timeout_seconds", "120", 2 * time.Minute, false},
		{"no delay at all is a delay of zero", "deregistration_delay.timeout_seconds", "0", 0, false},
		{"a group without the attribute is an error", "lambda.multi_value_headers.enabled", "false", 0, true},
		{"a delay that is no number is an error", "deregistration_delay.timeout_seconds", "soon", 0, true},
		{"a negative delay is an error", "deregistration_delay.timeout_seconds", "-1", 0, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := cloudtest.Serve(t, func(call cloudtest.Call) cloudtest.Answer {
				return answer(call.Operation, fmt.Sprintf(`<Attributes>
					<member><Key>stickiness.enabled</Key><Value>false</Value></member>
					<member><Key>%s</Key><Value>%s</Value></member></Attributes>`, c.key, c.value))
			})
			got, err := elb.New(w.Config).Delay(t.Context(), web)
			if got != c.want || (err != nil) != c.fails {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

func TestChangesNameEachTargetWithItsPort(t *testing.T) {
	w := cloudtest.Serve(t, func(c cloudtest.Call) cloudtest.Answer { return answer(c.Operation, "") })
	groups, targets := elb.New(w.Config), []run.Description{
		{Address: run.Address{ID: "i-1", Port: 80}}, {Address: run.Address{ID: "i-1", Port: 81}, QUICServerID: "0x1a2b3c4d5e6f7a8b"},
		{Address: run.Address{ID: "arn:fn"}}}
	if err := errors.Join(groups.Deregister(t.Context(), web, targets), groups.Register(t.Context(), web, targets)); err != nil {
		t.Fatal(err)
	}
	if got := w.Operations(); !slices.Equal(got, []string{"DeregisterTargets", "RegisterTargets"}) {
		t.Fatalf("called %v", got)
	}
	for _, c := range w.Calls() {
		want := url.Values{"Action": {c.Operation}, "Version": {"2015-12-01"}, "TargetGroupArn": {web},
			"Targets.member.1.Id": {"i-1"}, "Targets.member.1.Port": {"80"},
			"Targets.member.2.Id": {"i-1"}, "Targets.member.2.Port": {"81"}, "Targets.member.2.QuicServerId": {"0x1a2b3c4d5e6f7a8b"},
			"Targets.member.3.Id": {"arn:fn"}}
		if c.Form.Encode() != want.Encode() {
			t.Errorf("%s: sent %v", c.Operation, c.Form)
		}
	}
}

func TestChangesOfNothingCallNothing(t *testing.T) {
	w := cloudtest.Serve(t, func(cloudtest.Call) cloudtest.Answer { return cloudtest.Query("ValidationError") })
	groups := elb.New(w.Config)
	if err := errors.Join(groups.Deregister(t.Context(), web, nil), groups.Register(t.Context(), web, nil)); err != nil || len(w.Calls()) != 0 {
		t.Errorf("%d calls, %v", len(w.Calls()), err)
	}
}

// calls are all that this package can do, each by its name.
var calls = map[string]func(context.Context, aws.Config) error{
	"Groups": func(ctx context.Context, cfg aws.Config) error { _, err := elb.New(cfg).Groups(ctx); return err },
	"Targets": func(ctx context.Context, cfg aws.Config) error {
		_, err := elb.New(cfg).Targets(ctx, web)
		return err
	},
	"Delay": func(ctx context.Context, cfg aws.Config) error { _, err := elb.New(cfg).Delay(ctx, web); return err },
	"Deregister": func(ctx context.Context, cfg aws.Config) error {
		return elb.New(cfg).Deregister(ctx, web, []run.Description{{Address: run.Address{ID: "i-1", Port: 80}}})
	},
	"Register": func(ctx context.Context, cfg aws.Config) error {
		return elb.New(cfg).Register(ctx, web, []run.Description{{Address: run.Address{ID: "i-1", Port: 80}}})
	},
}

func TestExpectedAnswers(t *testing.T) {
	for _, c := range []struct {
		call, code string
		want       error
	}{
		{"Targets", "TargetGroupNotFound", run.ErrNoGroup},
		{"Delay", "TargetGroupNotFound", run.ErrNoGroup},
		{"Deregister", "TargetGroupNotFound", run.ErrNoGroup},
		{"Register", "TargetGroupNotFound", run.ErrNoGroup},
		{"Register", "InvalidTarget", run.ErrGone},
	} {
		t.Run(c.call+" says what "+c.code+" means", func(t *testing.T) {
			w := cloudtest.Serve(t, func(cloudtest.Call) cloudtest.Answer { return cloudtest.Query(c.code) })
			err := calls[c.call](t.Context(), w.Config)
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), "web") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestFailures(t *testing.T) {
	whole := answer("DescribeTargetGroups", `<TargetGroups>`+groupXML("web", "")+`</TargetGroups>`)
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			cloudtest.Failures(t, cloudtest.Query, call)
			if name != "Register" && name != "Deregister" { // they read no answer
				cloudtest.Garbled(t, whole, call)
			}
		})
	}
}
