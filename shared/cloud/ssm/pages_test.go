package ssm_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"quickstep/shared/cloud/cloudtest"
)

// inTurn answers with one page after the other, each under a token; an empty name is the first.
func inTurn(pages ...string) func(cloudtest.Call) cloudtest.Answer {
	return func(c cloudtest.Call) cloudtest.Answer {
		n := 0
		if token, ok := c.JSON()["NextToken"].(string); ok {
			if _, err := fmt.Sscanf(token, "page %d", &n); err != nil {
				return cloudtest.JSON("InvalidNextToken")
			}
		}
		next := ""
		if n+1 < len(pages) {
			next = fmt.Sprintf(`,"NextToken":"page %d"`, n+1)
		}
		return cloudtest.Answer{Body: "{" + pages[n] + next + "}"}
	}
}

// sent are the requests without their tokens, each only once.
func sent(w *cloudtest.Wire) (all []map[string]any) {
	for _, c := range w.Calls() {
		in := c.JSON()
		delete(in, "NextToken")
		if !slices.ContainsFunc(all, func(other map[string]any) bool { return reflect.DeepEqual(other, in) }) {
			all = append(all, in)
		}
	}
	return all
}

// wants fails unless calls were made, and with these requests.
func wants(t *testing.T, w *cloudtest.Wire, operations string, requests ...map[string]any) {
	t.Helper()
	if got := strings.Join(w.Operations(), " "); got != operations || !reflect.DeepEqual(sent(w), requests) {
		t.Errorf("called %s with %v, want %s with %v", got, sent(w), operations, requests)
	}
}

// onceThrottled answers the second time.
func onceThrottled(t *testing.T, body string) *cloudtest.Wire {
	n := 0
	return cloudtest.Serve(t, func(cloudtest.Call) cloudtest.Answer {
		if n++; n == 1 {
			return cloudtest.JSON("ThrottlingException")
		}
		return cloudtest.Answer{Body: body}
	})
}
