// Package ledgertest is what every ledger.Store must do, as a test: the one on DynamoDB and the one in memory pass
// the same suite, so that what is proved on the one holds on the other.
package ledgertest

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/big"
	"reflect"
	"testing"

	"quickstep/shared/ledger"
	"quickstep/shared/transient"
)

// Exercise tests a store. open is called for each part and gives an empty one.
func Exercise(t *testing.T, open func(t *testing.T) ledger.Store) {
	t.Helper()
	for _, part := range []struct {
		name string
		test func(*testing.T, ledger.Store)
	}{
		{"what was never written is absent", absent},
		{"a document is put once if it must not exist", putIfAbsent},
		{"each write makes the next revision and leaves its mark", revisions},
		{"a write at another revision is a conflict and changes nothing", conflicts},
		{"a deleted document is absent and starts again at revision 1", deletes},
		{"a check changes nothing and fails like a write", checks},
		{"a transaction happens as a whole", transactions},
		{"a transaction of which one part conflicts doesn't happen", allOrNothing},
		{"a write of nothing is nothing", writesNothing},
		{"a write of too much is an error", writesTooMuch},
		{"a write that isn't one object per key is an error", writesNonsense},
		{"a hundred documents are written and read at once", hundred},
		{"more documents than one call takes are read", manyReads},
		{"a key that is asked for twice is answered once", askedTwice},
		{"a list is in the order of the sort key", listOrder},
		{"a list keeps to its partition and prefix", listPrefix},
		{"a list goes on after a key, which needn't exist", listAfter},
		{"a list ends at its limit", listLimit},
		{"a long list is whole", listLong},
		{"a document comes back as it was written", bodies},
		{"a document that may be forgotten later is still there", expires},
		{"Apply knows its own write again", applyOwn},
		{"Apply doesn't take another's write for its own", applyOther},
		{"Put and Read carry a value", putAndRead},
	} {
		t.Run(part.name, func(t *testing.T) { part.test(t, open(t)) })
	}
}

func at(pk, sk string) ledger.Key { return ledger.Key{PK: pk, SK: sk} }

func put(k ledger.Key, rev int64, body string) ledger.Write {
	return ledger.Write{Key: k, Rev: rev, Body: json.RawMessage(body)}
}

// must writes and fails the test if that fails.
func must(t *testing.T, s ledger.Store, by string, writes ...ledger.Write) {
	t.Helper()
	if err := s.Write(t.Context(), by, writes...); err != nil {
		t.Fatalf("write by %s: %v", by, err)
	}
}

// conflict writes and fails the test unless that is a conflict.
func conflict(t *testing.T, s ledger.Store, by string, writes ...ledger.Write) {
	t.Helper()
	err := s.Write(t.Context(), by, writes...)
	if !errors.Is(err, ledger.ErrConflict) || transient.Is(err) {
		t.Fatalf("write by %s: got %v, want a conflict", by, err)
	}
}

// wrong writes and fails the test unless that is an error that no repetition mends.
func wrong(t *testing.T, s ledger.Store, by string, writes ...ledger.Write) {
	t.Helper()
	err := s.Write(t.Context(), by, writes...)
	if err == nil || errors.Is(err, ledger.ErrConflict) || transient.Is(err) {
		t.Fatalf("write by %s: got %v, want an error that is final and no conflict", by, err)
	}
}

func get(t *testing.T, s ledger.Store, keys ...ledger.Key) []ledger.Doc {
	t.Helper()
	docs, err := s.Get(t.Context(), keys...)
	if err != nil {
		t.Fatalf("get %v: %v", keys, err)
	}
	return docs
}

// is fails the test unless the document is there as described.
func is(t *testing.T, s ledger.Store, k ledger.Key, rev int64, by, body string) {
	t.Helper()
	docs := get(t, s, k)
	if len(docs) != 1 {
		t.Fatalf("%s: got %d documents", k, len(docs))
	}
	if d := docs[0]; d.Key != k || d.Rev != rev || d.By != by || !same(t, d.Body, []byte(body)) {
		t.Fatalf("%s: got %s, revision %d by %q: %s; want revision %d by %q: %s",
			k, d.Key, d.Rev, d.By, d.Body, rev, by, body)
	}
}

// isnt fails the test if the document is there.
func isnt(t *testing.T, s ledger.Store, k ledger.Key) {
	t.Helper()
	if docs := get(t, s, k); len(docs) != 0 {
		t.Fatalf("%s: got %+v, want none", k, docs)
	}
}

// same says whether two documents are equal as JSON, whatever the order of fields and the way numbers are written.
func same(t *testing.T, a, b []byte) bool {
	t.Helper()
	return reflect.DeepEqual(canonical(t, a), canonical(t, b))
}

func canonical(t *testing.T, body []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("document %q: %v", body, err)
	}
	return exact(v)
}

func exact(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name := range v {
			v[name] = exact(v[name])
		}
	case []any:
		for i := range v {
			v[i] = exact(v[i])
		}
	case json.Number:
		if r, ok := new(big.Rat).SetString(v.String()); ok {
			return "number " + r.RatString()
		}
	}
	return v
}
