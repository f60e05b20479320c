// Command first runs storms in the order of their seeds, on all cores, until one breaks a rule. It prints the lowest such
// seed and what it breaks, and exits with 1; it prints nothing if no seed does.
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

// endless is how much real time a seed may take before it counts as one that never ends: the slowest take a second.
const endless = time.Minute

// hunt is a search for the lowest seed that breaks a rule.
type hunt struct {
	sync.Mutex
	next, last uint64
	found      string
}

func main() {
	seeds := flag.Uint64("seeds", 2000, "how many seeds")
	flag.Parse()
	slog.SetDefault(slog.New(slog.DiscardHandler))
	h := &hunt{next: 1, last: *seeds}
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
		seed := h.next
		h.next++
		over := seed > h.last
		h.Unlock()
		if over {
			return
		}
		stuck := time.AfterFunc(endless, func() { h.broken(seed, "it doesn't end"); h.Lock(); h.end() })
		r, err := storm.Run(storm.Draw(seed))
		stuck.Stop()
		switch {
		case err != nil:
			h.broken(seed, err.Error())
		case len(r.Broken) > 0:
			h.broken(seed, r.Broken[0])
		}
	}
}

// broken notes a seed; those below it go on.
func (h *hunt) broken(seed uint64, rule string) {
	h.Lock()
	defer h.Unlock()
	if h.found == "" || seed <= h.last {
		h.last, h.found = seed, fmt.Sprintf("%d %s", seed, rule)
	}
}

func (h *hunt) end() {
	if h.found != "" {
		fmt.Println(h.found)
		os.Exit(1)
	}
	os.Exit(0)
}
