package world

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"quickstep/shared/ledger"
)

// DynamoDB's units and limits.
const (
	writeUnit   = 1 << 10
	readUnit    = 4 << 10
	maxItemSize = 400 << 10
)

// Table is the ledger's table.
type Table struct{ world *World }

// Table is the ledger's table; it implements ledger.Store.
func (w *World) Table() *Table { return &Table{w} }

// Get is ledger.Store's.
func (t *Table) Get(ctx context.Context, keys ...ledger.Key) ([]ledger.Doc, error) {
	w := t.world
	docs := make([]ledger.Doc, 0, len(keys))
	if len(keys) == 0 {
		return docs, nil
	}
	op := Op{Service: "dynamodb", Name: "Get", Subject: keys[0].SK, Detail: w.say("%v", keys)}
	err := w.effect(ctx, op, func(*Op) error {
		for i, k := range keys {
			if slices.Contains(keys[:i], k) {
				continue
			}
			if r := w.table.row(k, w.expired()); r != nil {
				docs = append(docs, r.Doc)
				w.tally("dynamodb", "ReadUnits", units(r.size(), readUnit))
			} else {
				w.tally("dynamodb", "ReadUnits", 1)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return docs, nil
}

// List is ledger.Store's.
func (t *Table) List(ctx context.Context, pk, prefix, after string, limit int) (docs []ledger.Doc, err error) {
	w := t.world
	op := Op{Service: "dynamodb", Name: "List", Subject: pk, Detail: w.say("%s %s* after %q limit %d", pk, prefix, after, limit)}
	err = w.effect(ctx, op, func(*Op) error {
		docs = w.table.list(pk, prefix, after, limit, w.expired())
		size := 0
		for _, d := range docs {
			size += (&row{Doc: d}).size()
		}
		w.tally("dynamodb", "ReadUnits", units(size, readUnit))
		return nil
	})
	if err != nil {
		return nil, err
	}
	return docs, nil
}

// Write is ledger.Store's.
func (t *Table) Write(ctx context.Context, by string, writes ...ledger.Write) error {
	w := t.world
	if len(writes) == 0 {
		return nil
	}
	op := Op{Service: "dynamodb", Name: "Write", Subject: writes[0].SK, Detail: w.say("%v", described(writes))}
	return w.effect(ctx, op, func(*Op) error {
		if err := valid(writes); err != nil {
			return err
		}
		w.charge(by, writes)
		for _, wr := range writes {
			if r := w.table.row(wr.Key, w.expired()); (r == nil && wr.Rev != 0) || (r != nil && r.Rev != wr.Rev) {
				w.tally("dynamodb", "Conflicts", 1)
				return fmt.Errorf("write %s: %w", wr.Key, ledger.ErrConflict)
			}
		}
		for _, wr := range writes {
			w.table.apply(by, wr)
		}
		return nil
	})
}

// charge counts write units: of the larger of the old and the new item, twice in a transaction, also if a condition fails.
func (w *World) charge(by string, writes []ledger.Write) {
	times := 1
	if len(writes) > 1 {
		times = 2
	}
	for _, wr := range writes {
		size := (&row{Doc: ledger.Doc{Key: wr.Key, By: by, Body: wr.Body}}).size()
		if old := w.table.rows[wr.Key]; old != nil {
			size = max(size, old.size())
		}
		w.tally("dynamodb", "WriteUnits", times*units(size, writeUnit))
	}
	w.tally("dynamodb", "WrittenItems", len(writes))
}

func valid(writes []ledger.Write) error {
	if len(writes) > ledger.MaxWrites {
		return fmt.Errorf("ValidationException: %d writes in one transaction; %d are possible", len(writes), ledger.MaxWrites)
	}
	seen := make(map[ledger.Key]bool, len(writes))
	for _, wr := range writes {
		if wr.PK == "" || wr.SK == "" || seen[wr.Key] {
			return fmt.Errorf("ValidationException: the key %q is empty or twice in one transaction", wr.Key)
		}
		seen[wr.Key] = true
		if wr.Check || wr.Delete {
			continue
		}
		if b := bytes.TrimSpace(wr.Body); len(b) == 0 || b[0] != '{' || !json.Valid(b) {
			return fmt.Errorf("ValidationException: the body of %s isn't a JSON object", wr.Key)
		}
		if len(wr.Body) > maxItemSize {
			return errors.New("ValidationException: item size has exceeded the maximum of 400 KB")
		}
	}
	return nil
}

// described is how writes read in the log.
type described []ledger.Write

func (d described) String() string {
	parts := make([]string, 0, len(d))
	for _, wr := range d {
		switch {
		case wr.Check:
			parts = append(parts, fmt.Sprintf("check %s@%d", wr.Key, wr.Rev))
		case wr.Delete:
			parts = append(parts, fmt.Sprintf("delete %s@%d", wr.Key, wr.Rev))
		default:
			parts = append(parts, fmt.Sprintf("put %s@%d %s", wr.Key, wr.Rev, wr.Body))
		}
	}
	return strings.Join(parts, "; ")
}

func units(size, unit int) int { return max(1, (size+unit-1)/unit) }
