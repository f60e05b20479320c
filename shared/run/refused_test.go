package run_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"quickstep/shared/input"
	"quickstep/shared/run"
)

var update = flag.Bool("update", false, "write the golden files")

var now = time.Date(2026, 1, 5, 4, 0, 0, 0, time.UTC)

// web is a request that can be done, with more fields, or with others in place of its own.
func web(more string) string {
	text := "{"
	for _, own := range []string{`"fleet":"web",`, `"tags":{"Role":"web"},`} {
		if name, _, _ := strings.Cut(own, ":"); !strings.HasPrefix(more, name) {
			text += own
		}
	}
	return strings.TrimSuffix(text+more, ",") + "}"
}

// Every refusal names its field. The texts are in testdata, to be read as an operator would.
func TestRefused(t *testing.T) {
	var read strings.Builder
	for _, c := range []struct{ name, field, request string }{
		{"no input at all", "request", ``},
		{"half an object", "request", `{"fleet":"web"`},
		{"null", "request", `null`},
		{"two objects", "request", `{"fleet":"web"} {}`},
		{"no fleet", "fleet", `{}`},
		{"a fleet that is no text", "fleet", `{"fleet":7}`},
		{"a fleet's name with a slash", "fleet", web(`"fleet":"a/b"`)},
		{"a fleet's name with a line break", "fleet", web(`"fleet":"web\n"`)},
		{"a fleet's name that begins with a dot", "fleet", web(`"fleet":".web"`)},
		{"a fleet's name of 65 characters", "fleet", web(`"fleet":"` + strings.Repeat("f", 65) + `"`)},
		{"a field that doesn't exist", "maxConcurency", web(`"maxConcurency":2`)},
		{"a field in the wrong case", "MaxChecks", web(`"MaxChecks":2`)},
		{"a field of check that doesn't exist", "check.htp", web(`"check":{"htp":{}}`)},
		{"a field of mute that doesn't exist", "mute.alarms", web(`"mute":{"alarms":["a"]}`)},
		{"a field without a name", `""`, web(`"":1`)},
		{"null as a value", "maxErrors", web(`"maxErrors":null`)},
		{"an id of 1025 characters", "id", web(`"id":"` + strings.Repeat("x", 1025) + `"`)},
		{"an id that is no text", "id", web(`"id":7`)},
		{"nothing to find instances by", "targetGroupArns", `{"fleet":"web"}`},
		{"target groups that are no list", "targetGroupArns", web(`"targetGroupArns":"web"`)},
		{"a target group by its name", "targetGroupArns", web(`"targetGroupArns":["web"]`)},
		{"the ARN of a load balancer", "targetGroupArns", web(`"targetGroupArns":["arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/web/0123456789abcdef"]`)},
		{"an instance by its name", "instanceIds", web(`"instanceIds":["i-0123456789abcdef0","web-1"]`)},
		{"an instance that is null", "instanceIds", web(`"instanceIds":[null]`)},
		{"a foreign target group by its name", "notOurs", web(`"notOurs":["pods"]`)},
		{"foreign target groups that are no list", "notOurs", web(`"notOurs":"pods"`)},
		{"a target group that is the fleet's and isn't", "notOurs", web(`"targetGroupArns":["` + arn("web") + `"],"notOurs":["` + arn("web") + `"]`)},
		{"more than a hundred foreign target groups", "notOurs", web(`"notOurs":["` + arn("a") + `"` + strings.Repeat(`,"`+arn("a")+`"`, 100) + `]`)},
		{"a tag that matches everything", "tags", web(`"tags":{"Role":"*"}`)},
		{"a tag without a key", "tags", web(`"tags":{"":"web"}`)},
		{"a tag whose value is a number", "tags", web(`"tags":{"Role":1}`)},
		{"no instance at once", "maxConcurrency", web(`"maxConcurrency":0`)},
		{"no percent at once", "maxConcurrency", web(`"maxConcurrency":"0%"`)},
		{"more at once than there are tokens", "maxConcurrency", web(`"maxConcurrency":91`)},
		{"more than all", "maxConcurrency", web(`"maxConcurrency":"101%"`)},
		{"half an instance", "maxConcurrency", web(`"maxConcurrency":0.5`)},
		{"a negative floor", "minHealthy", web(`"minHealthy":-1`)},
		{"a floor in words", "minHealthy", web(`"minHealthy":"most"`)},
		{"errors as an object", "maxErrors", web(`"maxErrors":{"n":1}`)},
		{"a wait without a unit", "bootWait", web(`"bootWait":"5"`)},
		{"a wait that is a number", "bootWait", web(`"bootWait":5`)},
		{"a wait of more than a day", "bootWait", web(`"bootWait":"25h"`)},
		{"a negative wait", "bootWait", web(`"bootWait":"-1s"`)},
		{"checks without a pause", "checkInterval", web(`"checkInterval":"0s"`)},
		{"checks more than an hour apart", "checkInterval", web(`"checkInterval":"61m"`)},
		{"no checks", "maxChecks", web(`"maxChecks":0`)},
		{"too many checks", "maxChecks", web(`"maxChecks":1001`)},
		{"checks as text", "maxChecks", web(`"maxChecks":"30"`)},
		{"half a check", "maxChecks", web(`"maxChecks":1.5`)},
		{"a drain of nine seconds", "drainTimeout", web(`"drainTimeout":"9s"`)},
		{"a rejoin of half a minute", "rejoinTimeout", web(`"rejoinTimeout":"30s"`)},
		{"patience of more than a week", "gateTimeout", web(`"gateTimeout":"169h"`)},
		{"a pause of more than two weeks", "maxPause", web(`"maxPause":"337h"`)},
		{"a window that has closed", "notAfter", web(`"notAfter":"2026-01-05T05:00:00+01:00"`)},
		{"a window in words", "notAfter", web(`"notAfter":"tonight"`)},
		{"a time without a zone", "scheduled", web(`"scheduled":"2026-01-05T04:00:00"`)},
		{"a check that is no object", "check", web(`"check":"http"`)},
		{"a check that is null", "check", web(`"check":null`)},
		{"a check of nothing", "check", web(`"check":{}`)},
		{"a check that is switched off", "check", web(`"check":{"ec2":false}`)},
		{"EC2's check as text", "check.ec2", web(`"check":{"ec2":"yes"}`)},
		{"an HTTP check that is true", "check.http", web(`"check":{"http":true}`)},
		{"an HTTP check that is null", "check.http", web(`"check":{"http":null}`)},
		{"a kind of check in the wrong case", "check.HTTP", web(`"check":{"HTTP":{"port":80}}`)},
		{"a field of an HTTP check that doesn't exist", "check.http.prot", web(`"check":{"http":{"prot":80}}`)},
		{"a field of an HTTP check in the wrong case", "check.http.Port", web(`"check":{"http":{"Port":80}}`)},
		{"a field of an HTTP check without a name", `check.http.""`, web(`"check":{"http":{"":80}}`)},
		{"an HTTP port that is null", "check.http.port", web(`"check":{"http":{"port":null}}`)},
		{"an HTTP timeout that is a number", "check.http.timeout", web(`"check":{"http":{"timeout":5}}`)},
		{"a TCP check by its port alone", "check.tcp", web(`"check":{"tcp":22}`)},
		{"a check function by its name alone", "check.lambda", web(`"check":{"lambda":"ready"}`)},
		{"a check function that is a number", "check.lambda.function", web(`"check":{"lambda":{"function":7}}`)},
		{"an HTTP port beyond the last", "check.http.port", web(`"check":{"http":{"port":65536}}`)},
		{"an HTTP port as text", "check.http.port", web(`"check":{"http":{"port":"80"}}`)},
		{"an HTTP path without its slash", "check.http.path", web(`"check":{"http":{"path":"health"}}`)},
		{"HTTP codes in words", "check.http.codes", web(`"check":{"http":{"codes":"2xx"}}`)},
		{"an HTTP path with a space", "check.http.path", web(`"check":{"http":{"path":"/is it up"}}`)},
		{"HTTP codes that no answer has", "check.http.codes", web(`"check":{"http":{"codes":"200,600"}}`)},
		{"HTTP codes of an answer that isn't the last", "check.http.codes", web(`"check":{"http":{"codes":"100"}}`)},
		{"HTTP codes that go downwards", "check.http.codes", web(`"check":{"http":{"codes":"299-200"}}`)},
		{"an HTTP timeout of a minute", "check.http.timeout", web(`"check":{"http":{"timeout":"1m"}}`)},
		{"a TCP check without a port", "check.tcp.port", web(`"check":{"tcp":{}}`)},
		{"a TCP timeout of a millisecond", "check.tcp.timeout", web(`"check":{"tcp":{"port":22,"timeout":"1ms"}}`)},
		{"a check function without a name", "check.lambda.function", web(`"check":{"lambda":{}}`)},
		{"no such proof", "proof", web(`"proof":"always"`)},
		{"a mute that is a list", "mute", web(`"mute":["web-"]`)},
		{"a mute that is null", "mute", web(`"mute":null`)},
		{"an event bus that is null", "mute.eventBus", web(`"mute":{"ruleNames":["r"],"eventBus":null}`)},
		{"an event bus in the wrong case", "mute.EventBus", web(`"mute":{"EventBus":"ops"}`)},
		{"alarms that are no list", "mute.alarmPrefixes", web(`"mute":{"alarmPrefixes":"web-"}`)},
		{"the alarms of the whole account", "mute.alarmPrefixes", web(`"mute":{"alarmPrefixes":[""]}`)},
		{"an alarm without a name", "mute.alarmNames", web(`"mute":{"alarmNames":[""]}`)},
		{"the rules of the whole account", "mute.rulePrefixes", web(`"mute":{"rulePrefixes":[""]}`)},
		{"more than a hundred rules", "mute.ruleNames", web(`"mute":{"ruleNames":["r"` + strings.Repeat(`,"r"`, 100) + `]}`)},
		{"an event bus without a name", "mute.eventBus", web(`"mute":{"ruleNames":["r"],"eventBus":""}`)},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := run.Parse(over(nil), []byte(c.request))
			var refused *input.FieldError
			if !errors.As(err, &refused) {
				t.Fatalf("Parse(%s) gave the error %v", c.request, err)
			}
			if refused.Field != c.field {
				t.Errorf("%v\nnames the field %q, not %q", err, refused.Field, c.field)
			}
			if strings.Contains(err.Error(), "run.") || strings.Contains(err.Error(), "unmarshal") {
				t.Errorf("%v\nspeaks of Go", err)
			}
			fmt.Fprintf(&read, "%s\n    %v\n", c.name, err)
		})
	}
	golden(t, "testdata/refused.txt", read.String())
}

// golden compares with a file, or writes it.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	gotLines, wantLines := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for n := range max(len(gotLines), len(wantLines)) {
		g, w := line(gotLines, n), line(wantLines, n)
		if g != w {
			t.Errorf("%s, line %d (go test -update, if it is right)\n got %s\nwant %s", file, n+1, g, w)
		}
	}
}

func line(lines []string, n int) string {
	if n < len(lines) {
		return lines[n]
	}
	return "<nothing>"
}
