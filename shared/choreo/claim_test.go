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

func TestClaim(t *testing.T) {
	leased := func(until time.Duration) func(*parcel, *choreo.Message) {
		return func(p *parcel, _ *choreo.Message) { p.Lease = choreo.Lease{Owner: "another", Until: start.Add(until)} }
	}
	for _, c := range []struct {
		name   string
		change func(*parcel, *choreo.Message)
		acted  int
	}{
		{"the message is that of the position", func(*parcel, *choreo.Message) {}, 1},
		{"the message is older than the position", func(p *parcel, _ *choreo.Message) { p.N = 2 }, 0},
		{"the message is newer than the position", func(_ *parcel, m *choreo.Message) { m.N = 2 }, 0},
		{"the message was made void by a nudge", func(p *parcel, _ *choreo.Message) { p.Redeliveries = 1 }, 0},
		{"the message is of a nudge that wasn't written", func(_ *parcel, m *choreo.Message) { m.Redeliveries = 1 }, 0},
		{"the message names another step", func(_ *parcel, m *choreo.Message) { m.Step = "dry" }, 0},
		{"the message names no item", func(_ *parcel, m *choreo.Message) { m.SK = "nothing" }, 0},
		{"somebody holds the lease", leased(time.Second), 0},
		{"the lease ends at this moment", leased(0), 1},
		{"the lease has ended", leased(-time.Second), 1},
		{"the position waits without a clock", func(p *parcel, _ *choreo.Message) { p.Due = time.Time{} }, 0},
		{"the position is due later", func(p *parcel, _ *choreo.Message) { p.Due = start.Add(time.Second) }, 0},
		{"the message is a nudge's, and the next is due later", func(p *parcel, m *choreo.Message) {
			p.Redeliveries, m.Redeliveries, p.Due = 1, 1, start.Add(time.Minute)
		}, 1},
		{"the key is one of another kind", func(_ *parcel, m *choreo.Message) { m.PK = "RUN#r" }, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, msg := newLine(t, next)
			p := l.parcel()
			c.change(&p, &msg)
			l.put(p)
			before := l.docs[key]
			l.must(msg)
			if l.acted != c.acted {
				t.Fatalf("acted %d times, want %d", l.acted, c.acted)
			}
			if c.acted == 0 && (l.docs[key].Rev != before.Rev || len(l.sent) != 0) {
				t.Errorf("a dropped message changed something: %s; sent %v", l.docs[key].Body, l.sent)
			}
			if c.acted == 1 {
				l.stands(2, "dry", "")
			}
		})
	}
}

func TestOneOfTwoMessagesIsDropped(t *testing.T) {
	l, msg := newLine(t, nil)
	l.act = func(*choreo.Work[*parcel]) (choreo.Outcome[*parcel], error) {
		if p := l.parcel(); p.Tries != 1 || !p.Leased(l.now) || p.Leased(l.now.Add(time.Minute)) {
			t.Errorf("under the claim the position is %+v", p.Position)
		}
		l.must(msg) // the copy, meanwhile
		return choreo.Next[*parcel]("dry", 0), nil
	}
	l.must(msg)
	l.must(msg) // and once more, afterwards
	if l.acted != 1 || len(l.sent) != 1 {
		t.Errorf("acted %d times, sent %d messages; want one each", l.acted, len(l.sent))
	}
}

func TestClaimsAtTheSameMoment(t *testing.T) {
	l, msg := newLine(t, next)
	l.before = func(string, []ledger.Write) error {
		l.before = nil
		l.must(msg) // another reads the same, and is faster
		return nil
	}
	l.must(msg)
	if l.acted != 1 {
		t.Errorf("acted %d times", l.acted)
	}
	l.stands(2, "dry", "")
}

func TestTries(t *testing.T) {
	for _, c := range []struct {
		name string
		last func(ctx context.Context, w *choreo.Work[*parcel], reason string) choreo.Outcome[*parcel]
		step string
	}{
		{"a position whose tries are used up gives up", nil, choreo.Failing},
		{"or does what it has for that", func(_ context.Context, _ *choreo.Work[*parcel], reason string) choreo.Outcome[*parcel] {
			return choreo.Again[*parcel](time.Hour, reason)
		}, "wash"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, msg := newLine(t, crash)
			l.last = c.last
			for try := 1; try <= choreo.MaxTries; try++ {
				l.must(msg)
				if p := l.stands(1, "wash", ""); p.Tries != try || l.acted != try {
					t.Fatalf("after crash %d: tries %d, acted %d", try, p.Tries, l.acted)
				}
				l.must(msg) // under the dead one's lease it comes to nothing
				l.now = l.now.Add(time.Minute)
			}
			l.must(msg)
			if p := l.stands(2, c.step, "the wash-queue function crashed or timed out in each of 5 tries"); l.acted != choreo.MaxTries ||
				p.Tries != 0 {
				t.Errorf("acted %d times; position %+v", l.acted, p.Position)
			}
			if got := l.message(); got.Step != c.step || got.N != 2 {
				t.Errorf("the message that follows is %+v", got)
			}
		})
	}
}

func TestAHandlerThatOutlivedItsLease(t *testing.T) {
	l, msg := newLine(t, nil)
	slow := true
	l.act = func(w *choreo.Work[*parcel]) (choreo.Outcome[*parcel], error) {
		if slow {
			slow = false
			l.now = l.now.Add(2 * time.Minute)
			l.must(msg) // another claims, and gets on
			if err := w.Save(t.Context()); !errors.Is(err, choreo.ErrLost) {
				t.Errorf("a write after the lease was lost: %v", err)
			}
		}
		return choreo.Next[*parcel]("dry", 0), nil
	}
	l.must(msg)
	if p := l.stands(2, "dry", ""); l.acted != 2 || len(l.sent) != 1 || !p.Since.Equal(start.Add(2*time.Minute)) {
		t.Errorf(
			"acted %d times, sent %d messages, at %+v; the one that was late must change nothing",
			l.acted,
			len(l.sent),
			p.Position,
		)
	}
}

func TestALeaseThatNobodyTookUpStillCounts(t *testing.T) {
	l, msg := newLine(t, nil)
	l.act = func(w *choreo.Work[*parcel]) (choreo.Outcome[*parcel], error) {
		l.now = l.now.Add(time.Hour)
		return choreo.Next[*parcel]("dry", 0), w.Save(t.Context())
	}
	l.must(msg)
	l.stands(2, "dry", "")
}

func TestLostReply(t *testing.T) {
	lost := func(err error, at int) func(l *line) {
		return func(l *line) {
			l.after = func(string, []ledger.Write) error {
				if len(l.marks) == at {
					return err
				}
				return nil
			}
		}
	}
	for _, c := range []struct {
		name string
		lose func(l *line)
	}{
		{"of the claim, unknown", lost(transient.Mark(errors.New("timeout")), 1)},
		{"of the claim, and the repetition met its own traces", lost(ledger.ErrConflict, 1)},
		{"of a write of the step", lost(transient.Mark(errors.New("timeout")), 2)},
		{"of a write of the step, repeated", lost(ledger.ErrConflict, 2)},
		{"of the commit", lost(transient.Mark(errors.New("timeout")), 3)},
		{"of the commit, repeated", lost(ledger.ErrConflict, 3)},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, msg := newLine(t, func(w *choreo.Work[*parcel]) (choreo.Outcome[*parcel], error) {
				w.Item.Note = "washed"
				return choreo.Next[*parcel]("dry", 0), w.Save(t.Context())
			})
			c.lose(l)
			l.must(msg)
			if p := l.stands(2, "dry", ""); p.Note != "washed" || l.acted != 1 || len(l.marks) != 3 {
				t.Errorf("acted %d times in %d writes: %+v", l.acted, len(l.marks), p)
			}
			if got := l.message(); got.N != 2 {
				t.Errorf("the message that follows is %+v", got)
			}
		})
	}
}

func TestUndecided(t *testing.T) {
	broken := errors.New("AccessDenied")
	for _, c := range []struct {
		name   string
		breaks func(l *line)
		want   string
	}{
		{"the item can't be read", func(l *line) { l.unreadable = broken }, "claim P/item"},
		{"the claim can't be written", func(l *line) { l.before = func(string, []ledger.Write) error { return broken } }, "claim P/item"},
		{"the commit can't be written", func(l *line) {
			l.before = func(_ string, writes []ledger.Write) error {
				if own(writes) {
					return broken
				}
				return nil
			}
		}, "commit P/item after wash"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, msg := newLine(t, next)
			c.breaks(l)
			if err := l.handle(msg); !errors.Is(err, broken) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the message must come again, for %q …; got %v", c.want, err)
			}
			if len(l.sent) != 0 {
				t.Errorf("sent %v", l.sent)
			}
		})
	}
}
