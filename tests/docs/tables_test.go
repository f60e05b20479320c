package docs_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"quickstep/shared/input"
	"quickstep/shared/report"
	"quickstep/shared/rolling"
	"quickstep/shared/run"
	"quickstep/tests/template"
)

// fieldsOf are the fields that are taken where this one isn't: the error lists them.
func fieldsOf(t *testing.T, parse func([]byte) error, event string) []string {
	t.Helper()
	var refused *input.FieldError
	if err := parse([]byte(event)); !errors.As(err, &refused) {
		t.Fatalf("%s: %v", event, err)
	}
	list, found := strings.CutPrefix(refused.Want, "the fields are ")
	if !found {
		t.Fatalf("%s: %v", event, refused)
	}
	return strings.Split(list, ", ")
}

func start(event []byte) error {
	_, err := run.Parse(run.Settings{}, event)
	return err
}

func survey(event []byte) error {
	_, err := report.Parse(report.Settings{}, event)
	return err
}

// first are the names in the first cells of rows.
func first(rows []string) (all []string) {
	for _, row := range rows {
		if strings.HasPrefix(row, "|") {
			all = append(all, cell(row, 0)...)
		}
	}
	slices.Sort(all)
	return all
}

func TestTheFieldsOfARequestAreDocumented(t *testing.T) {
	const header = "| field | meaning | default, bounds |"
	for _, c := range []struct {
		page string
		want []string
	}{
		{"docs/run.md", fieldsOf(t, start, `{"fleet":"web","none":1}`)},
		{"docs/patch-report.md", fieldsOf(t, survey, `{"none":1}`)},
	} {
		if got := first(read(t, c.page).rows(t, header)); !slices.Equal(got, c.want) {
			t.Errorf("%s has the fields\n%v\nand the code takes\n%v", c.page, got, c.want)
		}
	}
}

func TestTheFieldsWithinChecksAndMutesAreDocumented(t *testing.T) {
	p := read(t, "docs/run.md")
	for field, events := range map[string][]string{
		"check": {
			`{"fleet":"web","check":{"none":1}}`, `{"fleet":"web","check":{"http":{"none":1}}}`,
			`{"fleet":"web","check":{"tcp":{"none":1}}}`, `{"fleet":"web","check":{"lambda":{"none":1}}}`,
		},
		"mute": {`{"fleet":"web","mute":{"none":1}}`},
	} {
		row := p.row("`" + field + "`")
		for _, event := range events {
			for _, name := range fieldsOf(t, start, event) {
				if !strings.Contains(row, `"`+name+`"`) && !strings.Contains(row, "`"+name+"`") {
					t.Errorf("the row %s doesn't name %s", field, name)
				}
			}
		}
	}
}

// TestTheBoundsOfARequestAreDocumented: each bound stands in the error of who exceeds it, and in
// the field's row.
func TestTheBoundsOfARequestAreDocumented(t *testing.T) {
	p := read(t, "docs/run.md")
	list := func(n int, one string) string { return "[" + strings.Repeat(one+",", n-1) + one + "]" }
	long := func(n int) string { return `"` + strings.Repeat("x", n) + `"` }
	many := map[string]string{}
	for n := range 51 {
		many[fmt.Sprint("k", n)] = "v"
	}
	tags, err := json.Marshal(many)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ row, event, bounds string }{
		{"`id`", `"id":` + long(1025), "1024"},
		{"`fleet`", `"fleet":` + long(65), "64"},
		{whichInstances, `"targetGroupArns":` + list(91, `"x"`), "90"},
		{whichInstances, `"instanceIds":` + list(1001, `"x"`), "1000"},
		{whichInstances, `"tags":` + string(tags), "50 128 256"},
		{"`notOurs`", `"notOurs":` + list(101, `"x"`), "100"},
		{"`maxConcurrency`", `"maxConcurrency":91`, "1 90"},
		{"`minHealthy`", `"minHealthy":1000001`, "1000000"},
		{"`maxErrors`", `"maxErrors":1000001`, "1000000"},
		{"`bootWait`", `"bootWait":"25h"`, "24h"},
		{"`checkInterval`, `maxChecks`", `"checkInterval":"2h"`, "1s 1h"},
		{"`checkInterval`, `maxChecks`", `"maxChecks":1001`, "1 1000"},
		{"`drainTimeout`", `"drainTimeout":"1s"`, "10s 24h"},
		{"`rejoinTimeout`", `"rejoinTimeout":"1s"`, "1m 24h"},
		{"`gateTimeout`", `"gateTimeout":"1s"`, "1m 168h"},
		{"`maxPause`", `"maxPause":"1s"`, "1m 336h"},
		{"`check`", `"check":{"http":{"timeout":"1m"}}`, "100ms 10s"},
		{"`check`", `"check":{"http":{"port":65536}}`, "1 65535"},
		{"`check`", `"check":{"http":{"codes":"100"}}`, "200 599"},
		{"`check`", `"check":{"http":{"path":` + long(1025) + `}}`, "1024"},
		{"`check`", `"check":{"http":{"text":` + long(1025) + `}}`, "1024"},
		{"`check`", `"check":{"lambda":{"function":` + long(65) + `}}`, "64"},
		{"`mute`", `"mute":{"alarmNames":` + list(101, `"x"`) + `}`, "100"},
		{"`mute`", `"mute":{"alarmNames":[` + long(256) + `]}`, "255"},
		{"`mute`", `"mute":{"ruleNames":[` + long(65) + `]}`, "64"},
		{"`mute`", `"mute":{"eventBus":` + long(257) + `}`, "256"},
	} {
		event := `{"fleet":"web","targetGroupArns":[],` + c.event + `}`
		if strings.HasPrefix(c.event, `"fleet"`) ||
			strings.HasPrefix(c.event, `"targetGroupArns"`) {
			event = `{` + c.event + `}`
		}
		err := start([]byte(event))
		row := p.row(c.row)
		for _, bound := range strings.Fields(c.bounds) {
			is := regexp.MustCompile(`\b` + bound + `\b`)
			if err == nil || !is.MatchString(err.Error()) {
				t.Errorf("%.60s: the error doesn't say %s: %v", c.event, bound, err)
			}
			if !is.MatchString(thousands.ReplaceAllString(thousands.ReplaceAllString(row, "$1$2"),
				"$1$2")) {
				t.Errorf("the row %s doesn't say %s: %s", c.row, bound, row)
			}
		}
	}
	if whole := fmt.Sprintf("%d KiB", input.MaxText>>10); !strings.Contains(p.text, whole) {
		t.Errorf("docs/run.md doesn't say that a request has %s at most", whole)
	}
}

var thousands = regexp.MustCompile(`(\d),(\d{3})\b`)

// whichInstances begins the row of the fields that choose instances.
const whichInstances = "`targetGroupArns`, `instanceIds`, `tags`"

func TestTheDefaultsOfARequestAreDocumented(t *testing.T) {
	p, d := read(t, "docs/run.md"), run.Defaults()
	text := func(v any) string {
		out, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Trim(string(out), `"`)
	}
	for _, row := range p.rows(t, "| field | meaning | default, bounds |") {
		cells := strings.Split(row, "|")
		want := map[string]string{
			"`maxConcurrency`": text(d.MaxConcurrency), "`minHealthy`": text(d.MinHealthy), "`maxErrors`": text(d.MaxErrors),
			"`bootWait`": "`60s`", "`rejoinTimeout`": "`10m`", "`gateTimeout`": "`2h`", "`maxPause`": "`24h`",
			"`checkInterval`, `maxChecks`": "`20s`", "`check`": "`" + text(d.Check) + "`", "`proof`": "`" + d.Proof + "`",
		}[strings.TrimSpace(cells[1])]
		if got := strings.TrimSpace(cells[len(cells)-2]); !strings.HasPrefix(got, want) {
			t.Errorf("%s: the default reads %q and is %s", cells[1], got, want)
		}
	}
	times := map[time.Duration]input.Duration{
		time.Minute: d.BootWait, 20 * time.Second: d.CheckInterval, 10 * time.Minute: d.RejoinTimeout,
		2 * time.Hour: d.GateTimeout, 24 * time.Hour: d.MaxPause,
	}
	for want, got := range times {
		if time.Duration(got) != want {
			t.Errorf("the default %s is documented as %s", time.Duration(got), want)
		}
	}
}

func TestTheParametersAreDocumented(t *testing.T) {
	want := slices.Sorted(maps.Keys(stack(t).Parameter))
	if got := first(read(t, "docs/operate.md").rows(t, "| parameter | what it is for |")); !slices.Equal(got, want) {
		t.Errorf("docs/operate.md has the parameters\n%v\nand the template has\n%v", got, want)
	}
}

func TestTheAlarmsAreDocumented(t *testing.T) {
	p := read(t, "docs/operate.md")
	_, table, _ := strings.Cut(p.text, "Alarms of the stack.")
	table, _, _ = strings.Cut(table, "What `status` shows")
	named := first(strings.Split(table, "\n")[2:])
	each := regexp.MustCompile(`^quickstep-[a-z]+-(errors|throttles|failures-not-announced)$`)
	for _, alarm := range stack(t).Alarms {
		name := alarm.Name
		if m := each.FindStringSubmatch(name); m != nil && m[1] != "failures-not-announced" {
			name = "quickstep-<function>-" + m[1]
		} else if m != nil {
			name = "quickstep-failures-not-announced"
		}
		if !slices.Contains(named, name) {
			t.Errorf("docs/operate.md doesn't say what to do when %s fires", alarm.Name)
		}
	}
}

// TestEveryEMailIsDocumented: whoever is woken by one finds its subject in the page.
func TestEveryEMailIsDocumented(t *testing.T) {
	page := read(t, "docs/operate.md").text
	subject := regexp.MustCompile(`"Quickstep: ([^"]+)"`)
	verb := regexp.MustCompile(`%[a-z]`)
	found := 0
	files, err := filepath.Glob(root + "shared/notify/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range subject.FindAllSubmatch(source, -1) {
			found++
			want := verb.ReplaceAllString(string(m[1]), "…")
			inPage := "`" + strings.ReplaceAll(regexp.QuoteMeta(want), "…", "[^`]+") + "`"
			if !regexp.MustCompile(inPage).MatchString(page) {
				t.Errorf("docs/operate.md doesn't say what to do about %q", want)
			}
		}
	}
	if found < 13 {
		t.Errorf("only %d subjects were found", found)
	}
}

func TestWhatStatusShowsIsDocumented(t *testing.T) {
	known := map[string]bool{}
	for _, of := range []any{rolling.Status{}, rolling.Reply{}, rolling.InFlight{}} {
		for n := range reflect.TypeOf(of).NumField() {
			name, _, _ := strings.Cut(reflect.TypeOf(of).Field(n).Tag.Get("json"), ",")
			known[name] = true
		}
	}
	_, table, _ := strings.Cut(read(t, "docs/operate.md").text, "What `status` shows:\n\n")
	table, _, _ = strings.Cut(table, "\n\n")
	names := 0
	for _, row := range strings.Split(strings.TrimSpace(table), "\n")[2:] {
		if name := cell(row, 0); len(name) > 0 {
			names++
			if !known[name[0]] {
				t.Errorf("status shows no %s", name[0])
			}
		}
	}
	if names < 5 {
		t.Errorf("only %d fields were found", names)
	}
}

// unnamed are rights that docs/security.md tells of all roles at once.
func unnamed(action string) bool {
	return slices.ContainsFunc([]string{"logs:", "sqs:", "dynamodb:"}, func(service string) bool {
		return strings.HasPrefix(action, service)
	})
}

func TestTheRightsOfTheRolesAreDocumented(t *testing.T) {
	s, err := template.Load(root+"template.yaml", map[string]string{
		"CheckFunctionName": "ready", "PatchReportBucket": "example-reports", "AlarmPrefix": "web-", "RulePrefix": "nightly-",
	})
	if err != nil {
		t.Fatal(err)
	}
	p := read(t, "docs/security.md")
	action := regexp.MustCompile("`([a-z0-9-]+:[A-Z][A-Za-z]+)`")
	for name, f := range s.Functions {
		want := map[string]bool{}
		for _, st := range f.Role.Statements {
			for _, a := range st.Actions {
				if st.Effect == "Allow" && !unnamed(a) {
					want[a] = true
				}
			}
		}
		var got []string
		for line := range strings.Lines(p.text) {
			if strings.HasPrefix(line, "| `"+name+"` |") {
				for _, m := range action.FindAllStringSubmatch(line, -1) {
					got = append(got, m[1])
				}
				slices.Sort(got)
				break
			}
		}
		if !slices.Equal(got, slices.Sorted(maps.Keys(want))) {
			t.Errorf("%s: docs/security.md has\n%v\nand its role allows\n%v", name, got, slices.Sorted(maps.Keys(want)))
		}
	}
}

// TestPoliciesCanBePasted: those of an operator and of a reader are JSON, and name what the stack has.
func TestPoliciesCanBePasted(t *testing.T) {
	s := stack(t)
	var called []string
	policies := read(t, "docs/security.md").blocks("json")
	for _, b := range policies {
		var policy struct {
			Version   string
			Statement []struct {
				Sid, Effect      string
				Action, Resource any
			}
		}
		if err := json.Unmarshal([]byte(b.text), &policy); err != nil {
			t.Fatalf("%v:\n%s", err, b.text)
		}
		if policy.Version != "2012-10-17" || len(policy.Statement) == 0 {
			t.Errorf("this is no policy:\n%s", b.text)
		}
		for _, m := range regexp.MustCompile(`function:quickstep-(\w+)"`).FindAllStringSubmatch(b.text, -1) {
			called = append(called, m[1])
			if s.Functions[m[1]].FunctionName != "quickstep-"+m[1] {
				t.Errorf("there is no function %s", m[1])
			}
		}
	}
	if len(policies) != 2 || strings.Contains(policies[1].text, "InvokeFunction") {
		t.Errorf("there are %d policies; a reader's invokes nothing", len(policies))
	}
	slices.Sort(called)
	if !slices.Equal(called, []string{"control", "start", "survey"}) {
		t.Errorf("an operator may invoke %v", called)
	}
}

func TestExamplesInJSONCanBeRead(t *testing.T) {
	for _, p := range pages(t) {
		for _, b := range p.blocks("json") {
			if !json.Valid([]byte(b.text)) {
				t.Errorf("%s: this is no JSON:\n%s", p.path, b.text)
			}
		}
	}
}

// TestTheVersionIsOne: what sam publish would send has a version, and the change log says what is in it
// or that it isn't released yet.
func TestTheVersionIsOne(t *testing.T) {
	text := read(t, "template.yaml").text
	m := regexp.MustCompile(`SemanticVersion: (\d+\.\d+\.\d+)\n`).FindStringSubmatch(text)
	if m == nil {
		t.Fatal("template.yaml has no SemanticVersion")
	}
	log := read(t, "CHANGELOG.md").text
	if !strings.Contains(log, "## ["+m[1]+"]") && !strings.Contains(log, "## [Unreleased]") {
		t.Errorf("CHANGELOG.md says nothing of %s", m[1])
	}
	for _, key := range []string{"ReadmeUrl", "LicenseUrl"} {
		path := regexp.MustCompile(key + `: (\S+)\n`).FindStringSubmatch(text)
		if path == nil || read(t, path[1]).text == "" {
			t.Errorf("%s names no file", key)
		}
	}
}
