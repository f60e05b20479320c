// Package simtest is what the tests of the simulation share: fleets, with and without patches, and the
// words in which a test says what happens and what must have happened.
package simtest

import (
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"quickstep/tests/sim"
	"quickstep/tests/template"
	"quickstep/tests/world"
)

// Main runs a package's tests without the product's log.
func Main(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

// All are fields of a request.
type All = map[string]any

// Some of the cases of a test that has large ones: all, or every twelfth with the race detector, which makes them
// several times as slow, and has nothing to find in one that it doesn't in another. make test tries all without it.
func Some[T any](cases []T) (few []T) {
	step := 1
	if Raced {
		step = 12
	}
	for n := 0; n < len(cases); n += step {
		few = append(few, cases[n])
	}
	return few
}

// Several are some of the numbers below n.
func Several(n int) []int {
	all := make([]int, n)
	for k := range all {
		all[k] = k
	}
	return Some(all)
}

// Plain is a machine without habits.
var Plain = world.MachineSpec{}

// Stack is the product's stack, loaded once.
var Stack = sync.OnceValues(sim.Stack)

// Empty makes a world without instances and target groups.
func Empty(t testing.TB, seed uint64) *sim.Fleet {
	t.Helper()
	s, err := Stack()
	if err != nil {
		t.Fatal(err)
	}
	f := sim.On(Copied(s), seed)
	t.Cleanup(f.Close)
	return f
}

// Copied is a copy of a stack that a test may change.
func Copied(s *template.Stack) *template.Stack { c := *s; return &c }

// Fleet has instances in the target groups web and api; habits are those of the instances, by number from 1.
func Fleet(t testing.TB, size int, habits ...map[int]world.MachineSpec) *sim.Fleet {
	t.Helper()
	return Seeded(t, 1, size, habits...)
}

// Seeded makes a fleet in a world of a seed.
func Seeded(t testing.TB, seed uint64, size int, habits ...map[int]world.MachineSpec) *sim.Fleet {
	t.Helper()
	f := Empty(t, seed)
	f.AddGroups("web", "api")
	for n := 1; n <= size; n++ {
		spec := Plain
		for _, h := range habits {
			if s, ok := h[n]; ok {
				spec = s
			}
		}
		spec.ID = sim.ID(n)
		f.Add(spec, "web:8080", "api:9090")
	}
	Settle(f, 1, "web", "api")
	return f
}

// Settle notes where everybody stands, and the floor of groups.
func Settle(f *sim.Fleet, floor int, groups ...string) {
	f.Watch.Settle()
	for _, name := range groups {
		f.Watch.Floor[sim.Group(name)] = floor
	}
}

// Begin asks for a run of the fleet, over what a test says of it.
func Begin(t testing.TB, f *sim.Fleet, fields All) {
	t.Helper()
	if n, ok := fields["maxConcurrency"].(int); ok {
		f.Watch.Tokens = n
	}
	if _, err := f.Ask(fields); err != nil {
		t.Fatalf("the request was refused: %v", err)
	}
}

// Finish lets the world go on until the run has ended, within the limit, and checks who failed.
func Finish(t testing.TB, f *sim.Fleet, limit time.Duration, failed ...string) {
	t.Helper()
	if err := f.Run(f.Over, limit); err != nil {
		t.Fatalf("the run isn't over: %v\n%s", err, Trace(f, 12))
	}
	f.Advance(16 * time.Minute) // for messages that were on their way
	for _, b := range f.Watch.End(failed...) {
		t.Error(b)
	}
	if t.Failed() && os.Getenv("TRACE") != "" {
		t.Log(Trace(f, 1000))
	}
}

// Until lets the world go on until cond holds.
func Until(t testing.TB, f *sim.Fleet, what string, limit time.Duration, cond func() bool) {
	t.Helper()
	if err := f.Run(cond, limit); err != nil {
		t.Fatalf("%s: %v\n%s", what, err, Trace(f, 12))
	}
}

// Trace is the end of the log, for a failed test.
func Trace(f *sim.Fleet, n int) string {
	log := f.Log()
	var b strings.Builder
	for _, op := range log[max(0, len(log)-n):] {
		s := op.String()
		b.WriteString(s[:min(len(s), 300)] + "\n")
	}
	return b.String()
}

// Counts checks how many instances of run-1 ended how.
func Counts(t testing.TB, f *sim.Fleet, done, failed, skipped int) {
	t.Helper()
	CountsOf(t, f, "run-1", done, failed, skipped)
}

// CountsOf checks how many instances of a run ended how.
func CountsOf(t testing.TB, f *sim.Fleet, id string, done, failed, skipped int) {
	t.Helper()
	s, err := f.Status(id)
	if err != nil {
		t.Fatal(err)
	}
	if s.Done != done || s.Failed != failed || s.Skipped != skipped {
		t.Errorf(
			"%s: %d done, %d failed, %d skipped; want %d, %d, %d (%v, stopped: %s)",
			id,
			s.Done,
			s.Failed,
			s.Skipped,
			done,
			failed,
			skipped,
			s.Failures,
			s.Stopped,
		)
	}
	if s.Ended.IsZero() {
		t.Errorf("%s hasn't ended", id)
	}
}

// FailedBecause checks that a run's only failure, or that of an instance, has a reason that holds a text.
func FailedBecause(t testing.TB, f *sim.Fleet, id, step string, out bool, parts ...string) {
	t.Helper()
	s, err := f.Status("run-1")
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range s.Failures {
		if x.Instance != id {
			continue
		}
		if x.Step != step || x.OutOfService != out || !ContainsAll(x.Reason, parts...) {
			t.Errorf(
				"%s failed at %s (out of service: %t): %q; want step %s, out %t, %q",
				id,
				x.Step,
				x.OutOfService,
				x.Reason,
				step,
				out,
				parts,
			)
		}
		return
	}
	t.Errorf("%s isn't among the failed: %v", id, s.Failures)
}

// ContainsAll says whether a text has all the parts.
func ContainsAll(text string, parts ...string) bool {
	return !slices.ContainsFunc(
		parts,
		func(p string) bool { return !strings.Contains(strings.ToLower(text), strings.ToLower(p)) },
	)
}

// Told finds the message on a topic that holds all parts, in its subject or text.
func Told(t testing.TB, f *sim.Fleet, topic string, parts ...string) world.Note {
	t.Helper()
	notes := f.Published(topic)
	for _, n := range notes {
		if ContainsAll(n.Subject+"\n"+n.Text, parts...) {
			return n
		}
	}
	var b strings.Builder
	for _, n := range notes {
		fmt.Fprintf(&b, "%s %s\n%s\n", n.At.Format(time.TimeOnly), n.Subject, n.Text)
	}
	t.Errorf("no message on topic %s holds %q:\n%s", topic, parts, b.String())
	return world.Note{}
}
