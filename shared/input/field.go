package input

import (
	"fmt"

	"quickstep/shared/sanitize"
)

// FieldError is bad input: it names the field of the request, what is wrong with it, and what would be right.
type FieldError struct {
	Field   string // as it is written in JSON, such as "check.http.port"
	Where   string // where the field stands, if it isn't in the request itself
	Problem string // what is wrong
	Want    string // what would be right; may be empty where the problem says it
}

// Error repeats what the request holds, so each part is made fit to be shown: none crowds out another.
func (e *FieldError) Error() string {
	text := sanitize.Cut(e.Field, 200)
	if e.Where != "" {
		text += ", " + e.Where
	}
	text += ": " + sanitize.Cut(e.Problem, 400)
	if e.Want != "" {
		text += "; " + sanitize.Cut(e.Want, 400)
	}
	return text
}

// Refuse is bad input in a field. want says what would be right; the rest, as in fmt.Sprintf, what is wrong.
func Refuse(field, want, problem string, args ...any) *FieldError {
	return &FieldError{Field: field, Problem: fmt.Sprintf(problem, args...), Want: want}
}
