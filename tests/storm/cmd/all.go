package main

import (
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"quickstep/tests/storm"
)

// enough is how many failures say as much as more would.
const enough = 5

// tally is what many storms came to.
type tally struct {
	sync.Mutex
	next, last uint64
	done, bad  int
	instances  int
	virtual    time.Duration
	seen       map[string]int
	slowest    time.Duration
	slow       uint64
	began      time.Time
}

// all runs seeds on every core, and sums up.
func all(first, seeds uint64) bool {
	t := &tally{next: first, last: first + seeds - 1, seen: map[string]int{}, began: time.Now()}
	var cores sync.WaitGroup
	for range runtime.NumCPU() {
		cores.Go(t.work)
	}
	cores.Wait()
	return t.sum(first)
}

func (t *tally) work() {
	for {
		t.Lock()
		seed := t.next
		t.next++
		stop := seed > t.last || t.bad >= enough
		t.Unlock()
		if stop {
			return
		}
		began := time.Now()
		s := storm.Draw(seed)
		r, err := storm.Run(s)
		t.Lock()
		t.count(s, r, err, time.Since(began))
		t.Unlock()
	}
}

func (t *tally) count(s *storm.Scenario, r storm.Result, err error, took time.Duration) {
	t.done++
	t.instances += r.Instances
	t.virtual += r.Lasted
	for what, n := range r.Seen {
		t.seen[what] += n
	}
	if took > t.slowest {
		t.slowest, t.slow = took, s.Seed
	}
	switch {
	case err != nil:
		t.bad++
		fmt.Println("seed", s.Seed, err)
	case len(r.Broken) > 0:
		t.bad++
		show(s, r)
	}
	if total := int(t.last-t.next) + t.done; t.done%100 == 0 && terminal() {
		const width = 40
		full := width * t.done / max(total, 1)
		fmt.Printf("\r[%s%s] %d seeds, %d broken", strings.Repeat("#", full), strings.Repeat(".", width-full), t.done, t.bad)
	}
}

// terminal says whether somebody watches.
func terminal() bool {
	info, err := os.Stdout.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func (t *tally) sum(first uint64) bool {
	if terminal() {
		fmt.Println()
	}
	fmt.Println("what occurred:")
	for _, what := range slices.Sorted(maps.Keys(t.seen)) {
		fmt.Printf("  %-22s %9d\n", what, t.seen[what])
	}
	fmt.Printf("%d seeds from %d, %d instances, %.0f virtual days, in %s; slowest seed %d, %s\n", t.done, first, t.instances,
		t.virtual.Hours()/24, time.Since(t.began).Round(time.Second), t.slow, t.slowest.Round(time.Millisecond))
	missing := storm.Missing(t.seen)
	if len(missing) > 0 && t.done >= 500 && t.bad == 0 {
		fmt.Println("NEVER OCCURRED:", strings.Join(missing, ", "))
		return false
	}
	fmt.Printf("%d broken\n", t.bad)
	return t.bad == 0
}
