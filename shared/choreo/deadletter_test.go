package choreo_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/ledger"
)

// letter is one invocation of triage with a message that SQS moved.
func (l *line) letter(msg choreo.Message) error {
	l.calls++
	return l.mover().DeadLetter(l.t.Context(), fmt.Sprint("triage-", l.calls), msg, func(*parcel) error {
		l.tired++
		return l.untold
	})
}

func TestALetterIsGivenBack(t *testing.T) {
	lease := choreo.Lease{Owner: "another", Until: start.Add(time.Second)}
	for _, c := range []struct {
		name   string
		change func(*parcel, *choreo.Message)
		given  time.Duration // back, to be taken up after so long; negative: it is dropped
	}{
		{"as it was", func(*parcel, *choreo.Message) {}, 0},
		{"that isn't due",
			func(p *parcel, m *choreo.Message) { p.Due = start.Add(time.Minute); m.NotBefore = p.Due }, time.Minute},
		{"that leaves out when", func(p *parcel, _ *choreo.Message) { p.Due = start.Add(time.Minute) }, time.Minute},
		{"for ever", func(_ *parcel, m *choreo.Message) { m.NotBefore = start.AddDate(7000, 0, 0) }, 0},
		{"of a nudge, which is due at once", func(p *parcel, m *choreo.Message) {
			p.Redeliveries, m.Redeliveries, p.Due, m.NotBefore = 2, 2, start.Add(4*time.Minute), time.Time{}
		}, 0},
		{"of a nudge that is spaced", func(p *parcel, m *choreo.Message) {
			p.Redeliveries, m.Redeliveries, p.Due, m.NotBefore = 2, 2, start.Add(9*time.Minute), start.Add(5*time.Minute)
		}, 5 * time.Minute},
		{"after a dead one's lease",
			func(p *parcel, _ *choreo.Message) { p.Lease, p.Lease.Until = lease, start; p.Tries = 4 }, 0},
		{"of an earlier position", func(p *parcel, _ *choreo.Message) { p.N++ }, -1},
		{"of a later one", func(_ *parcel, m *choreo.Message) { m.N++ }, -1},
		{"made void by a nudge", func(p *parcel, _ *choreo.Message) { p.Redeliveries++ }, -1},
		{"of another step", func(_ *parcel, m *choreo.Message) { m.Step = "dry" }, -1},
		{"of a step before it gave up", func(p *parcel, _ *choreo.Message) { p.Step = choreo.Failing }, -1},
		{"of what waits without a clock", func(p *parcel, _ *choreo.Message) { p.Due = time.Time{} }, -1},
		{"under a live lease", func(p *parcel, _ *choreo.Message) { p.Lease = lease }, -1},
		{"of nothing", func(_ *parcel, m *choreo.Message) { m.SK = "nothing" }, -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, msg := newLine(t, next)
			p := l.parcel()
			c.change(&p, &msg)
			l.put(p)
			before := l.docs[key]
			if err := l.letter(msg); err != nil {
				t.Fatal(err)
			}
			if c.given < 0 {
				if len(l.sent) != 0 || l.docs[key].Rev != before.Rev {
					t.Errorf("sent %v: %s", l.sent, l.docs[key].Body)
				}
				return
			}
			after := l.parcel()
			if after.N != p.N || after.Redeliveries != p.Redeliveries || after.Tries != p.Tries ||
				!after.Due.Equal(p.Due) || after.Lease.Owner != "" {
				t.Errorf("the position went from %+v to %+v", p.Position, after.Position)
			}
			if got := l.message(); got.N != msg.N || got.Redeliveries != msg.Redeliveries ||
				!l.now.Equal(start.Add(c.given)) {
				t.Errorf("given back %s later, as %+v", l.now.Sub(start), got)
			}
		})
	}
}

// TestLettersByTheDozen: one is given back a minute, whatever the position, and none makes it give
// up.
func TestLettersByTheDozen(t *testing.T) {
	l, msg := newLine(t, next)
	for minute := range 15 {
		for range 12 {
			if err := l.letter(msg); err != nil {
				t.Fatal(err)
			}
		}
		if p := l.stands(1, "wash", ""); len(l.sent) != 1 || p.Redeliveries != 0 {
			t.Fatalf("in minute %d sent %v; the position is %+v", minute, l.sent, p.Position)
		}
		l.sent, l.now = nil, l.now.Add(time.Minute)
	}
	l.now = l.now.Add(-30 * time.Second)
	l.must(msg)
	l.stands(2, "dry", "")
	if err := l.letter(l.message()); err != nil || len(l.sent) != 0 {
		t.Errorf("the minute is the item's, not the position's: %v, sent %v", err, l.sent)
	}
}

func TestALetterOfWhatKeepsCrashing(t *testing.T) {
	for _, c := range []struct {
		name, step string
		untold     error
		sent       string // the step that is sent
		tired      int
	}{
		{"gives up", "wash", nil, choreo.Failing, 0},
		{"says so, and is given back, where nothing gives up", "endless", nil, "endless", 1},
		{"comes again where that can't be said", "endless", errDenied, "", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, msg := newLine(t, next)
			p := l.parcel()
			p.Step, p.Tries, msg.Step = c.step, choreo.MaxTries, c.step
			l.put(p)
			l.untold = c.untold
			if err := l.letter(msg); !errors.Is(err, c.untold) {
				t.Fatal(err)
			}
			if l.tired != c.tired {
				t.Errorf("said %d times", l.tired)
			}
			if c.sent == "" {
				if len(l.sent) != 0 {
					t.Errorf("sent %v", l.sent)
				}
				return
			}
			if got := l.message(); got.Step != c.sent {
				t.Errorf("sent %+v", got)
			}
			if err := l.letter(msg); err != nil || l.tired != c.tired || len(l.sent) != 0 {
				t.Errorf("once more at once: %v, said %d times, sent %v", err, l.tired, l.sent)
			}
		})
	}
}

func TestALetterWithoutALedger(t *testing.T) {
	for _, c := range []struct {
		name   string
		breaks func(l *line)
		want   error
	}{
		{"to read", func(l *line) { l.unreadable = errDenied }, errDenied},
		{"to write", func(l *line) { l.before = func(string, []ledger.Write) error { return errDenied } }, errDenied},
		{"that takes the write: somebody else was faster", func(l *line) {
			l.before = func(string, []ledger.Write) error { return ledger.ErrConflict }
		}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, msg := newLine(t, next)
			c.breaks(l)
			if err := l.letter(msg); !errors.Is(err, c.want) || len(l.sent) != 0 {
				t.Errorf("%v, sent %v", err, l.sent)
			}
		})
	}
}
