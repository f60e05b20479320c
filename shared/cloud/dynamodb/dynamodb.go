// Package dynamodb keeps the ledger in a DynamoDB table.
//
//	pk, sk   the key
//	rev, by  ledger.Doc's, on which the conditions of writes are
//	doc      the document, as a map, so that the console shows its fields
//	expires  the table's time to live attribute, in seconds since 1970; absent if the document stays
package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"quickstep/shared/cloud/awserr"
	"quickstep/shared/ledger"
	"quickstep/shared/transient"
)

// keysPerCall is the most items that BatchGetItem takes.
const keysPerCall = 100

// Table is the ledger's table.
type Table struct {
	client *api.Client
	name   string
}

var _ ledger.Store = Table{}

// New makes a client for the table; it calls nothing yet.
func New(cfg aws.Config, table string) Table {
	return Table{api.NewFromConfig(awserr.Watch(cfg)), table}
}

// Get implements ledger.Store.
func (t Table) Get(ctx context.Context, keys ...ledger.Key) ([]ledger.Doc, error) {
	if len(keys) == 1 {
		return t.one(ctx, keys[0])
	}
	var docs []ledger.Doc
	for chunk := range slices.Chunk(distinct(keys), keysPerCall) {
		found, err := t.batch(ctx, chunk)
		if err != nil {
			return nil, fmt.Errorf("read %d documents from %s on: %w", len(chunk), chunk[0], err)
		}
		docs = append(docs, found...)
	}
	return docs, nil
}

func (t Table) one(ctx context.Context, k ledger.Key) ([]ledger.Doc, error) {
	in := &api.GetItemInput{TableName: &t.name, Key: key(k), ConsistentRead: aws.Bool(true)}
	out, err := t.client.GetItem(ctx, in)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", k, awserr.Mark(err))
	}
	if len(out.Item) == 0 {
		return nil, nil
	}
	d, err := doc(out.Item)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", k, err)
	}
	return []ledger.Doc{d}, nil
}

// batch asks again for what DynamoDB left out, at once, for as long as each answer brings
// something: an answer can be cut off at 16 MB. One that brings nothing is a throttle, and waiting
// is the caller's business.
func (t Table) batch(ctx context.Context, keys []ledger.Key) ([]ledger.Doc, error) {
	ask := make([]map[string]types.AttributeValue, 0, len(keys))
	for _, k := range keys {
		ask = append(ask, key(k))
	}
	var docs []ledger.Doc
	for len(ask) > 0 {
		out, err := t.client.BatchGetItem(ctx, &api.BatchGetItemInput{
			RequestItems: map[string]types.KeysAndAttributes{t.name: {Keys: ask, ConsistentRead: aws.Bool(true)}}})
		if err != nil {
			return nil, awserr.Mark(err)
		}
		found, err := decode(out.Responses[t.name])
		if err != nil {
			return nil, err
		}
		docs = append(docs, found...)
		left := out.UnprocessedKeys[t.name].Keys
		if len(left) >= len(ask) {
			return nil, transient.NotApplied(errors.New("none of the keys was processed"))
		}
		ask = left
	}
	return docs, nil
}

// List implements ledger.Store.
func (t Table) List(ctx context.Context, pk, prefix, after string, limit int) ([]ledger.Doc, error) {
	in := &api.QueryInput{
		TableName:                 &t.name,
		ConsistentRead:            aws.Bool(true),
		KeyConditionExpression:    aws.String("pk = :pk"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":pk": text(pk)},
	}
	if prefix != "" {
		in.KeyConditionExpression = aws.String("pk = :pk AND begins_with(sk, :prefix)")
		in.ExpressionAttributeValues[":prefix"] = text(prefix)
	}
	switch {
	case after != "" && strings.HasPrefix(after, prefix):
		in.ExclusiveStartKey = key(ledger.Key{PK: pk, SK: after})
	case after > prefix: // DynamoDB takes no start outside of the prefix; all documents with it come before this one
		return nil, nil
	}
	docs, err := t.query(ctx, in, limit)
	if err != nil {
		return nil, fmt.Errorf("list %s/%s*: %w", pk, prefix, err)
	}
	return docs, nil
}

func (t Table) query(ctx context.Context, in *api.QueryInput, limit int) ([]ledger.Doc, error) {
	var docs []ledger.Doc
	for {
		if limit > 0 {
			in.Limit = aws.Int32(int32(limit - len(docs)))
		}
		page, err := t.client.Query(ctx, in)
		if err != nil {
			return nil, awserr.Mark(err)
		}
		found, err := decode(page.Items)
		if err != nil {
			return nil, err
		}
		docs = append(docs, found...)
		if len(page.LastEvaluatedKey) == 0 || limit > 0 && len(docs) >= limit {
			return docs, nil
		}
		in.ExclusiveStartKey = page.LastEvaluatedKey
	}
}

func distinct(keys []ledger.Key) []ledger.Key {
	seen := make(map[ledger.Key]bool, len(keys))
	return slices.DeleteFunc(slices.Clone(keys), func(k ledger.Key) bool {
		again := seen[k]
		seen[k] = true
		return again
	})
}
