package rolling_test

import (
	"errors"
	"strings"
	"testing"

	"quickstep/shared/input"
	"quickstep/shared/rolling"
)

func TestParseCommand(t *testing.T) {
	const instance = "i-0123456789abcdef0"
	for _, c := range []struct {
		text string
		want rolling.Command
	}{
		{`{"command":"status"}`, rolling.Command{Command: "status"}},
		{" {\"run\":\"r\",\n\"command\":\"status\"}\n", rolling.Command{Command: "status", Run: "r"}},
		{`{"command":"pause","run":"r"}`, rolling.Command{Command: "pause", Run: "r"}},
		{`{"command":"cancel","report":"mw-0123456789abcdef0-20260105T1400Z-after"}`,
			rolling.Command{Command: "cancel", Report: "mw-0123456789abcdef0-20260105T1400Z-after"}},
		{`{"command":"status","report":"r","run":""}`, rolling.Command{Command: "status", Report: "r"}},
		{`{"command":"release","instance":"` + instance + `"}`, rolling.Command{Command: "release", Instance: instance}},
	} {
		if got, err := rolling.ParseCommand([]byte(c.text)); err != nil || got != c.want {
			t.Errorf("%s was read as %+v, %v", c.text, got, err)
		}
	}
}

func TestEmptyTextsOfACommandAreLeftOut(t *testing.T) {
	const id = "i-0123456789abcdef0"
	for text, want := range map[string]rolling.Command{
		`{"command":"status","run":"","instance":""}`:            {Command: "status"},
		`{"command":"release","instance":"` + id + `","run":""}`: {Command: "release", Instance: id},
		`{"command":"cancel","run":"nightly","instance":""}`:     {Command: "cancel", Run: "nightly"},
	} {
		if got, err := rolling.ParseCommand([]byte(text)); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{
		`{"command":"release","instance":""}`:                                 "instance: it is missing",
		`{"command":"pause","run":""}`:                                        "run: it is missing",
		`{"command":"cancel","report":""}`:                                    "run: it is missing; name the run or the report",
		`{"command":"pause","run":"r","report":"x"}`:                          "report: pause takes none",
		`{"command":"cancel","run":"r","report":"x"}`:                         "report: both are named",
		`{"command":"cancel","report":"x y"}`:                                 `report: "x y" is no report's id`,
		`{"command":"release","instance":"i-0123456789abcdef0","report":"x"}`: "report: release takes none",
		`{"command":"pause","instance":"x","run":"r"}`:                        `instance: "x" is no instance id`,
	} {
		if _, err := rolling.ParseCommand([]byte(text)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

func TestRefusedCommands(t *testing.T) {
	const (
		form  = `; give JSON such as {"command":"status"}`
		words = "give status, pause, resume, cancel or release"
		runs  = "give a run's id, 1 to 64 letters, digits, dots, dashes and underscores; status " +
			"lists the runs that are under way"
		ids = "give ids such as i-0123456789abcdef0"
		id  = `"instance":"i-0123456789abcdef0"`
	)
	for _, c := range []struct{ name, text, want string }{
		{"nothing", ``, `command: it is empty` + form},
		{"no JSON", `status`,
			`command: it is no JSON: at line 1, column 1 there is an invalid character 's' looking for beginning of value` + form},
		{"half a command", "{\"command\":\n",
			`command: it is no JSON: it ends at line 2, column 1, and something isn't closed` +
				form},
		{"a text", `"status"`, `command: it is no JSON object` + form},
		{"null", `null`, `command: it is no JSON object` + form},
		{"a second command", `{"command":"status"}{"command":"status"}`,
			`command: more follows the JSON object, at line 1, column 21` + form},
		{"text that follows", `{"command":"pause","run":"r"} please`,
			`command: more follows the JSON object, at line 1, column 31` + form},
		{"a bracket that follows", `{"command":"status"}}`,
			`command: more follows the JSON object, at line 1, column 21` + form},
		{"a command twice", `{"command":"status","command":"pause","run":"r"}`,
			`command: it is given twice, at line 1, column 2 and at line 1, column 21; give it once`},
		{"a run that is a number", `{"command":"pause","run":7}`, `run: 7 is no text; ` + runs},
		{"a run that is null", `{"command":"pause","run":null}`,
			`run: null is no value; leave the field out, or give it a value`},
		{"a run of 65 characters", `{"command":"pause","run":"` + strings.Repeat("r", 65) + `"}`,
			`run: "` + strings.Repeat("r", 65) + `" is longer than 64 characters; ` + runs},
		{"a run that no key can hold", `{"command":"pause","run":"a b"}`,
			`run: "a b" is no run's id; ` + runs},
		{"a command that is a number", `{"command":7}`, `command: 7 is no command; ` + words},
		{"an instance that is a list", `{"command":"release","instance":["i"]}`,
			`instance: ["i"] is no text; ` + ids},
		{"an instance by its name", `{"command":"release","instance":"web-1"}`,
			`instance: "web-1" is no instance id; ` + ids},
		{"a field that doesn't exist", `{"command":"status","fleet":"web"}`, `fleet: there is no such field; the fields are command, instance, report, run`},
		{"a field that nearly exists", `{"command":"pause","rum":"r","run":"r"}`,
			`rum: there is no such field; did you mean run? The fields are command, instance, report, run`},
		{"a field in the wrong case", `{"Command":"status"}`,
			`2 mistakes: (1) Command: there is no such field; did you mean command? The fields are command, instance, report, run; (2) command: it is missing; ` + words},
		{"a field without a name", `{"command":"status","":1}`,
			`"": there is no such field; the fields are command, instance, report, run`},
		{"no command", `{}`, `command: it is missing; ` + words},
		{"a command in the wrong case", `{"command":"Pause","run":"r"}`,
			`command: "Pause" is no command; did you mean pause? Give status, pause, resume, cancel or release`},
		{"a command that is misspelt", `{"command":"resmue","run":"r"}`,
			`command: "resmue" is no command; did you mean resume? Give status, pause, resume, cancel or release`},
		{"pause without a run", `{"command":"pause"}`, `run: it is missing; name the run; status lists them`},
		{"pause of an instance", `{"command":"pause","run":"r",` + id + `}`,
			`instance: pause takes none; leave it out`},
		{"pause of an instance alone", `{"command":"pause",` + id + `}`,
			`2 mistakes: (1) instance: pause takes none; leave it out; (2) run: it is missing; name the run; status lists them`},
		{"release without an instance", `{"command":"release"}`, `instance: it is missing; name the instance that is to be released`},
		{"release of a run", `{"command":"release","run":"r",` + id + `}`,
			`run: release takes none; name the instance alone`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := rolling.ParseCommand([]byte(c.text))
			var refused *input.FieldError
			if !errors.As(err, &refused) || err.Error() != c.want {
				t.Errorf("ParseCommand(%s)\n got %v\nwant %s", c.text, err, c.want)
			}
		})
	}
}
