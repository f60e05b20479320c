package run

import (
	"time"

	"quickstep/shared/choreo"
)

// Instance is an instance's part in a run. Its times are its timeline.
type Instance struct {
	choreo.Position
	ID  string `json:"id"`
	Run string `json:"run"`
	// Groups are ARNs, as found at the start; once there is a capture, it says so better.
	Groups  []string `json:"groups,omitempty"`
	Windows bool     `json:"windows,omitempty"`

	Locked  bool      `json:"locked,omitempty"`  // the run holds LOCK#instance
	Leaving time.Time `json:"leaving,omitzero"`  // marked: about to leave service
	Refused []string  `json:"refused,omitempty"` // groups whose floor refused the last look
	// InitialSince is when the gate first waited for the instance's own targets, without a look since
	// that had none.
	InitialSince time.Time `json:"initialSince,omitzero"`

	Capture []Registration `json:"capture,omitempty"`
	LeftAt  time.Time      `json:"leftAt,omitzero"` // written with the capture, before the first DeregisterTargets
	GoneAt  time.Time      `json:"goneAt,omitzero"` // DeregisterTargets had returned for every captured target

	Boot          Boot      `json:"boot,omitzero"`
	RebootAskedAt time.Time `json:"rebootAskedAt,omitzero"` // first call
	RebootedAt    time.Time `json:"rebootedAt,omitzero"`    // last call: written down before it
	CalledAt      time.Time `json:"calledAt,omitzero"`      // the last call had returned; zero: it is unknown
	RebootCalls   int       `json:"rebootCalls,omitempty"`
	DownOnce      time.Time `json:"downOnce,omitzero"`     // the first look that showed it down; none has passed since
	SeenDown      time.Time `json:"seenDown,omitzero"`     // it was seen down for DownFor since RebootAskedAt
	PassingSince  time.Time `json:"passingSince,omitzero"` // from this look on all checks have passed
	StartedAt     time.Time `json:"startedAt,omitzero"`

	// Rejoined are the groups whose RegisterTargets has returned: there nobody registers it again.
	Rejoined     []string  `json:"rejoined,omitempty"`
	ReadAt       time.Time `json:"readAt,omitzero"` // when rejoin last read, among errors, where it is registered
	RegisteredAt time.Time `json:"registeredAt,omitzero"`
	HealthyAt    time.Time `json:"healthyAt,omitzero"`    // first reading with every target healthy
	MissingSince time.Time `json:"missingSince,omitzero"` // first reading without one of the targets
	BackAt       time.Time `json:"backAt,omitzero"`
	// Deleted are the captured target groups (ARNs) that don't exist any more: there it can't be put
	// back.
	Deleted []string `json:"deleted,omitempty"`
	// Unhealthy says where an instance that ended as done isn't healthy, as it wasn't before either.
	Unhealthy []string `json:"unhealthy,omitempty"`

	Checks int `json:"checks,omitempty"` // startup checks that didn't pass
	// TroubleTold is when people were last told that errors keep a step from getting on.
	TroubleTold time.Time `json:"troubleTold,omitzero"`
	// Return is why the instance goes back without a reboot; it ends as skipped.
	Return string `json:"return,omitempty"`
	// Terminated says that EC2 has ended the instance, so that nobody has to bring it back.
	Terminated bool      `json:"terminated,omitempty"`
	Failure    *Failure  `json:"failure,omitempty"`
	EndedAt    time.Time `json:"endedAt,omitzero"`
	Expires    time.Time `json:"expires,omitzero"`
}

// Expiry is when the instance's part may be forgotten.
func (i *Instance) Expiry() time.Time { return i.Expires }

// Failure is why an instance failed.
type Failure struct {
	Step      string    `json:"step"`
	Reason    string    `json:"reason"`
	At        time.Time `json:"at"`
	Announced bool      `json:"announced,omitempty"`
}

// Ended says whether the instance has come to its end.
func (i *Instance) Ended() bool { return i.Step == Done || i.Step == Failed || i.Step == Skipped }

// Out says whether the instance is out of service by our doing: it has left, and hasn't been seen
// back.
func (i *Instance) Out() bool { return !i.LeftAt.IsZero() && i.BackAt.IsZero() && !i.Terminated }

// FailedBack says whether a failed instance has failed on its way back into service.
func (i *Instance) FailedBack() bool { return i.GaveUp == StepRejoin || i.GaveUp == StepAwait }

// GoesBack says whether a failed instance is put back into service first: it has left, was never
// asked to reboot, and hasn't failed on its way back.
func (i *Instance) GoesBack() bool {
	return i.Out() && i.RebootAskedAt.IsZero() && !i.FailedBack()
}

// TakeBackCalls notes that no call for a reboot was carried out, nor will be.
func (i *Instance) TakeBackCalls() {
	i.RebootAskedAt, i.RebootedAt, i.CalledAt, i.RebootCalls = time.Time{}, time.Time{}, time.Time{}, 0
}

// Absent says whether the gate must count the instance as absent: it has left or is about to.
func (i *Instance) Absent() bool { return i.Out() || (!i.Leaving.IsZero() && i.BackAt.IsZero()) }

// Shares says whether the instance stands in one of the groups.
func (i *Instance) Shares(groups []string) bool {
	for _, g := range i.In() {
		for _, h := range groups {
			if g == h {
				return true
			}
		}
	}
	return false
}

// In lists the groups in which the instance stands: those of the capture once there is one.
func (i *Instance) In() []string {
	if i.LeftAt.IsZero() {
		return i.Groups
	}
	groups := make([]string, 0, len(i.Capture))
	for _, c := range i.Capture {
		groups = append(groups, c.Group)
	}
	return groups
}

// Active is a run's own position, and what its lease guards.
type Active struct {
	choreo.Position
	Run   string `json:"run"`
	Fleet string `json:"fleet"`
	// Prepared says that the plan and every instance of the run are written down.
	Prepared  bool      `json:"prepared,omitempty"`
	Mute      MuteState `json:"quiet,omitzero"`
	Announced Announced `json:"told,omitzero"`
	// RestoringSince is when finishing began to wait for the muted alarms to be OK.
	RestoringSince time.Time `json:"restoringSince,omitzero"`
	// Missing are the alarms of the plan that didn't exist when the latest mute rules were put.
	Missing []string `json:"missing,omitempty"`
	// TroubleSince is since when the open run's mute can't be kept up; Troubles counts the errors
	// in a row that have kept it from being so.
	TroubleSince time.Time `json:"troubleSince,omitzero"`
	Troubles     int       `json:"troubles,omitempty"`
	Renewal      Renewal   `json:"renewal,omitzero"`
}

// Renewal is how far the expiry of what belongs to the run has been renewed.
type Renewal struct {
	Done  time.Time `json:"done,omitzero"`   // when the last complete renewal began
	Began time.Time `json:"began,omitzero"`  // when the present one began; zero: none is under way
	After string    `json:"after,omitempty"` // the sort key up to which the present one has got
}

// MuteState is how far the run's mute has got.
type MuteState struct {
	// Generation numbers the mute rules: prolonging makes a new one, which overlaps the one before.
	Generation int `json:"generation,omitempty"`
	// Deleted is how many generations of rules are deleted already.
	Deleted int `json:"deleted,omitempty"`
	// Parts is how many rules the generations have, written before they are put. An entry holds
	// until the next one's generation.
	Parts   []Parts   `json:"parts,omitempty"`
	Until   time.Time `json:"until,omitzero"`   // when the rules of this generation end by themselves
	Pending time.Time `json:"pending,omitzero"` // when the rules that were asked for will end; zero: none is pending
	// Put says that the pending rules were put: putting one again might begin it anew.
	Put bool `json:"put,omitempty"`
	// Since is when everything was seen muted; zero while it isn't.
	Since time.Time `json:"since,omitzero"`
	// RulesTouched says that EventBridge rules may have been disabled, Held that all of them are.
	RulesTouched  bool `json:"touched,omitempty"`
	RulesDisabled bool `json:"held,omitempty"`
}

// Parts says that from a generation on each has so many mute rules.
type Parts struct {
	From  int `json:"from"`
	Count int `json:"count"`
}

// Begin counts a new generation of so many mute rules.
func (q *MuteState) Begin(parts int) {
	q.Generation++
	if n := len(q.Parts); n == 0 || q.Parts[n-1].Count != parts {
		q.Parts = append(q.Parts, Parts{From: q.Generation, Count: parts})
	}
}

// PartsOf is how many mute rules a generation has; otherwise, if it wasn't written down.
func (q *MuteState) PartsOf(generation, otherwise int) int {
	count := otherwise
	for _, p := range q.Parts {
		if p.From <= generation {
			count = p.Count
		}
	}
	return count
}

// Announced is what was announced, written down so that it isn't sent twice.
type Announced struct {
	Start   bool      `json:"start,omitempty"`
	End     bool      `json:"end,omitempty"`
	Trouble time.Time `json:"trouble,omitzero"` // the last alarm about the run itself
}

// Out is an instance that failed out of service. It has no expiry: it counts as absent and holds a
// token until it is released or seen back.
type Out struct {
	Instance string         `json:"instance"`
	Run      string         `json:"run"`
	Fleet    string         `json:"fleet"`
	Since    time.Time      `json:"since"` // it has been out of service: its LeftAt
	FailedAt time.Time      `json:"failedAt,omitzero"`
	Capture  []Registration `json:"capture,omitempty"`
	Reason   string         `json:"reason"`
}

// LastReboot is the latest reboot of an instance by a run, kept by the instance's id.
type LastReboot struct {
	Instance string    `json:"instance"`
	Run      string    `json:"run"`
	At       time.Time `json:"at"` // right before the last call; a check has passed on the new boot
}

// Expiry is when the reboot may be forgotten.
func (l LastReboot) Expiry() time.Time { return l.At.Add(Retention) }

// Lock is the right of a run to work on a fleet, a target group or an instance.
type Lock struct {
	Run   string    `json:"run"`
	Since time.Time `json:"since"`
}

// Muted is an EventBridge rule that was enabled and that runs hold disabled.
type Muted struct {
	Rule      Rule     `json:"rule"`
	Runs      []string `json:"runs,omitempty"`
	Restoring bool     `json:"restoring,omitempty"`
	// Expires is when the item may be forgotten: set while nobody holds the rule.
	Expires time.Time `json:"expires,omitzero"`
}

// Expiry is when the item may be forgotten.
func (m Muted) Expiry() time.Time { return m.Expires }
