package choreo_test

import (
	"errors"
	"testing"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/ledger"
)

func TestEarly(t *testing.T) {
	l, msg := newLine(t, nil)
	l.act = func(w *choreo.Work[*parcel]) (choreo.Outcome[*parcel], error) {
		if w.Item.N > 1 {
			return choreo.Next[*parcel]("dry", 0), nil
		}
		return choreo.Again[*parcel](40*time.Minute, "soaking"), nil
	}
	l.must(msg)
	for hop, want := range []time.Duration{choreo.MaxDelay, choreo.MaxDelay, 10 * time.Minute} {
		if got := l.sent[0].Delay; got != want {
			t.Fatalf("hop %d has a delay of %s, want %s", hop, got, want)
		}
		rev := l.docs[key].Rev
		msg = l.message()
		if hop == 2 {
			break
		}
		l.must(msg)
		if l.docs[key].Rev != rev || l.acted != 1 {
			t.Fatalf("a message that came too early did something: %s", l.docs[key].Body)
		}
	}
	if !l.now.Equal(start.Add(40 * time.Minute)) {
		t.Errorf("the last hop ends at %s", l.now)
	}
	l.must(msg)
	l.stands(3, "dry", "")
}

func TestAHopThatIsLost(t *testing.T) {
	l, msg := newLine(t, next)
	msg.NotBefore = start.Add(time.Hour)
	l.lose = errors.New("no queue")
	if err := l.handle(msg); err == nil {
		t.Error("a message that could not be sent again must come again itself")
	}
}

func TestOverdue(t *testing.T) {
	lease := choreo.Lease{Owner: "o", Until: start.Add(time.Hour)}
	for _, c := range []struct {
		name string
		p    choreo.Position
		at   time.Duration
		want bool
	}{
		{"not due yet", choreo.Position{Due: start.Add(time.Hour)}, 0, false},
		{"due, and its message may take its time", choreo.Position{Due: start}, choreo.Grace, false},
		{"due for longer than a message takes", choreo.Position{Due: start}, choreo.Grace + 1, true},
		{"somebody is at work on it", choreo.Position{Due: start, Lease: lease}, 30 * time.Minute, false},
		{"whoever was at work on it is dead", choreo.Position{Due: start, Lease: lease}, time.Hour, true},
		{"it waits without a clock", choreo.Position{}, 1000 * time.Hour, false},
	} {
		if got := c.p.Overdue(start.Add(c.at)); got != c.want {
			t.Errorf("%s: overdue %v, want %v", c.name, got, c.want)
		}
	}
}

func TestALostMessageIsSentByANudge(t *testing.T) {
	l, msg := newLine(t, next)
	l.lose = errors.New("no queue")
	l.must(msg)
	p := l.stands(2, "dry", "")
	if len(l.sent) != 0 || p.Overdue(l.now) {
		t.Fatalf("sent %v, overdue %v", l.sent, p.Overdue(l.now))
	}
	l.now = l.now.Add(choreo.Grace + time.Second)
	if p := l.parcel(); !p.Overdue(l.now) {
		t.Fatal("the position isn't overdue")
	}
	if sent, err := l.nudge(); !sent || err != nil {
		t.Fatal(sent, err)
	}
	p = l.parcel()
	if !p.Due.Equal(l.now.Add(2 * time.Minute)) {
		t.Errorf("after the nudge it is due in %s", p.Due.Sub(l.now))
	}
	was := l.now
	msg = l.message()
	if msg.N != 2 || msg.Redeliveries != 1 || !msg.NotBefore.IsZero() || !l.now.Equal(was) {
		t.Errorf("the nudge's message is %+v, in %s", msg, l.now.Sub(was))
	}
	l.must(msg)
	if l.acted != 2 {
		t.Error("the nudge's message was not taken up at once")
	}
}

func TestANudgeMakesOlderMessagesVoid(t *testing.T) {
	l, msg := newLine(t, next)
	if sent, err := l.nudge(); !sent || err != nil {
		t.Fatal(sent, err)
	}
	nudged := l.message()
	l.must(msg)
	if l.acted != 0 {
		t.Fatal("the older message was taken up")
	}
	l.must(nudged)
	l.stands(2, "dry", "")
}

func TestANudgeThatDoesNothing(t *testing.T) {
	for _, c := range []struct {
		name  string
		after func(l *line, p *parcel)
	}{
		{"somebody holds the lease", func(l *line, p *parcel) {
			p.Lease = choreo.Lease{Owner: "another", Until: l.now.Add(time.Second)}
			l.put(*p)
		}},
		{"the item has moved on since it was read", func(l *line, p *parcel) {
			l.put(*p)
			l.docs[key] = ledger.Doc{Key: key, Rev: 9, Body: l.docs[key].Body}
		}},
		{"the item is gone", func(l *line, _ *parcel) { delete(l.docs, key) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, _ := newLine(t, next)
			p := l.parcel()
			rev := l.docs[key].Rev
			c.after(l, &p)
			before := l.docs[key]
			sent, err := l.nudger().Redeliver(t.Context(), key, rev, &p, l.now, 0)
			if sent || err != nil || len(l.sent) != 0 || l.docs[key].Rev != before.Rev {
				t.Errorf("sent %v, %v; the item went from %v to %v", l.sent, err, before, l.docs[key])
			}
		})
	}
}

func TestANudgeMayBeTakenUpLater(t *testing.T) {
	const delay = 20 * time.Minute
	l, _ := newLine(t, next)
	p, rev := l.parcel(), l.docs[key].Rev
	if sent, err := l.nudger().Redeliver(t.Context(), key, rev, &p, l.now, delay); !sent || err != nil {
		t.Fatalf("sent %t, %v", sent, err)
	}
	if p := l.parcel(); p.Overdue(start.Add(delay+choreo.Grace)) || !p.Overdue(start.Add(delay+time.Hour)) {
		t.Errorf("it is due at %s", p.Due)
	}
	l.must(l.message()) // SQS delays no longer than a quarter of an hour: it hops
	if l.acted != 0 {
		t.Error("it was taken up too early")
	}
	l.must(l.message())
	if l.acted != 1 || !l.now.Equal(start.Add(delay)) {
		t.Errorf("acted %d times, at %s", l.acted, l.now)
	}
}

func TestNudgesAreBounded(t *testing.T) {
	for _, c := range []struct {
		name, step, end string
	}{
		{"a position that nobody takes up gives up", "wash", choreo.Failing},
		{"one that gave up is never let go", choreo.Failing, choreo.Failing},
		{"nor is one of an endless step", "endless", "endless"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, _ := newLine(t, next)
			p := l.parcel()
			p.Step = c.step
			l.put(p)
			for n := 1; n <= choreo.MaxRedeliveries; n++ {
				if sent, err := l.nudge(); !sent || err != nil {
					t.Fatalf("nudge %d: sent %v, %v", n, sent, err)
				}
				p := l.parcel()
				if wait := p.Due.Sub(l.now); p.N != 1 || p.Redeliveries != n ||
					wait != min(time.Minute<<n, 64*time.Minute) {
					t.Fatalf("after nudge %d the position is %+v, due in %s", n, p.Position, wait)
				}
				l.now, l.sent = p.Due.Add(2*choreo.Grace), nil
			}
			if all := l.now.Sub(start); all < 5*time.Hour || all > 7*time.Hour {
				t.Errorf("the nudges took %s", all)
			}
			if sent, err := l.nudge(); !sent || err != nil {
				t.Fatal(sent, err)
			}
			msg := l.message()
			if c.step == c.end {
				if p := l.stands(1, c.step, ""); p.Redeliveries != choreo.MaxRedeliveries+1 ||
					msg.Redeliveries != p.Redeliveries {
					t.Errorf("the position is %+v, the message %+v", p.Position, msg)
				}
				return
			}
			p = l.stands(2, choreo.Failing, "wash was never taken up, although its message was sent again 9 times")
			if p.GaveUp != "wash" || p.Redeliveries != 0 || p.Due.IsZero() || msg.Step != choreo.Failing || msg.N != 2 {
				t.Errorf("the position is %+v, its letter %+v", p.Position, msg)
			}
		})
	}
}

func TestANudgeAfterAClaimKeepsTheTries(t *testing.T) {
	l, msg := newLine(t, crash)
	for try := 1; try <= choreo.MaxTries; try++ {
		l.must(msg)
		l.now = l.now.Add(time.Hour)
		if sent, err := l.nudge(); !sent || err != nil {
			t.Fatal(sent, err)
		}
		msg = l.message()
	}
	l.must(msg)
	l.stands(2, choreo.Failing, "the wash-queue function crashed or timed out in each of 5 tries")
}

func TestNudgeWithoutALedger(t *testing.T) {
	l, _ := newLine(t, next)
	broken := errors.New("AccessDenied")
	l.before = func(string, []ledger.Write) error { return broken }
	if sent, err := l.nudge(); sent || !errors.Is(err, broken) || len(l.sent) != 0 {
		t.Errorf("sent %v %v, %v", sent, l.sent, err)
	}
}
