package choreo_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/ledger"
	"quickstep/shared/transient"
)

var (
	errDenied = errors.New("AccessDenied")
	throttled = transient.Mark(errors.New("Throttling"))
)

// TestEachKindOfErrorHasItsOwnBound: errors that pass don't use up the chances of those that don't, and the
// reverse.
func TestEachKindOfErrorHasItsOwnBound(t *testing.T) {
	for _, c := range []struct {
		name string
		errs []error // all are survived; one more of the last isn't
	}{
		{"four throttles, then what doesn't pass", []error{throttled, throttled, throttled, throttled, errDenied, errDenied, errDenied}},
		{"what doesn't pass among throttles", []error{errDenied, throttled, errDenied, throttled, throttled, errDenied}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, msg := newLine(t, nil)
			l.act = func(*choreo.Work[*parcel]) (choreo.Outcome[*parcel], error) {
				return choreo.Outcome[*parcel]{}, c.errs[min(l.acted, len(c.errs))-1]
			}
			faults := 0
			for n, err := range c.errs {
				l.must(msg)
				if errors.Is(err, errDenied) {
					faults++
				}
				if p := l.stands(n+2, "wash", err.Error()); p.PermanentErrors != faults ||
					p.TransientErrors != n+1-faults {
					t.Fatalf("after error %d the position is %+v", n+1, p.Position)
				}
				msg = l.message()
			}
			l.must(msg)
			l.stands(len(c.errs)+2, choreo.Failing, "AccessDenied")
		})
	}
}

// TestAThrottledCommit: the ledger takes the claim and then nothing more.
func TestAThrottledCommit(t *testing.T) {
	tooMuch := errors.New("ThrottlingException")
	for _, c := range []struct {
		name    string
		refused int // writes, in each invocation
		bounded bool
	}{
		{"for good", 1000, true},
		{"for a moment", 3, false},
		{"for a longer moment", 6, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, msg := newLine(t, next)
			writes := 0
			l.before = func(_ string, w []ledger.Write) error {
				if writes++; own(w) && writes-1 <= c.refused {
					return transient.NotApplied(tooMuch)
				}
				return nil
			}
			err := l.handle(msg)
			if writes > 15 {
				t.Errorf("one invocation has tried %d writes", writes)
			}
			if !c.bounded {
				if err != nil {
					t.Fatal(err)
				}
				l.stands(2, "dry", "")
				return
			}
			if !errors.Is(err, tooMuch) || !strings.Contains(err.Error(), "commit P/item after wash") {
				t.Errorf("the message must come again, because the ledger is throttled; got %v", err)
			}
			if p := l.stands(1, "wash", ""); p.Tries != 1 || len(l.sent) != 0 {
				t.Errorf("half of it was written: %+v; sent %v", p.Position, l.sent)
			}
			l.before, l.now = nil, l.now.Add(time.Minute)
			l.must(msg)
			l.stands(2, "dry", "")
		})
	}
}

// TestWithThatNeverGetsThrough: transient errors of With are borne like those of the step, and end in failing.
func TestWithThatNeverGetsThrough(t *testing.T) {
	asked := 0
	l, msg := newLine(t, func(*choreo.Work[*parcel]) (choreo.Outcome[*parcel], error) {
		return choreo.Next[*parcel]("dry", 0).With(func(context.Context, *parcel) (choreo.Transaction, error) {
			asked++
			return choreo.Transaction{}, throttled
		}), nil
	})
	n, last := 0, start.Add(choreo.TransientFor)
	for l.now.Before(last) {
		l.must(msg)
		n++
		p := l.stands(n+1, "wash", "Throttling")
		if p.TransientErrors != n || p.PermanentErrors != 0 || p.Tries != 0 || p.Lease.Owner != "" || asked != n {
			t.Fatalf("after error %d, asked %d times, the position is %+v", n, asked, p.Position)
		}
		if want := choreo.Backoff(n, key.String()); !p.Due.Equal(l.now.Add(want)) {
			t.Fatalf("after error %d it is due in %s, want %s", n, p.Due.Sub(l.now), want)
		}
		msg = l.message()
	}
	l.must(msg)
	if p := l.stands(n+2, choreo.Failing, "Throttling"); p.GaveUp != "wash" || p.TransientErrors != 0 {
		t.Errorf("at the end the position is %+v", p.Position)
	}
	if got := l.message(); got.Step != choreo.Failing {
		t.Errorf("the dead letter is %+v", got)
	}
}

// TestErrorsOfTheStepAndOfWithAreCountedTogether, for the same outage may be met by either.
func TestErrorsOfTheStepAndOfWithAreCountedTogether(t *testing.T) {
	l, msg := newLine(t, nil)
	l.act = func(*choreo.Work[*parcel]) (choreo.Outcome[*parcel], error) {
		if l.acted%2 == 0 {
			return choreo.Outcome[*parcel]{}, throttled
		}
		return choreo.Next[*parcel]("dry", 0).With(func(context.Context, *parcel) (choreo.Transaction, error) {
			return choreo.Transaction{}, throttled
		}), nil
	}
	n := 0
	for p := l.parcel(); p.Step == "wash" && n < 100; p = l.parcel() {
		l.must(msg)
		msg = l.message()
		n++
	}
	p := l.stands(n+1, choreo.Failing, "Throttling")
	if met := p.Since.Sub(start); met < choreo.TransientFor || met > choreo.TransientFor+3*time.Minute {
		t.Errorf("they were borne for %s", met)
	}
}

// TestAnExhaustedWithThatNeverGetsThrough: what is done at the end may fail as well; it comes again, and never
// spins.
func TestAnExhaustedWithThatNeverGetsThrough(t *testing.T) {
	asked := 0
	l, msg := newLine(t, func(*choreo.Work[*parcel]) (choreo.Outcome[*parcel], error) {
		return choreo.Outcome[*parcel]{}, throttled
	})
	l.last = func(_ context.Context, _ *choreo.Work[*parcel], reason string) choreo.Outcome[*parcel] {
		return choreo.End[*parcel]("lost", reason).With(func(context.Context, *parcel) (choreo.Transaction, error) {
			asked++
			return choreo.Transaction{}, throttled
		})
	}
	for l.now.Before(start.Add(choreo.TransientFor + 10*time.Minute)) {
		l.must(msg)
		msg = l.message()
	}
	if p := l.parcel(); asked == 0 || asked > 10 || p.Step != "wash" || p.Due.IsZero() || p.Lease.Owner != "" {
		t.Errorf("asked %d times, then %+v", asked, p.Position)
	}
}

func TestGiveUpByANudger(t *testing.T) {
	l, msg := newLine(t, next)
	p, rev := l.parcel(), l.docs[key].Rev
	if sent, err := l.nudger().GiveUp(t.Context(), key, rev, &p, l.now, "torn"); !sent || err != nil {
		t.Fatal(sent, err)
	}
	if p := l.stands(2, choreo.Failing, "torn"); p.GaveUp != "wash" || p.Due.IsZero() {
		t.Errorf("the position is %+v", p.Position)
	}
	if got := l.message(); got.Step != choreo.Failing || got.N != 2 || !got.NotBefore.Equal(l.now) {
		t.Errorf("the dead letter is %+v", got)
	}
	l.must(msg)
	if l.acted != 0 {
		t.Error("a message of before was taken up")
	}
}

func TestNoGiveUpByANudger(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(l *line, p *parcel) (rev int64)
		want   error
	}{
		{"under a live lease", func(l *line, p *parcel) int64 {
			p.Lease = choreo.Lease{Owner: "another", Until: l.now.Add(time.Second)}
			return l.docs[key].Rev
		}, nil},
		{"of what has moved on", func(l *line, p *parcel) int64 { l.put(*p); return l.docs[key].Rev - 1 }, nil},
		{"without a ledger", func(l *line, _ *parcel) int64 {
			l.before = func(string, []ledger.Write) error { return errDenied }
			return l.docs[key].Rev
		}, errDenied},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, _ := newLine(t, next)
			p := l.parcel()
			rev := c.change(l, &p)
			before := l.docs[key]
			sent, err := l.nudger().GiveUp(t.Context(), key, rev, &p, l.now, "torn")
			if sent || !errors.Is(err, c.want) || len(l.sent) != 0 || l.docs[key].Rev != before.Rev {
				t.Errorf("sent %v %v, %v; the item went from %v to %v", sent, l.sent, err, before, l.docs[key])
			}
		})
	}
}
