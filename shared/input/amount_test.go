package input_test

import (
	"encoding/json"
	"testing"
	"time"

	"quickstep/shared/input"
)

func TestAmount(t *testing.T) {
	for _, c := range []struct {
		name, text     string
		total          int
		down, up       int
		written, shown string
	}{
		{"a number is itself, whatever the total", `3`, 10, 3, 3, `3`, "3"},
		{"a number may be larger than the total", `30`, 10, 30, 30, `30`, "30"},
		{"a number in quotes is a number", `"3"`, 10, 3, 3, `3`, "3"},
		{"a percentage that comes out even", `"20%"`, 10, 2, 2, `"20%"`, "20%"},
		{"a percentage that doesn't is rounded either way", `"25%"`, 10, 2, 3, `"25%"`, "25%"},
		{"one percent of a little is nothing or one", `"1%"`, 3, 0, 1, `"1%"`, "1%"},
		{"99 percent of a little is all but one, or all", `"99%"`, 3, 2, 3, `"99%"`, "99%"},
		{"all of it", `"100%"`, 7, 7, 7, `"100%"`, "100%"},
		{"none of it", `"0%"`, 7, 0, 0, `"0%"`, "0%"},
		{"any part of nothing", `"50%"`, 0, 0, 0, `"50%"`, "50%"},
		{"nothing", `0`, 7, 0, 0, `0`, "0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var a input.Amount
			if err := json.Unmarshal([]byte(c.text), &a); err != nil {
				t.Fatal(err)
			}
			if a.Down(c.total) != c.down || a.Up(c.total) != c.up {
				t.Errorf("%s of %d is %d rounded down, %d rounded up; want %d, %d", a, c.total,
					a.Down(c.total), a.Up(c.total), c.down, c.up)
			}
			if got := asJSON(t, a); got != c.written || a.String() != c.shown {
				t.Errorf("%s is written %s, shown %s; want %s, %s", c.text, got, a, c.written,
					c.shown)
			}
		})
	}
}

func TestNoAmount(t *testing.T) {
	for _, text := range []string{`-1`, `"-1"`, `1.5`, `1e2`, `"101%"`, `"-5%"`, `"2.5%"`, `"%"`,
		`""`, `"5 %"`, `true`, `[]`, `{}`, `1000001`, `99999999999999999999`, `"five"`} {
		var a input.Amount
		if err := json.Unmarshal([]byte(text), &a); err == nil {
			t.Errorf("%s was read as %s", text, a)
		}
	}
}

func TestDuration(t *testing.T) {
	for _, c := range []struct {
		text string
		want time.Duration
		back string
	}{
		{`"90s"`, 90 * time.Second, `"1m30s"`},
		{`"5m"`, 5 * time.Minute, `"5m"`},
		{`"1h30m"`, 90 * time.Minute, `"1h30m"`},
		{`"0s"`, 0, `"0s"`},
		{`"48h"`, 48 * time.Hour, `"48h"`},
		{`"300ms"`, 300 * time.Millisecond, `"300ms"`},
		{`"0.5s"`, 500 * time.Millisecond, `"500ms"`},
		{`"1500ms"`, 1500 * time.Millisecond, `"1.5s"`},
		{`"10m0.25s"`, 10*time.Minute + 250*time.Millisecond, `"10m0.25s"`},
		{`"1h1ns"`, time.Hour + 1, `"1h0m0.000000001s"`},
		{`"1h10s"`, time.Hour + 10*time.Second, `"1h0m10s"`},
	} {
		var d input.Duration
		if err := json.Unmarshal([]byte(c.text), &d); err != nil || time.Duration(d) != c.want {
			t.Errorf("%s was read as %s, %v", c.text, time.Duration(d), err)
		}
		if got := asJSON(t, d); got != c.back {
			t.Errorf("%s is written %s, want %s", c.text, got, c.back)
		}
		var again input.Duration
		if err := json.Unmarshal([]byte(c.back), &again); err != nil || again != d {
			t.Errorf("%s is read back as %s, %v", c.back, time.Duration(again), err)
		}
	}
	for _, text := range []string{`5`, `"5"`, `""`, `"-1s"`, `"five"`, `null`, `{}`, `"1d"`,
		`"9999999h"`} {
		var d input.Duration
		if err := json.Unmarshal([]byte(text), &d); err == nil {
			t.Errorf("%s was read as %s", text, d)
		}
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
