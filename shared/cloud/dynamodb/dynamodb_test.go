package dynamodb_test

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"quickstep/shared/cloud/cloudtest"
	"quickstep/shared/cloud/dynamodb"
	"quickstep/shared/ledger"
	"quickstep/shared/transient"
)

var (
	theRun = ledger.Key{PK: "RUN#1", SK: "RUN"}
	theOne = ledger.Key{PK: "RUN#1", SK: "I#i-1"}
)

func put(k ledger.Key, rev int64) ledger.Write {
	return ledger.Write{Key: k, Rev: rev, Body: json.RawMessage(`{"n":1}`)}
}

func TestWhatIsSent(t *testing.T) {
	const runKey = `"pk":{"S":"RUN#1"},"sk":{"S":"RUN"}`
	const item = runKey + `,"rev":{"N":"1"},"by":{"S":"me"}`
	const absent = `"ConditionExpression":"attribute_not_exists(pk)"`
	const atTwo = `"ConditionExpression":"#rev = :rev","ExpressionAttributeNames":{"#rev":"rev"},"ExpressionAttributeValues":{":rev":{"N":"2"}}`
	lasting, nested := put(theRun, 0), put(theRun, 0)
	lasting.Expires = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	nested.Body = json.RawMessage(`{"s":"","l":[1,{}],"m":{"n":12345678901234567890},"z":null,"b":true}`)
	for _, c := range []struct {
		name      string
		call      func(context.Context, ledger.Store) error
		operation string
		body      string
	}{
		{"one put is a PutItem on the condition that there is none",
			func(ctx context.Context, s ledger.Store) error { return s.Write(ctx, "me", put(theRun, 0)) },
			"PutItem", `{"TableName":"quickstep",` + absent + `,"Item":{` + item + `,"doc":{"M":{"n":{"N":"1"}}}}}`},
		{"a document that expires says when, in seconds",
			func(ctx context.Context, s ledger.Store) error { return s.Write(ctx, "me", lasting) },
			"PutItem", `{"TableName":"quickstep",` + absent + `,"Item":{` + item + `,"expires":{"N":"1767225600"},"doc":{"M":{"n":{"N":"1"}}}}}`},
		{"a document's fields are native attributes",
			func(ctx context.Context, s ledger.Store) error { return s.Write(ctx, "me", nested) },
			"PutItem", `{"TableName":"quickstep",` + absent + `,"Item":{` + item + `,"doc":{"M":{"s":{"S":""},"l":{"L":[{"N":"1"},{"M":{}}]},
				"m":{"M":{"n":{"N":"12345678901234567890"}}},"z":{"NULL":true},"b":{"BOOL":true}}}}}`},
		{"one delete is a DeleteItem on the condition of the revision",
			func(ctx context.Context, s ledger.Store) error {
				return s.Write(ctx, "me", ledger.Write{Key: theRun, Rev: 2, Delete: true})
			},
			"DeleteItem", `{"TableName":"quickstep","Key":{` + runKey + `},` + atTwo + `}`},
		{"one document is read consistently by its key",
			func(ctx context.Context, s ledger.Store) error { _, err := s.Get(ctx, theRun); return err },
			"GetItem", `{"TableName":"quickstep","ConsistentRead":true,"Key":{` + runKey + `}}`},
		{"several documents are read consistently at once",
			func(ctx context.Context, s ledger.Store) error { _, err := s.Get(ctx, theRun, theOne); return err },
			"BatchGetItem", `{"RequestItems":{"quickstep":{"ConsistentRead":true,"Keys":[{` + runKey + `},{"pk":{"S":"RUN#1"},"sk":{"S":"I#i-1"}}]}}}`},
		{"a list is a consistent query",
			func(ctx context.Context, s ledger.Store) error {
				_, err := s.List(ctx, "RUN#1", "I#", "I#i-0", 5)
				return err
			},
			"Query", `{"TableName":"quickstep","ConsistentRead":true,"Limit":5,"KeyConditionExpression":"pk = :pk AND begins_with(sk, :prefix)",
				"ExpressionAttributeValues":{":pk":{"S":"RUN#1"},":prefix":{"S":"I#"}},"ExclusiveStartKey":{"pk":{"S":"RUN#1"},"sk":{"S":"I#i-0"}}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := cloudtest.Serve(t, func(cloudtest.Call) cloudtest.Answer { return cloudtest.Answer{Body: `{}`} })
			if err := c.call(t.Context(), dynamodb.New(w.Config, table)); err != nil {
				t.Fatal(err)
			}
			var want map[string]any
			if err := json.Unmarshal([]byte(c.body), &want); err != nil {
				t.Fatal(err)
			}
			if got := w.Calls()[0]; got.Operation != c.operation || !reflect.DeepEqual(got.JSON(), want) {
				t.Errorf("%s sent\n%s, want\n%s", got.Operation, got.Body, c.body)
			}
		})
	}
}

func TestTransactionIsRepeatedUnderOneToken(t *testing.T) {
	first := true
	w := cloudtest.Serve(t, func(cloudtest.Call) cloudtest.Answer {
		lost := first
		first = false
		return cloudtest.Answer{Lost: lost, Body: `{}`}
	})
	if err := dynamodb.New(w.Config, table).Write(t.Context(), "me", put(theRun, 0), put(theOne, 2)); err != nil {
		t.Fatal(err)
	}
	calls := w.Calls()
	if len(calls) != 2 || calls[0].JSON()["ClientRequestToken"] == "" ||
		string(calls[0].Body) != string(calls[1].Body) {
		t.Errorf("%d calls: %s", len(calls), calls[len(calls)-1].Body)
	}
}

func TestCanceledTransactions(t *testing.T) {
	for _, c := range []struct {
		name, codes                string
		conflict, passes, noEffect bool
	}{
		{"a changed document is a conflict", "None ConditionalCheckFailed", true, false, false},
		{"a changed document outweighs another transaction", "TransactionConflict ConditionalCheckFailed", true, false, false},
		{"another transaction passes", "TransactionConflict None", false, true, true},
		{"a throttled partition passes", "None ThrottlingError", false, true, true},
		{"used up capacity passes", "ProvisionedThroughputExceeded None", false, true, true},
		{"an invalid item doesn't pass", "None ValidationError", false, false, false},
		{"an invalid item outweighs a throttle", "ThrottlingError ValidationError", false, false, false},
		{"no reason at all doesn't pass", "None None", false, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var reasons []any
			for _, code := range strings.Fields(c.codes) {
				reasons = append(reasons, attributes{"Code": code})
			}
			canceled := reply(attributes{"__type": "x#TransactionCanceledException", "CancellationReasons": reasons})
			canceled.Status = 400
			w := cloudtest.Serve(t, func(cloudtest.Call) cloudtest.Answer { return canceled })
			err := dynamodb.New(w.Config, table).Write(t.Context(), "me", put(theRun, 0), put(theOne, 0))
			if err == nil || errors.Is(err, ledger.ErrConflict) != c.conflict || transient.Is(err) != c.passes ||
				transient.IsNotApplied(err) != c.noEffect {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestASingleWriteThatMeetsATransactionPasses(t *testing.T) {
	w := cloudtest.Serve(
		t,
		func(cloudtest.Call) cloudtest.Answer { return cloudtest.JSON("TransactionConflictException") },
	)
	if err := dynamodb.New(w.Config, table).Write(t.Context(), "me", put(theRun, 0)); !transient.IsNotApplied(err) {
		t.Errorf("got %v", err)
	}
}

func TestApplyAfterALostReply(t *testing.T) {
	it, first := items{}, true
	w := cloudtest.Serve(t, func(c cloudtest.Call) cloudtest.Answer {
		a := it.answer(c)
		a.Lost, first = first, false
		return a
	})
	if err := ledger.Apply(t.Context(), dynamodb.New(w.Config, table), "me", put(theRun, 0)); err != nil {
		t.Error(err)
	}
	if got := strings.Join(w.Operations(), " "); got != "PutItem PutItem GetItem" {
		t.Errorf("called %s", got)
	}
}

func TestABatchOfWhichNothingIsReadPasses(t *testing.T) {
	w := cloudtest.Serve(t, func(c cloudtest.Call) cloudtest.Answer {
		return reply(attributes{"Responses": attributes{}, "UnprocessedKeys": c.JSON()["RequestItems"]})
	})
	if _, err := dynamodb.New(w.Config, table).Get(t.Context(), theRun, theOne); !transient.Is(err) ||
		len(w.Calls()) != 1 {
		t.Errorf("%d calls, %v", len(w.Calls()), err)
	}
}

func TestAnItemThatIsNoDocumentIsAnError(t *testing.T) {
	const head = `"pk":{"S":"RUN#1"},"sk":{"S":"RUN"},"by":{"S":"me"}`
	for _, item := range []string{
		head,
		head + `,"rev":{"S":"1"},"doc":{"M":{}}`,
		head + `,"rev":{"N":"1.5"},"doc":{"M":{}}`,
		head + `,"rev":{"N":"1"},"doc":{"S":"text"}`,
		head + `,"rev":{"N":"1"},"doc":{"M":{"set":{"SS":["a"]}}}`,
		head + `,"rev":{"N":"1"},"doc":{"M":{"list":{"L":[{"B":"AA=="}]}}}`,
		head + `,"rev":{"N":"1"},"doc":{"M":{"number":{"N":"NaN"}}}`,
	} {
		w := cloudtest.Serve(t, func(c cloudtest.Call) cloudtest.Answer {
			if c.Operation == "GetItem" {
				return cloudtest.Answer{Body: `{"Item":{` + item + `}}`}
			}
			return cloudtest.Answer{Body: `{"Items":[{` + item + `}],"Responses":{"quickstep":[{` + item + `}]}}`}
		})
		s := dynamodb.New(w.Config, table)
		_, one := s.Get(t.Context(), theRun)
		_, several := s.Get(t.Context(), theRun, theOne)
		_, all := s.List(t.Context(), "RUN#1", "", "", 0)
		if one == nil || several == nil || all == nil || transient.Is(one) || transient.Is(several) ||
			transient.Is(all) {
			t.Errorf("%s: got %v; %v; %v", item, one, several, all)
		}
	}
}

func TestFailures(t *testing.T) {
	for name, call := range map[string]func(context.Context, ledger.Store) error{
		"Get one":     func(ctx context.Context, s ledger.Store) error { _, err := s.Get(ctx, theRun); return err },
		"Get several": func(ctx context.Context, s ledger.Store) error { _, err := s.Get(ctx, theRun, theOne); return err },
		"List":        func(ctx context.Context, s ledger.Store) error { _, err := s.List(ctx, "RUN#1", "", "", 0); return err },
		"Write one":   func(ctx context.Context, s ledger.Store) error { return s.Write(ctx, "me", put(theRun, 0)) },
		"Write several": func(ctx context.Context, s ledger.Store) error {
			return s.Write(ctx, "me", put(theRun, 0), put(theOne, 0))
		},
		"Delete one": func(ctx context.Context, s ledger.Store) error {
			return s.Write(ctx, "me", ledger.Write{Key: theRun, Rev: 1, Delete: true})
		},
	} {
		t.Run(name, func(t *testing.T) {
			on := func(ctx context.Context, cfg aws.Config) error { return call(ctx, dynamodb.New(cfg, table)) }
			cloudtest.Failures(t, cloudtest.JSON, on)
			cloudtest.Garbled(t, cloudtest.Answer{Body: `{"Item":{"pk":{"S":"RUN#1"},"sk":{"S":"RUN"}}}`}, on)
		})
	}
}
