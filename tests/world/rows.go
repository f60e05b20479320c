package world

import (
	"bytes"
	"slices"
	"sort"
	"strings"
	"time"

	"quickstep/shared/ledger"
)

// table holds rows by key, and each partition's sort keys in order.
type table struct {
	rows map[ledger.Key]*row
	keys map[string][]string
}

type row struct {
	ledger.Doc
	expires time.Time
}

func (r *row) size() int { return len(r.PK) + len(r.SK) + len(r.By) + len(r.Body) + 16 }

func newTable() *table { return &table{rows: map[ledger.Key]*row{}, keys: map[string][]string{}} }

// row is a document that exists: one whose time to live was over by then doesn't.
func (t *table) row(k ledger.Key, now time.Time) *row {
	r := t.rows[k]
	if r == nil || (!r.expires.IsZero() && !now.Before(r.expires)) {
		return nil
	}
	return r
}

func (t *table) put(r *row) {
	if _, ok := t.rows[r.Key]; !ok {
		keys := t.keys[r.PK]
		t.keys[r.PK] = slices.Insert(keys, sort.SearchStrings(keys, r.SK), r.SK)
	}
	t.rows[r.Key] = r
}

func (t *table) remove(k ledger.Key) {
	if _, ok := t.rows[k]; ok {
		keys := t.keys[k.PK]
		i := sort.SearchStrings(keys, k.SK)
		t.keys[k.PK] = slices.Delete(keys, i, i+1)
		delete(t.rows, k)
	}
}

func (t *table) list(pk, prefix, after string, limit int, now time.Time) []ledger.Doc {
	keys := t.keys[pk]
	docs := []ledger.Doc{}
	for i := sort.SearchStrings(keys, max(prefix, after)); i < len(keys) && (limit == 0 || len(docs) < limit); i++ {
		if keys[i] <= after {
			continue
		}
		if !strings.HasPrefix(keys[i], prefix) {
			break
		}
		if r := t.row(ledger.Key{PK: pk, SK: keys[i]}, now); r != nil {
			docs = append(docs, r.Doc)
		}
	}
	return docs
}

func (t *table) apply(by string, wr ledger.Write) {
	switch {
	case wr.Check:
	case wr.Delete:
		t.remove(wr.Key)
	default:
		doc := ledger.Doc{Key: wr.Key, Rev: wr.Rev + 1, By: by, Body: bytes.Clone(wr.Body)}
		t.put(&row{Doc: doc, expires: wr.Expires})
	}
}

// expired is the time whose expired items DynamoDB has deleted by now.
func (w *World) expired() time.Time { return w.now.Add(-w.Linger) }

// Expiry is when a document expires; zero if it doesn't, or isn't there.
func (w *World) Expiry(pk, sk string) time.Time {
	if r := w.table.row(ledger.Key{PK: pk, SK: sk}, w.expired()); r != nil {
		return r.expires
	}
	return time.Time{}
}

// Doc is a document, read without an effect.
func (w *World) Doc(pk, sk string) (ledger.Doc, bool) {
	if r := w.table.row(ledger.Key{PK: pk, SK: sk}, w.expired()); r != nil {
		return r.Doc, true
	}
	return ledger.Doc{}, false
}

// Docs are a partition's documents in order, read without an effect.
func (w *World) Docs(pk string) []ledger.Doc { return w.table.list(pk, "", "", 0, w.expired()) }

// Partitions are the partition keys in use, in order.
func (w *World) Partitions() []string {
	var all []string
	for pk, keys := range w.table.keys {
		if len(keys) > 0 {
			all = append(all, pk)
		}
	}
	slices.Sort(all)
	return all
}
