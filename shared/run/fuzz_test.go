package run_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"quickstep/shared/input"
	"quickstep/shared/run"
)

func seeds(f *testing.F, add func(request []byte)) {
	f.Helper()
	for _, more := range []string{"", `"maxConcurrency":"25%","minHealthy":"2","maxErrors":0`, `"id":"x/y","scheduled":"2026-01-05T04:00:00+01:00","notAfter":"2027-01-05T04:00:00Z"`,
		`"bootWait":"0","checkInterval":"1m30s","maxChecks":30,"drainTimeout":"10m","rejoinTimeout":"1h","gateTimeout":"168h","maxPause":"336h"`,
		`"check":{"ec2":true,"http":{"port":80,"path":"/h","codes":"200-299","text":"<ok>","timeout":"5s"},"tcp":{"port":22},"lambda":{"function":"f"}}`,
		`"bootWait":"1500ms","checkInterval":"1.000000001s","check":{"http":{"timeout":"300ms"},"tcp":{"port":22,"timeout":"1.5s"}}`, `"check":{"http":{"prot":80}}`,
		`"proof":"required","mute":{"alarmPrefixes":["a"],"alarmNames":["b"],"rulePrefixes":["c"],"ruleNames":["d"],"eventBus":"e"}`,
		`"instanceIds":["i-0123456789abcdef0",null]`, `"targetGroupArns":["` + arn("web") + `"],"tags":{}`, `"check":null`, `"tags":{"a":1}`, `"colour":1`} {
		add([]byte(web(more)))
	}
	for _, text := range []string{``, `null`, `[]`, `{}`, `{} {}`, `{"fleet":`, `{"fleet":"\ud800"}`, "{\"fleet\":\"web\xff\"}"} {
		add([]byte(text))
	}
}

// FuzzParse: what is read can be written and read again, and what is refused names a field.
func FuzzParse(f *testing.F) {
	seeds(f, func(request []byte) {
		f.Add([]byte(`{}`), request)
		f.Add([]byte(`{"maxErrors":1,"mute":{"ruleNames":["r"]}}`), request)
		f.Add(request, []byte(`{"fleet":"web"}`))
	})
	f.Fuzz(func(t *testing.T, parameter, request []byte) {
		r, err := run.Parse(over(parameter), request)
		if err != nil {
			var all input.Several
			ok := errors.As(err, &all)
			if one := single(err); one != nil {
				all, ok = input.Several{one}, true
			}
			for _, e := range all {
				ok = ok && e.Field != "" && e.Problem != "" && e.Want != ""
			}
			if !ok || strings.ContainsAny(err.Error(), "\n\x1b\u202e") {
				t.Fatalf("%q over %q: %q isn't about fields, or can't be shown", request, parameter,
					err)
			}
			return
		}
		written := asJSON(t, r)
		again, err := run.Parse(over(nil), []byte(written))
		if err != nil {
			t.Fatalf("%q over %q became %s, which is refused: %v", request, parameter, written, err)
		}
		if asJSON(t, again) != written {
			t.Errorf("%s became %s", written, asJSON(t, again))
		}
		if name := run.FleetName(request); name != r.Fleet {
			t.Errorf("%q is of fleet %q, and was read as of fleet %q", request, name, r.Fleet)
		}
		if id := run.RunID(r.Fleet, r.ID); run.RunID(r.Fleet, id) != id {
			t.Errorf("%q is no run's id", id)
		}
	})
}

// FuzzFleetName: a name is one that Parse takes too, and can be part of a parameter's path.
func FuzzFleetName(f *testing.F) {
	seeds(f, func(request []byte) { f.Add(request) })
	f.Fuzz(func(t *testing.T, request []byte) {
		name := run.FleetName(request)
		if name == "" {
			if _, err := run.Parse(over([]byte(`{"tags":{"Role":"web"}}`)), request); err == nil {
				t.Errorf("%q has no fleet's name, and is taken", request)
			}
			return
		}
		text, err := json.Marshal(map[string]any{"fleet": name, "tags": map[string]string{"Role": "web"}})
		if err != nil {
			t.Fatal(err)
		}
		if r, err := run.Parse(over(nil), text); err != nil || r.Fleet != name {
			t.Errorf("%q is a fleet's name to one and not to the other: %v", name, err)
		}
	})
}
