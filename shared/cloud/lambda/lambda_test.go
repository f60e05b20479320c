package lambda_test

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"quickstep/shared/cloud/cloudtest"
	"quickstep/shared/cloud/lambda"
	"quickstep/shared/transient"
)

func TestReady(t *testing.T) {
	failed := map[string]string{"X-Amz-Function-Error": "Unhandled"}
	for _, c := range []struct {
		name, answer string
		header       map[string]string
		ready        bool
		why          string
	}{
		{"it is ready", `{"ready":true}`, nil, true, ""},
		{"it is ready, whatever else it says", `{"ready":true,"reason":"fine","load":0.1}`, nil, true, ""},
		{"it isn't ready, and says why", `{"ready":false,"reason":"cache is cold"}`, nil, false, "cache is cold"},
		{"it isn't ready, and doesn't say why", `{"ready":false}`, nil, false, "function warm says not ready"},
		{"it fails", `{"errorMessage":"no route","errorType":"Error"}`, failed, false, "function warm failed: no route"},
		{"it fails without a message", `{"errorType":"Runtime.ExitError"}`, failed, false, "function warm failed: Runtime.ExitError"},
		{"it fails without a word", ``, failed, false, "function warm failed: nothing"},
		{"it fails, though it says ready", `{"ready":true}`, failed, false, `function warm failed: {"ready":true}`},
		{"it answers nothing", ``, nil, false, `function warm answered nothing instead of {"ready": true or false}`},
		{"it answers null", `null`, nil, false, `function warm answered null instead of {"ready": true or false}`},
		{"it answers no JSON", `OK`, nil, false, `function warm answered OK instead of {"ready": true or false}`},
		{"it answers another object", `{"Ready?":1}`, nil, false, `function warm answered {"Ready?":1} instead of {"ready": true or false}`},
		{"it answers yes in words", `{"ready":"yes"}`, nil, false, `function warm answered {"ready":"yes"} instead of {"ready": true or false}`},
		{"it says too much", `{"ready":false,"reason":"` + strings.Repeat("ż", 400) + `"}`, nil, false, strings.Repeat("ż", 300) + "…"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := cloudtest.Serve(
				t,
				func(cloudtest.Call) cloudtest.Answer { return cloudtest.Answer{Header: c.header, Body: c.answer} },
			)
			ready, why, err := lambda.New(w.Config).Ready(t.Context(), "warm", map[string]string{"instance": "i-1"})
			if ready != c.ready || why != c.why || err != nil {
				t.Errorf("got %t, %q, %v", ready, why, err)
			}
			if call := w.Calls()[0]; call.Path != "/2015-03-31/functions/warm/invocations" ||
				string(call.Body) != `{"instance":"i-1"}` {
				t.Errorf("%s got %s", call.Path, call.Body)
			}
		})
	}
}

func TestAPayloadThatIsNoJSONIsAnError(t *testing.T) {
	w := cloudtest.Serve(t, func(cloudtest.Call) cloudtest.Answer { return cloudtest.Answer{Body: `{"ready":true}`} })
	if ready, _, err := lambda.New(w.Config).Ready(t.Context(), "warm", func() {}); ready || err == nil ||
		len(w.Calls()) != 0 {
		t.Errorf("got %t, %v", ready, err)
	}
}

func TestAFunctionIsInvokedOnce(t *testing.T) {
	for code, passes := range map[string]bool{"TooManyRequestsException": true, "ResourceNotFoundException": false} {
		w := cloudtest.Serve(t, func(cloudtest.Call) cloudtest.Answer { return cloudtest.REST(code) })
		_, _, err := lambda.New(w.Config).Ready(t.Context(), "warm", nil)
		if err == nil || transient.IsNotApplied(err) != passes || len(w.Calls()) != 1 {
			t.Errorf("%s: %d calls, %v", code, len(w.Calls()), err)
		}
	}
}

func TestFailures(t *testing.T) {
	cloudtest.Failures(t, cloudtest.REST, func(ctx context.Context, cfg aws.Config) error {
		_, _, err := lambda.New(cfg).Ready(ctx, "warm", nil)
		return err
	})
}

func TestAnAnswerThatBreaksOffPasses(t *testing.T) {
	w := cloudtest.Serve(
		t,
		func(cloudtest.Call) cloudtest.Answer { return cloudtest.Answer{Body: `{"ready":true}`, Cut: true} },
	)
	if ready, _, err := lambda.New(w.Config).Ready(t.Context(), "warm", nil); ready || !transient.Is(err) {
		t.Errorf("got %t, %v", ready, err)
	}
}
