// Command mutants proves that the simulation would notice. Each mutant is a bug that this product could have, planted alone
// in a scratch copy of the tree, which must then break a rule:
//
//	plant ──► build ──► storms, seed by seed ──► every single fault ──► it survives
//	                       └─────────────────────────┴──► found
//
//	go run ./tests/mutants -only "claim without"
//
// It exits with 1 if a mutant survives that isn't said to be equivalent, if one that is said to be is found, or if one
// can't be planted any more because the code has changed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"syscall"
	"time"
)

func main() {
	only := flag.String("only", "", "only the mutants whose name matches this regular expression")
	trust := flag.Bool("trust", false, "don't try the product itself first")
	seeds := flag.Int("seeds", 2000, "how many storms each mutant must get through")
	keep := flag.Bool("keep", false, "keep the scratch copy, with the last mutant in it")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	bad, err := all(ctx, *only, *seeds, *trust, *keep)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
	}
	if err != nil || bad > 0 {
		os.Exit(1)
	}
}

// all judges the product itself and then each mutant, and counts those that are not as they should be.
func all(ctx context.Context, only string, seeds int, trust, keep bool) (bad int, err error) {
	names, err := regexp.Compile(only)
	if err != nil {
		return 0, err
	}
	chosen := slices.DeleteFunc(slices.Concat(tables...), func(m mutant) bool { return !names.MatchString(m.name) })
	if len(chosen) == 0 {
		return 0, fmt.Errorf("no mutant's name matches %q", only)
	}
	t, err := scratch(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, t.away(keep)) }()
	if !trust {
		found, err := t.judge(ctx, seeds)
		if err == nil && found != "" {
			err = errors.New(found)
		}
		if err != nil {
			return 0, fmt.Errorf("the product itself, without a mutant: %w", err)
		}
	}
	for n, m := range chosen {
		ok, err := one(ctx, t, m, seeds, keep && n == len(chosen)-1)
		if err != nil {
			return bad, fmt.Errorf("%s: %w", m.name, err)
		}
		if !ok {
			bad++
		}
	}
	fmt.Printf("%d mutants, %d not as they should be\n", len(chosen), bad)
	return bad, nil
}

// one plants a mutant, has it judged, prints its line, and takes it away again.
func one(ctx context.Context, t tree, m mutant, seeds int, keep bool) (ok bool, err error) {
	began := time.Now()
	away, err := t.plant(m)
	if err != nil {
		return false, err
	}
	if !keep {
		defer func() { err = errors.Join(err, away()) }()
	}
	found, err := t.judge(ctx, seeds)
	if err != nil {
		return false, err
	}
	ok = (found == "") == (m.equivalent != "")
	switch {
	case found != "" && !ok:
		found = "NOT EQUIVALENT after all: " + found
	case found == "" && ok:
		found = "equivalent: " + m.equivalent
	case found == "":
		found = "SURVIVES"
	}
	fmt.Printf("%-58s %4.0fs  %s\n", m.name, time.Since(began).Seconds(), found)
	return ok, nil
}
