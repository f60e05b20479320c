package rolling_test

import (
	"fmt"
	"testing"
	"time"

	"quickstep/tests/sim/simtest"

	"quickstep/tests/world"
)

// Readings are old and calls come late, so that somebody who has left, or is about to, still looks healthy.
func TestR2HoldsWhenReadingsAreOld(t *testing.T) {
	for _, seed := range simtest.Several(20) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			f := simtest.Seeded(t, uint64(seed), 6)
			simtest.Settle(f, 4, "web", "api")
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
			simtest.Begin(t, f, simtest.All{"maxConcurrency": 5, "minHealthy": 4, "gateTimeout": "12h", "maxErrors": 6})
			simtest.Finish(t, f, 24*time.Hour)
			simtest.Counts(t, f, 6, 0, 0)
		})
	}
}
