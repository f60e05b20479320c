package docs_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"quickstep/shared/report"
	"quickstep/shared/rolling"
	"quickstep/shared/run"
	"quickstep/tests/docs"
	"quickstep/tests/template"
)

func stack(t *testing.T) *template.Stack {
	t.Helper()
	s, err := template.Load(root+"template.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// command is one command of a block, in one line.
type command struct{ page, text string }

func shown(t *testing.T) []docs.Command {
	t.Helper()
	all, err := docs.Commands(root)
	if err != nil || len(all) < 80 {
		t.Fatalf("%d commands were found, %v", len(all), err)
	}
	return all
}

func commands(t *testing.T) (all []command) {
	t.Helper()
	for _, c := range shown(t) {
		if c.Fenced {
			all = append(all, command{c.Page, c.Program()})
		}
	}
	return all
}

// TestCommandsCanBePasted: a shell parses each block; nothing in it is a comment, which zsh takes for
// arguments, or a placeholder in angle brackets, which every shell takes for a file.
func TestCommandsCanBePasted(t *testing.T) {
	blocks := 0
	for _, p := range pages(t) {
		for _, b := range p.blocks("sh") {
			blocks++
			c := exec.CommandContext(t.Context(), "sh", "-n")
			c.Stdin = strings.NewReader(b.text)
			if out, err := c.CombinedOutput(); err != nil {
				t.Errorf("%s: %v: %s\n%s", p.path, err, out, b.text)
			}
		}
		for _, b := range p.blocks("") {
			t.Errorf("%s has a block that doesn't say in what language it is:\n%s", p.path, b.text)
		}
	}
	if blocks < 20 {
		t.Errorf("only %d blocks were found", blocks)
	}
	quoted := regexp.MustCompile(`'[^']*'|"[^"]*"`)
	placeholder := regexp.MustCompile(`#|<[^<>]*>`)
	for _, c := range commands(t) {
		if rest := quoted.ReplaceAllString(c.text, ""); placeholder.MatchString(rest) {
			t.Errorf("%s: %q has a comment or a placeholder", c.page, c.text)
		}
	}
}

var (
	target   = regexp.MustCompile(`(?m)^([a-z0-9-]+):.*?## `)
	making   = regexp.MustCompile(`^make ([a-z][a-z0-9-]*)((?: [A-Z]+=\S+)*)`)
	variable = regexp.MustCompile(`([A-Z]+)=`)
)

func TestMakeTargetsAndVariablesExist(t *testing.T) {
	makefile := read(t, "Makefile").text
	var targets []string
	for _, m := range target.FindAllStringSubmatch(makefile, -1) {
		targets = append(targets, m[1])
	}
	named := 0
	for _, c := range shown(t) {
		m := making.FindStringSubmatch(c.Line())
		if m == nil {
			continue
		}
		named++
		if !slices.Contains(targets, m[1]) {
			t.Errorf("%s: the Makefile has no target %s", c.Page, m[1])
		}
		for _, v := range variable.FindAllStringSubmatch(m[2], -1) {
			if !regexp.MustCompile(`\b` + v[1] + `\b`).MatchString(makefile) {
				t.Errorf("%s: the Makefile has no variable %s", c.Page, v[1])
			}
		}
	}
	if named < 10 {
		t.Errorf("only %d targets were found in the pages", named)
	}
}

// TestMakeHelpListsTheTargets runs the one command of the pages that is cheap.
func TestMakeHelpListsTheTargets(t *testing.T) {
	c := exec.CommandContext(t.Context(), "make", "help")
	c.Dir = root
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("make help: %v: %s", err, out)
	}
	for _, m := range target.FindAllStringSubmatch(read(t, "Makefile").text, -1) {
		if !regexp.MustCompile(`(?m)^` + m[1] + ` `).Match(out) {
			t.Errorf("make help doesn't list %s:\n%s", m[1], out)
		}
	}
}

func TestFilesOfCommandsExist(t *testing.T) {
	file := regexp.MustCompile(`\b(?:events/[a-z-]+\.json|samconfig\.toml)`)
	for _, p := range pages(t) {
		for _, path := range file.FindAllString(p.text, -1) {
			if _, err := os.Stat(root + path); err != nil {
				t.Errorf("%s: %v", p.path, err)
			}
		}
	}
	if ignored := read(t, ".gitignore").text; !strings.Contains(ignored, "/samconfig.*.toml\n") {
		t.Error("git doesn't ignore samconfig.mine.toml")
	}
}

func TestTestsNamedInThePagesExist(t *testing.T) {
	named := regexp.MustCompile(`-run (\w+) \./([a-z/]+)`)
	found := 0
	for _, p := range pages(t) {
		for _, m := range named.FindAllStringSubmatch(p.text, -1) {
			found++
			files, err := filepath.Glob(root + m[2] + "/*_test.go")
			if err != nil {
				t.Fatal(err)
			}
			is := regexp.MustCompile(`func Test\w*` + m[1])
			if !slices.ContainsFunc(files, func(f string) bool {
				text, err := os.ReadFile(f)
				return err == nil && is.Match(text)
			}) {
				t.Errorf("%s: %s has no test %s", p.path, m[2], m[1])
			}
		}
	}
	if found == 0 {
		t.Error("no test is named")
	}
}

// takes says whether a function takes an event.
func takes(function string, event []byte) error {
	var err error
	switch function {
	case "start":
		_, err = run.Parse(run.Settings{
			Parameter: run.Parameter{Text: []byte(`{"tags":{"Role":"web"}}`)},
			Now:       time.Date(2026, 1, 5, 2, 0, 0, 0, time.UTC)}, event)
	case "control":
		_, err = rolling.ParseCommand(event)
	case "survey":
		_, err = report.Parse(report.Settings{
			States: []string{"Missing"}, Lead: 24 * time.Hour, StaleAfter: time.Hour, Deadline: time.Hour,
		}, event)
	default:
		err = os.ErrNotExist
	}
	return err
}

func TestEventsInThePagesAreTaken(t *testing.T) {
	s := stack(t)
	invoke := regexp.MustCompile(
		`sam remote invoke (\w+)Function --stack-name quickstep --event '([^']*)'|` +
			`aws lambda invoke --function-name quickstep-(\w+) .*--payload '([^']*)'`)
	asked := map[string]int{}
	for _, c := range commands(t) {
		if !strings.Contains(c.text, " invoke ") || strings.HasPrefix(c.text, "sam local") {
			continue
		}
		m := invoke.FindStringSubmatch(c.text)
		if m == nil {
			t.Errorf("%s: %q isn't how the others are", c.page, c.text)
			continue
		}
		name, event := strings.ToLower(m[1]+m[3]), m[2]+m[4]
		if s.Functions[name].LogicalID == "" {
			t.Errorf("%s: there is no function %s", c.page, name)
		}
		if err := takes(name, []byte(strings.ReplaceAll(event, "INSTANCE_ID",
			"i-0123456789abcdef0"))); err != nil {
			t.Errorf("%s: %s doesn't take %s: %v", c.page, name, event, err)
		}
		if strings.Contains(event, `"id"`) {
			t.Errorf("%s: %s has an id: pasted twice, it does nothing", c.page, event)
		}
		if name == "control" {
			var cmd rolling.Command
			if err := json.Unmarshal([]byte(event), &cmd); err != nil {
				t.Error(err)
			}
			asked[c.page+" "+cmd.Command]++
		}
	}
	for _, name := range []string{"status", "pause", "resume", "cancel", "release"} {
		for _, path := range []string{"README.md", "docs/operate.md"} {
			if asked[path+" "+name] == 0 {
				t.Errorf("%s doesn't show the command %s", path, name)
			}
		}
	}
}

func TestTheFleetsInThePagesAreTaken(t *testing.T) {
	put := regexp.MustCompile(`aws ssm put-parameter --name /quickstep/fleets/(\w+) .*--value '([^']*)'`)
	found := 0
	for _, c := range commands(t) {
		if !strings.HasPrefix(c.text, "aws ssm put-parameter ") {
			continue
		}
		found++
		m := put.FindStringSubmatch(c.text)
		if m == nil {
			t.Errorf("%s: %q isn't how the others are", c.page, c.text)
			continue
		}
		over := run.Settings{Parameter: run.Parameter{Text: []byte(m[2])}}
		if _, err := run.Parse(over, []byte(`{"fleet":"`+m[1]+`"}`)); err != nil {
			t.Errorf("%s: %s is refused: %v", c.page, m[2], err)
		}
	}
	if found < 2 {
		t.Errorf("only %d fleets were found", found)
	}
}

// TestTheStacksOutputsAreTaken: the commands that a deployment shows are pasted as well.
func TestTheStacksOutputsAreTaken(t *testing.T) {
	payload := regexp.MustCompile(`--payload '([^']*)'`)
	for output, function := range map[string]string{
		"StartCommand": "start", "StatusCommand": "control", "SurveyCommand": "survey",
	} {
		value := fmt.Sprint(stack(t).Outputs[output])
		m := payload.FindStringSubmatch(value)
		if m == nil || !strings.Contains(value, "quickstep-"+function+" ") {
			t.Errorf("%s doesn't invoke %s: %s", output, function, value)
			continue
		}
		if err := takes(function, []byte(m[1])); err != nil || strings.Contains(m[1], `"id"`) {
			t.Errorf("%s: %s is refused, or has an id: %v", output, m[1], err)
		}
	}
}

func TestNamesInCommandsAreTheStacks(t *testing.T) {
	s := stack(t)
	logical := regexp.MustCompile(`--name (\w+)|invoke (\w+Function)`)
	override := regexp.MustCompile(`(?:^|\s)"?([A-Z][A-Za-z]+)=`)
	for _, c := range commands(t) {
		for _, m := range logical.FindAllStringSubmatch(c.text, -1) {
			name := m[1] + m[2]
			if !strings.HasPrefix(c.text, "sam ") || slices.ContainsFunc(slices.Collect(maps.Values(s.Functions)),
				func(f template.Function) bool { return f.LogicalID == name }) {
				continue
			}
			t.Errorf("%s: the stack has no %s", c.page, name)
		}
		_, given, _ := strings.Cut(c.text, "--parameter-overrides ")
		for _, m := range override.FindAllStringSubmatch(given, -1) {
			if _, ok := s.Parameter[m[1]]; !ok {
				t.Errorf("%s: the stack has no parameter %s", c.page, m[1])
			}
		}
		if strings.Contains(c.text, "--guided") {
			t.Errorf("%s: %q writes into a file that git tracks", c.page, c.text)
		}
	}
}
