package contract

import (
	"context"
	"errors"
	"testing"

	"quickstep/shared/run"
)

// Parameters is where fleets are described.
type Parameters interface {
	Parameter(ctx context.Context, name string) (value string, err error)
}

// ParametersFixture is a Region without the parameter Name.
type ParametersFixture struct {
	Port Parameters
	Name string
	// Set creates the parameter or changes it.
	Set func(t *testing.T, value string)
}

// ExerciseParameters tests parameters.
func ExerciseParameters(t *testing.T, open func(t *testing.T) ParametersFixture) {
	t.Helper()
	exercise(t, open, []part[ParametersFixture]{
		{"a parameter that doesn't exist is ErrNoParameter", func(t *testing.T, f ParametersFixture) {
			_, err := f.Port.Parameter(t.Context(), f.Name)
			if final(t, "no parameter", err); !errors.Is(err, run.ErrNoParameter) {
				t.Errorf("the error is %v", err)
			}
		}},
		{"a parameter is read as it was written", func(t *testing.T, f ParametersFixture) {
			for _, value := range []string{"{\n  \"maxConcurrency\": \"10%\"\n}", "zwölf"} {
				f.Set(t, value)
				if got := must(f.Port.Parameter(t.Context(), f.Name))(t); got != value {
					t.Errorf("it is %q, want %q", got, value)
				}
			}
		}},
	})
}
