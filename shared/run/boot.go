package run

import "time"

// Boot is what is known about an instance's boots.
type Boot struct {
	Unreadable bool `json:"unreadable,omitempty"` // not to be had through Systems Manager
	// Old is the id of the boot that the reboot is to end. It may be replaced until the call is
	// written down, and after it by the id of a boot that is known to have begun before the call.
	Old   string    `json:"old,omitempty"`
	OldAt time.Time `json:"oldAt,omitzero"` // the instance was on it then
	// New says that a boot was seen that the call has brought about.
	New bool `json:"new,omitempty"`
	// Command is the question that is under way, if any.
	Command string    `json:"command,omitempty"`
	AskedAt time.Time `json:"askedAt,omitzero"`  // read before it was sent
	Asked   int       `json:"asked,omitempty"`   // questions without a usable answer, in a row
	Renewed int       `json:"renewed,omitempty"` // how often Old was asked for again
	// Unanswered counts those in a row that were sent while all checks passed: before that the
	// instance may have been down, and nobody there to answer.
	Unanswered int `json:"unanswered,omitempty"`
}

// BootAnswer is what an instance says about its present boot.
type BootAnswer struct {
	ID     string        // differs from boot to boot; empty: there is no answer
	Uptime time.Duration // since the kernel's start, by the instance's own counter
}

// BootOrigin is a boot that an instance is on after it was asked to reboot.
type BootOrigin int

// Whose boot it is.
const (
	Unclear   BootOrigin = iota // another boot, and it can't be told whether it began before the call
	OldBoot                     // still the boot of before
	OurBoot                     // it began after the call
	TheirBoot                   // another boot, which began before the call: somebody else's
)

// Booted says whose boot an answer shows: to a question that was sent at sentAt at the earliest,
// read at readAt at the latest, by our clock. The boot began between sentAt − uptime and readAt −
// uptime. Another id alone proves nothing: another agent may have rebooted the instance before our
// call, which EC2 then still carries out, minutes later if need be. A boot between the first call and
// the last may be the first one's, whose fate wasn't known: that isn't told either.
func (i *Instance) Booted(a BootAnswer, sentAt, readAt time.Time) BootOrigin {
	switch {
	case SameBoot(a.ID, i.Boot.Old):
		return OldBoot
	case !i.CalledAt.IsZero() && !sentAt.Add(-a.Uptime).Before(i.CalledAt):
		return OurBoot
	case readAt.Add(-a.Uptime).Before(i.RebootAskedAt):
		return TheirBoot
	}
	return Unclear
}

// SameBoot says whether two boot ids are of one boot. Windows has none but the time of its start,
// which moves a little when the clock is set right: up to half a minute, less than any reboot
// takes.
func SameBoot(a, b string) bool {
	at, errA := time.Parse(time.RFC3339, a)
	bt, errB := time.Parse(time.RFC3339, b)
	if errA != nil || errB != nil {
		return a == b
	}
	return at.Sub(bt).Abs() < 30*time.Second
}

// DownFor is how long checks must have failed, without one that passed, before they show that an
// instance is down: one may fail by chance, and so may two in the same moment.
const DownFor = 10 * time.Second

// Watch notes what a look at an instance after its reboot was asked for says about its being down.
// An instance that wasn't healthy before shows nothing by failing.
func (i *Instance) Watch(f Finding, now time.Time) {
	switch {
	case f.OK:
		i.DownOnce = time.Time{}
	case !f.Down || !i.wasUp():
	case i.DownOnce.IsZero():
		i.DownOnce = now
	case i.SeenDown.IsZero() && now.Sub(i.DownOnce) >= DownFor:
		i.SeenDown = now
	}
}

// wasUp says that the instance was healthy somewhere when it left, or stands in no target group
// that could tell.
func (i *Instance) wasUp() bool {
	for _, r := range i.Capture {
		if r.Healthy {
			return true
		}
	}
	return len(i.Capture) == 0
}
