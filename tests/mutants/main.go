// Command mutants proves that the simulation would notice. Each mutant is a bug that this product could have,
// planted alone in a scratch copy of the tree, which must then break a rule:
//
//	plant ──► build ──► what has found it before ──► storms, seed by seed ──► every single fault ──► it survives
//	                             └─────────────────────────┴────────────────────────┴──► found: the product, tried alike,
//	                                                                                     must break no rule
//
//	go run ./tests/mutants -only "claim without"
//	go run ./tests/mutants -update
//
// What has found each is remembered in found.txt. A bug that no storm can play names the test that must fail
// instead.
//
// It exits with 1 if a mutant survives that isn't said to be equivalent, if one that is said to be is found, or if
// one can't be planted any more because the code has changed.
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

// runner judges mutants, one after the other.
type runner struct {
	clean, planted tree // the product as it is, and the copy in which mutants are planted
	seeds          int
	trust          bool // the product itself isn't tried
	hints          hints
	built          bool            // the clean tree's storms are built
	passed         map[string]bool // the tests that pass without a mutant
	stale          int             // hints that were missing or wrong
}

func main() {
	only := flag.String("only", "", "only the mutants whose name matches this regular expression")
	trust := flag.Bool("trust", false, "believe that the product itself passes what finds a mutant")
	seeds := flag.Int("seeds", 2000, "how many storms each mutant must get through")
	keep := flag.Bool("keep", false, "keep the scratch copy, with the last mutant in it")
	update := flag.Bool("update", false, "write down in found.txt what has found each mutant")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	r := &runner{seeds: *seeds, trust: *trust, passed: map[string]bool{}}
	bad, err := r.all(ctx, *only, *keep, *update)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
	}
	if err != nil || bad > 0 {
		os.Exit(1)
	}
}

// all judges the mutants, and counts those that are not as they should be.
func (r *runner) all(ctx context.Context, only string, keep, update bool) (bad int, err error) {
	names, err := regexp.Compile(only)
	if err != nil {
		return 0, err
	}
	chosen := slices.DeleteFunc(every(), func(m mutant) bool { return !names.MatchString(m.name) })
	if len(chosen) == 0 {
		return 0, fmt.Errorf("no mutant's name matches %q", only)
	}
	if r.hints, err = parseHints(checkedIn); err != nil {
		return 0, fmt.Errorf("%s: %w", hintsFile, err)
	}
	if r.clean, err = scratch(ctx); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, r.clean.away(false)) }()
	if r.planted, err = scratch(ctx); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, r.planted.away(keep)) }()
	began := time.Now()
	for n, m := range chosen {
		fmt.Printf("%3d/%d  %-62s ", n+1, len(chosen), m.name)
		ok, err := r.one(ctx, m, keep && n == len(chosen)-1)
		if err == nil && update {
			err = r.hints.write(ctx) // an interrupt loses none
		}
		if ctx.Err() != nil {
			fmt.Println()
			return bad, fmt.Errorf("%s: %w", m.name, err)
		}
		if err != nil { // it doesn't keep the others from being tried
			fmt.Println("CAN'T BE TRIED:", err)
		}
		if err != nil || !ok {
			bad++
		}
	}
	fmt.Printf("%d mutants in %s, %d not as they should be\n", len(chosen), time.Since(began).Round(time.Second), bad)
	if r.stale > 0 && !update {
		fmt.Printf("%d hints were missing or wrong: make mutants UPDATE=1 writes down what has found these mutants\n", r.stale)
	}
	return bad, nil
}

// one plants a mutant, has it judged, prints its line, and takes it away again.
func (r *runner) one(ctx context.Context, m mutant, keep bool) (ok bool, err error) {
	began := time.Now()
	away, err := r.planted.plant(m)
	if err != nil {
		return false, err
	}
	if !keep {
		defer func() { err = errors.Join(err, away()) }()
	}
	var found finding
	if m.test != "" {
		found, err = r.planted.test(ctx, m.test)
	} else {
		found, err = r.planted.judge(ctx, m, r.seeds, r.hints[m.name])
	}
	if err == nil && found.by != "" && !r.trust {
		err = r.innocent(ctx, m, found)
	}
	if err != nil {
		return false, err
	}
	ok = (found.by == "") == (m.equivalent != "")
	fmt.Printf("%4.0fs  %s\n", time.Since(began).Seconds(), r.verdict(m, found))
	return ok, nil
}

// innocent tries the product itself with what has found a mutant: it must pass.
func (r *runner) innocent(ctx context.Context, m mutant, found finding) (err error) {
	var own finding
	switch {
	case m.test != "" && r.passed[m.test]:
		return nil
	case m.test != "":
		own, err = r.clean.test(ctx, m.test)
		r.passed[m.test] = true
	default:
		if !r.built {
			err = r.clean.build(ctx)
			r.built = err == nil
		}
		if err == nil {
			own, err = r.clean.try(ctx, "-alone", "-hint", found.by)
		}
	}
	if err == nil && own.by != "" {
		err = errors.New(own.by + ": " + own.says)
	}
	if err != nil {
		return fmt.Errorf("the product itself, without a mutant: %w", err)
	}
	return nil
}

// verdict says what became of a mutant, and remembers what has found it.
func (r *runner) verdict(m mutant, found finding) string {
	hint := r.hints[m.name]
	switch {
	case found.by == "" && m.equivalent != "":
		return "equivalent: " + m.equivalent
	case found.by == "":
		return "SURVIVES"
	case m.equivalent != "":
		return "NOT EQUIVALENT after all: " + found.by + ": " + found.says
	case !m.hinted() || hint == found.by:
		return found.by + ": " + found.says
	}
	r.hints[m.name] = found.by
	r.stale++
	if hint == "" {
		return found.by + " (it had no hint): " + found.says
	}
	return found.by + " (no longer by " + hint + "): " + found.says
}
