package reports

import (
	"fmt"
	"math/rand/v2"
	"time"

	"quickstep/shared/report"
	"quickstep/tests/sim"
	"quickstep/tests/storm"
	"quickstep/tests/world"
)

// Small is the report for which every case is tried: one instance with 120 patches, one that isn't managed, one that may not be
// read.
func Small() *Scenario {
	s := &Scenario{
		Seed:     1,
		Pace:     -1,
		Calm:     time.Minute,
		Bucket:   true,
		OneFault: true,
		chance:   rand.New(rand.NewPCG(1, 11)),
		Windows:  []Window{{ID: "mw-0123456789abcdef0", Opens: 36 * time.Hour, Hours: 2}},
		Request:  map[string]any{"id": "storm", "windowIds": []string{"mw-0123456789abcdef0"}},
	}
	for n, kind := range []string{ordinary, unmanaged, denied} {
		s.Nodes = append(s.Nodes, Node{ID: sim.ID(n + 1), Kind: kind, Windows: []int{0}})
	}
	for k := range 120 {
		p := report.Patch{
			KB:       fmt.Sprintf("KB%05d", k),
			Title:    fmt.Sprintf("Update %d", k),
			Severity: "Important",
			State:    report.Missing,
		}
		s.Nodes[0].Before = append(s.Nodes[0].Before, p)
	}
	s.Nodes[0].After = s.Nodes[0].Before
	return s
}

// Case is what goes wrong in one run of the small report: a fault at an effect, by its number from 1, or a delivery that SQS
// makes twice, by its number.
type Case struct {
	Effect int
	Fault  world.Fault
	Twice  int
}

func (c Case) String() string {
	if c.Twice > 0 {
		return fmt.Sprintf("delivery %d twice", c.Twice)
	}
	return fmt.Sprintf("%s at effect %d", c.Fault, c.Effect)
}

// Try runs the small report through one case. It also counts the effects and the deliveries.
func Try(c Case) (r Result, effects, deliveries int, err error) {
	s := Small()
	s.Hook = func(op world.Op) world.Fault {
		if op.Function == "" || op.Function == "watchdog" {
			return world.None
		}
		if effects++; effects == c.Effect {
			return c.Fault
		}
		return world.None
	}
	s.Deliver = func() bool {
		deliveries++
		return deliveries == c.Twice
	}
	r, err = Run(s)
	return r, effects, deliveries, err
}

// Singles are every fault at every effect, and every delivery twice.
func Singles() (cases []Case, err error) {
	r, effects, deliveries, err := Try(Case{})
	if err == nil && len(r.Broken) > 0 {
		err = fmt.Errorf("without any fault: %v", r.Broken)
	}
	for n := 1; n <= effects; n++ {
		for _, f := range world.Faults {
			cases = append(cases, Case{Effect: n, Fault: f})
		}
	}
	for n := 1; n <= deliveries; n++ {
		cases = append(cases, Case{Twice: n})
	}
	return cases, err
}

// TryAll runs cases on all cores; broken is called for each in which something is wrong, one at a time.
func TryAll(cases []Case, broken func(Case, Result, error)) {
	type tried struct {
		Result
		err error
	}
	storm.Cores(len(cases), func(n int) tried {
		r, _, _, err := Try(cases[n-1])
		return tried{r, err}
	}, func(n int, t tried) {
		if t.err != nil || len(t.Broken) > 0 {
			broken(cases[n-1], t.Result, t.err)
		}
	})
}

// Missing lists what never occurred although every kind of it must: a storm that doesn't blow proves nothing.
func Missing(seen map[string]int) (missing []string) {
	want := append(
		[]string{
			"not scanned since an installation",
			"rebooted by a run",
			"sent before",
			"sent after",
			"sent now",
			"gap",
			"failed",
			"never begun",
			"repeated",
			"parts",
			"delivered twice",
		},
		acts...)
	for _, kind := range windowKinds {
		want = append(want, "window "+kind)
	}
	want = append(
		want,
		"told of a document",
		"execution FAILED",
		"execution TIMED_OUT",
		"execution SKIPPED_OVERLAPPING",
		"execution CANCELLED",
		"execution NONE",
	)
	for _, f := range world.Faults {
		want = append(want, "fault "+f.String())
	}
	for _, what := range want {
		if seen[what] == 0 {
			missing = append(missing, what)
		}
	}
	return missing
}
