package run_test

import (
	"slices"
	"strings"
	"testing"

	"quickstep/shared/run"
)

func TestReferences(t *testing.T) {
	const of = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:"
	for _, c := range []struct {
		name, rule string
		want       []string
	}{
		{"names", "ALARM(CPUHigh) AND ALARM(DiskHigh)", []string{"CPUHigh", "DiskHigh"}},
		{"every state", `OK(a) OR INSUFFICIENT_DATA(b) OR NOT ALARM(c)`, []string{"a", "b", "c"}},
		{"quotation marks", `ALARM("web 5xx") OR (OK("a,b)") AND TRUE)`, []string{"web 5xx", "a,b)"}},
		{"escapes", `ALARM("say \"hi\" \\ bye")`, []string{`say "hi" \ bye`}},
		{"ARNs", `ALARM(` + of + `cpu) OR OK("` + of + `a:b")`, []string{"cpu", "a:b"}},
		{"spaces", " ALARM (\n cpu\t) ", []string{"cpu"}},
		{"small letters", "alarm(cpu) and ok(disk)", []string{"cpu", "disk"}},
		{"parentheses in a name", "ALARM(cpu(high)) OR ALARM(disk)", []string{"cpu(high)", "disk"}},
		{"at least so many", `AT_LEAST(2, ALARM, (a, "b", ` + of + `c)) OR OK(d)`, []string{"a", "b", "c", "d"}},
		{"at least such a part", `AT_LEAST(50%, NOT OK, (a,b))`, []string{"a", "b"}},
		{"nothing", "TRUE AND NOT (FALSE)", nil},
		{"names like words", `ALARM(OK) AND ALARM("ALARM(x)")`, []string{"OK", "ALARM(x)"}},
		{"broken", `ALARM("cpu`, []string{"cpu"}},
		{"without a name", `ALARM() AND ALARM( ) AND ALARM("") AND AT_LEAST(1, OK, ())`, nil},
		{"cut off", `AT_LEAST(2, ALARM`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := run.References(c.rule); !slices.Equal(got, c.want) {
				t.Errorf("%q refers to %q, want %q", c.rule, got, c.want)
			}
		})
	}
}

func TestDependents(t *testing.T) {
	composite := func(name, rule string) run.Composite {
		return run.Composite{Name: name, Rule: rule, Acts: true}
	}
	quiet := composite("quiet", "ALARM(web-1)")
	quiet.Acts = false
	found := run.Dependents([]run.Composite{
		composite("top", "ALARM(quiet) OR ALARM(other)"), composite("site", `ALARM("web-1")`), quiet,
		composite("unrelated", "ALARM(other)"), composite("loop-a", "ALARM(loop-b)"), composite("loop-b", "OK(loop-a)"),
		composite("web-all", "ALARM(web-2)"), composite("over", "OK(web-all)"), composite("self", "ALARM(self)"),
	}, []string{"web-1", "web-2", "web-all"})
	want := []run.Dependent{{Name: "over", On: "web-all"}, {Name: "site", On: "web-1"}, {Name: "top", On: "web-1"}}
	if !slices.Equal(found, want) {
		t.Errorf("found %+v, want %+v", found, want)
	}
	if none := run.Dependents(nil, []string{"web-1"}); none != nil {
		t.Errorf("found %+v without composite alarms", none)
	}
}

// FuzzReferences: a name in quotation marks is found whatever it holds and whatever surrounds it
// that is a rule, and nothing keeps the reader from its end.
func FuzzReferences(f *testing.F) {
	f.Add(`ALARM(a) AND AT_LEAST(2, ALARM, (b, "c"))`, "web-5xx")
	f.Add(`ALARM("`, `"\`)
	f.Add("((((", "a,b)")
	f.Fuzz(func(t *testing.T, rule, name string) {
		for _, found := range run.References(rule) {
			if found == "" {
				t.Errorf("%q refers to an alarm without a name", rule)
			}
		}
		if name == "" || strings.HasPrefix(name, "arn:") {
			return
		}
		quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name)
		for _, text := range []string{`ALARM("` + quoted + `")`, `NOT (TRUE AND AT_LEAST(1, OK, (x, "` + quoted + `")))`} {
			if !slices.Contains(run.References(text), name) {
				t.Errorf("%s doesn't refer to %q, but to %q", text, name, run.References(text))
			}
		}
	})
}

func TestBusName(t *testing.T) {
	const ours = "arn:aws:events:us-east-1:123456789012:event-bus/"
	for given, want := range map[string]string{
		"default": "default", "orders": "orders", ours + "default": "default", ours + "orders": "orders",
		ours + "aws.partner/example.com/a": "aws.partner/example.com/a",
	} {
		if got, err := run.BusName(given, ours); got != want || err != nil {
			t.Errorf("%s is bus %q, %v; want %q", given, got, err, want)
		}
	}
	for _, other := range []string{
		"arn:aws:events:us-east-1:210987654321:event-bus/default", "arn:aws:events:eu-west-1:123456789012:event-bus/orders",
		"arn:aws-cn:events:us-east-1:123456789012:event-bus/orders", ours, "arn:aws:sqs:us-east-1:123456789012:orders",
	} {
		_, err := run.BusName(other, ours)
		if err == nil || !strings.Contains(err.Error(), other) || !strings.Contains(err.Error(), "mute.eventBus") {
			t.Errorf("%s: %v", other, err)
		}
	}
}

func TestEachGenerationHasItsParts(t *testing.T) {
	q := run.MuteState{Generation: 2} // of a version that counted none
	for _, parts := range []int{2, 2, 1, 3} {
		q.Begin(parts)
	}
	for generation, want := range []int{9, 9, 9, 2, 2, 1, 3} {
		if got := q.PartsOf(generation, 9); got != want {
			t.Errorf("generation %d has %d parts, want %d", generation, got, want)
		}
	}
	if len(q.Parts) != 3 {
		t.Errorf("it is written down as %v", q.Parts)
	}
}
