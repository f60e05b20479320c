package choreo_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/ledger"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
	os.Exit(m.Run())
}

var start = time.Date(2026, 1, 5, 4, 0, 0, 0, time.UTC)

var key = ledger.Key{PK: "P", SK: "item"}

// parcel is what moves in these tests.
type parcel struct {
	choreo.Position
	Note string `json:"note,omitempty"`
}

// shelf is a ledger.Store in memory. before and after are asked around each write: an error of before refuses it,
// one of after loses the reply.
type shelf struct {
	docs          map[ledger.Key]ledger.Doc
	before, after func(by string, writes []ledger.Write) error
	unreadable    error
	reads         int
	marks         []string // of the writes that happened
}

func (s *shelf) Get(_ context.Context, keys ...ledger.Key) ([]ledger.Doc, error) {
	s.reads++
	var docs []ledger.Doc
	for _, k := range keys {
		if d, ok := s.docs[k]; ok {
			docs = append(docs, d)
		}
	}
	return docs, s.unreadable
}

func (s *shelf) List(context.Context, string, string, string, int) ([]ledger.Doc, error) {
	panic("nothing here lists")
}

func (s *shelf) Write(_ context.Context, by string, writes ...ledger.Write) error {
	if s.before != nil {
		if err := s.before(by, writes); err != nil {
			return err
		}
	}
	for _, w := range writes {
		if s.docs[w.Key].Rev != w.Rev {
			return fmt.Errorf("write %s: %w", w.Key, ledger.ErrConflict)
		}
	}
	for _, w := range writes {
		switch {
		case w.Delete:
			delete(s.docs, w.Key)
		case !w.Check:
			s.docs[w.Key] = ledger.Doc{Key: w.Key, Rev: w.Rev + 1, By: by, Body: w.Body}
		}
	}
	s.marks = append(s.marks, by)
	if s.after != nil {
		return s.after(by, writes)
	}
	return nil
}

// line is a mover of parcels with its queue and its clock; act is what the step does.
type line struct {
	*shelf
	t      *testing.T
	now    time.Time
	sent   []choreo.Envelope
	lose   error // what Send answers, once
	acted  int
	act    func(w *choreo.Work[*parcel]) (choreo.Outcome[*parcel], error)
	last   func(ctx context.Context, w *choreo.Work[*parcel], reason string) choreo.Outcome[*parcel]
	calls  int    // invocations, for their ids
	queue  string // the mover's
	tired  int    // how often it was said that an endless parcel's tries are used up
	untold error  // what saying so answers
	wrong  string // where messages come in instead of the queue of their step, if set

	tolerance choreo.Tolerance
}

// parcels is their kind: one parcel, at key.
var parcels = choreo.Kind[*parcel]{Routing: words, New: func() *parcel { return &parcel{} },
	Owns: func(k ledger.Key) bool { return k.PK == key.PK },
	Key:  func(*parcel) ledger.Key { return key }}

var words = choreo.Routing{
	Queue:        func(step string) string { return step + "-queue" },
	LogAttrs:     func(k ledger.Key) []any { return []any{"parcel", k.SK} },
	NeverGivesUp: func(step string) bool { return step == "endless" },
}

// newLine has one parcel, at n 1 of step wash, and its message.
func newLine(
	t *testing.T, act func(w *choreo.Work[*parcel]) (choreo.Outcome[*parcel], error),
) (*line, choreo.Message) {
	l := &line{t: t, now: start, act: act, shelf: &shelf{docs: map[ledger.Key]ledger.Doc{}}}
	p := parcel{Position: choreo.Position{N: 1, Step: "wash", Since: start, Due: start}}
	l.put(p)
	return l, choreo.NewMessage(key, &p.Position)
}

// put writes the parcel as if somebody else had.
func (l *line) put(p parcel) {
	rev := l.docs[key].Rev
	l.docs[key] = ledger.Doc{Key: key, Rev: rev + 1, By: "somebody", Body: ledger.Put(key, rev, p).Body}
}

func (l *line) parcel() parcel {
	l.t.Helper()
	var p parcel
	if err := l.docs[key].Decode(&p); err != nil {
		l.t.Fatal(err)
	}
	return p
}

func (l *line) Send(_ context.Context, envelopes ...choreo.Envelope) error {
	if err := l.lose; err != nil {
		l.lose = nil
		return err
	}
	l.sent = append(l.sent, envelopes...)
	return nil
}

func (l *line) mover() choreo.Mover[*parcel] {
	return choreo.Mover[*parcel]{Ledger: l.shelf, Queues: l, Now: func() time.Time { return l.now }, Lease: time.Minute,
		Kind: parcels, Queue: l.queue, Exhausted: l.last,
		Tolerance: func(*parcel) choreo.Tolerance { return l.tolerance },
		Act: func(_ context.Context, w *choreo.Work[*parcel]) (choreo.Outcome[*parcel], error) {
			l.acted++
			return l.act(w)
		}}
}

// handle is one invocation with the message, of the function that its queue feeds.
func (l *line) handle(msg choreo.Message) error {
	l.calls++
	if l.queue = words.Queue(msg.Step); l.wrong != "" {
		l.queue = l.wrong
	}
	return l.mover().Handle(context.Background(), fmt.Sprint("invocation-", l.calls), msg)
}

// must is an invocation that decides something.
func (l *line) must(msg choreo.Message) {
	l.t.Helper()
	if err := l.handle(msg); err != nil {
		l.t.Fatal(err)
	}
}

// message takes the only message that was sent, and the clock to when it arrives.
func (l *line) message() choreo.Message {
	l.t.Helper()
	if len(l.sent) != 1 {
		l.t.Fatalf("%d messages were sent, want 1: %v", len(l.sent), l.sent)
	}
	e := l.sent[0]
	l.sent = nil
	msg, err := choreo.DecodeMessage(e.Body)
	if err != nil {
		l.t.Fatal(err)
	}
	if want := words.Queue(msg.Step); e.Queue != want {
		l.t.Errorf("the message was sent to %s, want %s", e.Queue, want)
	}
	l.now = l.now.Add(e.Delay)
	return msg
}

// nudge reads the parcel and nudges it, as the watchdog does.
func (l *line) nudge() (bool, error) {
	p, rev := l.parcel(), l.docs[key].Rev
	return l.nudger().Redeliver(context.Background(), key, rev, &p, l.now, 0)
}

func (l *line) nudger() choreo.Redeliverer {
	l.calls++
	return choreo.Redeliverer{Ledger: l.shelf, Queues: l, Routing: words, Owner: fmt.Sprint("watchdog-", l.calls)}
}

// stands fails unless the parcel is there with this much of its position.
func (l *line) stands(n int, step, reason string) parcel {
	l.t.Helper()
	p := l.parcel()
	if p.N != n || p.Step != step || !strings.Contains(p.Reason, reason) || (reason == "") != (p.Reason == "") {
		l.t.Fatalf(
			"the parcel is at n %d %s, because %q; want n %d %s, because … %q …",
			p.N,
			p.Step,
			p.Reason,
			n,
			step,
			reason,
		)
	}
	return p
}

func next(*choreo.Work[*parcel]) (choreo.Outcome[*parcel], error) {
	return choreo.Next[*parcel]("dry", 0), nil
}

func crash(*choreo.Work[*parcel]) (choreo.Outcome[*parcel], error) {
	return choreo.Outcome[*parcel]{}, choreo.ErrLost
}

// own says whether a write is the mover's of the parcel, and no claim.
func own(writes []ledger.Write) bool {
	return slices.ContainsFunc(writes, func(w ledger.Write) bool {
		return w.Key == key && (w.Delete || !strings.Contains(string(w.Body), `"lease"`))
	})
}
