package sim_test

import (
	"fmt"
	"testing"
	"time"

	"quickstep/tests/world"
)

// Readings are old and calls come late, so that somebody who has left, or is about to, still looks healthy.
func TestR2HoldsWhenReadingsAreOld(t *testing.T) {
	for _, seed := range several(20) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			f := seeded(t, uint64(seed), 6)
			settle(f, 4, "web", "api")
			f.Lag = func(op world.Op) time.Duration {
				if op.Service == "elb" {
					return 20 * time.Second
				}
				return 0
			}
			f.Pace = func(op world.Op) time.Duration {
				if op.Name == "Deregister" && f.Chance(0.5) {
					return 15 * time.Second
				}
				return time.Duration(f.Count("dynamodb.Get")%5) * 100 * time.Millisecond
			}
			begin(t, f, all{"maxConcurrency": 5, "minHealthy": 4, "gateTimeout": "12h", "maxErrors": 6})
			finish(t, f, 24*time.Hour)
			counts(t, f, 6, 0, 0)
		})
	}
}
