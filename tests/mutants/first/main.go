// Command first tries a tree: storms in the order of their seeds, then every single fault of the small runs, on all cores,
// until one breaks a rule. It prints the first that does, a tab, and what it breaks, and exits with 1; it prints nothing if
// none does. A hint is tried before all others; with -alone nothing else is.
package main

import (
	"flag"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"sync"
	"time"

	"quickstep/tests/storm"
)

// endless is how much real time a try may take before it counts as one that never ends: the slowest take a second.
const endless = time.Minute

// hunt is a search for the first trial that breaks a rule.
type hunt struct {
	sync.Mutex
	trials     []storm.Trial
	next, last int // the trials from next until before last are still to be made
	found      string
}

func main() {
	seeds := flag.Uint64("seeds", 2000, "how many seeds")
	hint := flag.String("hint", "", "what to try before all others: \"seed n\", or a case as it is printed")
	alone := flag.Bool("alone", false, "try nothing but the hint")
	flag.Parse()
	slog.SetDefault(slog.New(slog.DiscardHandler))
	if *hint != "" {
		t, err := storm.ParseTrial(*hint)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		search([]storm.Trial{t})
	}
	if !*alone {
		search(everything(*seeds))
	}
}

// everything is all that is tried without a hint.
func everything(seeds uint64) (all []storm.Trial) {
	for seed := uint64(1); seed <= seeds; seed++ {
		all = append(all, storm.Trial{Seed: seed})
	}
	cases, err := storm.Singles()
	if err != nil {
		fmt.Fprintln(os.Stderr, err) // the small run doesn't end even in fine weather: the storms will say why
	}
	for _, c := range cases {
		all = append(all, storm.Trial{Case: c})
	}
	return all
}

// search makes the trials, and ends the program if one breaks a rule.
func search(trials []storm.Trial) {
	h := &hunt{trials: trials, last: len(trials)}
	var cores sync.WaitGroup
	for range min(runtime.NumCPU(), len(trials)) {
		cores.Go(h.work)
	}
	cores.Wait()
	h.end()
}

func (h *hunt) work() {
	for {
		h.Lock()
		n := h.next
		h.next++
		over := n >= h.last
		h.Unlock()
		if over {
			return
		}
		stuck := time.AfterFunc(endless, func() { h.broken(n, "it doesn't end"); h.end() })
		r, err := h.trials[n].Run()
		stuck.Stop()
		switch {
		case err != nil:
			h.broken(n, err.Error())
		case len(r.Broken) > 0:
			h.broken(n, r.Broken[0])
		}
	}
}

// broken notes a trial; those before it go on.
func (h *hunt) broken(n int, rule string) {
	h.Lock()
	defer h.Unlock()
	if n < h.last {
		h.last, h.found = n, h.trials[n].String()+"\t"+rule
	}
}

// end prints what was found, if anything was.
func (h *hunt) end() {
	h.Lock()
	defer h.Unlock()
	if h.found != "" {
		fmt.Println(h.found)
		os.Exit(1)
	}
}
