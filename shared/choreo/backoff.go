package choreo

import (
	"hash/fnv"
	"time"
)

// Backoff is the wait after the nth error in a row: 5s doubled each time, two minutes at most,
// spread by key.
func Backoff(n int, key string) time.Duration {
	wait := min(5*time.Second<<min(max(n-1, 0), 10), 2*time.Minute)
	return wait + Jitter(key, wait/2)
}

// Jitter is a wait of whole seconds below limit that differs from key to key and is the same each
// time, so that those who collided don't meet again.
func Jitter(key string, limit time.Duration) time.Duration {
	h := fnv.New64a()
	_, _ = h.Write([]byte(key))
	if limit <= 0 {
		return 0
	}
	return time.Duration(h.Sum64() % uint64(limit)).Truncate(time.Second)
}
