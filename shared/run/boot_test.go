package run_test

import (
	"testing"
	"time"

	"quickstep/shared/run"
)

func TestWhoseBootItIs(t *testing.T) {
	call := now // written down; it returns a second later
	for _, c := range []struct {
		name        string
		id          string
		boot        time.Duration // when the kernel started, from the call
		sent, read  time.Duration // when it was asked and answered
		ran         time.Duration // when the command ran
		first       time.Duration // of two calls, from the last
		fateUnknown bool
		want        run.BootOrigin
	}{
		{name: "the boot of before", id: "old", boot: -time.Hour, sent: time.Minute, ran: 61 * time.Second, read: 62 * time.Second, want: run.OldBoot},
		{name: "ours", id: "new", boot: 20 * time.Second, sent: time.Minute, ran: 61 * time.Second, read: 62 * time.Second, want: run.OurBoot},
		{name: "another agent's, before the call", id: "new", boot: -10 * time.Second, sent: time.Minute, ran: 61 * time.Second,
			read: 62 * time.Second, want: run.TheirBoot},
		{name: "asked while it booted, by an agent that came up late", id: "new", boot: 20 * time.Second, sent: 5 * time.Second,
			ran: time.Minute, read: 62 * time.Second, want: run.Unclear},
		{name: "another agent's, asked by an agent that came up late", id: "new", boot: -10 * time.Second, sent: time.Second,
			ran: time.Minute, read: 100 * time.Second, want: run.Unclear},
		{name: "it began while the call was made", id: "new", boot: time.Second / 2, sent: time.Minute, ran: time.Minute,
			read: time.Minute, want: run.Unclear},
		{name: "ours, and nobody knows when the call returned", id: "new", boot: 20 * time.Second, sent: time.Minute,
			ran: 61 * time.Second, read: 62 * time.Second, fateUnknown: true, want: run.Unclear},
		{name: "another agent's, and nobody knows when the call returned", id: "new", boot: -10 * time.Second, sent: time.Minute,
			ran: 61 * time.Second, read: 62 * time.Second, fateUnknown: true, want: run.TheirBoot},
		{name: "an earlier call's, perhaps, before the last", id: "new", boot: -10 * time.Second, sent: time.Minute,
			ran: 61 * time.Second, read: 62 * time.Second, first: -time.Minute, want: run.Unclear},
		{name: "another agent's, before the first of two calls", id: "new", boot: -2 * time.Minute, sent: time.Minute,
			ran: 61 * time.Second, read: 62 * time.Second, first: -time.Minute, want: run.TheirBoot},
	} {
		t.Run(c.name, func(t *testing.T) {
			i := run.Instance{
				ID:            "i-1",
				RebootCalls:   1,
				RebootAskedAt: call,
				RebootedAt:    call,
				CalledAt:      call.Add(time.Second),
				Boot:          run.Boot{Old: "old"},
			}
			if c.first != 0 {
				i.RebootAskedAt, i.RebootCalls = call.Add(c.first), 2
			}
			if c.fateUnknown {
				i.CalledAt = time.Time{}
			}
			a := run.BootAnswer{ID: c.id, Uptime: c.ran - c.boot}
			if got := i.Booted(a, call.Add(c.sent), call.Add(c.read)); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}

func TestSeenDownTakesTenSecondsWithoutAPass(t *testing.T) {
	up, down, unclear := run.Finding{OK: true}, run.Finding{Down: true}, run.Finding{}
	type look struct {
		after time.Duration
		found run.Finding
	}
	sec := time.Second
	for _, c := range []struct {
		name    string
		healthy bool
		looks   []look
		seen    bool
	}{
		{"one failing look", true, []look{{5 * sec, down}}, false},
		{"two in the same moment", true, []look{{5 * sec, down}, {5*sec + 20*time.Millisecond, down}}, false},
		{"two within ten seconds", true, []look{{5 * sec, down}, {14 * sec, down}}, false},
		{"two, ten seconds apart", true, []look{{5 * sec, down}, {15 * sec, down}}, true},
		{"three, the last ten seconds after the first", true, []look{{5 * sec, down}, {10 * sec, down}, {15 * sec, down}}, true},
		{"one that passes between", true, []look{{5 * sec, down}, {10 * sec, up}, {20 * sec, down}}, false},
		{"one between that shows nothing", true, []look{{5 * sec, down}, {10 * sec, unclear}, {20 * sec, down}}, true},
		{"what shows nothing, for long", true, []look{{5 * sec, unclear}, {60 * sec, unclear}, {200 * sec, unclear}}, false},
		{"one that was down before as well", false, []look{{5 * sec, down}, {60 * sec, down}}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			i := run.Instance{Capture: []run.Registration{{Group: arn("web"), Port: 80, Healthy: c.healthy}}}
			for _, l := range c.looks {
				i.Watch(l.found, now.Add(l.after))
			}
			if got := !i.SeenDown.IsZero(); got != c.seen {
				t.Errorf("seen down: %t", got)
			}
		})
	}
}
