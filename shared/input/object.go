package input

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Object is one JSON object, by field.
type Object map[string]json.RawMessage

// ParseObject reads text as one JSON object. what names it in the error, a *FieldError; want says what would be right.
func ParseObject(what string, text []byte, want string) (Object, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	var o Object
	err := d.Decode(&o)
	var syntax *json.SyntaxError
	switch {
	case len(bytes.TrimSpace(text)) == 0:
		return nil, Refuse(what, want, "it is empty")
	case errors.As(err, &syntax), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, Refuse(what, want, "it is no JSON")
	case err != nil || o == nil:
		return nil, Refuse(what, want, "it is no JSON object")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, Refuse(what, want, "more follows the JSON object")
	}
	return o, nil
}

// Text is a field's value if that is text, else nothing.
func (o Object) Text(field string) (text string) {
	if json.Unmarshal(o[field], &text) != nil {
		return ""
	}
	return text
}

// Decode reads each field into what into has for its name: a pointer to a value, or a func(field string, raw
// json.RawMessage) error for an object within. Names are matched exactly; prefix stands before them in errors, which are
// *FieldError.
func (o Object) Decode(prefix string, into map[string]any) error {
	for _, name := range slices.Sorted(maps.Keys(o)) {
		field, raw := prefix+name, o[name]
		target, known := into[name]
		switch {
		case !known:
			return Refuse(quoteEmpty(field), "the fields are "+strings.Join(slices.Sorted(maps.Keys(into)), ", "), "there is no such field")
		case string(raw) == "null":
			return Refuse(field, "leave the field out", "null is no value")
		}
		if within, ok := target.(func(string, json.RawMessage) error); ok {
			if err := within(field, raw); err != nil {
				return err
			}
			continue
		}
		if err := json.Unmarshal(raw, target); err != nil {
			return misfit(field, raw, target, err)
		}
	}
	return nil
}

// misfit says what a value should have been.
func misfit(field string, raw json.RawMessage, target any, err error) error {
	var wrong *json.UnmarshalTypeError
	if _, when := target.(*time.Time); when {
		return Refuse(field, "give a time such as 2026-01-05T04:00:00Z", "%s is no time", raw)
	}
	if !errors.As(err, &wrong) {
		return Refuse(field, "", "%v", err) // an amount or a duration, which say so themselves
	}
	want := map[reflect.Kind]string{reflect.String: "text", reflect.Int: "a whole number", reflect.Bool: "true or false",
		reflect.Slice: "a list of texts", reflect.Map: "an object of texts"}[reflect.TypeOf(target).Elem().Kind()]
	return Refuse(field, "give "+want, "%s doesn't fit", raw)
}

// Within decodes an object that is a field's value.
func Within(into map[string]any) func(string, json.RawMessage) error {
	return func(field string, raw json.RawMessage) error {
		o, err := ParseObject(field, raw, "give a JSON object")
		if err != nil {
			return err
		}
		return o.Decode(field+".", into)
	}
}

func quoteEmpty(field string) string {
	if field == "" || strings.HasSuffix(field, ".") {
		return field + `""`
	}
	return field
}
