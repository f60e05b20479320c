package run

import (
	"fmt"
	"slices"
	"time"

	"quickstep/shared/input"
	"quickstep/shared/sanitize"
)

// Steps of a run's own position (Active) and ends of an instance; the steps of an instance between
// them.
const (
	StepStarting  = "starting"
	StepOpen      = "open"
	StepFinishing = "finishing"

	StepWaiting = "waiting" // has no token yet
	StepDrain   = "drain"
	StepReboot  = "reboot"
	StepCheck   = "check"
	StepRejoin  = "rejoin"
	StepAwait   = "await" // rejoin's second position: registered, and watched until healthy

	Done    = "done"
	Failed  = "failed"
	Skipped = "skipped"
)

// Run is what a run counts. It is kept small, for it is written each time a token passes on; what
// doesn't change is in its Plan.
type Run struct {
	ID     string    `json:"id"`
	Fleet  string    `json:"fleet"`
	Digest string    `json:"digest,omitempty"` // of the request as it came; runs of earlier versions have none
	Began  time.Time `json:"began"`
	Opened time.Time `json:"opened,omitzero"`
	Ended  time.Time `json:"ended,omitzero"`

	Total   int `json:"total"`   // instances of the run
	Waiting int `json:"waiting"` // of them, without a token yet
	Done    int `json:"done"`
	Failed  int `json:"failed"`
	Skipped int `json:"skipped"`
	// Unhealthy are those of the done that aren't healthy somewhere, as they weren't before.
	Unhealthy int `json:"unhealthy,omitempty"`

	Limit     int     `json:"limit"`     // tokens
	MaxErrors int     `json:"maxErrors"` // failures that don't stop admission
	Cursor    string  `json:"cursor,omitempty"`
	Tokens    []Token `json:"tokens,omitempty"`

	Stopped   string    `json:"stopped,omitempty"` // why no more instances are admitted
	StoppedAt time.Time `json:"stoppedAt,omitzero"`

	Paused  time.Time `json:"paused,omitzero"`
	Resumed time.Time `json:"resumed,omitzero"`
	// ClosedSince is when the gate began to say "wait" without a "go" since.
	ClosedSince time.Time `json:"closedSince,omitzero"`

	Longest  Longest        `json:"longest,omitzero"`   // out of service for the longest time, among the done
	OutFor   input.Duration `json:"outFor,omitempty"`   // sum over the done
	Announce []string       `json:"announce,omitempty"` // failed instances whose alarm could not be sent yet
}

// Cancelled is why a run admits no more instances once an operator has cancelled it.
const Cancelled = "cancelled by an operator"

// Retention is how long an ended run is kept. What belongs to it has an expiry that is renewed
// while the run lasts.
const Retention = 90 * 24 * time.Hour

// Expiry is when the run may be forgotten; never while it lasts.
func (r *Run) Expiry() time.Time {
	if r.Ended.IsZero() {
		return time.Time{}
	}
	return r.Ended.Add(Retention)
}

// Longest is the instance that was out of service for the longest time.
type Longest struct {
	Instance string         `json:"instance"`
	For      input.Duration `json:"for"`
}

// Token is the right of one instance to be out of service. One that an instance keeps after failing
// out of service is held until the instance is released; From names the earlier run that left it
// so.
type Token struct {
	Instance string `json:"instance"`
	Failed   bool   `json:"failed,omitempty"`
	From     string `json:"from,omitempty"`
}

// Status is the run in one word.
func (r *Run) Status() string {
	switch {
	case !r.Ended.IsZero():
		return "ended"
	case r.Opened.IsZero():
		return StepStarting
	case !r.Paused.IsZero():
		return "paused"
	case r.Stopped != "":
		return "stopping"
	}
	return StepOpen
}

// Admits is how many waiting instances can have a token now.
func (r *Run) Admits() int {
	if r.Stopped != "" {
		return 0
	}
	return max(0, min(r.Limit-len(r.Tokens), r.Waiting))
}

// Admit gives a token to the next instance.
func (r *Run) Admit(instance string) {
	r.Tokens = append(r.Tokens, Token{Instance: instance})
	r.Cursor = instance
	r.Waiting--
}

// Over says that nothing is left to do: no token's holder can still get on, and nobody can be
// admitted.
func (r *Run) Over() bool {
	for _, t := range r.Tokens {
		if !t.Failed {
			return false
		}
	}
	return r.Admits() == 0
}

// Stop ends admission, for the reason that came first.
func (r *Run) Stop(now time.Time, reason string) {
	if r.Stopped == "" {
		r.Stopped, r.StoppedAt = sanitize.Text(reason), now
	}
}

// Holds says whether the instance holds a token with which it can still get on.
func (r *Run) Holds(instance string) bool {
	return slices.ContainsFunc(r.Tokens, func(t Token) bool { return t.Instance == instance && !t.Failed })
}

// Finish counts an instance that has come to its end, and frees its token unless it failed out of
// service.
func (r *Run) Finish(i *Instance, now time.Time) {
	at := slices.IndexFunc(r.Tokens, func(t Token) bool { return t.Instance == i.ID && t.From == "" && !t.Failed })
	if at < 0 {
		return
	}
	switch i.Step {
	case Done:
		r.Done++
		r.Unhealthy += min(1, len(i.Unhealthy))
		out := input.Duration(i.EndedAt.Sub(i.LeftAt))
		r.OutFor += out
		if out > r.Longest.For {
			r.Longest = Longest{Instance: i.ID, For: out}
		}
	case Skipped:
		r.Skipped++
	case Failed:
		if r.Failed++; r.Failed > r.MaxErrors {
			r.Stop(now, fmt.Sprintf("%d failed, and maxErrors is %d", r.Failed, r.MaxErrors))
		}
	}
	if i.Step == Failed && i.Out() {
		r.Tokens[at].Failed = true
		return
	}
	r.Tokens = slices.Delete(r.Tokens, at, at+1)
}

// AfterFailure is the run as it is once it has counted a failed instance, which it may have done
// already. One that goes back into service frees its token there.
func (r *Run) AfterFailure(i *Instance) Run {
	after := *r
	after.Tokens = slices.Clone(r.Tokens)
	if i.Ended() {
		return after
	}
	end := *i
	end.Step = Failed
	if i.GoesBack() {
		end.BackAt = i.Failure.At
	}
	after.Finish(&end, i.Failure.At)
	return after
}

// Release frees the token of an instance that failed out of service.
func (r *Run) Release(instance string) {
	r.Tokens = slices.DeleteFunc(r.Tokens, func(t Token) bool { return t.Failed && t.Instance == instance })
}

// Rest is what becomes of the instances that never got a token once the run is over: they are
// skipped.
func (r *Run) Rest() (skipped int, reason string) {
	if r.Waiting == 0 {
		return 0, ""
	}
	reason = r.Stopped
	if reason == "" {
		reason = "every token is held by an instance that failed out of service"
	}
	return r.Waiting, reason
}

// Plan is what a run was asked to do and what it found when it started. It doesn't change once the
// run is open.
type Plan struct {
	Request Request              `json:"request"`
	Asked   map[string]string    `json:"asked,omitempty"`  // digests of the fields of the request as it came
	Groups  map[string]GroupPlan `json:"groups,omitempty"` // by ARN; the run holds the lock of each
	// Alarms and Rules are what was found to mute, by name.
	Alarms []string `json:"alarms,omitempty"`
	Rules  []Rule   `json:"rules,omitempty"`
	// Dependents are composite alarms that aren't muted and depend on alarms that are.
	Dependents []Dependent `json:"dependents,omitempty"`
	Reading    Reading     `json:"reading,omitzero"`
	Expires    time.Time   `json:"expires,omitzero"` // renewed while the run lasts
}

// Reading is what it took to find out in which target groups the fleet's instances stand.
type Reading struct {
	Groups int            `json:"groups"` // that were read
	Took   input.Duration `json:"took"`
}

// Expiry is when the plan may be forgotten.
func (p *Plan) Expiry() time.Time { return p.Expires }

// GroupPlan is a target group at the start of a run.
type GroupPlan struct {
	Name    string         `json:"name"`
	Network bool           `json:"network,omitempty"` // of a Network Load Balancer
	Size    int            `json:"size"`              // targets, those that earlier runs left out included
	Floor   int            `json:"floor"`             // healthy targets that must be left
	Delay   input.Duration `json:"delay"`             // deregistration delay
	Health  HealthCheck    `json:"health"`
}

// NetworkDelay is how long a Network Load Balancer may send new connections to a target after its
// deregistration. aws/containers-roadmap#470 saw up to two minutes.
const NetworkDelay = 2 * time.Minute

// DrainDelay is how long after the last deregistration no group of the capture sends anything any
// more.
func (p *Plan) DrainDelay(capture []Registration) time.Duration {
	var longest time.Duration
	for _, c := range capture {
		g := p.Groups[c.Group]
		d := time.Duration(g.Delay)
		if g.Network {
			d = max(d, NetworkDelay)
		}
		longest = max(longest, d)
	}
	return longest
}

// DrainTimeout is how long a drain may take before it counts as one that never ends.
func (p *Plan) DrainTimeout(capture []Registration) time.Duration {
	if p.Request.DrainTimeout > 0 {
		return time.Duration(p.Request.DrainTimeout)
	}
	return p.DrainDelay(capture) + 2*time.Minute
}

// CheckFor is how long after the last reboot call an instance may take to start. While all checks
// pass and only the proof of a new boot is missing it is never under WaitForProof.
func (p *Plan) CheckFor() time.Duration {
	q := &p.Request
	return time.Duration(q.BootWait) + time.Duration(q.MaxChecks)*time.Duration(q.CheckInterval)
}

// WaitForProof is how long an instance may go without a proof of its boot: HungReboot, and a minute
// to look again.
const WaitForProof = HungReboot + time.Minute

// RejoinFor is how long a registered instance may take to be healthy: what the request says, or the
// time in which its target groups count to their threshold, where that is longer: one interval
// until the first check, and one until the result shows.
func (p *Plan) RejoinFor(capture []Registration) time.Duration {
	longest := time.Duration(p.Request.RejoinTimeout)
	for _, c := range capture {
		h := p.Groups[c.Group].Health
		longest = max(longest, time.Duration(h.Healthy+2)*time.Duration(h.Interval))
	}
	return longest
}

// RebootFor is how long after the last deregistration an instance may wait for its reboot call,
// until it goes back without one: the drain, and an hour of errors that keep the call from being
// made.
func (p *Plan) RebootFor(capture []Registration) time.Duration {
	return p.DrainTimeout(capture) + time.Hour
}

// Takes is how long an instance is likely to be out of service: the longest that one has taken in
// this run, or, before there is one, the waits that are certain and five minutes.
func (p *Plan) Takes(r *Run) time.Duration {
	if r.Longest.For > 0 {
		return time.Duration(r.Longest.For)
	}
	var delay time.Duration
	for arn := range p.Groups {
		delay = max(delay, p.DrainDelay([]Registration{{Group: arn}}))
	}
	return delay + time.Duration(p.Request.BootWait) + 5*time.Minute
}
