// Command cmd runs the storm: go run ./tests/storm/cmd -seeds 20000, or -seed N for one.
package main

import (
	"flag"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"slices"
	"sync"
	"time"

	"quickstep/tests/storm"
)

func main() {
	first := flag.Uint64("first", 1, "the first seed")
	seeds := flag.Uint64("seeds", 2000, "how many seeds")
	one := flag.Uint64("seed", 0, "run this seed alone, with its trace")
	trace := flag.Int("trace", 60, "how many of the latest effects to show before the first broken rule")
	flag.Parse()
	slog.SetDefault(slog.New(slog.DiscardHandler))
	if *one > 0 {
		s := storm.Draw(*one)
		s.Traced = *trace
		r, err := storm.Run(s)
		fmt.Println(err)
		for _, l := range r.Trace {
			fmt.Println(l)
		}
		for _, b := range r.Broken {
			fmt.Println("BROKEN", b)
		}
		fmt.Printf("%+v\n", *storm.Draw(*one))
		return
	}
	began := time.Now()
	var mu sync.Mutex
	var wg sync.WaitGroup
	next, bad := *first, 0
	seen := map[string]int{}
	for range runtime.NumCPU() {
		wg.Go(func() {
			for {
				mu.Lock()
				seed := next
				next++
				mu.Unlock()
				if seed >= *first+*seeds || bad > 20 {
					return
				}
				r, err := storm.Run(storm.Draw(seed))
				mu.Lock()
				if err != nil || len(r.Broken) > 0 {
					bad++
					fmt.Println("seed", seed, err, r.Broken)
				}
				for k, n := range r.Seen {
					seen[k] += n
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	var keys []string
	for k := range seen {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		fmt.Printf("%-24s %9d\n", k, seen[k])
	}
	fmt.Printf("%d seeds, %d bad, %s\n", *seeds, bad, time.Since(began))
	if bad > 0 {
		os.Exit(1)
	}
}
