package run

import "fmt"

// FieldError is bad input: it names the field of the request, what is wrong with it, and what would be right.
type FieldError struct {
	Field   string // as it is written in JSON, such as "check.http.port"
	Problem string // what is wrong
	Want    string // what would be right; may be empty where the problem says it
}

func (e *FieldError) Error() string {
	if e.Want == "" {
		return fmt.Sprintf("%s: %s", e.Field, e.Problem)
	}
	return fmt.Sprintf("%s: %s; %s", e.Field, e.Problem, e.Want)
}

func bad(field, want, problem string, args ...any) error {
	return &FieldError{Field: field, Problem: fmt.Sprintf(problem, args...), Want: want}
}
