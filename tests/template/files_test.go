package template_test

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
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
	"quickstep/shared/report"
	"quickstep/shared/run"
	"quickstep/tests/template"
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
					isMessage(t, text, stack.Queues[stack.Functions[function].Source.Queue])
				case function == "start":
					isRequest(t, text)
				case function == "survey":
					isSurvey(t, stack, text)
				case function == "control":
					isCommand(t, text)
				case function == "watchdog":
					if got, want := compact(t, text), schedule(t, stack, "watchdog", "Minute").Input; got != want {
						t.Errorf("got %s, the schedule sends %s", got, want)
					}
				default:
					t.Errorf("%s takes messages", function)
				}
			})
		}
	}
}

// isMessage holds an event against the form in which SQS delivers one message of the queue.
func isMessage(t *testing.T, text []byte, queue template.Queue) {
	t.Helper()
	var event events.SQSEvent
	strictly(t, text, &event)
	if len(event.Records) != 1 {
		t.Fatalf("%d records, batches have one", len(event.Records))
	}
	r := event.Records[0]
	if r.MessageId == "" || r.ReceiptHandle == "" || r.EventSource != "aws:sqs" || r.AWSRegion == "" ||
		r.Attributes["ApproximateReceiveCount"] == "" {
		t.Errorf("SQS leaves nothing of this empty: %+v", r)
	}
	if r.EventSourceARN != queue.ARN() &&
		(queue.QueueName != "" || !strings.HasSuffix(r.EventSourceARN, "-"+queue.LogicalID)) {
		t.Errorf("from %s, want %s %s", r.EventSourceARN, queue.LogicalID, queue.QueueName)
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
	if _, err := run.Parse(run.Settings{
		Parameter: run.Parameter{Text: []byte(`{"tags":{"Role":"web"}}`)},
		Now:       time.Date(2026, 1, 5, 2, 0, 0, 0, time.UTC)}, text); err != nil {
		t.Error(err)
	}
}

// isSurvey parses a request for a patch report over the stack's parameters.
func isSurvey(t *testing.T, stack *template.Stack, text []byte) {
	t.Helper()
	if _, err := report.Parse(settings(t, stack), text); err != nil {
		t.Error(err)
	}
}

// settings are what survey reads from its environment.
func settings(t *testing.T, stack *template.Stack) report.Settings {
	t.Helper()
	variables := stack.Functions["survey"].Environment
	list := func(name string) []string {
		return strings.FieldsFunc(variables[name], func(r rune) bool { return r == ',' })
	}
	duration := func(name string) time.Duration {
		d, err := time.ParseDuration(variables[name])
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return d
	}
	return report.Settings{
		WindowIDs: list(
			"PATCH_WINDOW_IDS",
		), WindowPrefix: variables["PATCH_WINDOW_PREFIX"], States: list("PATCH_STATES"),
		Lead: duration("PATCH_LEAD"), StaleAfter: duration("PATCH_STALE_AFTER"), Deadline: duration("PATCH_DEADLINE"),
		After: variables["PATCH_AFTER"] == "true",
	}
}

func TestTheBoundsInDescriptionsAreThoseOfThePatchReport(t *testing.T) {
	bounds := regexp.MustCompile(`from (\w+) to (\w+)\.`)
	for _, name := range []string{"PatchLead", "PatchStaleAfter", "PatchDeadline"} {
		m := bounds.FindStringSubmatch(load(t, nil).Parameter[name].Description)
		if m == nil {
			t.Errorf("%s: its description gives no bounds", name)
			continue
		}
		least, _ := time.ParseDuration(m[1])
		most, _ := time.ParseDuration(m[2])
		for d, within := range map[time.Duration]bool{least - time.Minute: false, least: true, most: true, most + time.Minute: false} {
			value := fmt.Sprintf("%dm", int(d.Minutes()))
			_, err := report.Parse(settings(t, load(t, map[string]string{name: value})), []byte(`{}`))
			if (err == nil) != within {
				t.Errorf("%s %s: %v, described as from %s to %s", name, value, err, m[1], m[2])
			}
		}
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

func TestTheSchedulesInputsAreRequests(t *testing.T) {
	stack := load(t, map[string]string{"FleetScheduleFleet": "web", "FleetScheduleExpression": "rate(7 days)",
		"PatchTags": "Role=web"})
	for _, c := range []struct {
		function, name, file string
		is                   func([]byte)
	}{
		{"start", "Fleet", "start-scheduled", func(text []byte) { isRequest(t, text) }},
		{"survey", "Patches", "survey-scheduled", func(text []byte) { isSurvey(t, stack, text) }},
		{"survey", "Instances", "survey-scheduled-tags", func(text []byte) { isSurvey(t, stack, text) }},
	} {
		s, function := schedule(t, stack, c.function, c.name), c.function
		input := strings.NewReplacer(
			"<aws.scheduler.scheduled-time>", "2026-01-04T02:00:00Z",
			"<aws.scheduler.schedule-arn>", "arn:aws:scheduler:us-east-1:123456789012:schedule/default/quickstep-"+
				stack.Functions[function].LogicalID+s.Name+"-1ABCDEF234567",
		).Replace(s.Input)
		c.is([]byte(input))
		file := "events/" + c.file + ".json"
		example, err := os.ReadFile(root + file)
		if err != nil {
			t.Fatal(err)
		}
		if got := compact(t, example); got != input {
			t.Errorf("%s is %s\nthe schedule sends %s", file, got, input)
		}
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

// samOptions are the options of SAM CLI 1.170.0 that mean something here, by section of samconfig.toml. SAM passes
// over keys that it doesn't know without a word.
var samOptions = map[string][]string{
	"build": {
		"base_dir",
		"build_dir",
		"cache_dir",
		"cached",
		"exclude",
		"parallel",
		"parameter_overrides",
		"region",
		"template_file",
	},
	"validate": {"lint", "region", "template_file"},
	"deploy": {
		"capabilities",
		"confirm_changeset",
		"disable_rollback",
		"fail_on_empty_changeset",
		"on_failure",
		"parameter_overrides",
		"region",
		"resolve_s3",
		"role_arn",
		"s3_bucket",
		"s3_prefix",
		"stack_name",
		"tags",
		"template_file",
	},
	"local_invoke": {
		"docker_network",
		"env_vars",
		"log_file",
		"no_memory_limit",
		"parameter_overrides",
		"region",
		"shutdown",
		"skip_pull_image",
		"template_file",
	},
}

func TestSamconfigSaysOnlyWhatSAMKnows(t *testing.T) {
	text, err := os.ReadFile(root + "samconfig.toml")
	if err != nil {
		t.Fatal(err)
	}
	section := regexp.MustCompile(`^\[(default|local)\.([a-z_]+)\.parameters\]$`)
	setting := regexp.MustCompile(`^([a-z0-9_]+) = (.+)$`)
	values := map[string]string{}
	var command, where string
	for i, line := range strings.Split(string(text), "\n") {
		switch {
		case line == "" || strings.HasPrefix(line, "#") || line == "version = 0.1":
		case section.MatchString(line):
			m := section.FindStringSubmatch(line)
			command, where = m[2], strings.TrimPrefix(m[1]+":"+m[2], "default:")
			if samOptions[command] == nil {
				t.Errorf("line %d: there is no command %s", i+1, command)
			}
			values[where] = ""
		case setting.MatchString(line):
			m := setting.FindStringSubmatch(line)
			if !slices.Contains(samOptions[command], m[1]) {
				t.Errorf("line %d: sam %s has no option %s", i+1, command, m[1])
			}
			values[where+"."+m[1]] = m[2]
		default:
			t.Errorf("line %d: %q", i+1, line)
		}
	}
	for key, want := range map[string]string{"build.cached": "false", "build.parallel": "true", "validate.lint": "true", "deploy.capabilities": `"CAPABILITY_IAM"`, "local_invoke": "",
		"local:local_invoke.template_file": `".aws-sam/local/template.yaml"`, "local:local_invoke.env_vars": `".aws-sam/local/variables.json"`,
		"local:local_invoke.skip_pull_image": "true"} {
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
