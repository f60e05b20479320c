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
		{`{"command":"release","instance":"` + instance + `"}`, rolling.Command{Command: "release", Instance: instance}},
	} {
		if got, err := rolling.ParseCommand([]byte(c.text)); err != nil || got != c.want {
			t.Errorf("%s was read as %+v, %v", c.text, got, err)
		}
	}
}

func TestRefusedCommands(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"nothing", ``, `command: it is empty; give JSON such as {"command":"status"}`},
		{"no JSON", `status`, `command: it is no JSON; give JSON such as {"command":"status"}`},
		{"a text", `"status"`, `command: it is no JSON object; give JSON such as {"command":"status"}`},
		{"null", `null`, `command: it is no JSON object; give JSON such as {"command":"status"}`},
		{"a second command", `{"command":"status"}{"command":"status"}`, `command: more follows the JSON object; give JSON such as {"command":"status"}`},
		{"text that follows", `{"command":"pause","run":"r"} please`, `command: more follows the JSON object; give JSON such as {"command":"status"}`},
		{"a bracket that follows", `{"command":"status"}}`, `command: more follows the JSON object; give JSON such as {"command":"status"}`},
		{"a run that is a number", `{"command":"pause","run":7}`, `run: 7 doesn't fit; give text`},
		{"a run that is null", `{"command":"pause","run":null}`, `run: null is no value; leave the field out`},
		{"a command that is a number", `{"command":7}`, `command: 7 doesn't fit; give text`},
		{"an instance that is a list", `{"command":"release","instance":["i"]}`, `instance: ["i"] doesn't fit; give text`},
		{"a field that doesn't exist", `{"command":"status","fleet":"web"}`, `fleet: there is no such field; the fields are command, instance, run`},
		{"a field in the wrong case", `{"Command":"status"}`, `Command: there is no such field; the fields are command, instance, run`},
		{"a field without a name", `{"":1}`, `"": there is no such field; the fields are command, instance, run`},
		{"no command", `{}`, `command: "" is no command; give status, pause, resume, cancel or release`},
		{"a command in the wrong case", `{"command":"Pause","run":"r"}`, `command: "Pause" is no command; give status, pause, resume, cancel or release`},
		{"pause without a run", `{"command":"pause"}`, `run: it is missing; name the run; status lists them`},
		{"pause of an instance", `{"command":"pause","run":"r","instance":"i"}`, `instance: pause takes none; leave it out`},
		{"release without an instance", `{"command":"release"}`, `instance: it is missing; name the instance that is to be released`},
		{"release of a run", `{"command":"release","run":"r","instance":"i"}`, `run: release takes none; name the instance alone`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := rolling.ParseCommand([]byte(c.text))
			var refused *input.FieldError
			if !errors.As(err, &refused) || !strings.HasPrefix(c.want, refused.Field+": ") || err.Error() != c.want {
				t.Errorf("ParseCommand(%s)\n got %v\nwant %s", c.text, err, c.want)
			}
		})
	}
}
