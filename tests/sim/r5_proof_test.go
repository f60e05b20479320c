package sim_test

import (
	"testing"
	"time"

	"quickstep/tests/sim"
	"quickstep/tests/world"
)

func TestR5ProofRequiredIsNeverWaived(t *testing.T) {
	for name, spec := range map[string]world.MachineSpec{"unmanaged": {}, "tells no boot": {Managed: true, NoBootID: true}} {
		t.Run(name, func(t *testing.T) {
			f := fleet(t, 2, map[int]world.MachineSpec{1: spec, 2: {Managed: true}})
			begin(t, f, all{"proof": "required", "maxErrors": 0})
			finish(t, f, 12*time.Hour)
			counts(t, f, 0, 1, 1)
			rebooted(t, f, 0, f.IDs...)
			told(t, f, "alarm", sim.ID(1), "systems manager")
		})
	}
}
