package choreo_test

import (
	"testing"
	"time"

	"quickstep/shared/choreo"
)

func TestSettle(t *testing.T) {
	later := start.Add(time.Hour)
	from := choreo.Position{
		N:               7,
		Redeliveries:    2,
		Step:            "wash",
		Since:           start,
		Attempt:         3,
		TransientErrors: 2,
		PermanentErrors: 1,
		Tries:           4,
		Reason:          "old",
		Lease:           choreo.Lease{Owner: "o", Until: later},
		Due:             start,
		GaveUp:          "sort",
	}
	for _, c := range []struct {
		name string
		out  choreo.Outcome[*parcel]
		want choreo.Position
	}{
		{"next goes on", choreo.Next[*parcel]("dry", time.Minute), choreo.Position{N: 8, Step: "dry", Since: later, Due: later.Add(time.Minute), GaveUp: "sort"}},
		{"next may say why", choreo.Next[*parcel]("dry", 0).Because("wet"), choreo.Position{N: 8, Step: "dry", Since: later, Due: later, Reason: "wet", GaveUp: "sort"}},
		{"again stays, and counts", choreo.Again[*parcel](time.Minute, "dirty"), choreo.Position{N: 8, Step: "wash", Since: start, Attempt: 4, Due: later.Add(time.Minute), Reason: "dirty", GaveUp: "sort"}},
		{"parked waits without a clock", choreo.Park[*parcel]("paused"), choreo.Position{N: 8, Step: "wash", Since: start, Attempt: 4, Reason: "paused", GaveUp: "sort"}},
		{"an end is due never", choreo.End[*parcel]("sold", "bought"), choreo.Position{N: 8, Step: "sold", Since: later, Reason: "bought", GaveUp: "sort"}},
		{"giving up says where", choreo.GiveUp[*parcel]("torn"), choreo.Position{N: 8, Step: choreo.Failing, Since: later, Due: later, Reason: "torn", GaveUp: "wash"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := from
			c.out.Settle(&got, later)
			if got != c.want {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
		})
	}
}

// TestWhyItGaveUpIsKept while triage has to come again for reasons of its own.
func TestWhyItGaveUpIsKept(t *testing.T) {
	for name, out := range map[string]choreo.Outcome[*parcel]{"again": choreo.Again[*parcel](time.Minute, "no alarm"), "parked": choreo.Park[*parcel]("no alarm")} {
		p := choreo.Position{N: 7, Step: choreo.Failing, Since: start, Reason: "torn", GaveUp: "wash"}
		if out.Settle(&p, start.Add(time.Hour)); p.Reason != "torn" || p.GaveUp != "wash" || p.N != 8 ||
			!p.Since.Equal(start) {
			t.Errorf("%s: the position is %+v", name, p)
		}
	}
	l, msg := newLine(t, func(w *choreo.Work[*parcel]) (choreo.Outcome[*parcel], error) {
		if w.Item.Step == choreo.Failing {
			return choreo.Outcome[*parcel]{}, throttled
		}
		return choreo.GiveUp[*parcel]("torn"), nil
	})
	for n := 2; n < 5; n++ {
		l.must(msg)
		l.stands(n, choreo.Failing, "torn")
		msg = l.message()
	}
}

func TestCommit(t *testing.T) {
	for _, c := range []struct {
		name    string
		out     choreo.Outcome[*parcel]
		step    string
		reason  string
		message bool
		delay   time.Duration
	}{
		{"next", choreo.Next[*parcel]("dry", 0), "dry", "", true, 0},
		{"next, later", choreo.Next[*parcel]("dry", time.Minute), "dry", "", true, time.Minute},
		{"again", choreo.Again[*parcel](time.Minute, "dirty"), "wash", "dirty", true, time.Minute},
		{"parked", choreo.Park[*parcel]("paused"), "wash", "paused", false, 0},
		{"ended", choreo.End[*parcel]("sold", "bought"), "sold", "bought", false, 0},
		{"gave up", choreo.GiveUp[*parcel]("torn"), choreo.Failing, "torn", true, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, msg := newLine(t, func(w *choreo.Work[*parcel]) (choreo.Outcome[*parcel], error) {
				w.Item.Note = "acted"
				return c.out, nil
			})
			l.must(msg)
			p := l.stands(2, c.step, c.reason)
			if p.Note != "acted" || p.Lease != (choreo.Lease{}) || p.Due.IsZero() == c.message {
				t.Errorf("written down as %+v", p)
			}
			if !c.message {
				if len(l.sent) != 0 {
					t.Errorf("sent %v", l.sent)
				}
				return
			}
			if l.sent[0].Delay != c.delay {
				t.Errorf("sent with a delay of %s, want %s", l.sent[0].Delay, c.delay)
			}
			if got := l.message(); got.N != 2 || got.Redeliveries != 0 || got.Step != c.step ||
				!got.NotBefore.Equal(l.now) {
				t.Errorf("the message is %+v at %s", got, l.now)
			}
		})
	}
}

func TestMilliseconds(t *testing.T) {
	read := start.Add(1999999 * time.Microsecond)
	clock := choreo.Milliseconds(func() time.Time { return read.In(time.FixedZone("CET", 3600)) })
	if got := clock(); got != start.Add(1999*time.Millisecond) {
		t.Errorf("the clock shows %s", got)
	}
	if got := choreo.After(clock()); got.Before(read) || got.Sub(read) > time.Millisecond {
		t.Errorf("%s is noted for what was over at %s", got, read)
	}
}
