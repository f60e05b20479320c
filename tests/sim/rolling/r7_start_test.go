package rolling_test

import (
	"testing"
	"time"

	"quickstep/tests/sim/simtest"

	"quickstep/tests/world"
)

func TestR7ARunThatCannotBeginIsAnAlarm(t *testing.T) {
	f := muted(t, 3)
	f.Fault = func(op world.Op) world.Fault {
		if op.Service+"."+op.Name == "events.Disable" {
			return world.ServerError
		}
		return world.None
	}
	simtest.Begin(t, f, simtest.All{"mute": muteWeb})
	simtest.Finish(t, f, 48*time.Hour)
	simtest.Told(t, f, "alarm", "run-1", "begin")
}
