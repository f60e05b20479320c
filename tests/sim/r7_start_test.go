package sim_test

import (
	"testing"
	"time"

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
	begin(t, f, all{"mute": muteWeb})
	finish(t, f, 48*time.Hour)
	told(t, f, "alarm", "run-1", "begin")
}
