package sim_test

import (
	"os"
	"testing"
	"time"

	"quickstep/tests/world"
)

// pending marks a test of something that the product doesn't do yet; PENDING=1 runs it.
func pending(t *testing.T) {
	t.Helper()
	if os.Getenv("PENDING") == "" {
		t.Skip("pending: a known fault; PENDING=1 runs it")
	}
}

// A run that can't begin is told on the report topic alone: who subscribes to alarms never hears of it.
func TestR7ARunThatCannotBeginIsAnAlarm(t *testing.T) {
	pending(t)
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

// Each instance's drain reads every target group of the Region, twice: 10,000 instances in ten groups make 200,000 calls.
func TestR10CallsDontGrowWithTheNumberOfTargetGroups(t *testing.T) {
	pending(t)
	few, many := large(t, 100, 1), large(t, 100, 10)
	if a, b := few.Count("elb"), many.Count("elb"); float64(b) > 1.2*float64(a) {
		t.Errorf("100 instances in one target group take %d calls, in ten of them %d", a, b)
	}
}
