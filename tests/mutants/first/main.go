// Command first tries a tree: storms in the order of their seeds, then every single fault of the small run, on all cores,
// until one breaks a rule. It prints the first that does, and what it breaks, and exits with 1; it prints nothing if none does.
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

// hunt is a search for the first try that breaks a rule: seeds come first, then cases.
type hunt struct {
	sync.Mutex
	seeds      int
	cases      []storm.Case
	next, last int
	found      string
}

func main() {
	seeds := flag.Int("seeds", 2000, "how many seeds")
	flag.Parse()
	slog.SetDefault(slog.New(slog.DiscardHandler))
	cases, err := storm.Singles()
	if err != nil {
		fmt.Fprintln(os.Stderr, err) // the small run doesn't end even in fine weather: the storms will say why
	}
	h := &hunt{seeds: *seeds, cases: cases, last: *seeds + len(cases)}
	var cores sync.WaitGroup
	for range runtime.NumCPU() {
		cores.Go(h.work)
	}
	cores.Wait()
	h.end()
}

func (h *hunt) work() {
	for {
		h.Lock()
		h.next++
		n := h.next
		over := n > h.last
		h.Unlock()
		if over {
			return
		}
		stuck := time.AfterFunc(endless, func() { h.broken(n, "it doesn't end"); h.Lock(); h.end() })
		r, err := h.try(n)
		stuck.Stop()
		switch {
		case err != nil:
			h.broken(n, err.Error())
		case len(r.Broken) > 0:
			h.broken(n, r.Broken[0])
		}
	}
}

// try makes the nth try.
func (h *hunt) try(n int) (r storm.Result, err error) {
	if n <= h.seeds {
		return storm.Run(storm.Draw(uint64(n)))
	}
	t, err := storm.Try(h.cases[n-h.seeds-1])
	return t.Result, err
}

// broken notes a try; those before it go on.
func (h *hunt) broken(n int, rule string) {
	h.Lock()
	defer h.Unlock()
	if h.found != "" && n > h.last {
		return
	}
	name := fmt.Sprintf("seed %d", n)
	if n > h.seeds {
		name = "single fault " + h.cases[n-h.seeds-1].String()
	}
	h.last, h.found = n, name+": "+rule
}

func (h *hunt) end() {
	if h.found != "" {
		fmt.Println(h.found)
		os.Exit(1)
	}
	os.Exit(0)
}
