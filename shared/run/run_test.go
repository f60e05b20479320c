package run_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/input"
	"quickstep/shared/run"
)

// ended is an instance that left ten minutes ago and has come to this end.
func ended(id, step string) *run.Instance {
	i := &run.Instance{ID: id, Position: choreo.Position{Step: step}, LeftAt: now.Add(-10 * time.Minute), EndedAt: now}
	if step != run.Failed {
		i.BackAt = now
	}
	return i
}

func TestAdmits(t *testing.T) {
	for _, c := range []struct {
		name string
		run  run.Run
		want int
		over bool
	}{
		{"as many as there are tokens", run.Run{Limit: 2, Waiting: 5}, 2, false},
		{"no more than wait", run.Run{Limit: 3, Waiting: 1}, 1, false},
		{"one whose token is free", run.Run{Limit: 2, Waiting: 5, Tokens: []run.Token{{Instance: "a"}}}, 1, false},
		{"none while every token is held", run.Run{Limit: 1, Waiting: 5, Tokens: []run.Token{{Instance: "a"}}}, 0, false},
		{"none once the run has stopped", run.Run{Limit: 2, Waiting: 5, Stopped: "cancelled"}, 0, true},
		{"those that are out finish after a stop", run.Run{Limit: 2, Waiting: 5, Stopped: "cancelled", Tokens: []run.Token{{Instance: "a"}}}, 0, false},
		{"a failed token is not free", run.Run{Limit: 2, Waiting: 5, Tokens: []run.Token{{Instance: "a", Failed: true}}}, 1, false},
		{"a run of failed tokens is over", run.Run{Limit: 1, Waiting: 5, Tokens: []run.Token{{Instance: "a", Failed: true}}}, 0, true},
		{"tokens of earlier runs count", run.Run{Limit: 2, Waiting: 5, Tokens: []run.Token{{Instance: "a", Failed: true, From: "r0"}, {Instance: "b", Failed: true}}}, 0, true},
		{"more failed tokens than there are", run.Run{Limit: 1, Waiting: 5, Tokens: []run.Token{{Instance: "a", Failed: true, From: "r0"}, {Instance: "b", Failed: true, From: "r0"}}}, 0, true},
		{"one still gets on among the failed", run.Run{Limit: 2, Tokens: []run.Token{{Instance: "a", Failed: true}, {Instance: "b"}}}, 0, false},
		{"nobody waits and nobody is out", run.Run{Limit: 2}, 0, true},
		{"a pause is the gate's matter", run.Run{Limit: 1, Waiting: 1, Paused: now}, 1, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.run.Admits(); got != c.want || c.run.Over() != c.over {
				t.Errorf("%d are admitted, over is %v; want %d, %v", got, c.run.Over(), c.want, c.over)
			}
		})
	}
}

func TestAdmit(t *testing.T) {
	r := run.Run{Limit: 3, Waiting: 2, Tokens: []run.Token{{Instance: "x", Failed: true, From: "r0"}}}
	r.Admit("a")
	r.Admit("b")
	want := run.Run{
		Limit:  3,
		Cursor: "b",
		Tokens: []run.Token{{Instance: "x", Failed: true, From: "r0"}, {Instance: "a"}, {Instance: "b"}},
	}
	if !reflect.DeepEqual(r, want) {
		t.Errorf("got %+v\nwant %+v", r, want)
	}
	if !r.Holds("a") || r.Holds("x") || r.Holds("c") {
		t.Error("a holds a token; x can't get on with its own; c has none")
	}
}

func TestFinish(t *testing.T) {
	terminated := func(i *run.Instance) *run.Instance { i.Terminated = true; return i }
	returned := func(i *run.Instance) *run.Instance { i.BackAt = now; return i }
	for _, c := range []struct {
		name                  string
		i                     *run.Instance
		maxErrors             int
		done, failed, skipped int
		freed                 bool
		stopped               string
	}{
		{"done", ended("a", run.Done), 0, 1, 0, 0, true, ""},
		{"skipped", ended("a", run.Skipped), 0, 0, 0, 1, true, ""},
		{"failed out of service: the token stays", ended("a", run.Failed), 1, 0, 1, 0, false, ""},
		{"one failure too many", ended("a", run.Failed), 0, 0, 1, 0, false, "1 failed, and maxErrors is 0"},
		{"failed, but in service", returned(ended("a", run.Failed)), 1, 0, 1, 0, true, ""},
		{"one failure too many, in service", returned(ended("a", run.Failed)), 0, 0, 1, 0, true, "1 failed, and maxErrors is 0"},
		{"failed before it left", &run.Instance{ID: "a", Position: choreo.Position{Step: run.Failed}, EndedAt: now}, 1, 0, 1, 0, true, ""},
		{"terminated", terminated(ended("a", run.Failed)), 1, 0, 1, 0, true, ""},
		{"one without a token counts nothing", ended("z", run.Done), 0, 0, 0, 0, false, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := run.Run{
				Total:     3,
				Limit:     2,
				Waiting:   1,
				MaxErrors: c.maxErrors,
				Tokens:    []run.Token{{Instance: "a", Failed: true, From: "r0"}, {Instance: "a"}, {Instance: "b"}},
			}
			r.Finish(c.i, now)
			if r.Done != c.done || r.Failed != c.failed || r.Skipped != c.skipped {
				t.Errorf(
					"%d done, %d failed, %d skipped; want %d, %d, %d",
					r.Done,
					r.Failed,
					r.Skipped,
					c.done,
					c.failed,
					c.skipped,
				)
			}
			if freed := !slices.ContainsFunc(r.Tokens, func(tk run.Token) bool { return tk.Instance == "a" && tk.From == "" }); freed != c.freed {
				t.Errorf("its token is free: %v, want %v; tokens %v", freed, c.freed, r.Tokens)
			}
			if kept := slices.Contains(r.Tokens, run.Token{Instance: "a", Failed: true}); kept != (c.i.ID == "a" && !c.freed) {
				t.Errorf("its token is marked as failed: %v; tokens %v", kept, r.Tokens)
			}
			if !slices.Contains(r.Tokens, run.Token{Instance: "b"}) ||
				!slices.Contains(r.Tokens, run.Token{Instance: "a", Failed: true, From: "r0"}) {
				t.Errorf("somebody else's token is gone: %v", r.Tokens)
			}
			if r.Stopped != c.stopped || r.StoppedAt.IsZero() != (c.stopped == "") {
				t.Errorf("stopped %q at %v, want %q", r.Stopped, r.StoppedAt, c.stopped)
			}
		})
	}
}

// TestFinishTwice: a transaction may be tried again after it has happened; an instance is counted once.
func TestFinishTwice(t *testing.T) {
	for _, step := range []string{run.Done, run.Skipped, run.Failed} {
		r := run.Run{
			Total:     3,
			Limit:     2,
			Waiting:   1,
			MaxErrors: 1,
			Tokens:    []run.Token{{Instance: "a"}, {Instance: "b"}},
		}
		i := ended("a", step)
		r.Finish(i, now)
		once := r
		once.Tokens = slices.Clone(r.Tokens)
		r.Finish(i, now.Add(time.Minute))
		if !reflect.DeepEqual(r, once) || r.Done+r.Skipped+r.Failed != 1 {
			t.Errorf("%s twice became %+v\nonce it was %+v", step, r, once)
		}
	}
}

func TestLongest(t *testing.T) {
	r := run.Run{Limit: 3, Waiting: 3}
	for n, minutes := range []int{5, 9, 7} {
		id := fmt.Sprint("i", n)
		r.Admit(id)
		i := ended(id, run.Done)
		i.LeftAt = now.Add(-time.Duration(minutes) * time.Minute)
		r.Finish(i, now)
	}
	if want := (run.Longest{Instance: "i1",
		For: input.Duration(9 * time.Minute)}); r.Longest != want ||
		r.OutFor != input.Duration(21*time.Minute) {
		t.Errorf("the longest is %+v of %s in all, want %+v of 21m", r.Longest, r.OutFor, want)
	}
}

func TestRelease(t *testing.T) {
	r := run.Run{
		Limit:   2,
		Waiting: 1,
		Tokens:  []run.Token{{Instance: "a", Failed: true}, {Instance: "b", Failed: true, From: "r0"}, {Instance: "c"}},
	}
	for _, id := range []string{"a", "b", "c", "d"} {
		r.Release(id)
	}
	if want := []run.Token{{Instance: "c"}}; !slices.Equal(r.Tokens, want) {
		t.Errorf("after the release %v hold tokens, want %v", r.Tokens, want)
	}
	if r.Admits() != 1 {
		t.Error("a released token can be given to the next")
	}
}

func TestRest(t *testing.T) {
	for _, c := range []struct {
		name   string
		run    run.Run
		want   int
		reason string
	}{
		{"nobody is left", run.Run{Stopped: "cancelled"}, 0, ""},
		{"a stop left them", run.Run{Waiting: 3, Stopped: "cancelled"}, 3, "cancelled"},
		{"failed tokens left them", run.Run{Waiting: 3, Limit: 1, Tokens: []run.Token{{Failed: true}}}, 3, "every token is held by an instance that failed out of service"},
	} {
		if n, reason := c.run.Rest(); n != c.want || reason != c.reason {
			t.Errorf("%s: %d, because %q; want %d, because %q", c.name, n, reason, c.want, c.reason)
		}
	}
}

func TestStop(t *testing.T) {
	var r run.Run
	r.Stop(now, "first")
	r.Stop(now.Add(time.Minute), "second")
	if r.Stopped != "first" || !r.StoppedAt.Equal(now) {
		t.Errorf("the run stopped because %q at %s, want the first reason and its time", r.Stopped, r.StoppedAt)
	}
}

func TestStatus(t *testing.T) {
	for _, c := range []struct {
		name string
		run  run.Run
		want string
	}{
		{"before it opens", run.Run{}, "starting"},
		{"open", run.Run{Opened: now}, "open"},
		{"paused", run.Run{Opened: now, Paused: now, Stopped: "x"}, "paused"},
		{"stopping", run.Run{Opened: now, Stopped: "x"}, "stopping"},
		{"ended before it opened", run.Run{Ended: now}, "ended"},
		{"ended", run.Run{Opened: now, Paused: now, Stopped: "x", Ended: now}, "ended"},
	} {
		if got := c.run.Status(); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestExpiry(t *testing.T) {
	if r := (&run.Run{Began: now}); !r.Expiry().IsZero() {
		t.Error("a run that lasts is never forgotten")
	}
	if r := (&run.Run{Ended: now}); !r.Expiry().Equal(now.Add(90 * 24 * time.Hour)) {
		t.Errorf("an ended run may be forgotten at %s, want 90 days later", r.Expiry())
	}
}
