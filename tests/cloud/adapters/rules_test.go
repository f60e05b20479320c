//go:build e2e

package adapters_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"quickstep/shared/cloud/events"
	"quickstep/tests/cloud/emulator"
	"quickstep/tests/contract"
)

func TestRules(t *testing.T) {
	t.Parallel()
	for _, bus := range []string{"default", fresh("orders")} {
		t.Run(bus, func(t *testing.T) {
			client := api.NewFromConfig(config())
			if bus != "default" {
				if err := emulator.CreateBus(t.Context(), config(), bus); err != nil {
					t.Fatal(err)
				}
			}
			contract.ExerciseRules(t, func(t *testing.T) contract.RulesFixture {
				managed := map[string]bool{}
				add := func(t *testing.T, name string, enabled bool) {
					state := types.RuleStateDisabled
					if enabled {
						state = types.RuleStateEnabled
					}
					must[*api.PutRuleOutput](t)(client.PutRule(t.Context(), &api.PutRuleInput{Name: &name, EventBusName: &bus, State: state,
						EventPattern: aws.String(`{"source":["aws.ec2"]}`)}))
				}
				return contract.RulesFixture{Port: events.New(through(t, managing(t, managed))), Bus: bus, Prefix: fresh("ours") + "-", Add: add,
					Delete: func(t *testing.T, name string) {
						must[*api.DeleteRuleOutput](t)(client.DeleteRule(t.Context(), &api.DeleteRuleInput{Name: &name, EventBusName: &bus}))
					},
					Managed: func(t *testing.T, name string) { add(t, name, true); managed[name] = true }}
			})
		})
	}
}

// managing shows some of the emulator's rules as EventBridge shows those that a service of AWS manages: nobody else can make
// one.
func managing(t *testing.T, managed map[string]bool) http.Handler {
	target := must[*url.URL](t)(url.Parse(endpoint()))
	return strict(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ModifyResponse: func(r *http.Response) error {
			operation := r.Request.Header.Get("X-Amz-Target")
			if r.StatusCode != http.StatusOK || (!strings.HasSuffix(operation, ".ListRules") && !strings.HasSuffix(operation, ".DescribeRule")) {
				return nil
			}
			var answer map[string]any
			if err := json.NewDecoder(r.Body).Decode(&answer); err != nil {
				return err
			}
			mark(answer, managed)
			rules, _ := answer["Rules"].([]any)
			for _, one := range rules {
				rule, _ := one.(map[string]any)
				mark(rule, managed)
			}
			body, err := json.Marshal(answer)
			r.Header.Del("X-Amz-Crc32")
			r.Header.Set("Content-Length", strconv.Itoa(len(body)))
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
			return err
		},
	})
}

// strict refuses to switch a rule that doesn't exist, as EventBridge does; the emulator takes note and does nothing.
func strict(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		operation := r.Header.Get("X-Amz-Target")
		if strings.HasSuffix(operation, ".DisableRule") || strings.HasSuffix(operation, ".EnableRule") {
			var rule struct{ Name, EventBusName *string }
			if err := json.Unmarshal(body, &rule); err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			var missing *types.ResourceNotFoundException
			_, err := api.NewFromConfig(config()).DescribeRule(r.Context(), &api.DescribeRuleInput{Name: rule.Name, EventBusName: rule.EventBusName})
			if errors.As(err, &missing) {
				w.WriteHeader(http.StatusBadRequest)
				_, _ = io.WriteString(w, `{"__type":"ResourceNotFoundException","message":"the rule does not exist"}`)
				return
			}
		}
		h.ServeHTTP(w, r)
	})
}

func mark(rule map[string]any, managed map[string]bool) {
	if name, _ := rule["Name"].(string); managed[name] {
		rule["ManagedBy"] = "states.amazonaws.com"
	}
}
