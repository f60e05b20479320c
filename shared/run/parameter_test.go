package run_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"quickstep/shared/input"
	"quickstep/shared/run"
)

// What is wrong with the fleet's parameter is said to be there: whoever made the request may never have seen it.
func TestRefusedParameters(t *testing.T) {
	var read strings.Builder
	for _, c := range []struct{ name, field, parameter string }{
		{"an empty parameter", "parameter", ``},
		{"a parameter that is null", "parameter", `null`},
		{"a parameter that is no JSON", "parameter", `maxChecks: 3`},
		{"more than one object", "parameter", `{} {}`},
		{"an id that belongs to one request", "id", `{"id":"x"}`},
		{"a time that belongs to one request", "scheduled", `{"scheduled":"2026-01-05T04:00:00Z"}`},
		{"a field that doesn't exist", "colour", `{"colour":"red"}`},
		{"a field in the wrong case", "MaxChecks", `{"MaxChecks":3}`},
		{"null as a value", "maxErrors", `{"maxErrors":null}`},
		{"a number as text", "maxChecks", `{"maxChecks":"3"}`},
		{"an amount in words", "minHealthy", `{"minHealthy":"most"}`},
		{"a field of an HTTP check that doesn't exist", "check.http.prot", `{"check":{"http":{"prot":80}}}`},
		{"a timeout that is a number", "check.http.timeout", `{"check":{"http":{"timeout":5}}}`},
		{"a check of nothing", "check", `{"check":{}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := run.Parse(over([]byte(c.parameter)), []byte(web("")))
			var refused *input.FieldError
			if !errors.As(err, &refused) || refused.Field != c.field {
				t.Fatalf("the parameter %s gave %v, not an error of field %s", c.parameter, err, c.field)
			}
			if !strings.Contains(err.Error(), "in the fleet's SSM parameter") {
				t.Errorf("%v\ndoesn't say where", err)
			}
			fmt.Fprintf(&read, "%s\n    %v\n", c.name, err)
		})
	}
	golden(t, "testdata/refused-parameters.txt", read.String())
}

// A value out of bounds is found when both are put together.
func TestValuesOfTheParameterOutOfBounds(t *testing.T) {
	for _, c := range []struct{ field, parameter string }{
		{"maxChecks", `{"maxChecks":0}`},
		{"check.http.port", `{"check":{"http":{"port":65536}}}`},
		{"mute.alarmNames", `{"mute":{"alarmNames":[""]}}`},
		{"proof", `{"proof":"always"}`},
	} {
		_, err := run.Parse(over([]byte(c.parameter)), []byte(web("")))
		var refused *input.FieldError
		if !errors.As(err, &refused) || refused.Field != c.field ||
			!strings.Contains(err.Error(), "in the fleet's SSM parameter") {
			t.Errorf("the parameter %s gave %v, not an error of the parameter's field %s", c.parameter, err, c.field)
		}
	}
}

// What the request gives is its own fault, and what it replaces in the parameter is no matter.
func TestTheRequestsOwnFault(t *testing.T) {
	_, err := run.Parse(over([]byte(`{"maxChecks":3}`)), []byte(web(`"maxChecks":"x"`)))
	if err == nil || strings.Contains(err.Error(), "parameter") {
		t.Errorf("the request's own error is %v", err)
	}
	if r := parse(t, `{"maxChecks":"x","check":{"htp":{}}}`, web(`"maxChecks":3,"check":{"ec2":true}`)); r.MaxChecks != 3 {
		t.Errorf("the request says 3 checks, and %d were read", r.MaxChecks)
	}
}
