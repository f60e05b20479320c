package rolling

import (
	"time"

	"quickstep/shared/run"
)

const (
	// earlyLook is how soon after its reboot an instance without a readable boot id is looked at, and
	// how often from then on: boots of under half a minute are the rule for small servers, and the
	// proof is to have seen it down.
	earlyLook = 5 * time.Second
	// earlyFor is how long it is looked at that often: one that isn't down by then hangs, until EC2
	// forces its reboot about four minutes after the call, and lateLook sees that as well.
	earlyFor = 2 * time.Minute
	lateLook = 10 * time.Second
)

// firstLook is how long after its reboot an instance is looked at first.
func firstLook(plan *run.Plan, i *run.Instance) time.Duration {
	wait := time.Duration(plan.Request.BootWait)
	if watched(plan, i) {
		return min(earlyLook, wait)
	}
	return wait
}

// watched says that an instance has to be seen down, and can be: by probes of its own. EC2's status
// checks look once a minute and show what they found minutes later.
func watched(plan *run.Plan, i *run.Instance) bool {
	probed := plan.Request.Check.TCP != nil || plan.Request.Check.HTTP != nil
	return probed && i.Boot.Old == "" && i.SeenDown.IsZero()
}

// interval is the time to the next look: close together while an instance that tells no boot id has
// to be seen down, then as the request says.
func (c Check) interval(plan *run.Plan, i *run.Instance, since time.Duration) time.Duration {
	interval := time.Duration(plan.Request.CheckInterval)
	switch rest := time.Duration(plan.Request.BootWait) - since; {
	case !watched(plan, i) && rest > 0:
		return rest
	case !watched(plan, i) || since >= run.HungReboot:
		return interval
	case since < earlyFor:
		return min(interval, earlyLook)
	}
	return min(interval, lateLook)
}
