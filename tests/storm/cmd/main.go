// Command cmd runs storms over the product, thousands of seeds on all cores, or one seed with its trace:
//
//	go run ./tests/storm/cmd -seeds 20000 -first 1
//	go run ./tests/storm/cmd -seed 4711
//	go run ./tests/storm/cmd -pairs
//
// It exits with 1 if a rule was broken, or if something that must occur never did.
package main

import (
	"flag"
	"fmt"
	"log/slog"
	"os"
	"time"

	"quickstep/tests/storm"
)

func main() {
	first := flag.Uint64("first", 1, "the first seed")
	seeds := flag.Uint64("seeds", 20000, "how many seeds")
	one := flag.Uint64("seed", 0, "replay this seed alone, and show the effects before the first broken rule")
	trace := flag.Int("trace", 60, "how many effects to show")
	pairs := flag.Bool("pairs", false, "try every single case and every pair of crashes on a small run instead")
	flag.Parse()
	slog.SetDefault(slog.New(slog.DiscardHandler))
	var ok bool
	switch {
	case *pairs:
		ok = exhaustive()
	case *one > 0:
		ok = replay(*one, *trace)
	default:
		ok = all(*first, *seeds)
	}
	if !ok {
		os.Exit(1)
	}
}

// exhaustive tries every single fault and every pair of crashes.
func exhaustive() bool {
	broken := 0
	for _, kind := range []struct {
		name  string
		cases func() ([]storm.Case, error)
	}{{"single cases", storm.Singles}, {"pairs of crashes", storm.Pairs}} {
		cases, err := kind.cases()
		if err != nil {
			fmt.Println(err)
			return false
		}
		began := time.Now()
		storm.TryAll(cases, func(c storm.Case, r storm.Result, err error) {
			if broken++; broken <= enough {
				fmt.Println("BROKEN by", c, err, r.Broken)
			}
		})
		fmt.Printf("%d %s in %s, %d broken so far\n", len(cases), kind.name, time.Since(began).Round(time.Second), broken)
	}
	return broken == 0
}

// replay runs one seed, and if it breaks a rule, the smallest storm that still does.
func replay(seed uint64, trace int) bool {
	s := storm.Draw(seed)
	s.Traced = trace
	r, err := storm.Run(s)
	if err != nil {
		fmt.Println(err)
		return false
	}
	if len(r.Broken) == 0 {
		fmt.Printf("seed %d: %d instances, %s: no rule is broken\n", seed, r.Instances, r.Lasted)
		return true
	}
	show(s, r)
	return false
}

// show prints a failure as small as it can be made.
func show(s *storm.Scenario, r storm.Result) {
	small, least := storm.Shrink(s, r)
	fmt.Printf("\nseed %d breaks %s\n", s.Seed, r.Broken[0])
	fmt.Printf("smallest: %d instances, %d acts, faults %v, pace %s, lag %s, twice %g, second request %t\n", len(small.Machines), len(small.Acts),
		small.Rates, small.Pace, small.Lag, small.Twice, small.Second != nil)
	for _, a := range small.Acts {
		fmt.Printf("  at %s: %s (%s)\n", a.At, a.Kind, small.Machines[a.Who].ID)
	}
	for _, line := range least.Trace {
		fmt.Println("  " + line)
	}
	for _, b := range least.Broken {
		fmt.Println("BROKEN " + b)
	}
}
