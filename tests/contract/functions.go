package contract

import (
	"context"
	"encoding/json"
	"testing"
)

// Functions is how a function of the operator's is asked whether an instance is ready.
type Functions interface {
	Ready(ctx context.Context, function string, payload any) (ready bool, why string, err error)
}

// FunctionsFixture is an account with a function.
type FunctionsFixture struct {
	Port     Functions
	Function string
	// Answers lets the function answer from now on; got is called with each payload.
	Answers func(t *testing.T, ready bool, reason string, got func(payload []byte))
}

// ExerciseFunctions tests Ready.
func ExerciseFunctions(t *testing.T, open func(t *testing.T) FunctionsFixture) {
	t.Helper()
	exercise(t, open, []part[FunctionsFixture]{
		{"a function that is ready is ready", functionReady},
		{"one that isn't says why", functionNotReady},
		{"it gets the payload as JSON", functionPayload},
		{"a function that doesn't exist is an error", functionMissing},
	})
}

func functionReady(t *testing.T, f FunctionsFixture) {
	f.Answers(t, true, "", func([]byte) {})
	if ready, why, err := f.Port.Ready(t.Context(), f.Function, nil); !ready || why != "" || err != nil {
		t.Errorf("%t, %q, %v", ready, why, err)
	}
}

func functionNotReady(t *testing.T, f FunctionsFixture) {
	f.Answers(t, false, "the cache is cold", func([]byte) {})
	if ready, why, err := f.Port.Ready(t.Context(), f.Function, nil); ready || why != "the cache is cold" || err != nil {
		t.Errorf("%t, %q, %v", ready, why, err)
	}
}

func functionPayload(t *testing.T, f FunctionsFixture) {
	var got struct{ Run, Instance string }
	f.Answers(t, true, "", func(payload []byte) {
		if err := json.Unmarshal(payload, &got); err != nil {
			t.Errorf("the payload is %s: %v", payload, err)
		}
	})
	_, _, err := f.Port.Ready(t.Context(), f.Function, map[string]string{"run": "run-1", "instance": "i-0"})
	ok(t, err)
	if got.Run != "run-1" || got.Instance != "i-0" {
		t.Errorf("the payload is %+v", got)
	}
}

func functionMissing(t *testing.T, f FunctionsFixture) {
	_, _, err := f.Port.Ready(t.Context(), f.Function+"-missing", nil)
	final(t, "a function that doesn't exist", err)
}
