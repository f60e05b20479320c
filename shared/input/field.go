package input

import (
	"errors"
	"fmt"
	"strings"

	"quickstep/shared/sanitize"
)

// FieldError is bad input: it names the field of the request, what is wrong with it, and what would
// be right.
type FieldError struct {
	Field   string // as it is written in JSON, such as "check.http.port"
	Where   string // where the field stands, if it isn't in the request itself
	Problem string // what is wrong
	Want    string // what would be right; may be empty where the problem says it
}

// Refuse is bad input in a field. want says what would be right; the rest, as in fmt.Sprintf, what
// is wrong.
func Refuse(field, want, problem string, args ...any) *FieldError {
	return &FieldError{Field: field, Problem: fmt.Sprintf(problem, args...), Want: want}
}

// Error repeats what the request holds, so each part is made fit to be shown: none crowds out
// another.
func (e *FieldError) Error() string {
	text := sanitize.Cut(e.Field, 200)
	if e.Where != "" {
		text += ", " + e.Where
	}
	text += ": " + sanitize.Cut(e.Problem, 600)
	if e.Want != "" {
		text += "; " + sanitize.Cut(e.Want, 500)
	}
	return text
}

// Sanitized is the error's text, whose parts are fit already.
func (e *FieldError) Sanitized() string { return e.Error() }

// Several are all mistakes of one input, two at least. errors.As finds the first of them.
type Several []*FieldError

// mostShown bounds an error: with more mistakes than that, somebody has sent another kind of thing.
const mostShown = 20

// Error numbers the mistakes: "2 mistakes: (1) maxChecks: …; (2) proof: …".
func (s Several) Error() string {
	parts := make([]string, 0, mostShown+1)
	for n, e := range s[:min(len(s), mostShown)] {
		parts = append(parts, fmt.Sprintf("(%d) %v", n+1, e))
	}
	if more := len(s) - mostShown; more > 0 {
		parts = append(parts, fmt.Sprintf("and %d more", more))
	}
	return fmt.Sprintf("%d mistakes: %s", len(s), strings.Join(parts, "; "))
}

// Sanitized is the error's text, whose parts are fit already.
func (s Several) Sanitized() string { return s.Error() }

// Unwrap are the mistakes.
func (s Several) Unwrap() []error {
	all := make([]error, 0, len(s))
	for _, e := range s {
		all = append(all, e)
	}
	return all
}

// Mistakes collects what is wrong with an input, in the order in which it is found.
type Mistakes struct {
	// Where is where the fields stand that are read now, if not in the request itself.
	Where string

	all []*FieldError
}

// Refuse adds a mistake; the arguments are those of the function Refuse.
func (m *Mistakes) Refuse(field, want, problem string, args ...any) {
	e := Refuse(field, want, problem, args...)
	e.Where = m.Where
	m.all = append(m.all, e)
}

// Add adds the mistakes that an error holds, and says whether it held any. Where they stand, they
// say themselves.
func (m *Mistakes) Add(err error) bool {
	var one *FieldError
	var several Several
	switch {
	case errors.As(err, &several):
		m.all = append(m.all, several...)
	case errors.As(err, &one):
		m.all = append(m.all, one)
	default:
		return false
	}
	return true
}

// In says whether something is wrong in one of the fields, or within it.
func (m *Mistakes) In(fields ...string) bool {
	for _, e := range m.all {
		for _, field := range fields {
			if e.Field == field || strings.HasPrefix(e.Field, field+".") {
				return true
			}
		}
	}
	return false
}

// Err is nothing, the *FieldError if it is the only one, or Several.
func (m *Mistakes) Err() error {
	switch len(m.all) {
	case 0:
		return nil
	case 1:
		return m.all[0]
	}
	return Several(m.all)
}

// Some lists things: a few, and how many more there are.
func Some(things []string, most int) string {
	switch n := len(things); {
	case n == 0:
		return "none"
	case n == 1:
		return things[0]
	case n > most:
		return fmt.Sprintf("%s and %d more", strings.Join(things[:most], ", "), n-most)
	default:
		return strings.Join(things[:n-1], ", ") + " and " + things[n-1]
	}
}
