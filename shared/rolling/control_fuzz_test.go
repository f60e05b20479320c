package rolling_test

import (
	"encoding/json"
	"errors"
	"testing"

	"quickstep/shared/input"
	"quickstep/shared/rolling"
)

// FuzzCommand: what is taken is a whole command and can be written and read again; what is refused names a field.
func FuzzCommand(f *testing.F) {
	for _, text := range []string{`{"command":"status"}`, `{"command":"status","run":"r"}`, `{"command":"pause","run":"r"}`, `{"command":"resume","run":"r"}`,
		`{"command":"cancel","run":"r"}`, `{"command":"release","instance":"i-0123456789abcdef0"}`, `{"command":"pause"}`, `{"command":"release","run":"r"}`,
		`{"command":"status","instance":"i-0123456789abcdef0"}`, `{"command":"Status"}`, `{"command":7}`, `{"colour":"red"}`, `{}`, `null`, `[]`, ``, `{"run":"\ud800"}`, `{"command":"status"} x`, `{"command":"pause","run":7}`, `{"":1}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := rolling.ParseCommand(text)
		if err != nil {
			var refused *input.FieldError
			if !errors.As(err, &refused) || refused.Field == "" || refused.Want == "" {
				t.Fatalf("%q: %v is no error of a field", text, err)
			}
			return
		}
		switch c.Command {
		case "status":
			if c.Instance != "" {
				t.Errorf("%q became %+v", text, c)
			}
		case "pause", "resume", "cancel":
			if c.Run == "" || c.Instance != "" {
				t.Errorf("%q became %+v", text, c)
			}
		case "release":
			if c.Instance == "" || c.Run != "" {
				t.Errorf("%q became %+v", text, c)
			}
		default:
			t.Errorf("%q became the command %q", text, c.Command)
		}
		written, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := rolling.ParseCommand(written); err != nil || again != c {
			t.Errorf("%+v became %+v, %v", c, again, err)
		}
	})
}
