package run

import "fmt"

// FieldError is bad input: it names the field of the request, what is wrong with it, and what would be right.
type FieldError struct {
	Field   string // as it is written in JSON, such as "check.http.port"
	Where   string // where the field stands, if it isn't in the request itself
	Problem string // what is wrong
	Want    string // what would be right; may be empty where the problem says it
}

func (e *FieldError) Error() string {
	text := e.Field
	if e.Where != "" {
		text += ", " + e.Where
	}
	text += ": " + e.Problem
	if e.Want != "" {
		text += "; " + e.Want
	}
	return text
}

func bad(field, want, problem string, args ...any) error {
	return &FieldError{Field: field, Problem: fmt.Sprintf(problem, args...), Want: want}
}
