package bootstrap_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"

	"quickstep/tests/cloud/bootstrap"
)

// TestMain makes this binary a Lambda function too, if it is started as one.
func TestMain(m *testing.M) {
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") == "" {
		os.Exit(m.Run())
	}
	lambda.Start(func(_ context.Context, event json.RawMessage) (any, error) {
		switch habit := os.Getenv("HABIT"); {
		case habit == "takes all":
			return events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}, nil
		case habit == "dies" && string(event) == "5":
			os.Exit(3)
		case habit == "panics" && string(event) == "5":
			panic("five is too much")
		case string(event) == "5":
			return nil, errors.New("event: five is too much")
		}
		fmt.Fprintln(os.Stderr, "got", string(event))
		return "well", nil
	})
}

func start(t *testing.T, habit string) *bootstrap.Function {
	t.Helper()
	f, err := bootstrap.Start(t.Context(), os.Args[0], []string{"HABIT=" + habit})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	return f
}

func TestAFunctionAnswersEventAfterEvent(t *testing.T) {
	f := start(t, "behaves")
	for event, want := range map[string]string{`"a"`: "", `5`: "event: five is too much", `{"b":1}`: ""} {
		a, err := f.Invoke(t.Context(), []byte(event))
		if err != nil || a.Error != want || (want == "" && (a.Body != `"well"` || a.Log != "got "+event+"\n")) {
			t.Errorf("%s: %+v, %v", event, a, err)
		}
	}
}

func TestAPanicIsToldFromAnError(t *testing.T) {
	a, err := start(t, "panics").Invoke(t.Context(), []byte(`5`))
	if err != nil || !strings.HasPrefix(a.Error, "panic: five is too much") {
		t.Errorf("%+v, %v", a, err)
	}
}

func TestAProcessThatDiesIsNoticed(t *testing.T) {
	f := start(t, "dies")
	for range 2 {
		if a, err := f.Invoke(t.Context(), []byte(`5`)); err == nil {
			t.Errorf("%+v", a)
		}
	}
}

// TestWhoTakesEverythingIsFound feeds a function that finds nothing wrong with anything.
func TestWhoTakesEverythingIsFound(t *testing.T) {
	dir := t.TempDir()
	body := `{"Records":[{"messageId":"m","eventSource":"aws:sqs","body":"{\"pk\":\"P\",\"sk\":\"item\",\"step\":\"wash\",\"n\":1}"}]}`
	if err := os.WriteFile(filepath.Join(dir, "wash.json"), []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	fed := 0
	wrong := bootstrap.Kitchen{Events: dir, Binary: func(string) string { return os.Args[0] }, Environment: func(string) []string { return []string{"HABIT=takes all"} },
		Fed: func(_ string, events int) { fed = events }}.Feed(t.Context())
	all := strings.Join(wrong, "\n")
	for _, want := range []string{"a message of words: the message should be given back", "a message without a number", `{"Records":[]}: it should be refused in words`} {
		if !strings.Contains(all, want) {
			t.Errorf("%q isn't found in:\n%s", want, all)
		}
	}
	if fed < 15 || strings.Contains(all, "fed with wash.json") {
		t.Errorf("%d events, %s", fed, all)
	}
}
