package rolling_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"quickstep/tests/sim/simtest"

	"github.com/aws/aws-lambda-go/events"
)

// Every file in events/ is an event that its function takes: a request is begun or refused by name, a message finds
// no item and is dropped, a command is answered.
func TestEveryEventIsTakenByItsFunction(t *testing.T) {
	files, err := filepath.Glob("../../../events/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no events: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		t.Run(name, func(t *testing.T) {
			function, _, _ := strings.Cut(name, "-")
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			f := simtest.Fleet(t, 2)
			out, err := f.Invoke(t.Context(), function, text)
			var answer events.SQSEventResponse
			switch {
			case strings.Contains(string(text), `"Records"`):
				if err != nil || json.Unmarshal(out, &answer) != nil || answer.BatchItemFailures == nil ||
					len(answer.BatchItemFailures) > 0 {
					t.Errorf("a message is answered with %s, %v", out, err)
				}
			case function == "start" || function == "survey":
				if err != nil && !refusal(err.Error()) {
					t.Errorf("a request is answered with %v", err)
				}
			case strings.HasPrefix(name, "control-") && name != "control-status":
				if err == nil || !refusal(err.Error()) { // nothing of the kind is there
					t.Errorf("a command is answered with %s, %v", out, err)
				}
			case err != nil:
				t.Errorf("the event is answered with %v", err)
			}
		})
	}
}

// refusal says whether an error names a field.
func refusal(text string) bool {
	for _, field := range []string{"targetGroupArns", "instanceIds", "tags", "mute", "check", "notAfter", "run", "instance", "fleet", "windowIds"} {
		if strings.Contains(text, field+":") || strings.Contains(text, field+".") {
			return true
		}
	}
	return false
}
