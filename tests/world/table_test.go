package world_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"quickstep/shared/ledger"
	"quickstep/shared/ledger/ledgertest"
)

func TestTheTableIsALedger(t *testing.T) {
	ledgertest.Exercise(t, func(t *testing.T) ledger.Store { return newWorld(t).Table() })
}

func TestTheTableCountsUnits(t *testing.T) {
	w := newWorld(t)
	big := json.RawMessage(`{"a":"` + strings.Repeat("x", 1500) + `"}`)
	one := ledger.Write{Key: ledger.Key{PK: "A", SK: "1"}, Body: big}
	other := ledger.Write{Key: ledger.Key{PK: "A", SK: "2"}, Body: json.RawMessage(`{}`)}
	for _, c := range []struct {
		name   string
		writes []ledger.Write
		units  int
	}{
		{"one of 1.5 KiB", []ledger.Write{one}, 2},
		{"twice in a transaction, also when refused", []ledger.Write{one, other}, 6},
	} {
		before := w.Count("dynamodb.WriteUnits")
		if err := w.Table().Write(ctx, "me", c.writes...); err != nil && !errors.Is(err, ledger.ErrConflict) {
			t.Fatal(err)
		}
		if got := w.Count("dynamodb.WriteUnits") - before; got != c.units {
			t.Errorf("%s: %d units, want %d", c.name, got, c.units)
		}
	}
	if _, err := w.Table().List(ctx, "A", "", "", 0); err != nil || w.Count("dynamodb.ReadUnits") != 1 {
		t.Errorf("%d read units, %v", w.Count("dynamodb.ReadUnits"), err)
	}
}

func TestADocumentExpires(t *testing.T) {
	w := newWorld(t)
	doc := ledger.Write{Key: ledger.Key{PK: "A", SK: "1"}, Body: json.RawMessage(`{}`), Expires: began.Add(time.Hour)}
	if err := w.Table().Write(ctx, "me", doc); err != nil {
		t.Fatal(err)
	}
	w.Advance(time.Hour - 1)
	if len(w.Docs("A")) != 1 {
		t.Error("gone too early")
	}
	w.Advance(1)
	if docs, err := w.Table().Get(ctx, doc.Key); err != nil || len(docs) != 0 {
		t.Errorf("still there: %v, %v", docs, err)
	}
	if err := w.Table().Write(ctx, "me", doc); err != nil {
		t.Errorf("put again: %v", err)
	}
}
