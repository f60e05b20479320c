package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"quickstep/tests/template"
)

func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const (
	accepted = "CKV_AWS_27: { reason: SQS encrypts it, resources: [StartQueue, DrainQueue] }\n"
	queues   = `{"check_id":"CKV_AWS_27","check_name":"encrypted","resource":"AWS::SQS::Queue.StartQueue"},
		{"check_id":"CKV_AWS_27","check_name":"encrypted","resource":"AWS::SQS::Queue.DrainQueue"}`
	another = `{"check_id":"CKV_AWS_116","check_name":"dead letters","resource":"AWS::Serverless::Function.NewFunction"}`
)

// report is checkov's of what failed, was skipped, and couldn't be parsed.
func report(failed, skipped, unread string) string {
	return `{"results":{"passed_checks":[{"check_id":"CKV_AWS_1"}],"failed_checks":[` + failed +
		`],"skipped_checks":[` + skipped + `],"parsing_errors":[` + unread + `]}}`
}

func TestCompare(t *testing.T) {
	for name, c := range map[string]struct{ accepted, report, wrong string }{
		"all that is found is accepted":          {accepted, report(queues, "", ""), ""},
		"a new resource is found":                {accepted, report(queues+","+another, "", ""), "NewFunction: CKV_AWS_116: dead letters"},
		"the same check, another resource":       {accepted, report(strings.ReplaceAll(queues, "Drain", "New"), "", ""), "NewQueue: CKV_AWS_27"},
		"what is accepted isn't found":           {accepted, report(queues[:strings.Index(queues, ",\n")], "", ""), "DrainQueue: CKV_AWS_27 isn't found any more"},
		"there is no reason":                     {strings.Replace(accepted, "SQS encrypts it", `" "`, 1), report(queues, "", ""), "CKV_AWS_27 has no reason"},
		"a resource is named twice":              {strings.Replace(accepted, "Drain", "Start", 1), report(queues, "", ""), "names StartQueue twice"},
		"a field isn't known":                    {strings.Replace(accepted, "reason", "because", 1), report(queues, "", ""), "because"},
		"the template skips by itself":           {accepted, report(queues, another, ""), "the template itself skips CKV_AWS_116"},
		"the template can't be parsed":           {accepted, report("", "", `"template.yaml"`), "couldn't read the template"},
		"checkov takes the file for no template": {"{}", `{"passed":0,"failed":0}`, "couldn't read the template"},
		"checkov has crashed":                    {accepted, "", "read "},
	} {
		t.Run(name, func(t *testing.T) {
			summary, err := compare(file(t, "accepted.yaml", c.accepted), file(t, "findings.json", c.report))
			switch {
			case c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)):
				t.Errorf("got %v, want %q", err, c.wrong)
			case c.wrong == "" && err != nil:
				t.Error(err)
			case c.wrong == "" && summary != "checkov: 1 passed, 2 accepted with a reason, 0 failed":
				t.Error(summary)
			}
		})
	}
}

// Whether each entry is still found, only checkov can say, in make lint.
func TestWhatIsAcceptedIsInTheTemplate(t *testing.T) {
	stack, err := template.Load("../../../template.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	all, err := readAccepted("accepted.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Error("nothing is accepted")
	}
	for f := range all {
		if _, there := stack.Resources[f.Resource]; !there {
			t.Errorf("%v: there is no such resource", f)
		}
	}
}
