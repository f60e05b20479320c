package main

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"quickstep/tests/cloud/stage"
	"quickstep/tests/template"
)

const root = "../../../"

func declared(t *testing.T) *template.Stack {
	t.Helper()
	s, err := template.Load(root+"template.yaml", parameters())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// asDeployed are the variables of all functions as somebody's account might have them.
func asDeployed(s *template.Stack) map[string]map[string]string {
	all := map[string]map[string]string{}
	for name, f := range s.Functions {
		all[name] = map[string]string{}
		for variable := range f.Environment {
			all[name][variable] = "deployed-" + name + "-" + variable
		}
	}
	return all
}

type parsed struct {
	Description string
	Resources   map[string]struct {
		Type       string
		Properties struct {
			CodeURI                                          string `json:"CodeUri"`
			FunctionName, Runtime, Handler                   string
			MemorySize, Timeout                              int
			Architectures                                    []string
			LoggingConfig                                    map[string]string
			Environment                                      struct{ Variables map[string]string }
			Role, Events, Policies, RecursiveLoop, VpcConfig any
		}
	}
}

func parse(t *testing.T, d derived) (p parsed) {
	t.Helper()
	var plain map[string]any
	if err := yaml.Unmarshal(d.template, &plain); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(plain)
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestEveryFunctionGetsAllItsVariables(t *testing.T) {
	s := declared(t)
	common := stage.Variables("http://172.17.0.1:1", "http://172.17.0.1:2")
	d, err := derive(s, target{"for a test", "../host", "x86_64"}, asDeployed(s), common)
	if err != nil {
		t.Fatal(err)
	}
	p := parse(t, d)
	var again map[string]map[string]string
	if err := json.Unmarshal(d.variables, &again); err != nil {
		t.Fatal(err)
	}
	if len(p.Resources) != len(s.Functions) {
		t.Errorf("%d resources for %d functions", len(p.Resources), len(s.Functions))
	}
	for name, f := range s.Functions {
		r, ok := p.Resources[f.LogicalID]
		if !ok || r.Type != "AWS::Serverless::Function" {
			t.Errorf("%s is %q", f.LogicalID, r.Type)
			continue
		}
		want := maps.Clone(common)
		maps.Copy(want, asDeployed(s)[name])
		if !maps.Equal(r.Properties.Environment.Variables, want) {
			t.Errorf("%s gets %v, want %v", name, r.Properties.Environment.Variables, want)
		}
		if !maps.Equal(again[f.LogicalID], want) {
			t.Errorf("of %s the shell could replace %v by its own", name, want)
		}
		q := r.Properties
		if q.Timeout != int(f.Timeout.Seconds()) || q.MemorySize < 128 ||
			q.Runtime != "provided.al2023" || q.Handler != "bootstrap" ||
			q.FunctionName != "quickstep-"+name ||
			!slices.Equal(q.Architectures, []string{"x86_64"}) ||
			q.CodeURI != "../host/"+f.LogicalID ||
			q.LoggingConfig["LogFormat"] != "JSON" {
			t.Errorf("%s: %+v", name, q)
		}
		if q.Role != nil || q.Events != nil || q.Policies != nil || q.VpcConfig != nil {
			t.Errorf("%s has what no container has: %+v", name, q)
		}
	}
}

func TestNothingIsLeftToBeResolved(t *testing.T) {
	s := declared(t)
	d, err := derive(s, target{"for a test", "../host", "arm64"}, asDeployed(s), nil)
	if err != nil {
		t.Fatal(err)
	}
	signs := []string{"!", "Fn::", "Ref", "GetAtt", "${", "queue:", "topic:", "AWS::StackName", "<nil>"}
	for _, sign := range signs {
		if strings.Contains(string(d.template), sign) {
			t.Errorf("the template has %q in it", sign)
		}
	}
}

func TestNothingOfTheCallersAccountLeaks(t *testing.T) {
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "AKIALEAKED", "AWS_SECRET_ACCESS_KEY": "leaked", "AWS_SESSION_TOKEN": "leaked",
		"AWS_REGION": "leaked-1", "AWS_PROFILE": "leaked", "AWS_ENDPOINT_URL": "http://leaked",
		"TABLE": "leaked", "DRAIN_QUEUE": "leaked",
	} {
		t.Setenv(name, value)
	}
	s := declared(t)
	common := stage.Variables("http://172.17.0.1:1", "http://172.17.0.1:2")
	d, err := derive(s, target{"for a test", "../host", "x86_64"}, asDeployed(s), common)
	if err != nil {
		t.Fatal(err)
	}
	if text := strings.ToLower(string(d.template) + string(d.variables)); strings.Contains(
		text,
		"leaked",
	) {
		t.Error("a variable of the shell stands in what is derived")
	}
	var variables map[string]map[string]string
	if err := json.Unmarshal(d.variables, &variables); err != nil {
		t.Fatal(err)
	}
	for function, all := range variables {
		for name, want := range map[string]string{
			"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_SESSION_TOKEN": "",
			"AWS_ENDPOINT_URL": "http://172.17.0.1:1", "AWS_ENDPOINT_URL_EC2": "http://172.17.0.1:2",
			"AWS_REGION": "us-east-1",
		} {
			if got, ok := all[name]; !ok || got != want {
				t.Errorf(
					"%s: SAM would hand the container the caller's %s, for it isn't %q but %q",
					function,
					name,
					want,
					got,
				)
			}
		}
	}
}

func TestAStackThatLacksAVariableIsRefused(t *testing.T) {
	s := declared(t)
	old := asDeployed(s)
	delete(old["drain"], "LEASE")
	if _, err := derive(s, target{"for a test", "../host", "x86_64"}, old, nil); err == nil ||
		!strings.Contains(err.Error(), "function drain is deployed without the variable LEASE") {
		t.Errorf("%v", err)
	}
}

func TestTheCommandIsTheOneThatIsPrinted(t *testing.T) {
	const want = "local invoke StartFunction -e events/start-fleet.json --config-env local"
	if got := strings.Join(invocation(declared(t), "start-fleet"), " "); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	var out strings.Builder
	show(&out, declared(t), "/somewhere/bin/sam")
	for _, e := range tries {
		if _, err := os.Stat(root + "events/" + e.event + ".json"); err != nil {
			t.Error(err)
		}
		if command := "sam " + strings.Join(invocation(declared(t), e.event), " "); !strings.Contains(
			out.String(),
			command,
		) {
			t.Errorf("%s isn't printed", command)
		}
	}
}

func TestOneAtATime(t *testing.T) {
	t.Chdir(t.TempDir())
	free, err := claim()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := claim(); err == nil || !strings.Contains(err.Error(), "at work in this folder") {
		t.Errorf("a second one: %v", err)
	}
	d := derived{template: []byte("a"), variables: []byte("{}")}
	if err := d.write(); err != nil {
		t.Fatal(err)
	}
	free()
	if left, _ := filepath.Glob(folder + "/*"); len(left) > 0 {
		t.Errorf("%v are left behind", left)
	}
	again, err := claim()
	if err != nil {
		t.Fatal(err)
	}
	again()
}
