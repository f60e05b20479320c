package dynamodb

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"quickstep/shared/ledger"
)

func text(s string) types.AttributeValue   { return &types.AttributeValueMemberS{Value: s} }
func number(s string) types.AttributeValue { return &types.AttributeValueMemberN{Value: s} }

func key(k ledger.Key) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{"pk": text(k.PK), "sk": text(k.SK)}
}

// item is a document as it will be once w is done.
func item(by string, w ledger.Write) (map[string]types.AttributeValue, error) {
	fields, err := parse(w.Body)
	if err != nil {
		return nil, err
	}
	it := key(w.Key)
	it["rev"], it["by"], it["doc"] = number(strconv.FormatInt(w.Rev+1, 10)), text(by), toAttribute(fields)
	if !w.Expires.IsZero() {
		it["expires"] = number(strconv.FormatInt(w.Expires.Unix(), 10))
	}
	return it, nil
}

// parse keeps numbers as they are written: a float64 would lose the last digits of a large integer.
func parse(body json.RawMessage) (map[string]any, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var fields map[string]any
	if err := d.Decode(&fields); err != nil {
		return nil, fmt.Errorf("the document isn't a JSON object: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) || fields == nil {
		return nil, errors.New("the document isn't one JSON object")
	}
	return fields, nil
}

func toAttribute(v any) types.AttributeValue {
	switch v := v.(type) {
	case map[string]any:
		m := make(map[string]types.AttributeValue, len(v))
		for name, field := range v {
			m[name] = toAttribute(field)
		}
		return &types.AttributeValueMemberM{Value: m}
	case []any:
		l := make([]types.AttributeValue, 0, len(v))
		for _, element := range v {
			l = append(l, toAttribute(element))
		}
		return &types.AttributeValueMemberL{Value: l}
	case json.Number:
		return number(v.String())
	case string:
		return text(v)
	case bool:
		return &types.AttributeValueMemberBOOL{Value: v}
	}
	return &types.AttributeValueMemberNULL{Value: true}
}

func decode(items []map[string]types.AttributeValue) ([]ledger.Doc, error) {
	docs := make([]ledger.Doc, 0, len(items))
	for _, it := range items {
		d, err := doc(it)
		if err != nil {
			return nil, err
		}
		docs = append(docs, d)
	}
	return docs, nil
}

func doc(it map[string]types.AttributeValue) (ledger.Doc, error) {
	pk, okPK := it["pk"].(*types.AttributeValueMemberS)
	sk, okSK := it["sk"].(*types.AttributeValueMemberS)
	rev, okRev := it["rev"].(*types.AttributeValueMemberN)
	by, okBy := it["by"].(*types.AttributeValueMemberS)
	fields, okDoc := it["doc"].(*types.AttributeValueMemberM)
	if !okPK || !okSK || !okRev || !okBy || !okDoc {
		return ledger.Doc{}, errors.New(
			"an item of the table isn't a document: pk, sk, rev, by or doc is missing or of another type")
	}
	d := ledger.Doc{Key: ledger.Key{PK: pk.Value, SK: sk.Value}, By: by.Value}
	var err error
	if d.Rev, err = strconv.ParseInt(rev.Value, 10, 64); err != nil {
		return ledger.Doc{}, fmt.Errorf("revision of %s: %w", d.Key, err)
	}
	plain, err := fromAttribute(fields)
	if err == nil {
		d.Body, err = json.Marshal(plain)
	}
	if err != nil {
		return ledger.Doc{}, fmt.Errorf("content of %s: %w", d.Key, err)
	}
	return d, nil
}

func fromAttribute(v types.AttributeValue) (any, error) {
	switch v := v.(type) {
	case *types.AttributeValueMemberM:
		m := make(map[string]any, len(v.Value))
		for name, field := range v.Value {
			plain, err := fromAttribute(field)
			if err != nil {
				return nil, err
			}
			m[name] = plain
		}
		return m, nil
	case *types.AttributeValueMemberL:
		l := make([]any, 0, len(v.Value))
		for _, element := range v.Value {
			plain, err := fromAttribute(element)
			if err != nil {
				return nil, err
			}
			l = append(l, plain)
		}
		return l, nil
	case *types.AttributeValueMemberN:
		return json.Number(v.Value), nil
	case *types.AttributeValueMemberS:
		return v.Value, nil
	case *types.AttributeValueMemberBOOL:
		return v.Value, nil
	case *types.AttributeValueMemberNULL:
		return nil, nil
	}
	return nil, fmt.Errorf("a %T has no counterpart in JSON", v) // a set or bytes: nothing here writes them
}
