package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"quickstep/shared/ledger"
	"quickstep/shared/transient"
)

var (
	here  = ledger.Key{PK: "P", SK: "here"}
	there = ledger.Key{PK: "P", SK: "there"}
)

// store answers each write with an error, and shows what is given as the state after it.
type store struct {
	ledger.Store
	docs       []ledger.Doc
	write      error
	unreadable error
	reads      int
}

func (s *store) Write(context.Context, string, ...ledger.Write) error { return s.write }

func (s *store) Get(_ context.Context, keys ...ledger.Key) ([]ledger.Doc, error) {
	s.reads++
	var docs []ledger.Doc
	for _, d := range s.docs {
		for _, k := range keys {
			if d.Key == k {
				docs = append(docs, d)
			}
		}
	}
	return docs, s.unreadable
}

func TestApply(t *testing.T) {
	const by = "me#1"
	timeout, final, throttled := errors.New("timeout"), errors.New("AccessDenied"), errors.New("throttled")
	lost, conflict := transient.Mark(timeout), fmt.Errorf("write: %w", ledger.ErrConflict)
	refused := transient.NotApplied(fmt.Errorf("%w: %w", throttled, ledger.ErrConflict))
	doc := func(k ledger.Key, rev int64, by string) ledger.Doc {
		return ledger.Doc{Key: k, Rev: rev, By: by, Body: []byte(`{}`)}
	}
	put := func(k ledger.Key, rev int64) ledger.Write { return ledger.Put(k, rev, map[string]int{}) }
	remove := func(k ledger.Key) ledger.Write { return ledger.Write{Key: k, Rev: 3, Delete: true} }
	check := ledger.Write{Key: there, Rev: 3, Check: true}
	for _, c := range []struct {
		name   string
		answer error
		after  []ledger.Doc
		writes []ledger.Write
		want   error
		reads  int
	}{
		{"what is written needs no reading", nil, nil, []ledger.Write{put(here, 3)}, nil, 0},
		{"a lost reply is recognised", lost, []ledger.Doc{doc(here, 4, by)}, []ledger.Write{put(here, 3)}, nil, 1},
		{"so is one whose repetition met its own traces", conflict, []ledger.Doc{doc(here, 4, by)}, []ledger.Write{put(here, 3)}, nil, 1},
		{"of a new document as well", conflict, []ledger.Doc{doc(here, 1, by)}, []ledger.Write{put(here, 0)}, nil, 1},
		{"what is put tells, not what is deleted or checked", lost, []ledger.Doc{doc(here, 4, by)}, []ledger.Write{check, remove(there), put(here, 3)}, nil, 1},
		{"a request that was lost", lost, []ledger.Doc{doc(here, 3, "somebody")}, []ledger.Write{put(here, 3)}, timeout, 1},
		{"somebody else was faster", conflict, []ledger.Doc{doc(here, 4, "somebody")}, []ledger.Write{put(here, 3)}, ledger.ErrConflict, 1},
		{"one's own mark at another revision", conflict, []ledger.Doc{doc(here, 3, by)}, []ledger.Write{put(here, 3)}, ledger.ErrConflict, 1},
		{"the document is gone", conflict, nil, []ledger.Write{put(here, 3)}, ledger.ErrConflict, 1},
		{"deleted, and the reply lost", lost, nil, []ledger.Write{remove(here)}, nil, 1},
		{"deleted, and the repetition met nothing", conflict, nil, []ledger.Write{check, remove(here)}, nil, 1},
		{"not deleted, for it has changed", conflict, []ledger.Doc{doc(here, 4, "somebody")}, []ledger.Write{remove(here)}, ledger.ErrConflict, 1},
		{"a condition that doesn't hold", conflict, []ledger.Doc{doc(there, 4, "somebody")}, []ledger.Write{check}, ledger.ErrConflict, 0},
		{"a refusal is returned as it is", refused, []ledger.Doc{doc(here, 4, by)}, []ledger.Write{put(here, 3)}, throttled, 0},
		{"a final error", final, []ledger.Doc{doc(here, 3, "somebody")}, []ledger.Write{put(here, 3)}, final, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &store{docs: c.after, write: c.answer}
			err := ledger.Apply(t.Context(), s, by, c.writes...)
			if !errors.Is(err, c.want) || (err != nil && err.Error() != c.answer.Error()) {
				t.Errorf("Apply gave %v, want %v", err, c.want)
			}
			if s.reads != c.reads {
				t.Errorf("it has read %d times, want %d", s.reads, c.reads)
			}
		})
	}
	t.Run("nothing can be read either", func(t *testing.T) {
		s := &store{docs: []ledger.Doc{doc(here, 4, by)}, write: lost, unreadable: final}
		if err := ledger.Apply(t.Context(), s, by, put(here, 3)); !errors.Is(err, timeout) || !transient.Is(err) {
			t.Errorf("Apply gave %v, want the error of the write", err)
		}
	})
}

// forgettable has a time to live.
type forgettable struct{ At time.Time }

func (f forgettable) Expiry() time.Time { return f.At }

func TestPutAndRead(t *testing.T) {
	end := time.Date(2026, 1, 5, 4, 0, 0, 0, time.UTC)
	w := ledger.Put(here, 3, forgettable{end})
	if w.Key != here || w.Rev != 3 || !w.Expires.Equal(end) || w.Delete || w.Check {
		t.Errorf("the write is %+v", w)
	}
	s := &store{docs: []ledger.Doc{{Key: here, Rev: 4, Body: w.Body}, {Key: there, Rev: 1, Body: []byte(`[`)}}}
	var got forgettable
	if rev, err := ledger.Read(t.Context(), s, here, &got); rev != 4 || err != nil || !got.At.Equal(end) {
		t.Errorf("read %+v at revision %d, %v", got, rev, err)
	}
	if rev, err := ledger.Read(t.Context(), s, ledger.Key{PK: "P", SK: "nowhere"}, &got); rev != 0 || err != nil {
		t.Errorf("what doesn't exist was read at revision %d, %v", rev, err)
	}
	if rev, err := ledger.Read(t.Context(), s, there, &got); rev != 0 || err == nil {
		t.Errorf("what is no JSON was read at revision %d, %v", rev, err)
	}
}
