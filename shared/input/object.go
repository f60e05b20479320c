package input

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// MaxText is how many bytes a request may have: enough for its longest lists, and so few that a
// plan that holds it fits into the ledger.
const MaxText = 64 << 10

// Object is one JSON object, by field.
type Object map[string]json.RawMessage

// ParseObject reads text as one JSON object. what names it in the error, which is a *FieldError or
// Several; want says what would be right. If nothing but fields that are given twice is wrong, the
// object is returned as well, with their last values.
func ParseObject(what string, text []byte, want string) (Object, error) {
	return parseAt(what, "", text, want)
}

// ParseObjectIn is ParseObject of text that stands somewhere else than in the request.
func ParseObjectIn(what, where string, text []byte, want string) (Object, error) {
	return parseAt(what, where, text, want)
}

func parseAt(what, where string, text []byte, want string) (Object, error) {
	m := &Mistakes{Where: where}
	if len(text) > MaxText {
		m.Refuse(what, fmt.Sprintf("give %d bytes at most", MaxText), "it has %d bytes", len(text))
		return nil, m.Err()
	}
	var o Object
	err := json.Unmarshal(text, &o)
	var syntax *json.SyntaxError
	switch {
	case len(bytes.TrimSpace(text)) == 0:
		m.Refuse(what, want, "it is empty")
	case errors.As(err, &syntax):
		m.Refuse(what, want, "%s", noJSON(text, syntax))
	case err != nil || o == nil:
		m.Refuse(what, want, "it is no JSON object")
	default:
		for _, d := range duplicates(text, mostShown+1) {
			m.Refuse(d.field, "give it once", "it is given twice, at %s and at %s",
				at(text, d.first), at(text, d.again))
		}
		return o, m.Err()
	}
	return nil, m.Err()
}

// noJSON says where a text stops being one JSON value, and why.
func noJSON(text []byte, syntax *json.SyntaxError) string {
	offset := int(syntax.Offset) - 1 // it is behind what is wrong
	why, place := syntax.Error(), at(text, offset)
	switch {
	case strings.Contains(why, "exceeded max depth"):
		return "its objects and lists stand too deep in one another, at " + place
	case strings.Contains(why, "unexpected end"):
		return fmt.Sprintf("it is no JSON: it ends at %s, and something isn't closed",
			at(text, len(text)))
	case strings.Contains(why, "after top-level value"):
		return "more follows the JSON object, at " + place
	}
	// encoding/json names the first byte of a character that has several, such as a curly quote
	if r, size := utf8.DecodeRune(text[max(0, min(offset, len(text))):]); size > 1 {
		what := fmt.Sprintf("character %q", r)
		if r == '\ufeff' {
			what = "byte order mark, which can't be seen"
		}
		return fmt.Sprintf("it is no JSON: at %s there is a %s", place, what)
	}
	return fmt.Sprintf("it is no JSON: at %s there is an %s", place, why)
}

// Peek reads what can be read of text that may be wrong in any way: nothing, if it is no JSON
// object.
func Peek(text []byte) Object {
	var o Object
	if json.Unmarshal(text, &o) != nil {
		return nil
	}
	return o
}

// Text is a field's value if that is text, else nothing.
func (o Object) Text(field string) (text string) {
	if json.Unmarshal(o[field], &text) != nil {
		return ""
	}
	return text
}

// Reader reads the value of a field, and adds to the mistakes what is wrong with it.
type Reader func(m *Mistakes, field string, raw json.RawMessage)

// Read reads each field by the reader for its name. Names are matched exactly; prefix stands before
// them in errors.
func (o Object) Read(m *Mistakes, prefix string, fields map[string]Reader) {
	for _, name := range slices.Sorted(maps.Keys(o)) {
		field, raw := prefix+name, o[name]
		read, known := fields[name]
		switch {
		case !known:
			all := slices.Sorted(maps.Keys(fields))
			m.Refuse(quoteEmpty(field), meant(name, all, "the fields are "+strings.Join(all, ", ")),
				"there is no such field")
		case string(raw) == "null":
			m.Refuse(field, "leave the field out, or give it a value", "null is no value")
		default:
			read(m, field, raw)
		}
	}
}

// Within reads an object that is a field's value.
func Within(fields map[string]Reader) Reader {
	return func(m *Mistakes, field string, raw json.RawMessage) {
		var o Object
		if json.Unmarshal(raw, &o) != nil {
			names := strings.Join(slices.Sorted(maps.Keys(fields)), ", ")
			m.Refuse(field, "give a JSON object with fields of "+names, "%s is no JSON object",
				shown(raw))
			return
		}
		o.Read(m, field+".", fields)
	}
}

func quoteEmpty(field string) string {
	if field == "" || strings.HasSuffix(field, ".") {
		return field + `""`
	}
	return field
}
