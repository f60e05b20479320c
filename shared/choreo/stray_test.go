package choreo_test

import (
	"strings"
	"testing"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/ledger"
)

// TestMessagesOfAnotherQueue: each would be taken up if it came in where it belongs.
func TestMessagesOfAnotherQueue(t *testing.T) {
	for _, c := range []struct {
		name, at, queue string
		change          func(*choreo.Message)
	}{
		{"of another step", "wash", "dry-queue", func(*choreo.Message) {}},
		{"of what gave up", choreo.Failing, "wash-queue", func(*choreo.Message) {}},
		{"that says that it is of this queue", "wash", "dry-queue", func(m *choreo.Message) { m.Step = "dry" }},
		{"to be taken up later", "wash", "dry-queue", func(m *choreo.Message) { m.NotBefore = start.Add(time.Hour) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, msg := newLine(t, next)
			p := l.parcel()
			p.Step, msg.Step = c.at, c.at
			l.put(p)
			c.change(&msg)
			l.wrong = c.queue
			before := l.docs[key]
			if l.must(msg); l.acted != 0 || len(l.sent) != 0 || l.docs[key].Rev != before.Rev {
				t.Errorf("acted %d times, sent %v: %s", l.acted, l.sent, l.docs[key].Body)
			}
		})
	}
}

// TestADocumentOfAnotherKind is never written, however well a message matches it.
func TestADocumentOfAnotherKind(t *testing.T) {
	l, msg := newLine(t, next)
	elsewhere := ledger.Key{PK: key.PK, SK: "another"}
	l.docs[elsewhere] = l.docs[key]
	msg.Key = elsewhere
	err := l.handle(msg)
	if err == nil || !strings.Contains(err.Error(), "P/another") || !strings.Contains(err.Error(), "that of P/item") {
		t.Errorf("the message must end where people read it: %v", err)
	}
	if err := l.letter(msg); err == nil {
		t.Error("its dead letter as well")
	}
	msg.NotBefore = l.now.Add(time.Hour)
	if err := l.handle(msg); err == nil {
		t.Error("and one that waits")
	}
	if l.acted != 0 || len(l.sent) != 0 || len(l.marks) != 0 {
		t.Errorf("acted %d times, sent %v, written %v", l.acted, l.sent, l.marks)
	}
}

// TestMessagesThatBurn: copies that leave out until when they must wait, one after the other, get a
// position no further than its own message does.
func TestMessagesThatBurn(t *testing.T) {
	l, _ := newLine(t, func(*choreo.Work[*parcel]) (choreo.Outcome[*parcel], error) {
		return choreo.Again[*parcel](time.Minute, "soaking"), nil
	})
	for range 30 {
		p := l.parcel()
		msg := choreo.NewMessage(key, &p.Position)
		msg.NotBefore = time.Time{}
		l.must(msg)
	}
	if p := l.stands(2, "wash", "soaking"); l.acted != 1 || p.Attempt != 1 {
		t.Errorf("acted %d times: %+v", l.acted, p.Position)
	}
	l.must(l.message())
	l.stands(3, "wash", "soaking")
}

func TestHop(t *testing.T) {
	far := time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	for _, c := range []struct {
		name      string
		due       time.Duration // of the item, from now
		change    func(*parcel, *choreo.Message)
		notBefore time.Time // of the message
		want      time.Time // of the one that is sent; zero: none is
		reads     int
	}{
		{"within one delay nothing is read",
			10 * time.Minute, nil, start.Add(10 * time.Minute), start.Add(10 * time.Minute), 0},
		{"beyond it the item is looked at", time.Hour, nil, start.Add(time.Hour), start.Add(time.Hour), 1},
		{"no longer than the item waits itself", time.Hour, nil, far, start.Add(time.Hour), 1},
		{"nor if it is due by now", 0, nil, far, start, 1},
		{"a nudge's until the next one",
			64 * time.Minute, func(p *parcel, m *choreo.Message) { p.Redeliveries, m.Redeliveries = 6, 6 }, far, start.Add(64 * time.Minute), 1},
		{"of a position that has moved on",
			time.Hour, func(p *parcel, _ *choreo.Message) { p.N++ }, start.Add(time.Hour), time.Time{}, 1},
		{"of one that was nudged",
			time.Hour, func(p *parcel, _ *choreo.Message) { p.Redeliveries++ }, start.Add(time.Hour), time.Time{}, 1},
		{"of another step of its queue",
			time.Hour, func(p *parcel, _ *choreo.Message) { p.Step = "dry" }, start.Add(time.Hour), time.Time{}, 1},
		{"of nothing",
			time.Hour, func(_ *parcel, m *choreo.Message) { m.SK = "nothing" }, start.Add(time.Hour), time.Time{}, 1},
		{"of what waits without a clock",
			time.Hour, func(p *parcel, _ *choreo.Message) { p.Due = time.Time{} }, far, time.Time{}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, msg := newLine(t, next)
			p := l.parcel()
			p.Due = start.Add(c.due)
			if msg.NotBefore = c.notBefore; c.change != nil {
				c.change(&p, &msg)
			}
			l.put(p)
			l.must(msg)
			if l.acted != 0 || len(l.marks) != 0 || l.reads != c.reads {
				t.Errorf("acted %d times, wrote %v, read %d times; want %d", l.acted, l.marks, l.reads, c.reads)
			}
			if c.want.IsZero() {
				if len(l.sent) != 0 {
					t.Errorf("sent %v", l.sent)
				}
				return
			}
			if got := l.message(); got.Key != key || got.N != msg.N || got.Redeliveries != msg.Redeliveries ||
				!got.NotBefore.Equal(c.want) {
				t.Errorf("sent on as %+v, want not before %s", got, c.want)
			}
		})
	}
}

func TestAHopWithoutALedger(t *testing.T) {
	l, msg := newLine(t, next)
	msg.NotBefore, l.unreadable = start.Add(time.Hour), errDenied
	if err := l.handle(msg); err == nil || len(l.sent) != 0 {
		t.Errorf("it must come again itself: %v, sent %v", err, l.sent)
	}
}
