package rolling_test

import (
	"strings"
	"testing"
	"time"

	"quickstep/tests/sim/simtest"

	"quickstep/tests/sim"
	"quickstep/tests/world"
)

// TestR7ASecondFailureInTheSameSecondIsAnnounced stops an instance while it drains: reboot gives up, triage sends
// it back, and rejoin gives up at once.
func TestR7ASecondFailureInTheSameSecondIsAnnounced(t *testing.T) {
	f := simtest.Fleet(t, 2)
	simtest.Begin(t, f, nil)
	f.AfterEffect = func(op world.Op) {
		if op.Service == "elb" && op.Name == "Deregister" && f.MachineState(sim.ID(1)) == "running" {
			f.After(0, func() { f.Stop(sim.ID(1)) })
		}
	}
	if err := f.Run(f.Over, 6*time.Hour); err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, n := range f.Published("alarm") {
		if strings.Contains(n.Subject, sim.ID(1)) {
			told = append(told, n.Text)
		}
	}
	if len(told) != 2 || !strings.Contains(told[1], "on its way back") {
		t.Errorf("people were told %d times: %s", len(told), strings.Join(told, "\n---\n"))
	}
}
