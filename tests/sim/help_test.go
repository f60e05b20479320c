package sim_test

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

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

// all are fields of a request.
type all = map[string]any

// some of the cases of a test that has large ones: all, or every twelfth with the race detector, which makes them several times as
// slow, and has nothing to find in one that it doesn't in another. make test tries all without it.
func some[T any](cases []T) (few []T) {
	step := 1
	if raced {
		step = 12
	}
	for n := 0; n < len(cases); n += step {
		few = append(few, cases[n])
	}
	return few
}

// several are some of the numbers below n.
func several(n int) []int {
	all := make([]int, n)
	for k := range all {
		all[k] = k
	}
	return some(all)
}

// plain is a machine without habits.
var plain = world.MachineSpec{}

var stack = sync.OnceValues(sim.Stack)

// empty makes a world without instances and target groups.
func empty(t testing.TB, seed uint64) *sim.Fleet {
	t.Helper()
	s, err := stack()
	if err != nil {
		t.Fatal(err)
	}
	f := sim.On(copied(s), seed)
	t.Cleanup(f.Close)
	return f
}

func copied(s *template.Stack) *template.Stack { c := *s; return &c }

// fleet has instances in the target groups web and api; habits are those of the instances, by number from 1.
func fleet(t testing.TB, size int, habits ...map[int]world.MachineSpec) *sim.Fleet {
	t.Helper()
	return seeded(t, 1, size, habits...)
}

func seeded(t testing.TB, seed uint64, size int, habits ...map[int]world.MachineSpec) *sim.Fleet {
	t.Helper()
	f := empty(t, seed)
	f.AddGroups("web", "api")
	for n := 1; n <= size; n++ {
		spec := plain
		for _, h := range habits {
			if s, ok := h[n]; ok {
				spec = s
			}
		}
		spec.ID = sim.ID(n)
		f.Add(spec, "web:8080", "api:9090")
	}
	settle(f, 1, "web", "api")
	return f
}

// settle notes where everybody stands, and the floor of groups.
func settle(f *sim.Fleet, floor int, groups ...string) {
	f.Watch.Settle()
	for _, name := range groups {
		f.Watch.Floor[sim.Group(name)] = floor
	}
}

func begin(t testing.TB, f *sim.Fleet, fields all) {
	t.Helper()
	if n, ok := fields["maxConcurrency"].(int); ok {
		f.Watch.Tokens = n
	}
	if _, err := f.Ask(fields); err != nil {
		t.Fatalf("the request was refused: %v", err)
	}
}

func finish(t testing.TB, f *sim.Fleet, limit time.Duration, failed ...string) {
	t.Helper()
	if err := f.Run(f.Over, limit); err != nil {
		t.Fatalf("the run isn't over: %v\n%s", err, trace(f, 12))
	}
	f.Advance(16 * time.Minute) // for messages that were on their way
	for _, b := range f.Watch.End(failed...) {
		t.Error(b)
	}
	if t.Failed() && os.Getenv("TRACE") != "" {
		t.Log(trace(f, 1000))
	}
}

func until(t testing.TB, f *sim.Fleet, what string, limit time.Duration, cond func() bool) {
	t.Helper()
	if err := f.Run(cond, limit); err != nil {
		t.Fatalf("%s: %v\n%s", what, err, trace(f, 12))
	}
}

func trace(f *sim.Fleet, n int) string {
	log := f.Log()
	var b strings.Builder
	for _, op := range log[max(0, len(log)-n):] {
		s := op.String()
		b.WriteString(s[:min(len(s), 300)] + "\n")
	}
	return b.String()
}

func counts(t testing.TB, f *sim.Fleet, done, failed, skipped int) {
	t.Helper()
	countsOf(t, f, "run-1", done, failed, skipped)
}

func countsOf(t testing.TB, f *sim.Fleet, id string, done, failed, skipped int) {
	t.Helper()
	s, err := f.Status(id)
	if err != nil {
		t.Fatal(err)
	}
	if s.Done != done || s.Failed != failed || s.Skipped != skipped {
		t.Errorf("%s: %d done, %d failed, %d skipped; want %d, %d, %d (%v, stopped: %s)", id, s.Done, s.Failed, s.Skipped, done, failed, skipped, s.Failures, s.Stopped)
	}
	if s.Ended.IsZero() {
		t.Errorf("%s hasn't ended", id)
	}
}

// failedBecause checks that a run's only failure, or that of an instance, has a reason that holds a text.
func failedBecause(t testing.TB, f *sim.Fleet, id, step string, out bool, parts ...string) {
	t.Helper()
	s, err := f.Status("run-1")
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range s.Failures {
		if x.Instance != id {
			continue
		}
		if x.Step != step || x.OutOfService != out || !containsAll(x.Reason, parts...) {
			t.Errorf("%s failed at %s (out of service: %t): %q; want step %s, out %t, %q", id, x.Step, x.OutOfService, x.Reason, step, out, parts)
		}
		return
	}
	t.Errorf("%s isn't among the failed: %v", id, s.Failures)
}

func containsAll(text string, parts ...string) bool {
	return !slices.ContainsFunc(parts, func(p string) bool { return !strings.Contains(strings.ToLower(text), strings.ToLower(p)) })
}

// told finds the message on a topic that holds all parts, in its subject or text.
func told(t testing.TB, f *sim.Fleet, topic string, parts ...string) world.Note {
	t.Helper()
	notes := f.Published(topic)
	for _, n := range notes {
		if containsAll(n.Subject+"\n"+n.Text, parts...) {
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
