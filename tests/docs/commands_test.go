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

	"quickstep/shared/patch"
	"quickstep/shared/rolling"
	"quickstep/shared/run"
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

// command is one command of a page, with its continued lines joined.
type command struct{ page, text string }

func commands(t *testing.T) (all []command) {
	t.Helper()
	for _, p := range pages(t) {
		for _, b := range p.blocks("sh") {
			joined := strings.ReplaceAll(b.text, "\\\n", " ")
			for line := range strings.Lines(joined) {
				if line = strings.TrimSpace(line); line != "" {
					all = append(all, command{p.path, line})
				}
			}
		}
	}
	return all
}

// needsNothing are the commands that need neither an account nor a deployed stack. Whoever adds one to
// a page adds it here, and says below how it is checked.
var needsNothing = []string{
	"cp samconfig.toml samconfig.mine.toml",
	"git pull",
	"make build",
	"make build ARCH=x86_64",
	"make demo",
	"make scale",
	"make sim",
	"make test",
	"sam local invoke StartFunction -e events/start.json --config-env local",
}

// withAnAccount begin the commands that act on an account.
var withAnAccount = []string{"aws ", "sam deploy", "sam delete", "sam list ", "sam logs ", "sam remote invoke "}

func TestCommandsAreKnown(t *testing.T) {
	var found []string
	for _, c := range commands(t) {
		account := slices.ContainsFunc(withAnAccount, func(begin string) bool { return strings.HasPrefix(c.text+" ", begin) })
		if !account && !slices.Contains(found, c.text) {
			found = append(found, c.text)
		}
	}
	slices.Sort(found)
	if !slices.Equal(found, needsNothing) {
		t.Errorf("the pages have the commands\n%s\nand this test knows\n%s",
			strings.Join(found, "\n"), strings.Join(needsNothing, "\n"))
	}
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
	for _, c := range commands(t) {
		if rest := quoted.ReplaceAllString(c.text, ""); strings.ContainsAny(rest, "#<>") {
			t.Errorf("%s: %q has a comment or a placeholder", c.page, c.text)
		}
	}
}

var (
	target   = regexp.MustCompile(`(?m)^([a-z0-9-]+):.*?## `)
	making   = regexp.MustCompile(`\bmake ([a-z][a-z0-9-]*)((?: [A-Z]+=\S+)*)`)
	variable = regexp.MustCompile(`([A-Z]+)=`)
)

func TestMakeTargetsAndVariablesExist(t *testing.T) {
	makefile := read(t, "Makefile").text
	var targets []string
	for _, m := range target.FindAllStringSubmatch(makefile, -1) {
		targets = append(targets, m[1])
	}
	named := 0
	for _, p := range pages(t) {
		var all []string
		for _, m := range code.FindAllStringSubmatch(p.prose(), -1) {
			all = append(all, m[1])
		}
		for _, c := range commands(t) {
			if c.page == p.path {
				all = append(all, c.text)
			}
		}
		for _, text := range all {
			m := making.FindStringSubmatch(text)
			if m == nil || !strings.HasPrefix(text, "make ") {
				continue
			}
			named++
			if !slices.Contains(targets, m[1]) {
				t.Errorf("%s: the Makefile has no target %s", p.path, m[1])
			}
			for _, v := range variable.FindAllStringSubmatch(m[2], -1) {
				if !regexp.MustCompile(`\b` + v[1] + `\b`).MatchString(makefile) {
					t.Errorf("%s: the Makefile has no variable %s", p.path, v[1])
				}
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
		_, err = run.Parse([]byte(`{"tags":{"Role":"web"}}`), event, time.Date(2026, 1, 5, 2, 0, 0, 0, time.UTC))
	case "control":
		_, err = rolling.ParseCommand(event)
	case "survey":
		_, err = patch.Parse(patch.Settings{
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
		if err := takes(name, []byte(event)); err != nil {
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
	override := regexp.MustCompile(`\b([A-Z][A-Za-z]+)=`)
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
