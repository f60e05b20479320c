package ledgertest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"quickstep/shared/ledger"
)

func absent(t *testing.T, s ledger.Store) {
	isnt(t, s, at("RUN#1", "RUN"))
	if docs := get(t, s); len(docs) != 0 {
		t.Errorf("no key gave %+v", docs)
	}
	if docs := get(t, s, at("RUN#1", "RUN"), at("RUN#2", "RUN")); len(docs) != 0 {
		t.Errorf("got %+v", docs)
	}
	if docs, err := s.List(t.Context(), "RUN#1", "", "", 0); err != nil || len(docs) != 0 {
		t.Errorf("got %+v, %v", docs, err)
	}
}

func putIfAbsent(t *testing.T, s ledger.Store) {
	k := at("RUN#1", "RUN")
	must(t, s, "first", put(k, 0, `{"n":1}`))
	is(t, s, k, 1, "first", `{"n":1}`)
	conflict(t, s, "second", put(k, 0, `{"n":2}`))
	is(t, s, k, 1, "first", `{"n":1}`)
	must(t, s, "neighbour", put(at("RUN#1", "I#i-1"), 0, `{}`), put(at("RUN#2", "RUN"), 0, `{}`))
}

func revisions(t *testing.T, s ledger.Store) {
	k := at("RUN#1", "RUN")
	for rev := range int64(12) { // past 9, where an order by digits would fail
		by := fmt.Sprintf("writer %d", rev)
		must(t, s, by, put(k, rev, fmt.Sprintf(`{"rev":%d}`, rev+1)))
		is(t, s, k, rev+1, by, fmt.Sprintf(`{"rev":%d}`, rev+1))
	}
	must(t, s, "last", put(k, 12, `{"other":true}`))
	is(t, s, k, 13, "last", `{"other":true}`) // the fields of before are gone
}

func conflicts(t *testing.T, s ledger.Store) {
	k := at("RUN#1", "RUN")
	conflict(t, s, "early", put(k, 1, `{}`))
	isnt(t, s, k)
	must(t, s, "a", put(k, 0, `{"n":1}`))
	must(t, s, "b", put(k, 1, `{"n":2}`))
	for _, rev := range []int64{0, 1, 3} {
		conflict(t, s, "late", put(k, rev, `{"n":3}`))
		conflict(t, s, "late", ledger.Write{Key: k, Rev: rev, Delete: true})
	}
	is(t, s, k, 2, "b", `{"n":2}`)
}

func deletes(t *testing.T, s ledger.Store) {
	k := at("LOCK#fleet", "LOCK")
	conflict(t, s, "early", ledger.Write{Key: k, Rev: 1, Delete: true})
	must(t, s, "a", put(k, 0, `{}`))
	must(t, s, "b", put(k, 1, `{}`))
	must(t, s, "c", ledger.Write{Key: k, Rev: 2, Delete: true})
	isnt(t, s, k)
	conflict(t, s, "d", put(k, 2, `{}`))
	must(t, s, "e", put(k, 0, `{"again":true}`))
	is(t, s, k, 1, "e", `{"again":true}`)
}

func checks(t *testing.T, s ledger.Store) {
	here, nowhere := at("RUN#1", "RUN"), at("RUN#2", "RUN")
	must(t, s, "a", put(here, 0, `{"n":1}`))
	must(t, s, "b", ledger.Write{Key: here, Rev: 1, Check: true})
	must(t, s, "b", ledger.Write{Key: nowhere, Rev: 0, Check: true})
	conflict(t, s, "b", ledger.Write{Key: here, Rev: 0, Check: true})
	conflict(t, s, "b", ledger.Write{Key: here, Rev: 2, Check: true})
	conflict(t, s, "b", ledger.Write{Key: nowhere, Rev: 1, Check: true})
	is(t, s, here, 1, "a", `{"n":1}`)
	isnt(t, s, nowhere)
}

func transactions(t *testing.T, s ledger.Store) {
	made, changed, gone, checked := at("P", "made"), at("P", "changed"), at("Q", "gone"), at("Q", "checked")
	must(t, s, "before", put(changed, 0, `{"n":1}`), put(gone, 0, `{}`), put(checked, 0, `{}`))
	must(t, s, "after",
		put(made, 0, `{"n":1}`),
		put(changed, 1, `{"n":2}`),
		ledger.Write{Key: gone, Rev: 1, Delete: true},
		ledger.Write{Key: checked, Rev: 1, Check: true},
		ledger.Write{Key: at("Q", "never"), Rev: 0, Check: true})
	is(t, s, made, 1, "after", `{"n":1}`)
	is(t, s, changed, 2, "after", `{"n":2}`)
	isnt(t, s, gone)
	is(t, s, checked, 1, "before", `{}`)
	isnt(t, s, at("Q", "never"))
}

func allOrNothing(t *testing.T, s ledger.Store) {
	old, fresh := at("P", "old"), at("P", "fresh")
	must(t, s, "before", put(old, 0, `{"n":1}`))
	for _, obstacle := range []ledger.Write{
		put(at("P", "other"), 1, `{}`),
		{Key: at("P", "other"), Rev: 1, Delete: true},
		{Key: at("P", "other"), Rev: 1, Check: true},
	} {
		conflict(t, s, "after", put(fresh, 0, `{}`), put(old, 1, `{"n":2}`), obstacle)
		conflict(t, s, "after", obstacle, put(fresh, 0, `{}`), ledger.Write{Key: old, Rev: 1, Delete: true})
		isnt(t, s, fresh)
		isnt(t, s, obstacle.Key)
		is(t, s, old, 1, "before", `{"n":1}`)
	}
}

func writesNothing(t *testing.T, s ledger.Store) {
	if err := s.Write(t.Context(), "nobody"); err != nil {
		t.Error(err)
	}
}

func writesTooMuch(t *testing.T, s ledger.Store) {
	var writes []ledger.Write
	for i := range ledger.MaxWrites + 1 {
		writes = append(writes, put(at("P", fmt.Sprint(i)), 0, `{}`))
	}
	wrong(t, s, "greedy", writes...)
	isnt(t, s, at("P", "0"))
}

func writesNonsense(t *testing.T, s ledger.Store) {
	for _, body := range []string{``, `{`, `[]`, `"text"`, `null`, `{} {}`} {
		wrong(t, s, "confused", put(at("P", "a"), 0, body))
	}
	wrong(t, s, "confused", put(at("P", "a"), 0, `{}`), put(at("P", "a"), 0, `{}`))
	isnt(t, s, at("P", "a"))
}

func expires(t *testing.T, s ledger.Store) {
	w := put(at("RUN#1", "RUN"), 0, `{"n":1}`)
	w.Expires = time.Date(2999, 1, 1, 0, 0, 0, 0, time.UTC)
	must(t, s, "a", w)
	is(t, s, w.Key, 1, "a", `{"n":1}`)
}

func applyOwn(t *testing.T, s ledger.Store) {
	k, lock := at("RUN#1", "RUN"), at("LOCK#fleet", "LOCK")
	must(t, s, "before", put(k, 0, `{"n":1}`), put(lock, 0, `{}`))
	writes := []ledger.Write{{Key: lock, Rev: 1, Delete: true}, put(k, 1, `{"n":2}`)}
	for range 2 { // the second is the repetition after a reply that was lost
		if err := ledger.Apply(t.Context(), s, "mine", writes...); err != nil {
			t.Fatal(err)
		}
		is(t, s, k, 2, "mine", `{"n":2}`)
		isnt(t, s, lock)
	}
}

func applyOther(t *testing.T, s ledger.Store) {
	k := at("RUN#1", "RUN")
	must(t, s, "theirs", put(k, 0, `{"n":1}`))
	if err := ledger.Apply(t.Context(), s, "mine", put(k, 0, `{"n":1}`)); !errors.Is(err, ledger.ErrConflict) {
		t.Errorf("got %v", err)
	}
	is(t, s, k, 1, "theirs", `{"n":1}`)
}
