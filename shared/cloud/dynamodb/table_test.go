package dynamodb_test

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"

	"quickstep/shared/cloud/cloudtest"
	"quickstep/shared/cloud/dynamodb"
	"quickstep/shared/ledger"
	"quickstep/shared/ledger/ledgertest"
)

const table = "quickstep"

// Pages and batches are cut off far below DynamoDB's own limits, so that the suite meets them.
const (
	queryPage = 7
	batchPage = 37
)

type attributes = map[string]any // name → {"S": …}

// items is a table of DynamoDB, as strict with requests as DynamoDB is, as far as the ledger makes them.
type items map[string]map[string]attributes // pk → sk → item

func TestTableIsALedger(t *testing.T) {
	ledgertest.Exercise(t, func(t *testing.T) ledger.Store {
		it := items{}
		return dynamodb.New(cloudtest.Serve(t, it.answer).Config, table)
	})
}

func (it items) answer(c cloudtest.Call) cloudtest.Answer {
	in := c.JSON()
	switch c.Operation {
	case "GetItem":
		return reply(attributes{"Item": it[text(in["Key"], "pk")][text(in["Key"], "sk")]})
	case "BatchGetItem":
		return it.batchGet(in["RequestItems"].(attributes)[table].(attributes))
	case "Query":
		return it.query(in)
	case "PutItem", "DeleteItem":
		if !it.holds(in) {
			return cloudtest.JSON("ConditionalCheckFailedException")
		}
		it.apply(in)
		return reply(attributes{})
	case "TransactWriteItems":
		return it.transact(in["TransactItems"].([]any))
	}
	return cloudtest.JSON("UnknownOperationException")
}

func (it items) batchGet(in attributes) cloudtest.Answer {
	keys := in["Keys"].([]any)
	if len(keys) > 100 || repeats(keys) || in["ConsistentRead"] != true {
		return cloudtest.JSON("ValidationException")
	}
	now := keys[:min(len(keys), batchPage)]
	var found []any
	for _, k := range now {
		if item, ok := it[text(k, "pk")][text(k, "sk")]; ok {
			found = append(found, item)
		}
	}
	out := attributes{"Responses": attributes{table: found}, "UnprocessedKeys": attributes{}}
	if left := keys[len(now):]; len(left) > 0 {
		out["UnprocessedKeys"] = attributes{table: attributes{"Keys": left, "ConsistentRead": true}}
	}
	return reply(out)
}

func (it items) query(in attributes) cloudtest.Answer {
	values := in["ExpressionAttributeValues"]
	prefix := ""
	switch in["KeyConditionExpression"] {
	case "pk = :pk":
	case "pk = :pk AND begins_with(sk, :prefix)":
		prefix = text(values, ":prefix")
	default:
		return cloudtest.JSON("ValidationException")
	}
	after := ""
	if start, ok := in["ExclusiveStartKey"]; ok {
		if after = text(start, "sk"); after == "" || !strings.HasPrefix(after, prefix) || text(start, "pk") != text(values, ":pk") {
			return cloudtest.JSON("ValidationException")
		}
	}
	limit := queryPage
	if n, ok := in["Limit"].(float64); ok {
		limit = min(limit, int(n))
	}
	partition := it[text(values, ":pk")]
	var sks []string
	for sk := range partition {
		if strings.HasPrefix(sk, prefix) && sk > after {
			sks = append(sks, sk)
		}
	}
	slices.Sort(sks)
	out := attributes{"Items": []any{}}
	for i, sk := range sks {
		if i == limit {
			last := partition[sks[i-1]]
			out["LastEvaluatedKey"] = attributes{"pk": last["pk"], "sk": last["sk"]}
			break
		}
		out["Items"] = append(out["Items"].([]any), partition[sk])
	}
	return reply(out)
}

func (it items) transact(parts []any) cloudtest.Answer {
	var writes []attributes
	var keys, reasons []any
	failed := false
	for _, p := range parts {
		for _, w := range p.(attributes) { // one, named Put, Delete or ConditionCheck
			writes = append(writes, w.(attributes))
			keys = append(keys, key(w.(attributes)))
		}
	}
	if len(parts) > 100 || repeats(keys) {
		return cloudtest.JSON("ValidationException")
	}
	for _, w := range writes {
		reason := "None"
		if !it.holds(w) {
			reason, failed = "ConditionalCheckFailed", true
		}
		reasons = append(reasons, attributes{"Code": reason})
	}
	if failed {
		a := reply(attributes{"__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException", "CancellationReasons": reasons})
		a.Status = 400
		return a
	}
	for i, w := range writes {
		if parts[i].(attributes)["ConditionCheck"] == nil {
			it.apply(w)
		}
	}
	return reply(attributes{})
}

func (it items) holds(w attributes) bool {
	k := key(w)
	old, exists := it[text(k, "pk")][text(k, "sk")]
	switch w["ConditionExpression"] {
	case "attribute_not_exists(pk)":
		return !exists
	case "#rev = :rev":
		name := w["ExpressionAttributeNames"].(attributes)["#rev"].(string)
		return exists && old[name].(attributes)["N"] == w["ExpressionAttributeValues"].(attributes)[":rev"].(attributes)["N"]
	}
	return false
}

func (it items) apply(w attributes) {
	k := key(w)
	pk, sk := text(k, "pk"), text(k, "sk")
	if w["Item"] == nil {
		delete(it[pk], sk)
		return
	}
	if it[pk] == nil {
		it[pk] = map[string]attributes{}
	}
	it[pk][sk] = w["Item"].(attributes)
}

func key(w attributes) attributes {
	if item, ok := w["Item"].(attributes); ok {
		return attributes{"pk": item["pk"], "sk": item["sk"]}
	}
	return w["Key"].(attributes)
}

func text(of any, name string) string { return of.(attributes)[name].(attributes)["S"].(string) }

func repeats(keys []any) bool {
	seen := map[string]bool{}
	for _, k := range keys {
		name := strconv.Quote(text(k, "pk")) + strconv.Quote(text(k, "sk"))
		if seen[name] {
			return true
		}
		seen[name] = true
	}
	return false
}

func reply(v attributes) cloudtest.Answer {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return cloudtest.Answer{Body: string(body)}
}
