package input_test

import (
	"testing"

	"quickstep/shared/input"
)

func TestCodes(t *testing.T) {
	for _, c := range []struct {
		name, text, shown string
		has, hasNot       int
	}{
		{"one", "200", "200", 200, 201},
		{"several", "200,302", "200,302", 302, 301},
		{"several, with space between", "200, 302", "200,302", 302, 301},
		{"a range", "200-299", "200-299", 299, 300},
		{"a range of one", "404-404", "404", 404, 405},
		{"a code and a range", "302,200-204", "302,200-204", 203, 205},
		{"the lowest and the highest", "200-599", "200-599", 599, 600},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := input.ParseCodes(c.text)
			if err != nil || got.String() != c.shown || !got.Has(c.has) || got.Has(c.hasNot) {
				t.Errorf("%q was read as %s, %v", c.text, got, err)
			}
		})
	}
}

func TestNoCodes(t *testing.T) {
	for _, text := range []string{"", "OK", "2xx", "20", "2000", "199", "600", "100-299", "200-600",
		"299-200", "200,", ",200", "200-", "-200",
		"+200", "200-250-299", "200 302", "２００"} {
		if got, err := input.ParseCodes(text); err == nil {
			t.Errorf("%q was read as %s", text, got)
		}
	}
}
