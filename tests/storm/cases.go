package storm

import (
	"time"

	"quickstep/tests/world"
)

// Singles are all that can go wrong once: every fault at every effect, every delivery twice, every message again
// after minutes, every effect slow, every function frozen before each of its effects, a crash, a pause and a
// cancellation after every effect whose reply is lost, a pause after every crash, and a second run asked for at
// every effect of the first.
func Singles() ([]Case, error) {
	all, err := Try(Case{})
	if err != nil {
		return nil, err
	}
	var cases []Case
	for n := 1; n <= all.Effects; n++ {
		for _, f := range world.Faults {
			cases = append(cases, Case{Faults: map[int]world.Fault{n: f}})
		}
		lost := map[int]world.Fault{n: world.ReplyLost}
		cases = append(
			cases,
			Case{Slow: n},
			Case{Frozen: n},
			Case{After: n, Command: "pause", Faults: lost},
			Case{After: n, Command: "cancel", Faults: lost},
			Case{Faults: map[int]world.Fault{n: world.ReplyLost, n + 1: world.CrashBefore}},
			Case{After: n, Command: "pause", Faults: map[int]world.Fault{n: world.CrashAfter}},
		)
	}
	for n := 1; n <= all.Deliveries; n++ {
		cases = append(cases, Case{Twice: n})
	}
	for n := 1; n <= all.Messages; n++ {
		cases = append(cases, Case{Late: n})
	}
	return elsewhere(cases)
}

// elsewhere adds the cases of the other small fleets.
func elsewhere(cases []Case) ([]Case, error) {
	all, err := Try(Case{Fleet: hung})
	if err != nil {
		return nil, err
	}
	for n := 1; n <= all.Effects; n++ {
		for _, f := range []world.Fault{world.CrashAfter, world.ReplyLost} {
			cases = append(cases, Case{Fleet: hung, Faults: map[int]world.Fault{n: f}})
		}
	}
	cases = append(cases, Case{Fleet: stuck}, Case{Fleet: late}, Case{Fleet: hushed}, Case{Fleet: freed})
	if all, err = Try(Case{Fleet: behind}); err != nil {
		return nil, err
	}
	for n := 1; n <= all.Effects; n++ {
		cases = append(cases, Case{Fleet: behind, Second: n})
	}
	return cases, nil
}

// Pairs are a crash at every two effects.
func Pairs() ([]Case, error) {
	all, err := Try(Case{})
	var cases []Case
	for first := 1; first <= all.Effects; first++ {
		for second := first + 1; second <= all.Effects; second++ {
			cases = append(cases, Case{Faults: map[int]world.Fault{first: world.CrashAfter, second: world.CrashAfter}})
		}
	}
	return cases, err
}

// late lets a message that is being sent come once more.
func (w *faults) late(op world.Op, after time.Duration) {
	for _, b := range bodies.FindAllStringSubmatch(op.Detail, -1) {
		w.fleet.After(after, func() { w.fleet.Put(op.Subject, b[1], 0) })
	}
	w.seen["late message"]++
}

// commands gives run-1 a command; what is paused is resumed after a while.
func (w *faults) commands(command string) {
	w.fleet.After(0, func() { w.command(command, "run", "run-1") })
	if command == "pause" {
		w.fleet.After(10*time.Minute, func() { w.command("resume", "run", "run-1") })
	}
}
