package rolling_test

import (
	"testing"
	"time"

	"quickstep/tests/sim/simtest"

	"quickstep/tests/sim"
	"quickstep/tests/world"
)

func TestR5ProofRequiredIsNeverWaived(t *testing.T) {
	for name, spec := range map[string]world.MachineSpec{"unmanaged": {}, "tells no boot": {Managed: true, NoBootID: true}} {
		t.Run(name, func(t *testing.T) {
			f := simtest.Fleet(t, 2, map[int]world.MachineSpec{1: spec, 2: {Managed: true}})
			simtest.Begin(t, f, simtest.All{"proof": "required", "maxErrors": 0})
			simtest.Finish(t, f, 12*time.Hour)
			simtest.Counts(t, f, 0, 1, 1)
			simtest.Rebooted(t, f, 0, f.IDs...)
			simtest.Told(t, f, "alarm", sim.ID(1), "systems manager")
		})
	}
}
