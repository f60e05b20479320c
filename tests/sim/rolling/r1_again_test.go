package rolling_test

import (
	"strings"
	"testing"
	"time"

	"quickstep/tests/sim/simtest"

	"quickstep/tests/sim"
	"quickstep/tests/world"
)

func TestR1AnInstanceThatServesAgainHoldsNoToken(t *testing.T) {
	f := leftover(t)
	f.ChangeMachine(sim.ID(1), func(m *world.MachineSpec) { m.NeverReturns = false })
	f.Stop(sim.ID(1))
	f.Advance(5 * time.Minute)
	f.StartAgain(sim.ID(1))
	f.Advance(5 * time.Minute)
	for _, place := range []string{"web:8080", "api:9090"} {
		name, port, _ := strings.Cut(place, ":")
		f.RegisterByHand(sim.Group(name), simtest.Address(sim.ID(1), port))
	}
	f.Advance(5 * time.Minute)
	f.Watch.NextRun()
	simtest.Begin(t, f, simtest.All{"id": "run-2"})
	simtest.Finish(t, f, 4*time.Hour)
	simtest.CountsOf(t, f, "run-2", 4, 0, 0)
}
