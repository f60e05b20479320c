package input_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"quickstep/shared/input"
)

// A request that gives one long field thousands of times must not take the memory of the function.
func TestManyDuplicatesTakeLittle(t *testing.T) {
	text := []byte(`{"` + strings.Repeat("k", 32_000) + `":{` + strings.Repeat(`"":0,`, 6_600) + `"":0}}`)
	var err error
	before, after := runtime.MemStats{}, runtime.MemStats{}
	runtime.ReadMemStats(&before)
	_, err = input.ParseObject("request", text, "")
	runtime.ReadMemStats(&after)
	if err == nil || !strings.HasPrefix(err.Error(), "21 mistakes: ") {
		t.Errorf("%.100v", err)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > 20<<20 {
		t.Errorf("it takes %d MiB", took>>20)
	}
}

func TestJSONIsRefusedAtItsLineAndColumn(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"nothing", "", "it is empty"},
		{"white space", " \n", "it is empty"},
		{"a word", "maxChecks: 3", "it is no JSON: at line 1, column 1 there is an invalid " +
			"character 'm'"},
		{"a comma too much", "{\n  \"a\": 1,\n}",
			"it is no JSON: at line 3, column 1 there is an invalid character '}'"},
		{"a comma too few", "{\"a\": 1\n \"b\": 2}",
			"it is no JSON: at line 2, column 2 there is an invalid character '\"' after object " +
				"key:value pair"},
		{"columns are characters", `{"żółw": x}`,
			"it is no JSON: at line 1, column 10 there is an invalid character 'x'"},
		{"lines that Windows ends", "{\r\n\"a\": x}", "at line 2, column 6"},
		{"a line break in a text", "{\"a\":\"b\n\"}",
			"at line 1, column 8 there is an invalid character '\\n' in string literal"},
		{"an end too early", "{\n\"a\": [1,", "it is no JSON: it ends at line 2, column 9, and " +
			"something isn't closed"},
		{"two objects", "{}\n {}", "more follows the JSON object, at line 2, column 2"},
		{"a quote of a web page", "{\u201ca\u201d: 1}",
			"it is no JSON: at line 1, column 2 there is a character '\u201c'"},
		{"a byte order mark", "\ufeff{}", "at line 1, column 1 there is a byte order mark"},
		{"too deep", strings.Repeat("[", 20_000), "its objects and lists stand too deep in one another, at"},
		{"a list", "[]", "it is no JSON object"},
		{"null", "null", "it is no JSON object"},
		{"a field twice", `{"a":1,"a":2}`, "it is given twice, at line 1, column 2 and at line " +
			"1, column 8; give it once"},
		{"a field twice, escaped", `{"a":1,"\u0061":2}`,
			"it is given twice, at line 1, column 2 and at line 1, column 8; give it once"},
		{"too much", `{"a":"` + strings.Repeat("x", input.MaxText) + `"}`,
			"it has 65544 bytes; give 65536 bytes at most"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := input.ParseObject("request", []byte(c.text), "give JSON"); err == nil ||
				!strings.Contains(err.Error(), c.want) {
				t.Errorf("%.60q: %v\nwant %s", c.text, err, c.want)
			}
		})
	}
	if _, err := input.ParseObject("request",
		[]byte(`{"a":{"b":1,"c":{"b":2}},"b":[{"b":1},{"b":1}]}`), ""); err != nil {
		t.Errorf("the same names in other objects are refused: %v", err)
	}
	o, err := input.ParseObject("request", []byte(`{"a":1,"b":{"c":[{"d":1,"d":2}]},"a":3}`), "")
	if want := "2 mistakes: (1) b.c.d: it is given twice, "; err == nil ||
		!strings.HasPrefix(err.Error(), want) || string(o["a"]) != "3" {
		t.Errorf("%s, %v; want %s", o, err, want)
	}
	deep := strings.Repeat(`{"a":`, 9000) + "1" + strings.Repeat("}", 9000)
	if _, err := input.ParseObject("request", []byte(deep), ""); err != nil {
		t.Errorf("deep: %v", err)
	}
}

// all are the fields of an imagined request.
type all struct {
	flag         bool
	when         time.Time
	whole        int
	share        input.Amount
	length       input.Duration
	word, text   string
	words, names []string
	tags         map[string]string
	inner        int
}

func (a *all) read(text string) error {
	m := &input.Mistakes{}
	form := input.Form{Most: 8, Want: "names of 1 to 8 characters",
		Check: func(s string) (input.Fault, bool) {
			return input.Fault{One: "is forbidden", Many: "are forbidden"}, s == "no"
		}}
	o, err := input.ParseObject("request", []byte(text), "")
	if m.Add(err); o == nil {
		return m.Err()
	}
	o.Read(m, "", map[string]input.Reader{
		"flag": input.Flag(&a.flag), "when": input.Time(&a.when), "whole": input.Whole(&a.whole, 1,
			9, " things"),
		"share": input.Share(&a.share, 1, 90, "instances"),
		"length": input.Length(&a.length, input.Bounds{Least: time.Second, Most: time.Minute,
			Zero: true}),
		"word": input.Word(&a.word, "color", "red", "green"), "words": input.Words(&a.words,
			input.Fault{One: "is no color", Many: "are no colors"}, "red", "green", "blue"),
		"text": input.Text(&a.text, form), "names": input.Set(&a.names, 3,
			form), "tags": input.Tags(&a.tags),
		"in": input.Within(map[string]input.Reader{"whole": input.Whole(&a.inner, 1, 9, "")}),
	})
	return m.Err()
}

func TestReaders(t *testing.T) {
	var a all
	if err := a.read(`{"flag":true,"when":"2026-01-05T04:00:00Z","whole":9,"share":"25%","length":"1m","word":"red","words":["red","green","red"],
		"text":"żółwżółw","names":["b","a","b"],"tags":{"Role":"web-*"},"in":{"whole":3}}`); err != nil {
		t.Fatal(err)
	}
	if !a.flag || a.when.Hour() != 4 || a.whole != 9 || a.share.String() != "25%" ||
		a.length.String() != "1m" || a.word != "red" ||
		!slices.Equal(a.words, []string{"green", "red"}) || a.text != "żółwżółw" ||
		!slices.Equal(a.names, []string{"a", "b"}) ||
		a.tags["Role"] != "web-*" || a.inner != 3 {
		t.Errorf("read as %+v", a)
	}
	a = all{length: 7}
	if err := a.read(`{"length":"0s"}`); err != nil || a.length != 7 {
		t.Errorf("zero isn't the same as leaving it out: %s, %v", a.length, err)
	}
}

func TestReadersRefuse(t *testing.T) {
	long := strings.Repeat("x", 300)
	for _, c := range []struct{ text, want string }{
		{`{"flag":"yes"}`, `flag: "yes" is neither true nor false; give true or false`},
		{`{"when":"noon"}`,
			`when: "noon" is no time; give a time with its zone, such as 2026-01-05T04:00:00Z`},
		{`{"whole":0}`, `whole: 0 is out of bounds; give 1 to 9 things, a whole number without quotes`},
		{`{"whole":1.5}`,
			`whole: 1.5 is no such number; give 1 to 9 things, a whole number without quotes`},
		{`{"share":-1}`, `share: -1 is no such amount; give 1 to 90 instances, or "1%" to "100%"`},
		{`{"share":"0%"}`, `share: 0% is out of bounds; give 1 to 90 instances, or "1%" to "100%"`},
		{`{"share":91}`, `share: 91 is out of bounds; give 1 to 90 instances, or "1%" to "100%"`},
		{`{"length":60}`,
			`length: 60 is no such duration; give "1s" to "1m", in quotes and with the unit: ms, s, m or h`},
		{`{"length":"2m"}`,
			`length: 2m is out of bounds; give "1s" to "1m", in quotes and with the unit: ms, s, m or h`},
		{`{"word":"rde"}`, `word: "rde" is no color; did you mean red? Give red or green`},
		{`{"word":"purple"}`, `word: "purple" is no color; give red or green`},
		{`{"words":["red","blu",null]}`,
			`words: "blu" and null are no colors; did you mean blue? Give some of red, green, blue`},
		{`{"words":"red"}`,
			`words: "red" is no list; give a list of up to 3 texts, such as red, green or blue`},
		{`{"text":""}`, `text: "" is an empty name; give names of 1 to 8 characters`},
		{`{"text":"` + long + `"}`, `text: "` + strings.Repeat("x", 73) + "…" +
			strings.Repeat("x", 72) +
			`" is longer than 8 characters; give names of 1 to 8 characters`},
		{`{"text":"a\u0007"}`,
			`text: "a\u0007" has control characters, such as line breaks; give names of 1 to 8 characters`},
		{`{"text":7}`, `text: 7 is no text; give names of 1 to 8 characters`},
		{`{"names":["a","no",7]}`,
			`names: "no" is forbidden; 7 is no text; give names of 1 to 8 characters`},
		{`{"names":[null]}`, `names: null is no text; give names of 1 to 8 characters`},
		{`{"names":["no","no"]}`,
			`names: "no" and "no" are forbidden; give names of 1 to 8 characters`},
		{`{"names":["a","b","c","d"]}`, `names: 4 are too many; give 3 at most`},
		{`{"tags":[]}`, `tags: [] is no JSON object; `},
		{`{"tags":{"Role":null}}`, `tags: in {"Role":null}, null is no text; `},
		{`{"tags":{"":"x"}}`, `tags: {"":"x"} has no key; `},
		{`{"tags":{"a":"*","b":"?"}}`,
			`tags: {"a":"*"} would choose nothing, or nearly every instance and {"b":"?"} would choose nothing, or nearly every instance; `},
		{`{"tags":{"a":"` + long + `"}}`,
			`tags: "a=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" is too long; give up to 50 keys, of 1 to 128 characters, with values of 1 to 256, such as {"Role":"web"}`},
		{`{"in":7}`, `in: 7 is no JSON object; give a JSON object with fields of whole`},
		{`{"in":{"hole":7}}`,
			`in.hole: there is no such field; did you mean whole? The fields are whole`},
		{`{"in":{"whole":null}}`,
			`in.whole: null is no value; leave the field out, or give it a value`},
		{`{"Flag":true}`, `Flag: there is no such field; did you mean flag? The fields are `},
		{`{"` + long + `":true}`, `: there is no such field; the fields are `},
	} {
		var a all
		if err := a.read(c.text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.80s\n got %v\nwant %s", c.text, err, c.want)
		}
	}
}

func TestMistakes(t *testing.T) {
	m := &input.Mistakes{}
	if m.Err() != nil || m.In("a") || m.Add(errors.New("another")) || m.Add(nil) {
		t.Error("there is a mistake in nothing")
	}
	m.Refuse("a.b", "right", "wrong %d", 1)
	var one *input.FieldError
	if err := m.Err(); !errors.As(err, &one) || err.Error() != "a.b: wrong 1; right" ||
		!m.In("x", "a") || m.In("a.c") || m.In("a.b.c") || m.In("ab") {
		t.Errorf("%v", err)
	}
	m.Where = "in the parameter"
	m.Refuse("c", "", "wrong")
	all := &input.Mistakes{}
	all.Refuse("z", "", "first")
	if !all.Add(fmt.Errorf("wrapped: %w", m.Err())) {
		t.Error("mistakes are no mistakes")
	}
	want := "3 mistakes: (1) z: first; (2) a.b: wrong 1; right; (3) c, in the parameter: wrong"
	if err := all.Err(); err.Error() != want || !errors.As(err, &one) || one.Field != "z" {
		t.Errorf("%v\nwant %s", err, want)
	}
	for range 30 {
		all.Refuse("y", "", "%s", strings.Repeat("x\n", 2000))
	}
	if text := all.Err().Error(); !strings.HasSuffix(text, "; and 13 more") || len(text) > 20_000 ||
		strings.Contains(text, "\n") {
		t.Errorf("%d bytes: %s", len(text), text)
	}
}

func TestSome(t *testing.T) {
	for want, things := range map[string][]string{"none": nil, "a": {"a"}, "a and b": {"a", "b"},
		"a, b and c": {"a", "b", "c"}, "a, b, c and 2 more": {"a", "b", "c", "d", "e"}} {
		if got := input.Some(things, 3); got != want {
			t.Errorf("%v is %q, want %q", things, got, want)
		}
	}
}

// FuzzParseObject: what is refused names a field, and where it is no JSON a line and a column; what
// is taken is JSON in which no object has a field twice.
func FuzzParseObject(f *testing.F) {
	for _, s := range []string{``, `{}`, `{"a":1,"a":2}`, "{\n\"a\":[{\"b\":1,\"b\":2}]}", `{"a":`,
		`{} x`, "\xff", `{"\ud800":1,"\ufffd":2}`, `[[[[`, `{"a":{"a":{"a":1}}}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		o, err := input.ParseObject("request", []byte(text), "give JSON")
		var refused *input.FieldError
		if err != nil && (!errors.As(err, &refused) || refused.Field == "" ||
			refused.Problem == "") {
			t.Fatalf("%q: %v", text, err)
		}
		if err != nil && !json.Valid([]byte(text)) && !strings.Contains(err.Error(), "at line ") &&
			strings.TrimSpace(text) != "" && len(text) <= input.MaxText {
			t.Errorf("%q: %v says no line", text, err)
		}
		if o == nil && err == nil || o != nil && !json.Valid([]byte(text)) {
			t.Errorf("%q: %v, %v", text, o, err)
		}
		if err == nil && strings.Count(text, `":`) > 0 {
			var again map[string]json.RawMessage
			if json.Unmarshal([]byte(text), &again) != nil || len(again) != len(o) {
				t.Errorf("%q has other fields", text)
			}
		}
	})
}
