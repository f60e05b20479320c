package choreo_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/ledger"
	"quickstep/shared/transient"
)

func TestErrors(t *testing.T) {
	denied, throttled := errors.New("AccessDenied"), transient.Mark(errors.New("Throttling"))
	long := choreo.Tolerance{Transient: 6 * time.Hour, Permanent: 3 * time.Hour}
	for _, c := range []struct {
		name      string
		err       error
		tolerance choreo.Tolerance
		want      time.Duration // for how long they are borne; zero: MaxFaults of them
	}{
		{"transient", throttled, choreo.Tolerance{}, choreo.TransientFor},
		{"transient, wrapped", fmt.Errorf("read: %w", throttled), choreo.Tolerance{}, choreo.TransientFor},
		{"a context that ran out", context.DeadlineExceeded, choreo.Tolerance{}, choreo.TransientFor},
		{"a race of the step's own", fmt.Errorf("lock: %w", ledger.ErrConflict), choreo.Tolerance{}, choreo.TransientFor},
		{"permanent", denied, choreo.Tolerance{}, 0},
		{"transient, for six hours", throttled, long, 6 * time.Hour},
		{"permanent, for three hours", denied, long, 3 * time.Hour},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, msg := newLine(
				t,
				func(*choreo.Work[*parcel]) (choreo.Outcome[*parcel], error) { return choreo.Outcome[*parcel]{}, c.err },
			)
			l.tolerance = c.tolerance
			began, n := l.now, 0
			for p := l.parcel(); p.Step == "wash"; p = l.parcel() {
				if n++; n > 1000 {
					t.Fatal("it comes again and again")
				}
				l.must(msg)
				msg = l.message()
			}

			p := l.stands(n+1, choreo.Failing, c.err.Error())
			if p.GaveUp != "wash" || p.TransientErrors+p.PermanentErrors != 0 || !p.ErrorSince.IsZero() {
				t.Errorf("at the end the position is %+v", p.Position)
			}
			met := p.Since.Sub(began)
			if c.want == 0 && n != choreo.MaxPermanentErrors+1 {
				t.Errorf("%d errors were borne", n-1)
			}
			if c.want > 0 && (met < c.want || met > c.want+3*time.Minute) {
				t.Errorf("they were borne for %s, want %s", met, c.want)
			}
		})
	}
}

func TestAnErrorComesAgainByBackoff(t *testing.T) {
	throttled := transient.Mark(errors.New("Throttling"))
	l, msg := newLine(t, func(*choreo.Work[*parcel]) (choreo.Outcome[*parcel], error) {
		return choreo.Outcome[*parcel]{}, throttled
	})
	first := l.now
	for n := 1; n <= 10; n++ {
		l.must(msg)
		p := l.stands(n+1, "wash", "Throttling")
		if p.TransientErrors != n || p.PermanentErrors != 0 || p.Attempt != n || p.Tries != 0 || p.Lease.Owner != "" ||
			!p.ErrorSince.Equal(first) {
			t.Fatalf("after error %d the position is %+v", n, p.Position)
		}
		if want := choreo.Backoff(n, key.String()); !p.Due.Equal(l.now.Add(want)) {
			t.Fatalf("after error %d it is due in %s, want %s", n, p.Due.Sub(l.now), want)
		}
		msg = l.message()
	}
}

func TestErrorsInARow(t *testing.T) {
	fail := true
	l, msg := newLine(t, func(*choreo.Work[*parcel]) (choreo.Outcome[*parcel], error) {
		if fail = !fail; fail {
			return choreo.Again[*parcel](time.Second, "dirty"), nil
		}
		return choreo.Outcome[*parcel]{}, errors.New("AccessDenied")
	})
	for range 10 {
		l.must(msg)
		msg = l.message()
	}
	if p := l.parcel(); p.Step != "wash" || p.TransientErrors+p.PermanentErrors > 1 {
		t.Errorf("errors that weren't in a row were counted together: %+v", p.Position)
	}
}

// count is another document that changes together with the parcel.
var count = ledger.Key{PK: "P", SK: "count"}

func (l *line) counted(at int) ledger.Write {
	return ledger.Put(count, l.docs[count].Rev, map[string]int{"at": at})
}

// meddle changes the other document, as if somebody else had.
func (l *line) meddle() {
	w := l.counted(-1)
	l.docs[count] = ledger.Doc{Key: count, Rev: w.Rev + 1, By: "somebody", Body: w.Body}
}

func TestWithIsAskedAgainAfterALostRace(t *testing.T) {
	asked := 0
	l, msg := newLine(t, nil)
	l.act = func(*choreo.Work[*parcel]) (choreo.Outcome[*parcel], error) {
		return choreo.Next[*parcel]("dry", 0).With(func(_ context.Context, p *parcel) (choreo.Transaction, error) {
			asked++
			if p.N != 2 || p.Step != "dry" || p.Note != "" {
				t.Errorf("asked with %+v, not with a fresh copy at its next position", p)
			}
			p.Note = "together"
			also := choreo.Transaction{
				Writes:   []ledger.Write{l.counted(asked)},
				Messages: []choreo.Message{{Key: ledger.Key{PK: "P", SK: "other"}, Step: "sort", N: 1}},
			}
			if asked < 3 {
				l.meddle()
			}
			return also, nil
		}), nil
	}
	l.must(msg)
	var written map[string]int
	if err := json.Unmarshal(l.docs[count].Body, &written); err != nil || written["at"] != 3 || asked != 3 {
		t.Errorf("asked %d times, written %v", asked, written)
	}
	if p := l.stands(2, "dry", ""); p.Note != "together" {
		t.Errorf("what it changed is gone: %+v", p)
	}
	if len(l.sent) != 2 || l.sent[0].Queue != "dry-queue" || l.sent[1].Queue != "sort-queue" {
		t.Errorf("sent %v, want the parcel's message and the other", l.sent)
	}
}

func TestARaceThatIsNeverWon(t *testing.T) {
	asked := 0
	l, msg := newLine(t, nil)
	l.act = func(*choreo.Work[*parcel]) (choreo.Outcome[*parcel], error) {
		return choreo.Next[*parcel]("dry", 0).With(func(context.Context, *parcel) (choreo.Transaction, error) {
			asked++
			also := choreo.Transaction{Writes: []ledger.Write{l.counted(asked)}}
			l.meddle()
			return also, nil
		}), nil
	}
	l.must(msg)
	p := l.stands(2, "wash", "tried 5 times")
	if wait := p.Due.Sub(start); wait < time.Second || wait > 31*time.Second || p.Lease.Owner != "" || asked > 10 {
		t.Errorf("asked %d times, then again in %s: %+v", asked, wait, p.Position)
	}
	if got := l.message(); got.Step != "wash" || got.N != 2 {
		t.Errorf("the message that follows is %+v", got)
	}
}

func TestTheItemMayGo(t *testing.T) {
	l, msg := newLine(t, func(*choreo.Work[*parcel]) (choreo.Outcome[*parcel], error) {
		return choreo.End[*parcel]("sold", "").With(func(context.Context, *parcel) (choreo.Transaction, error) {
			return choreo.Transaction{DeleteItem: true}, nil
		}), nil
	})
	l.must(msg)
	if _, ok := l.docs[key]; ok || len(l.sent) != 0 {
		t.Errorf("there is %v; sent %v", l.docs, l.sent)
	}
	l.must(msg)
	if l.acted != 1 {
		t.Error("a message of what is gone was taken up")
	}
}

func TestWithThatFails(t *testing.T) {
	broken := errors.New("no count")
	l, msg := newLine(t, func(*choreo.Work[*parcel]) (choreo.Outcome[*parcel], error) {
		return choreo.Next[*parcel](
			"dry",
			0,
		).With(
			func(context.Context, *parcel) (choreo.Transaction, error) { return choreo.Transaction{}, broken },
		), nil
	})
	for range choreo.MaxPermanentErrors {
		l.must(msg)
		msg = l.message()
	}
	if p := l.stands(1+choreo.MaxPermanentErrors, "wash", "no count"); p.PermanentErrors != choreo.MaxPermanentErrors ||
		p.Lease.Owner != "" {
		t.Errorf("it comes again, the lease given back; the position is %+v", p.Position)
	}
	l.must(msg)
	l.stands(2+choreo.MaxPermanentErrors, choreo.Failing, "no count")
}

func TestWithThatFailsForAWhile(t *testing.T) {
	fail := true
	l, msg := newLine(t, func(*choreo.Work[*parcel]) (choreo.Outcome[*parcel], error) {
		return choreo.Next[*parcel]("dry", 0).With(func(context.Context, *parcel) (choreo.Transaction, error) {
			if fail = !fail; fail {
				return choreo.Transaction{}, nil
			}
			return choreo.Transaction{}, transient.Mark(errors.New("Throttling"))
		}), nil
	})
	l.must(msg)
	if p := l.stands(2, "wash", "Throttling"); p.TransientErrors != 1 || p.Tries != 0 || p.Lease.Owner != "" {
		t.Errorf("the lease was not given back: %+v", p.Position)
	}
	l.must(l.message())
	l.stands(3, "dry", "")
}

func TestSaveWithOthers(t *testing.T) {
	l, msg := newLine(t, nil)
	l.meddle()
	l.act = func(w *choreo.Work[*parcel]) (choreo.Outcome[*parcel], error) {
		err := w.Save(t.Context(), ledger.Put(count, 0, map[string]int{}))
		if !errors.Is(err, ledger.ErrConflict) || errors.Is(err, choreo.ErrLost) {
			t.Errorf("the other document is there already; Save says %v", err)
		}
		held := w.LeaseHeld()
		if held.Rev != l.docs[key].Rev || !held.Check || held.Key != key {
			t.Errorf("the condition that the lease is held is %+v", held)
		}
		return choreo.Next[*parcel]("dry", 0), nil
	}
	l.must(msg)
	l.stands(2, "dry", "")
}

func TestAnActIsBrokenOffBeforeItsInvocationEnds(t *testing.T) {
	for _, c := range []struct {
		name           string
		margin, before time.Duration
	}{{"without a margin", 0, 0}, {"five seconds before", 5 * time.Second, 5 * time.Second}} {
		t.Run(c.name, func(t *testing.T) {
			end := time.Now().Add(time.Hour)
			ctx, cancel := context.WithDeadline(t.Context(), end)
			defer cancel()
			l, msg := newLine(t, next)
			l.queue = words.Queue(msg.Step)
			m := l.mover()
			m.Margin = c.margin
			m.Act = func(ctx context.Context, _ *choreo.Work[*parcel]) (choreo.Outcome[*parcel], error) {
				if until, ok := ctx.Deadline(); !ok || end.Sub(until) != c.before {
					t.Errorf("it may act until %s before the end", end.Sub(until))
				}
				return choreo.Outcome[*parcel]{}, context.DeadlineExceeded
			}
			if err := m.Handle(ctx, "invocation", msg); err != nil {
				t.Fatal(err)
			}
			if p := l.stands(2, "wash", "deadline"); p.TransientErrors != 1 || p.Tries != 0 {
				t.Errorf("the position is %+v", p.Position)
			}
		})
	}
}
