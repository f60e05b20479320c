package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"quickstep/shared/cloud/awserr"
	"quickstep/shared/ledger"
)

// Write implements ledger.Store. One put or delete is a plain conditional write; more, or a check alone, are a
// transaction, which costs twice the write units. The SDK gives each transaction a token by which DynamoDB
// recognizes a repetition after a lost reply; a plain write has none, and its repetition meets its own trace: see
// ledger.Apply.
func (t Table) Write(ctx context.Context, by string, writes ...ledger.Write) error {
	switch {
	case len(writes) == 0:
		return nil
	case len(writes) > ledger.MaxWrites:
		return fmt.Errorf("write %d documents: DynamoDB takes %d at once", len(writes), ledger.MaxWrites)
	}
	what := fmt.Sprintf("write %s", writes[0].Key)
	if len(writes) > 1 {
		what = fmt.Sprintf("write %d documents from %s on", len(writes), writes[0].Key)
	}
	parts := make([]types.TransactWriteItem, 0, len(writes))
	for _, w := range writes {
		part, err := t.part(by, w)
		if err != nil {
			return fmt.Errorf("write %s: %w", w.Key, err)
		}
		parts = append(parts, part)
	}
	if err := t.apply(ctx, parts); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

func (t Table) part(by string, w ledger.Write) (types.TransactWriteItem, error) {
	at := require(w.Rev)
	switch {
	case w.Check:
		return types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{
			TableName:                 &t.name,
			Key:                       key(w.Key),
			ConditionExpression:       &at.expression,
			ExpressionAttributeNames:  at.names,
			ExpressionAttributeValues: at.values,
		}}, nil
	case w.Delete:
		return types.TransactWriteItem{Delete: &types.Delete{
			TableName:                 &t.name,
			Key:                       key(w.Key),
			ConditionExpression:       &at.expression,
			ExpressionAttributeNames:  at.names,
			ExpressionAttributeValues: at.values,
		}}, nil
	}
	item, err := item(by, w)
	return types.TransactWriteItem{Put: &types.Put{
		TableName:                 &t.name,
		Item:                      item,
		ConditionExpression:       &at.expression,
		ExpressionAttributeNames:  at.names,
		ExpressionAttributeValues: at.values,
	}}, err
}

func (t Table) apply(ctx context.Context, parts []types.TransactWriteItem) error {
	var err error
	switch p := parts[0]; {
	case len(parts) == 1 && p.Put != nil:
		_, err = t.client.PutItem(ctx, &api.PutItemInput{TableName: p.Put.TableName, Item: p.Put.Item,
			ConditionExpression:       p.Put.ConditionExpression,
			ExpressionAttributeNames:  p.Put.ExpressionAttributeNames,
			ExpressionAttributeValues: p.Put.ExpressionAttributeValues})
	case len(parts) == 1 && p.Delete != nil:
		_, err = t.client.DeleteItem(ctx, &api.DeleteItemInput{TableName: p.Delete.TableName, Key: p.Delete.Key,
			ConditionExpression:       p.Delete.ConditionExpression,
			ExpressionAttributeNames:  p.Delete.ExpressionAttributeNames,
			ExpressionAttributeValues: p.Delete.ExpressionAttributeValues})
	default:
		_, err = t.client.TransactWriteItems(ctx, &api.TransactWriteItemsInput{TransactItems: parts})
	}
	return ours(err)
}

// ours turns the answers to a write into the ledger's. A transaction that was canceled for several
// reasons is a conflict if one of them is that a document has changed: the others would pass, this
// one doesn't.
func ours(err error) error {
	var canceled *types.TransactionCanceledException
	if !errors.As(err, &canceled) {
		if awserr.Code(err) == "ConditionalCheckFailedException" {
			return fmt.Errorf("%w: %w", ledger.ErrConflict, err)
		}
		return awserr.Mark(err)
	}
	passes := false
	for _, r := range canceled.CancellationReasons {
		switch aws.ToString(r.Code) {
		case "", "None":
		case "ConditionalCheckFailed":
			return fmt.Errorf("%w: %w", ledger.ErrConflict, err)
		case "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded":
			passes = true
		default: // such as ValidationError or ItemCollectionSizeLimitExceeded
			return err
		}
	}
	if passes {
		return awserr.MarkTransient(err)
	}
	return err
}

type condition struct {
	expression string
	names      map[string]string
	values     map[string]types.AttributeValue
}

// require holds if the document is at a revision, 0 for "doesn't exist".
func require(rev int64) condition {
	if rev == 0 {
		return condition{expression: "attribute_not_exists(pk)"}
	}
	return condition{
		expression: "#rev = :rev",
		names:      map[string]string{"#rev": "rev"},
		values:     map[string]types.AttributeValue{":rev": number(strconv.FormatInt(rev, 10))},
	}
}
