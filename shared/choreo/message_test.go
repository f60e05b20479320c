package choreo_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"quickstep/shared/choreo"
)

func TestDecodeMessage(t *testing.T) {
	for _, c := range []struct{ name, body, refusal string }{
		{"a message", `{"pk":"P","sk":"item","step":"wash","n":1,"nudge":0}`, ""},
		{"a message of a nudge, for later",
			`{"pk":"P","sk":"item","step":"wash","n":3,"nudge":2,"notBefore":"2026-01-05T04:00:00Z"}`, ""},
		{"nothing", ``, "not one of ours"},
		{"no JSON", `hello`, "not one of ours"},
		{"a list", `[]`, "not one of ours"},
		{"two messages", `{"pk":"P","sk":"item","step":"wash","n":1} {}`, "more than one JSON object"},
		{"a field too many", `{"pk":"P","sk":"item","step":"wash","n":1,"colour":"red"}`, "colour"},
		{"null", `null`, "field pk"},
		{"a field twice", `{"pk":"P","sk":"item","step":"dry","n":1,"step":"wash"}`, "step is given twice"},
		{"a field in capital letters", `{"PK":"P","sk":"item","step":"wash","n":1}`, `"PK"`},
		{"a field in both", `{"pk":"P","sk":"item","step":"wash","n":1,"Nudge":3}`, `"Nudge"`},
		{"a number beyond all", `{"pk":"P","sk":"item","step":"wash","n":1e30}`, "not one of ours"},
		{"half a number", `{"pk":"P","sk":"item","step":"wash","n":1.5}`, "not one of ours"},
		{"a key that no table has",
			`{"pk":"` + strings.Repeat("P", 2049) + `","sk":"item","step":"wash","n":1}`, "field pk"},
		{"a sort key that no table has",
			`{"pk":"P","sk":"` + strings.Repeat("s", 1025) + `","step":"wash","n":1}`, "field sk"},
		{"no partition key", `{"sk":"item","step":"wash","n":1}`, "field pk"},
		{"no sort key", `{"pk":"P","step":"wash","n":1}`, "field sk"},
		{"no step", `{"pk":"P","sk":"item","n":1}`, "field step"},
		{"no number", `{"pk":"P","sk":"item","step":"wash"}`, "field n "},
		{"a negative number", `{"pk":"P","sk":"item","step":"wash","n":-1}`, "field n "},
		{"a negative nudge", `{"pk":"P","sk":"item","step":"wash","n":1,"nudge":-1}`, "field nudge"},
		{"a number as text", `{"pk":"P","sk":"item","step":"wash","n":"1"}`, "not one of ours"},
		{"a time in words", `{"pk":"P","sk":"item","step":"wash","n":1,"notBefore":"soon"}`, "not one of ours"},
	} {
		t.Run(c.name, func(t *testing.T) {
			msg, err := choreo.DecodeMessage(c.body)
			if (err == nil) != (c.refusal == "") ||
				err != nil &&
					!(strings.HasPrefix(err.Error(), "message: ") && strings.Contains(err.Error(), c.refusal)) {
				t.Errorf("%s: %v; want … %q …", c.body, err, c.refusal)
			}
			if err == nil && (msg.Key != key || msg.Step != "wash" || msg.N < 1) {
				t.Errorf("%s was read as %+v", c.body, msg)
			}
		})
	}
}

func FuzzDecodeMessage(f *testing.F) {
	for _, body := range []string{`{"pk":"P","sk":"item","step":"wash","n":1,"nudge":2,"notBefore":"2026-01-05T04:00:00+01:00"}`, `null`, `{}`, `[]`, `{"n":1}{}`, `{"pk":"\ud800"}`, `{"pk":"P","pk":"Q","sk":"item","step":"wash","n":1}`,
		`{"Pk":"P","sk":"item","step":"wash","n":9223372036854775807,"notBefore":"9999-12-31T23:59:59Z"}`} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		msg, err := choreo.DecodeMessage(body)
		if err != nil {
			return
		}
		if msg.PK == "" || msg.SK == "" || msg.Step == "" || msg.N < 1 || msg.Redeliveries < 0 {
			t.Fatalf("%q was read as %+v", body, msg)
		}
		text, err := json.Marshal(msg)
		if err != nil {
			t.Fatal(err)
		}
		again, err := choreo.DecodeMessage(string(text))
		if err != nil || again.Key != msg.Key || again.Step != msg.Step || again.N != msg.N ||
			again.Redeliveries != msg.Redeliveries ||
			!again.NotBefore.Equal(msg.NotBefore) {
			t.Errorf("%+v became %+v, %v", msg, again, err)
		}
	})
}

func TestBackoff(t *testing.T) {
	for n := 1; n <= 100; n++ {
		for i := range 50 {
			wait, base := choreo.Backoff(n, fmt.Sprint("i-", i)), 2*time.Minute
			if n < 6 {
				base = min(base, 5*time.Second<<(n-1))
			}
			if wait < base || wait >= base*3/2 {
				t.Fatalf("after error %d the wait is %s, want %s and at most half as much again", n, wait, base)
			}
		}
	}
}

func TestSpread(t *testing.T) {
	seen := map[time.Duration]bool{}
	for i := range 1000 {
		id := fmt.Sprintf("i-%017x", i)
		wait := choreo.Jitter(id, 30*time.Second)
		if wait < 0 || wait >= 30*time.Second || wait%time.Second != 0 || wait != choreo.Jitter(id, 30*time.Second) {
			t.Fatalf("%s waits %s", id, wait)
		}
		seen[wait] = true
	}
	if len(seen) < 30 {
		t.Errorf("a thousand instances have but %d of 30 waits of whole seconds", len(seen))
	}
	for _, limit := range []time.Duration{0, -time.Second, 1} {
		if wait := choreo.Jitter("i", limit); wait != 0 {
			t.Errorf("below %s the wait is %s", limit, wait)
		}
	}
}
