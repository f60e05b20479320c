package storm

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Cores does n things, numbered from 1, on all cores. What each gives is taken one at a time.
func Cores[T any](n int, do func(n int) T, take func(n int, got T)) {
	var next atomic.Int64
	var mu sync.Mutex
	var cores sync.WaitGroup
	for range runtime.NumCPU() {
		cores.Go(func() {
			for i := int(next.Add(1)); i <= n; i = int(next.Add(1)) {
				got := do(i)
				mu.Lock()
				take(i, got)
				mu.Unlock()
			}
		})
	}
	cores.Wait()
}
