package template_test

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"quickstep/shared/choreo"
	"quickstep/shared/run"
)

// eventFiles are the files of events/ by the function that they are for.
func eventFiles(t *testing.T) map[string][]string {
	t.Helper()
	paths, err := filepath.Glob(root + "events/*.json")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]string{}
	for _, path := range paths {
		function, _, _ := strings.Cut(strings.TrimSuffix(filepath.Base(path), ".json"), "-")
		files[function] = append(files[function], path)
	}
	return files
}

func TestEveryFunctionHasAnEventAndBack(t *testing.T) {
	have := slices.Sorted(maps.Keys(eventFiles(t)))
	if want := slices.Sorted(maps.Keys(load(t, nil).Functions)); !slices.Equal(have, want) {
		t.Errorf("events for %v\nfunctions %v", have, want)
	}
}

func TestEventsAreWhatTheirFunctionsTake(t *testing.T) {
	stack := load(t, nil)
	for function, paths := range eventFiles(t) {
		for _, path := range paths {
			t.Run(filepath.Base(path), func(t *testing.T) {
				text, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				switch {
				case bytes.Contains(text, []byte(`"Records"`)):
					isMessage(t, text, stack.Queues[stack.Functions[function].Source.Queue].LogicalID)
				case function == "start":
					isRequest(t, text)
				case function == "control":
					isCommand(t, text)
				case function == "watchdog":
					if got := strings.TrimSpace(compact(t, text)); got != stack.Schedules[1].Input {
						t.Errorf("got %s, the schedule sends %s", got, stack.Schedules[1].Input)
					}
				default:
					t.Errorf("%s takes messages", function)
				}
			})
		}
	}
}

// isMessage holds an event against the form in which SQS delivers one message of the queue.
func isMessage(t *testing.T, text []byte, queue string) {
	t.Helper()
	var event events.SQSEvent
	strictly(t, text, &event)
	if len(event.Records) != 1 {
		t.Fatalf("%d records, batches have one", len(event.Records))
	}
	r := event.Records[0]
	if r.MessageId == "" || r.ReceiptHandle == "" || r.EventSource != "aws:sqs" || r.AWSRegion == "" || r.Attributes["ApproximateReceiveCount"] == "" {
		t.Errorf("SQS leaves nothing of this empty: %+v", r)
	}
	if !strings.HasSuffix(r.EventSourceARN, "-"+queue) {
		t.Errorf("from %s, want %s", r.EventSourceARN, queue)
	}
	if sum := md5.Sum([]byte(r.Body)); r.Md5OfBody != hex.EncodeToString(sum[:]) {
		t.Errorf("md5OfBody should be %x", sum)
	}
	if _, err := choreo.DecodeMessage(r.Body); err != nil {
		t.Error(err)
	}
}

// isRequest parses a request, over a fleet's parameter that says which instances it has.
func isRequest(t *testing.T, text []byte) {
	t.Helper()
	if _, err := run.Parse([]byte(`{"tags":{"Role":"web"}}`), text, time.Date(2026, 1, 5, 2, 0, 0, 0, time.UTC)); err != nil {
		t.Error(err)
	}
}

func isCommand(t *testing.T, text []byte) {
	t.Helper()
	var c struct{ Command, Run, Instance string }
	strictly(t, text, &c)
	switch c.Command {
	case "status":
	case "pause", "resume", "cancel":
		if c.Run == "" {
			t.Error("no run")
		}
	case "release":
		if c.Instance == "" {
			t.Error("no instance")
		}
	default:
		t.Errorf("there is no command %q", c.Command)
	}
}

func TestTheSchedulesInputIsARequest(t *testing.T) {
	stack := load(t, map[string]string{"FleetScheduleFleet": "web", "FleetScheduleExpression": "rate(7 days)"})
	input := strings.NewReplacer(
		"<aws.scheduler.scheduled-time>", "2026-01-04T02:00:00Z",
		"<aws.scheduler.schedule-arn>", "arn:aws:scheduler:us-east-1:123456789012:schedule/default/quickstep-StartFunctionFleet-1ABCDEF234567",
	).Replace(stack.Schedules[0].Input)
	isRequest(t, []byte(input))
	example, err := os.ReadFile(root + "events/start-scheduled.json")
	if err != nil {
		t.Fatal(err)
	}
	if got := compact(t, example); got != input {
		t.Errorf("events/start-scheduled.json is %s\nthe schedule sends %s", got, input)
	}
}

func strictly(t *testing.T, text []byte, into any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		t.Fatal(err)
	}
}

func compact(t *testing.T, text []byte) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, text); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// samOptions are the options of SAM CLI 1.170.0 that mean something here, by section of samconfig.toml. SAM passes over
// keys that it doesn't know without a word.
var samOptions = map[string][]string{
	"build":        {"base_dir", "build_dir", "cache_dir", "cached", "exclude", "parallel", "parameter_overrides", "region", "template_file"},
	"validate":     {"lint", "region", "template_file"},
	"deploy":       {"capabilities", "confirm_changeset", "disable_rollback", "fail_on_empty_changeset", "on_failure", "parameter_overrides", "region", "resolve_s3", "role_arn", "s3_bucket", "s3_prefix", "stack_name", "tags", "template_file"},
	"local_invoke": {"docker_network", "env_vars", "log_file", "no_memory_limit", "parameter_overrides", "region", "shutdown", "skip_pull_image", "template_file"},
}

func TestSamconfigSaysOnlyWhatSAMKnows(t *testing.T) {
	text, err := os.ReadFile(root + "samconfig.toml")
	if err != nil {
		t.Fatal(err)
	}
	section := regexp.MustCompile(`^\[default\.([a-z_]+)\.parameters\]$`)
	setting := regexp.MustCompile(`^([a-z0-9_]+) = (.+)$`)
	values := map[string]string{}
	var command string
	for i, line := range strings.Split(string(text), "\n") {
		switch {
		case line == "" || strings.HasPrefix(line, "#") || line == "version = 0.1":
		case section.MatchString(line):
			command = section.FindStringSubmatch(line)[1]
			if samOptions[command] == nil {
				t.Errorf("line %d: there is no command %s", i+1, command)
			}
			values[command] = ""
		case setting.MatchString(line):
			m := setting.FindStringSubmatch(line)
			if !slices.Contains(samOptions[command], m[1]) {
				t.Errorf("line %d: sam %s has no option %s", i+1, command, m[1])
			}
			values[command+"."+m[1]] = m[2]
		default:
			t.Errorf("line %d: %q", i+1, line)
		}
	}
	for key, want := range map[string]string{"build.cached": "false", "build.parallel": "true", "validate.lint": "true", "deploy.capabilities": `"CAPABILITY_IAM"`, "local_invoke": ""} {
		if got, ok := values[key]; !ok || got != want {
			t.Errorf("%s is %s, want %s", key, got, want)
		}
	}
	parameters := load(t, nil).Parameter
	override := regexp.MustCompile(`([A-Za-z0-9]+)=`)
	for key, value := range values {
		if !strings.HasSuffix(key, ".parameter_overrides") {
			continue
		}
		for _, m := range override.FindAllStringSubmatch(value, -1) {
			if _, ok := parameters[m[1]]; !ok {
				t.Errorf("%s: there is no parameter %s", key, m[1])
			}
		}
	}
}
