package docs_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"quickstep/tests/docs"
)

// TestEveryCommandIsChecked: each acts on an account, so that its options and its JSON are checked; or make
// commands runs it; or .ci/run does.
func TestEveryCommandIsChecked(t *testing.T) {
	ci := read(t, ".ci/run").text
	_, release, _ := strings.Cut(read(t, "CONTRIBUTING.md").text, "\n## Release\n")
	unused := maps.Clone(docs.Here)
	for _, c := range shown(t) {
		if c.OnAccount() {
			continue
		}
		by, known := docs.Here[c.Line()]
		if !known {
			t.Errorf("%s: nothing runs %q; say in docs.Here what does", c.Page, c.Line())
		}
		switch target := strings.Join(strings.Fields(c.Line())[:2], " "); by {
		case docs.Try:
		case docs.Release:
			if !strings.Contains(release, "`"+target+"`") {
				t.Errorf("%s: CONTRIBUTING.md doesn't say to run %q before a release", c.Page, target)
			}
		default:
			if !strings.Contains(ci, by+"\n") && !strings.Contains(ci, by+" ") {
				t.Errorf("%s: .ci/run doesn't run %q", c.Page, by)
			}
		}
		delete(unused, c.Line())
	}
	for line := range unused {
		t.Errorf("no page has %q any more", line)
	}
	if !strings.Contains(ci, "\nmake commands\n") || !strings.Contains(ci, "\nmake lint\n") {
		t.Error(".ci/run doesn't run make commands, or make lint")
	}
}

func TestCommandsThatAreTriedAreEachTriedOnce(t *testing.T) {
	var want []string
	for line, by := range docs.Here {
		if by == docs.Try {
			want = append(want, line)
		}
	}
	got := docs.Tried(shown(t))
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("tried are %q, want %q", got, want)
	}
}

func TestAPageIsTakenApart(t *testing.T) {
	const page = "# A\n\n`make one\nX=1` and `not this`, `sam deploy`\n\n## B\n\n```sh\nmake two\n\naws a \\\n  b 'x\ny' | jq .\n" +
		"cat >f.json <<END\n{\"a\":\"$(output O)\\\n1\"}\nEND\nf() { aws c \\\n  d; }\n```\n```json\n`make three`\n```\n`go test ./x`\n"
	got, err := docs.In("p.md", page)
	if err != nil {
		t.Fatal(err)
	}
	type found struct {
		heading, program string
		fenced, account  bool
	}
	want := []found{
		{"A", "make one X=1", false, false},
		{"B", "make two", true, false},
		{"B", "aws a b 'x\ny' | jq .", true, true},
		{"B", "cat >f.json <<END", true, true},
		{"B", "aws c d", true, true},
		{"B", "go test ./x", false, false},
	}
	if len(got) != len(want) {
		t.Fatalf("found %d commands: %+v", len(got), got)
	}
	for n, c := range got {
		if is := (found{c.Heading, c.Program(), c.Fenced, c.OnAccount()}); is != want[n] {
			t.Errorf("command %d is %+v, want %+v", n, is, want[n])
		}
	}
	name, text, writes := got[3].File(strings.ToLower)
	if !writes || name != "f.json" || text != `{"a":"o1"}` {
		t.Errorf("it writes %s: %s", name, text)
	}
	for _, cut := range []string{"aws a \\\n", "aws 'a\n", "cat >f <<END\na\n"} {
		if all, err := docs.In("p.md", "```sh\n"+cut+"```\n"); err == nil {
			t.Errorf("%q ends: %+v", cut, all)
		}
	}
	for _, unknown := range []string{"make none", "rm -r docs", "cat >f <<END\na\nEND", "saw"} {
		c := docs.Command{Text: unknown}
		if _, known := docs.Here[c.Line()]; known || c.OnAccount() {
			t.Errorf("%q passes for known", unknown)
		}
	}
}

// schedule is a file that a page writes for aws scheduler; in place of the stack's outputs it has their names.
type schedule struct {
	Name, Description, ScheduleExpression, ScheduleExpressionTimezone string
	FlexibleTimeWindow                                                struct{ Mode string }
	Target                                                            struct {
		Arn, RoleArn     string
		DeadLetterConfig struct{ Arn string }
		RetryPolicy      struct{ MaximumEventAgeInSeconds, MaximumRetryAttempts int }
		Input            string
	}
}

func schedules(t *testing.T) (all []schedule) {
	t.Helper()
	for _, c := range shown(t) {
		_, text, writes := c.File(func(output string) string { return output })
		if !writes {
			continue
		}
		var one schedule
		d := json.NewDecoder(strings.NewReader(text))
		d.DisallowUnknownFields()
		if err := d.Decode(&one); err != nil {
			t.Fatalf("%s: %v\n%s", c.Page, err, text)
		}
		all = append(all, one)
	}
	return all
}

func TestTheCommandsOfSchedulesAreTaken(t *testing.T) {
	s := stack(t)
	targets := map[string]string{"StartFunctionArn": "start", "SurveyFunctionArn": "survey"}
	roles := map[string]string{"start": "FleetScheduleRoleArn", "survey": "PatchScheduleRoleArn"}
	found := map[string]bool{}
	for _, schedule := range schedules(t) {
		function := targets[schedule.Target.Arn]
		found[function] = true
		if function == "" || schedule.Target.RoleArn != roles[function] ||
			schedule.Target.DeadLetterConfig.Arn != "LastQueueArn" {
			t.Errorf("%s: %+v", schedule.Name, schedule.Target)
		}
		if schedule.FlexibleTimeWindow.Mode != "OFF" || schedule.ScheduleExpressionTimezone == "" ||
			!strings.HasPrefix(schedule.Name, "quickstep-") {
			t.Errorf("%+v", schedule)
		}
		retry := schedule.Target.RetryPolicy
		if retry.MaximumEventAgeInSeconds != 3600 || retry.MaximumRetryAttempts == 0 {
			t.Errorf("%s: it is retried %+v", schedule.Name, retry)
		}
		input := strings.NewReplacer(
			"<aws.scheduler.schedule-arn>", "arn:aws:scheduler:us-east-1:123456789012:schedule/default/"+schedule.Name,
			"<aws.scheduler.scheduled-time>", "2026-01-04T02:00:00Z",
		).Replace(schedule.Target.Input)
		if err := takes(function, []byte(input)); err != nil {
			t.Errorf("%s: %s doesn't take %s: %v", schedule.Name, function, input, err)
		}
		for _, part := range []string{
			`"id":"<aws.scheduler.schedule-arn>/<aws.scheduler.scheduled-time>"`, `"scheduled":"<aws.scheduler.scheduled-time>"`,
		} {
			if !strings.Contains(schedule.Target.Input, part) {
				t.Errorf("%s: its input lacks %s", schedule.Name, part)
			}
		}
	}
	if !found["start"] || !found["survey"] {
		t.Errorf("schedules were found of %v", found)
	}
	for _, c := range shown(t) {
		for _, name := range docs.Outputs(c) {
			if s.Outputs[name] == nil {
				t.Errorf("%s: the stack has no output %s", c.Page, name)
			}
		}
	}
}
