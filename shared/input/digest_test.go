package input_test

import (
	"slices"
	"strings"
	"testing"

	"quickstep/shared/input"
)

func object(t testing.TB, text string) input.Object {
	t.Helper()
	o := input.Peek([]byte(text))
	if o == nil {
		t.Fatalf("%s is no object", text)
	}
	return o
}

func TestDigestsTellRequestsApart(t *testing.T) {
	const first = `{"id":"a","fleet":"web","tags":{"Role":"web","Env":"prod"},"maxConcurrency":2,"notAfter":"2026-01-05T04:00:00Z"}`
	for _, c := range []struct {
		name, other, differ string
	}{
		{"the same bytes", first, ""},
		{"fields in another order, and white space",
			"{ \"maxConcurrency\" : 2,\n\t\"tags\":{\"Env\":\"prod\", \"Role\":\"web\"}, " +
				"\"fleet\":\"web\",\"id\":\"a\",\"notAfter\":\"2026-01-05T04:00:00Z\" }\n", ""},
		{"letters that are escaped",
			`{"id":"\u0061","fl\u0065et":"web","tags":{"Role":"web","Env":"prod"},"maxConcurrency":2,"notAfter":"2026-01-05T04:00:00Z"}`, ""},
		{"a field twice, the last as in the first",
			`{"id":"z","id":"a","fleet":"web","tags":{"Role":"web","Env":"prod"},"maxConcurrency":2,"notAfter":"2026-01-05T04:00:00Z"}`, ""},
		{"another value",
			`{"id":"a","fleet":"web","tags":{"Role":"web","Env":"prod"},"maxConcurrency":3,"notAfter":"2026-01-05T04:00:00Z"}`, "maxConcurrency"},
		{"a number written otherwise",
			`{"id":"a","fleet":"web","tags":{"Role":"web","Env":"prod"},"maxConcurrency":2.0,"notAfter":"2026-01-05T04:00:00Z"}`, "maxConcurrency"},
		{"a value within",
			`{"id":"a","fleet":"web","tags":{"Role":"web","Env":"test"},"maxConcurrency":2,"notAfter":"2026-01-05T04:00:00Z"}`, "tags"},
		{"a field more, a field less",
			`{"id":"a","fleet":"web","tags":{"Role":"web","Env":"prod"},"maxConcurrency":2,"maxErrors":1}`, "maxErrors notAfter"},
		{"a large number that a float can't tell from the next",
			strings.Replace(first, "2,", "90071992547409931234,", 1), "maxConcurrency"},
	} {
		a, b := object(t, first), object(t, c.other)
		if same := a.Digest() == b.Digest(); same != (c.differ == "") {
			t.Errorf("%s: the digests are the same: %t", c.name, same)
		}
		if got := strings.Join(b.Differ(a.Digests()), " "); got != c.differ {
			t.Errorf("%s: they differ in %q, want %q", c.name, got, c.differ)
		}
	}
	a, b := object(t, `{"n":90071992547409931234}`), object(t, `{"n":90071992547409931235}`)
	if a.Digest() == b.Digest() || !slices.Equal(b.Differ(a.Digests()), []string{"n"}) {
		t.Error("two large numbers are taken for one")
	}
}

func FuzzDigest(f *testing.F) {
	for _, s := range []string{`{}`, `{"a":1,"b":[{"c":null}]}`, `{"a":"\ud800","a":1e99}`,
		"{\"\xff\":\"<\"}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		o, err := input.ParseObject("request", []byte(text), "")
		if err != nil {
			return
		}
		if again := object(t, text); again.Digest() != o.Digest() ||
			len(again.Differ(o.Digests())) > 0 {
			t.Errorf("%q differs from itself", text)
		}
	})
}
