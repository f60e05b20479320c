package world

import (
	"context"
	"encoding/json"
	"fmt"
)

// Check is a function of the user's that says whether an instance is ready, and if not, why.
type Check func(payload json.RawMessage) (ready bool, why string)

// SetCheck gives the account a function that isn't the stack's.
func (w *World) SetCheck(function string, check Check) { w.checks[function] = check }

// Functions is the port to the user's functions.
type Functions struct{ world *World }

// Functions is the port to the user's functions.
func (w *World) Functions() *Functions { return &Functions{w} }

// Ready asks a function.
func (f *Functions) Ready(ctx context.Context, function string, payload any) (ready bool, why string, err error) {
	w := f.world
	body, err := json.Marshal(payload)
	if err != nil {
		return false, "", fmt.Errorf("encode the event of %s: %w", function, err)
	}
	op := Op{Service: "lambda", Name: "Ready", Subject: function, Detail: w.say("%s", body)}
	err = w.effect(ctx, op, func(*Op) error {
		check, ok := w.checks[function]
		if !ok {
			return fmt.Errorf("ResourceNotFoundException: there is no function %s", function)
		}
		ready, why = check(body)
		return nil
	})
	if err != nil {
		return false, "", fmt.Errorf("invoke %s: %w", function, err)
	}
	return ready, why, nil
}
