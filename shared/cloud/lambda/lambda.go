// Package lambda asks a function of the user's whether an instance has started. The function is
// given a JSON payload and answers {"ready": true} or {"ready": false, "reason": "…"}.
package lambda

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"quickstep/shared/cloud/awserr"
)

// maxWhy is the most characters of a function's own words that a reason repeats; it ends up in a line of a message.
const maxWhy = 300

// Functions are the Lambda functions that may be asked.
type Functions struct{ client *api.Client }

// New makes a client; it calls nothing yet.
func New(cfg aws.Config) Functions { return Functions{api.NewFromConfig(awserr.Watch(cfg))} }

// Ready invokes a function (its name, alias or ARN) and waits for its answer. A function that fails or answers
// anything else isn't ready, and why says so. It is invoked once, with no second attempt after a failure: the check
// itself comes again, and a function that is slow shouldn't be run three times over.
func (f Functions) Ready(ctx context.Context, function string, payload any) (ready bool, why string, err error) {
	body, err := json.Marshal(payload)
	if err != nil {
		return false, "", fmt.Errorf("ask function %s: write the payload: %w", function, err)
	}
	once := func(o *api.Options) { o.Retryer = aws.NopRetryer{} }
	out, err := f.client.Invoke(ctx, &api.InvokeInput{
		FunctionName:   &function,
		InvocationType: types.InvocationTypeRequestResponse,
		Payload:        body,
	}, once)
	if err != nil {
		return false, "", fmt.Errorf("ask function %s: %w", function, awserr.Mark(err))
	}
	if out.FunctionError != nil {
		return false, fmt.Sprintf("function %s failed: %s", function, failure(out.Payload)), nil
	}
	ready, why = answer(function, out.Payload)
	return ready, why, nil
}

func answer(function string, payload []byte) (bool, string) {
	var a struct {
		Ready  *bool  `json:"ready"`
		Reason string `json:"reason"`
	}
	switch err := json.Unmarshal(payload, &a); {
	case err != nil || a.Ready == nil:
		return false, fmt.Sprintf(`function %s answered %s instead of {"ready": true or false}`,
			function, short(string(payload)))
	case *a.Ready:
		return true, ""
	case a.Reason == "":
		return false, fmt.Sprintf("function %s says not ready", function)
	}
	return false, short(a.Reason)
}

// failure is what the runtime says of a function that returned an error, crashed or timed out.
func failure(payload []byte) string {
	var f struct {
		Message string `json:"errorMessage"`
		Type    string `json:"errorType"`
	}
	switch err := json.Unmarshal(payload, &f); {
	case err != nil || f.Message == "" && f.Type == "":
		return short(string(payload))
	case f.Message == "":
		return short(f.Type)
	}
	return short(f.Message)
}

func short(s string) string {
	s = strings.ToValidUTF8(s, "?")
	if s == "" {
		return "nothing"
	}
	if r := []rune(s); len(r) > maxWhy {
		return string(r[:maxWhy]) + "…"
	}
	return s
}
