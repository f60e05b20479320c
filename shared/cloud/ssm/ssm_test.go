package ssm_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"quickstep/shared/cloud/cloudtest"
	"quickstep/shared/cloud/ssm"
	"quickstep/shared/run"
	"quickstep/shared/transient"
)

const (
	uuid    = "c5a2b9be-2c0e-4f3c-9a38-4c8a5b1c0de1"
	command = "0831e1a8-a1ac-4257-a1fd-c831bEXAMPLE"
)

func say(body string) func(cloudtest.Call) cloudtest.Answer {
	return func(cloudtest.Call) cloudtest.Answer { return cloudtest.Answer{Body: body} }
}

func refuse(code string) func(cloudtest.Call) cloudtest.Answer {
	return func(cloudtest.Call) cloudtest.Answer { return cloudtest.JSON(code) }
}

func TestParameter(t *testing.T) {
	w := cloudtest.Serve(
		t,
		say(`{"Parameter":{"Name":"/quickstep/web","Type":"SecureString","Value":"{\"maxConcurrency\":2}"}}`),
	)
	got, err := ssm.New(w.Config).Parameter(t.Context(), "/quickstep/web")
	if got != `{"maxConcurrency":2}` || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	want := map[string]any{"Name": "/quickstep/web", "WithDecryption": true}
	if c := w.Calls()[0]; c.Operation != "GetParameter" || !reflect.DeepEqual(c.JSON(), want) {
		t.Errorf("%s sent %s", c.Operation, c.Body)
	}
}

func TestParameterThatIsMissing(t *testing.T) {
	for _, code := range []string{"ParameterNotFound", "ParameterVersionNotFound"} {
		w := cloudtest.Serve(t, refuse(code))
		if _, err := ssm.New(w.Config).Parameter(t.Context(), "/quickstep/web"); !errors.Is(err, run.ErrNoParameter) ||
			!strings.Contains(err.Error(), "/quickstep/web") {
			t.Errorf("%s: got %v", code, err)
		}
	}
	w := cloudtest.Serve(t, say(`{}`))
	if got, err := ssm.New(w.Config).Parameter(t.Context(), "/quickstep/web"); err == nil || transient.Is(err) {
		t.Errorf("no value: got %q, %v", got, err)
	}
}

func TestParameterThatCannotBeDecrypted(t *testing.T) {
	for _, c := range []struct {
		code, message string
		sealed        bool
	}{
		{"AccessDeniedException", "The ciphertext refers to a customer master key that does not " +
			"exist, does not exist in this region, or you are not allowed to access. (Service: " +
			"AWSKMS; Status Code: 400; Error Code: AccessDeniedException)", true},
		{"AccessDeniedException", "User: arn:aws:sts::123456789012:assumed-role/r/f is not " +
			"authorized to perform: kms:Decrypt on resource: " +
			"arn:aws:kms:us-east-1:123456789012:key/k", true},
		{"InvalidKeyId", "arn:aws:kms:us-east-1:123456789012:key/k is disabled.", true},
		{"AccessDeniedException", "User: arn:aws:sts::123456789012:assumed-role/r/f is not " +
			"authorized to perform: ssm:GetParameter on resource: " +
			"arn:aws:ssm:us-east-1:123456789012:parameter/quickstep/fleets/kms-web", false},
		{"InternalServerError", "kms:Decrypt", false},
	} {
		w := cloudtest.Serve(t, func(cloudtest.Call) cloudtest.Answer {
			a := cloudtest.JSON(c.code)
			a.Body = fmt.Sprintf(`{"__type":%q,"message":%q}`, c.code, c.message)
			return a
		})
		if _, err := ssm.New(w.Config).Parameter(t.Context(), "/quickstep/web"); err == nil ||
			errors.Is(err, run.ErrSealed) != c.sealed {
			t.Errorf("%s %s: got %v", c.code, c.message, err)
		}
	}
}

func TestManaged(t *testing.T) {
	for _, c := range []struct {
		name, answer string
		want         bool
	}{
		{"an agent that is online", `{"InstanceInformationList":[{"InstanceId":"i-1","PingStatus":"Online"}]}`, true},
		{"an agent that is silent", `{"InstanceInformationList":[{"InstanceId":"i-1","PingStatus":"ConnectionLost"}]}`, false},
		{"an agent that is inactive", `{"InstanceInformationList":[{"InstanceId":"i-1","PingStatus":"Inactive"}]}`, false},
		{"no agent", `{"InstanceInformationList":[]}`, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := cloudtest.Serve(t, say(c.answer))
			if got, err := ssm.New(w.Config).Managed(t.Context(), "i-1"); got != c.want || err != nil {
				t.Errorf("got %t, %v", got, err)
			}
			want := map[string]any{"Filters": []any{map[string]any{"Key": "InstanceIds", "Values": []any{"i-1"}}}}
			if call := w.Calls()[0]; call.Operation != "DescribeInstanceInformation" ||
				!reflect.DeepEqual(call.JSON(), want) {
				t.Errorf("%s sent %s", call.Operation, call.Body)
			}
		})
	}
}

func TestManagedReadsPastEmptyPages(t *testing.T) {
	w := cloudtest.Serve(t, func(c cloudtest.Call) cloudtest.Answer {
		if c.JSON()["NextToken"] == "two" {
			return cloudtest.Answer{Body: `{"InstanceInformationList":[{"InstanceId":"i-1","PingStatus":"Online"}]}`}
		}
		return cloudtest.Answer{Body: `{"InstanceInformationList":[],"NextToken":"two"}`}
	})
	if got, err := ssm.New(w.Config).Managed(t.Context(), "i-1"); !got || err != nil {
		t.Errorf("got %t, %v", got, err)
	}
}

func TestAnInstanceThatSSMDoesNotKnowIsUnmanaged(t *testing.T) {
	w := cloudtest.Serve(t, refuse("InvalidInstanceId"))
	if got, err := ssm.New(w.Config).Managed(t.Context(), "i-1"); got || err != nil {
		t.Errorf("got %t, %v", got, err)
	}
	if _, err := ssm.New(w.Config).AskBoot(t.Context(), "i-1", false); !errors.Is(err, run.ErrUnmanaged) ||
		transient.Is(err) {
		t.Errorf("got %v", err)
	}
}

func TestAskBoot(t *testing.T) {
	for _, c := range []struct {
		name              string
		windows           bool
		document, command string
	}{
		{"Linux is asked for its boot_id and uptime", false, "AWS-RunShellScript", "cat /proc/sys/kernel/random/boot_id /proc/uptime"},
		{"Windows is asked for the time of its last boot, and since then", true, "AWS-RunPowerShellScript",
			`$o = Get-CimInstance Win32_OperatingSystem; $o.LastBootUpTime.ToUniversalTime().ToString("o"); ` +
				`($o.LocalDateTime.ToUniversalTime() - $o.LastBootUpTime.ToUniversalTime()).TotalSeconds` +
				`.ToString("F2", [cultureinfo]::InvariantCulture)`},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := cloudtest.Serve(t, say(`{"Command":{"CommandId":"`+command+`","Status":"Pending"}}`))
			got, err := ssm.New(w.Config).AskBoot(t.Context(), "i-1", c.windows)
			if got != command || err != nil {
				t.Errorf("got %q, %v", got, err)
			}
			in := w.Calls()[0].JSON()
			parameters := in["Parameters"].(map[string]any)
			if in["DocumentName"] != c.document || in["TimeoutSeconds"] != 30.0 ||
				!reflect.DeepEqual(in["InstanceIds"], []any{"i-1"}) ||
				!reflect.DeepEqual(parameters["commands"], []any{c.command}) ||
				!reflect.DeepEqual(parameters["executionTimeout"], []any{"60"}) {
				t.Errorf("sent %s", w.Calls()[0].Body)
			}
		})
	}
	w := cloudtest.Serve(t, say(`{"Command":{}}`))
	if got, err := ssm.New(w.Config).AskBoot(t.Context(), "i-1", false); err == nil {
		t.Errorf("no command id: got %q", got)
	}
}

func TestBootAnswer(t *testing.T) {
	const windows = "2026-01-13T03:12:45.5000000Z"
	for _, c := range []struct {
		name, status, output, boot string
		done                       bool
	}{
		{"the command hasn't been delivered", "Pending", "", "", false},
		{"the command is running", "InProgress", "", "", false},
		{"the command is delayed", "Delayed", "", "", false},
		{"the command is being canceled", string(types.CommandInvocationStatusCancelling), "", "", false},
		{"Linux has answered", "Success", uuid + `\n754.21 1480.00\n`, uuid, true},
		{"Windows has answered", "Success", windows + `\r\n754.21\r\n`, windows, true},
		{"an answer without uptime", "Success", uuid + `\n`, "", true},
		{"an uptime below zero", "Success", uuid + `\n-754.21`, "", true},
		{"an uptime without end", "Success", uuid + `\nInf`, "", true},
		{"an uptime that is none", "Success", uuid + `\nNaN`, "", true},
		{"an uptime of ages", "Success", uuid + `\n1e12`, "", true},
		{"an uptime with a comma", "Success", windows + `\n754,21`, "", true},
		{"a banner after the answer", "Success", uuid + `\n754.21 1480.00\nwelcome`, "", true},
		{"the output is empty", "Success", "", "", true},
		{"the output is cut off", "Success", uuid[:20], "", true},
		{"the output is something else", "Success", "cat: not found", "", true},
		{"the output is more than the answer", "Success", uuid + `\n` + uuid, "", true},
		{"the command failed", "Failed", uuid, "", true},
		{"the command came too late", "TimedOut", "", "", true},
		{"the command was canceled", string(types.CommandInvocationStatusCancelled), "", "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := cloudtest.Serve(
				t,
				say(fmt.Sprintf(`{"Status":"%s","StandardOutputContent":"%s"}`, c.status, c.output)),
			)
			boot, done, err := ssm.New(w.Config).BootAnswer(t.Context(), "i-1", command)
			if boot.ID != c.boot || done != c.done || err != nil {
				t.Errorf("got %+v, %t, %v", boot, done, err)
			}
			if up := 754220 * time.Millisecond; c.boot != "" && boot.Uptime != up { // never told too short
				t.Errorf("it is up for %s, want %s", boot.Uptime, up)
			}
			want := map[string]any{"CommandId": command, "InstanceId": "i-1"}
			if call := w.Calls()[0]; call.Operation != "GetCommandInvocation" || !reflect.DeepEqual(call.JSON(), want) {
				t.Errorf("%s sent %s", call.Operation, call.Body)
			}
		})
	}
}

func TestBootAnswerOfACommandThatIsNotThereYet(t *testing.T) {
	w := cloudtest.Serve(t, refuse("InvocationDoesNotExist"))
	if boot, done, err := ssm.New(w.Config).BootAnswer(t.Context(), "i-1", command); boot.ID != "" || done ||
		err != nil {
		t.Errorf("got %+v, %t, %v", boot, done, err)
	}
}

func TestFailures(t *testing.T) {
	for name, call := range map[string]func(context.Context, ssm.SystemsManager) error{
		"Parameter": func(ctx context.Context, s ssm.SystemsManager) error {
			_, err := s.Parameter(ctx, "/q/web")
			return err
		},
		"Managed": func(ctx context.Context, s ssm.SystemsManager) error { _, err := s.Managed(ctx, "i-1"); return err },
		"AskBoot": func(ctx context.Context, s ssm.SystemsManager) error {
			_, err := s.AskBoot(ctx, "i-1", true)
			return err
		},
		"BootAnswer": func(ctx context.Context, s ssm.SystemsManager) error {
			_, _, err := s.BootAnswer(ctx, "i-1", command)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			on := func(ctx context.Context, cfg aws.Config) error { return call(ctx, ssm.New(cfg)) }
			cloudtest.Failures(t, cloudtest.JSON, on)
			cloudtest.Garbled(t, cloudtest.Answer{Body: `{"Parameter":{"Value":"v"},"Status":"Success"}`}, on)
		})
	}
}
