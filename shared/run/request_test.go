package run_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"quickstep/shared/input"
	"quickstep/shared/run"
)

// over is what requests are read over; parameter is nil if there is none.
func over(parameter []byte) run.Settings {
	return run.Settings{Parameter: run.Parameter{Text: parameter}, Now: now}
}

func parse(t *testing.T, parameter, request string) run.Request {
	t.Helper()
	var p []byte
	if parameter != "" {
		p = []byte(parameter)
	}
	r, err := run.Parse(over(p), []byte(request))
	if err != nil {
		t.Fatalf("Parse(%q, %s): %v", parameter, request, err)
	}
	return r
}

func TestParse(t *testing.T) {
	base := func(change func(*run.Request)) run.Request {
		r := run.Defaults()
		r.Fleet, r.Tags = "web", map[string]string{"Role": "web"}
		if change != nil {
			change(&r)
		}
		return r
	}
	const settings = `{"maxConcurrency":"25%","minHealthy":"75%","bootWait":"2m","tags":{"Role":"app","Env":"prod"},` +
		`"check":{"http":{"port":80},"tcp":{"port":22}},"mute":{"alarmPrefixes":["web-"],"ruleNames":["r"],"eventBus":"ops"}}`
	set := func(change func(*run.Request)) run.Request {
		r := base(nil)
		r.MaxConcurrency, r.MinHealthy = input.Amount{N: 25, Percent: true}, input.Amount{N: 75,
			Percent: true}
		r.BootWait, r.Tags = input.Duration(2*time.Minute), map[string]string{"Role": "app",
			"Env": "prod"}
		five := input.Duration(5 * time.Second)
		r.Check = run.Check{HTTP: &run.HTTPCheck{Port: 80, Timeout: five}, TCP: &run.TCPCheck{Port: 22, Timeout: five}}
		r.Mute = run.Mute{AlarmPrefixes: []string{"web-"}, RuleNames: []string{"r"}, EventBus: "ops"}
		if change != nil {
			change(&r)
		}
		return r
	}
	for _, c := range []struct {
		name, parameter, request string
		want                     run.Request
	}{
		{"what is left out has its default", ``, web(""), base(nil)},
		{"space around the request is no matter", ``, " \n" + web("") + "\n", base(nil)},
		{"numbers may be in quotes, as forms send them", ``, web(`"maxConcurrency":"2","maxErrors":"10%"`),
			base(func(r *run.Request) {
				r.MaxConcurrency, r.MaxErrors = input.Amount{N: 2}, input.Amount{N: 10,
					Percent: true}
			})},
		{"ids and ARNs are sorted, and each is kept once", ``, web(`"instanceIds":["i-0bbbbbbb","i-0aaaaaaa","i-0bbbbbbb"]`),
			base(func(r *run.Request) { r.InstanceIDs = []string{"i-0aaaaaaa", "i-0bbbbbbb"} })},
		{"the ARNs of other partitions are ARNs", ``, web(`"targetGroupArns":["arn:aws-us-gov:elasticloadbalancing:us-gov-west-1:123456789012:targetgroup/web/0a"]`),
			base(func(r *run.Request) {
				r.TargetGroupARNs = []string{"arn:aws-us-gov:elasticloadbalancing:us-gov-west-1:123456789012:targetgroup/web/0a"}
			})},
		{"the largest amounts of everything", ``, web(`"maxConcurrency":90,"maxChecks":1000,"bootWait":"24h","checkInterval":"1h","drainTimeout":"24h","rejoinTimeout":"24h","gateTimeout":"168h","maxPause":"336h"`),
			base(func(r *run.Request) {
				day := input.Duration(24 * time.Hour)
				r.MaxConcurrency, r.MaxChecks, r.CheckInterval = input.Amount{N: 90}, 1000, input.Duration(time.Hour)
				r.BootWait, r.DrainTimeout, r.RejoinTimeout, r.GateTimeout, r.MaxPause = day, day, day, 7*day, 14*day
			})},
		{"a check of another kind leaves EC2's out", ``, web(`"check":{"lambda":{"function":"ready"}}`),
			base(func(r *run.Request) { r.Check = run.Check{Lambda: &run.LambdaCheck{Function: "ready"}} })},
		{"an HTTP check may leave everything to the target group", ``, web(`"check":{"http":{}}`),
			base(func(r *run.Request) {
				r.Check = run.Check{HTTP: &run.HTTPCheck{Timeout: input.Duration(5 * time.Second)}}
			})},
		{"with the proof required, few checks are enough", ``, web(`"proof":"required","maxChecks":1`),
			base(func(r *run.Request) { r.Proof, r.MaxChecks = run.ProofRequired, 1 })},
		{"and without it as well", ``, web(`"proof":"off","maxChecks":1,"checkInterval":"1s"`),
			base(func(r *run.Request) {
				r.Proof, r.MaxChecks, r.CheckInterval = run.ProofOff, 1, input.Duration(time.Second)
			})},
		{"mute keeps its default bus", ``, web(`"mute":{"ruleNames":["r"]}`),
			base(func(r *run.Request) { r.Mute.RuleNames = []string{"r"} })},
		{"a window that is open", ``, web(`"notAfter":"2026-01-05T04:00:01Z"`),
			base(func(r *run.Request) { r.NotAfter = now.Add(time.Second) })},
		{"the parameter replaces defaults", settings, `{"fleet":"web"}`, set(nil)},
		{"the request replaces the parameter", settings, `{"fleet":"web","bootWait":"3m","maxConcurrency":1}`,
			set(func(r *run.Request) {
				r.BootWait, r.MaxConcurrency = input.Duration(3*time.Minute),
					input.Amount{N: 1}
			})},
		{"a field replaces the whole of the parameter's: tags", settings, `{"fleet":"web","tags":{"Env":"test"}}`,
			set(func(r *run.Request) { r.Tags = map[string]string{"Env": "test"} })},
		{"a field replaces the whole of the parameter's: check", settings, `{"fleet":"web","check":{"ec2":true}}`,
			set(func(r *run.Request) { r.Check = run.Check{EC2: true} })},
		{"a field replaces the whole of the parameter's: mute", settings, `{"fleet":"web","mute":{"alarmNames":["a"]}}`,
			set(func(r *run.Request) { r.Mute = run.Mute{AlarmNames: []string{"a"}, EventBus: "default"} })},
		{"a parameter without anything", `{}`, web(""), base(nil)},
		{"the request's name counts, not the parameter's", `{"fleet":"app"}`, web(""), base(nil)},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := parse(t, c.parameter, c.request)
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("Parse(%s, %s)\n got %s\nwant %s", c.parameter, c.request, asJSON(t, got), asJSON(t, c.want))
			}
		})
	}
}

// TestRequestIsWrittenExactly: a plan keeps its request as JSON, and nothing may be rounded on the way.
func TestRequestIsWrittenExactly(t *testing.T) {
	r := parse(
		t,
		"",
		web(
			`"bootWait":"1500ms","checkInterval":"1.25s","drainTimeout":"10.5s","check":{"http":{"timeout":"300ms"},"tcp":{"port":22,"timeout":"100ms"}}`,
		),
	)
	if h := r.Check.HTTP; time.Duration(h.Timeout) != 300*time.Millisecond ||
		time.Duration(r.BootWait) != 1500*time.Millisecond {
		t.Errorf("read as %s", asJSON(t, r))
	}
	var again run.Request
	if err := json.Unmarshal([]byte(asJSON(t, r)), &again); err != nil || !reflect.DeepEqual(again, r) {
		t.Errorf("%s\nbecame %s, %v", asJSON(t, r), asJSON(t, again), err)
	}
	if again := parse(t, "", asJSON(t, r)); !reflect.DeepEqual(again, r) {
		t.Errorf("%s\nwas parsed as %s", asJSON(t, r), asJSON(t, again))
	}
}

func asJSON(t testing.TB, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestFleetName(t *testing.T) {
	for _, c := range []struct{ name, request, want, refusal string }{
		{"a name", `{"fleet":"web-1.eu_west"}`, "web-1.eu_west", ""},
		{"64 characters", `{"fleet":"` + strings.Repeat("f", 64) + `"}`, strings.Repeat("f", 64), ""},
		{"other fields are no matter yet", `{"fleet":"web","colour":"red"}`, "web", "colour: "},
		{"65 characters", `{"fleet":"` + strings.Repeat("f", 65) + `"}`, "", "fleet: "},
		{"a way out of the parameters' path", `{"fleet":"../secret"}`, "",
			`fleet: "../secret" is no fleet's name; give 1 to 64 letters, `},
		{"no name", `{}`, "", "fleet: it is missing; give the fleet's name: 1 to 64 letters, "},
		{"null", `{"fleet":null}`, "", "fleet: null is no value"},
		{"a number", `{"fleet":7}`, "", "fleet: 7 is no text; give 1 to 64 letters, "},
		{"no object", `null`, "", "request: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := run.FleetName([]byte(c.request)); got != c.want {
				t.Fatalf("FleetName(%s) = %q", c.request, got)
			}
			_, err := run.Parse(over([]byte(`{"tags":{"Role":"web"}}`)), []byte(c.request))
			if (err == nil) != (c.refusal == "") ||
				(err != nil && !strings.HasPrefix(err.Error(), c.refusal)) {
				t.Errorf("Parse(%s): %v\nwant %s…", c.request, err, c.refusal)
			}
		})
	}
}

func TestRunID(t *testing.T) {
	const schedule = "arn:aws:scheduler:eu-west-1:123456789012:schedule/default/nightly 2026-01-05T04:00:00Z"
	long := strings.Repeat("f", 39) + "-" + strings.Repeat("f", 24)
	for _, c := range []struct{ name, fleet, id, want string }{
		{"an id that can be read stays as it is", "web", "patch-2026-01", "patch-2026-01"},
		{"so does Lambda's request id", "web", "8f5d5c4e-4a5e-4c55-9d3a-2f0e6d3d0c11", "8f5d5c4e-4a5e-4c55-9d3a-2f0e6d3d0c11"},
		{"64 characters can be read", "web", strings.Repeat("i", 64), strings.Repeat("i", 64)},
		{"a schedule's becomes the fleet and a hash", "web", schedule, "web-"},
		{"65 characters become a hash", "web", strings.Repeat("i", 65), "web-"},
		{"a slash becomes a hash", "web", "a/b", "web-"},
		{"a long fleet's name is cut, at no dash", long, schedule, strings.Repeat("f", 39) + "-"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := run.RunID(c.fleet, c.id)
			if hashed := got != c.id; hashed && (!strings.HasPrefix(got, c.want) || len(got) != len(c.want)+12) ||
				!hashed && got != c.want {
				t.Errorf("RunID(%q, %q) = %q, want %q", c.fleet, c.id, got, c.want)
			}
			if again := run.RunID(c.fleet, got); again != got {
				t.Errorf("%q is no run's id itself: it becomes %q", got, again)
			}
			if other := run.RunID(c.fleet, c.id+"1"); other == got {
				t.Errorf("two ids give the run %q", got)
			}
		})
	}
}
