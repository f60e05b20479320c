package report_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"testing"
	"time"

	"quickstep/shared/input"
	"quickstep/shared/report"
)

var settings = report.Settings{
	States:     []string{report.Missing, report.Failed},
	Lead:       24 * time.Hour,
	StaleAfter: 168 * time.Hour,
	Deadline:   time.Hour,
}

// FuzzParse: what is read means one thing, and is the same when it is written and read again; what
// is refused names a field.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		``, `null`, `{}`, `[]`, `{} {}`, `{"id":"a"}`,
		`{"windowIds":["mw-0123456789abcdef0"],"after":true}`,
		`{"windowPrefix":"web"}`, `{"windowPrefix":""}`,
		`{"instanceIds":["i-0123456789abcdef0","mi-0123456789abcdef0"]}`,
		`{"tags":{"Role":"web"},"states":["Missing"]}`, `{"tags":{"a":"*"}}`, `{"tags":null}`,
		`{"scheduled":"2026-01-05T04:00:00+01:00","lead":"48h","staleAfter":"24h","deadline":"5m"}`,
		`{"deadline":"1.5h"}`, `{"lead":"1e9h"}`, `{"colour":1}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		q, err := report.Parse(settings, text)
		if err != nil {
			var refused *input.FieldError
			if !errors.As(err, &refused) || refused.Field == "" || refused.Problem == "" {
				t.Fatalf("%q: %v is no error of a field", text, err)
			}
			return
		}
		kinds := 0
		for _, given := range []bool{
			len(q.WindowIDs) > 0, q.WindowPrefix != "", len(q.InstanceIDs) > 0, len(q.Tags) > 0,
		} {
			if given {
				kinds++
			}
		}
		if kinds > 1 || len(q.States) == 0 {
			t.Errorf("%q means %d things: %+v", text, kinds, q)
		}
		written, err := json.Marshal(q)
		if err != nil {
			t.Fatal(err)
		}
		if q.InstanceIDs != nil || q.Tags != nil {
			return // "after" is the stack's, and may not be given with instances
		}
		again, err := report.Parse(settings, written)
		if err != nil {
			t.Fatalf("%q became %s, which is refused: %v", text, written, err)
		}
		if a, b := asJSON(t, again), asJSON(t, q); !reflect.DeepEqual(a, b) {
			t.Errorf("%s became %s", b, a)
		}
	})
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestOpens(t *testing.T) {
	for _, c := range []struct{ name, zone, next, want string }{
		{"none", "Europe/Berlin", "", "0001-01-01T00:00:00Z"},
		{"with an offset", "Europe/Berlin", "2026-01-06T15:00:00+01:00", "2026-01-06T14:00:00Z"},
		{"with an offset, in a zone that isn't known", "America/Newzone",
			"2026-01-06T15:00+01:00", "2026-01-06T14:00:00Z"},
		{"in UTC", "", "2026-01-06T14:00:00Z", "2026-01-06T14:00:00Z"},
		{"without an offset, in the window's zone", "America/New_York", "2026-07-06T10:00", "2026-07-06T14:00:00Z"},
		{"without an offset or a zone", "", "2026-01-06T14:00:00", "2026-01-06T14:00:00Z"},
		{"without an offset, in a zone that isn't known", "America/Newzone", "2026-01-06T14:00", ""},
		{"in words", "", "tomorrow", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			at, err := report.Window{ID: "mw-1", Name: "web", Zone: c.zone, Next: c.next}.Opens()
			if got := at.Format(time.RFC3339); (err == nil) != (c.want != "") || (err == nil && got != c.want) {
				t.Errorf("it opens at %s, %v; want %q", got, err, c.want)
			}
		})
	}
}
