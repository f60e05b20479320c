package run

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"quickstep/shared/input"
)

// Bounds of a run.
const (
	// MaxTokens is the most instances that may be out at once: their items, the run's and its locks
	// must fit into one transaction of ledger.MaxWrites documents.
	MaxTokens = 90
	// MaxGroups is the most target groups that one run can lock, for the same reason.
	MaxGroups = 90
	// HungReboot is how long EC2 waits for an operating system to shut down before it forces the
	// reboot: "about four minutes" in its documentation, five to be safe. Past it, an instance that
	// was asked to reboot has done so.
	HungReboot = 5 * time.Minute
	// MaxWait bounds every duration of a request but maxPause: nothing that is waited for takes longer
	// than a day.
	MaxWait = 24 * time.Hour
)

// Proof says how sure a run must be that an instance has booted.
const (
	ProofRequired    = "required"    // a new boot id, read through Systems Manager, or the instance fails
	ProofWhenManaged = "whenManaged" // a new boot id where Systems Manager reaches the instance
	ProofOff         = "off"         // a check that was seen to fail, or five minutes
)

// Request is what an operator asks for: which instances to reboot and how carefully. Fields that it
// leaves out come from the fleet's SSM parameter, then from Defaults.
type Request struct {
	ID        string    `json:"id,omitempty"`
	Scheduled time.Time `json:"scheduled,omitzero"` // when the schedule fired: nobody waits for the answer
	Fleet     string    `json:"fleet"`

	TargetGroupARNs []string          `json:"targetGroupArns,omitempty"`
	InstanceIDs     []string          `json:"instanceIds,omitempty"`
	Tags            map[string]string `json:"tags,omitempty"`
	// NotOurs are target groups of type ip that merely use an instance's address in another VPC.
	NotOurs []string `json:"notOurs,omitempty"`

	MaxConcurrency input.Amount `json:"maxConcurrency"`
	MinHealthy     input.Amount `json:"minHealthy"`
	MaxErrors      input.Amount `json:"maxErrors"`

	BootWait      input.Duration `json:"bootWait"`
	CheckInterval input.Duration `json:"checkInterval"`
	MaxChecks     int            `json:"maxChecks"`
	DrainTimeout  input.Duration `json:"drainTimeout,omitempty"` // zero: the longest deregistration delay + 2m
	RejoinTimeout input.Duration `json:"rejoinTimeout"`
	GateTimeout   input.Duration `json:"gateTimeout"`
	MaxPause      input.Duration `json:"maxPause"`
	NotAfter      time.Time      `json:"notAfter,omitzero"`

	Check Check  `json:"check"`
	Proof string `json:"proof"`
	Mute  Mute   `json:"mute"`
}

// Check says when an application counts as started. All that are given must pass.
type Check struct {
	EC2    bool         `json:"ec2,omitempty"` // both of EC2's status checks
	HTTP   *HTTPCheck   `json:"http,omitempty"`
	TCP    *TCPCheck    `json:"tcp,omitempty"`
	Lambda *LambdaCheck `json:"lambda,omitempty"`
}

// HTTPCheck is an HTTP request to the instance's private address. What is left out comes from the
// health check of each target group in which the instance stood.
type HTTPCheck struct {
	Port    int            `json:"port,omitempty"`
	Path    string         `json:"path,omitempty"`
	Codes   string         `json:"codes,omitempty"`
	Text    string         `json:"text,omitempty"`
	Timeout input.Duration `json:"timeout,omitempty"` // 5s
}

// TCPCheck opens a connection to the instance's private address.
type TCPCheck struct {
	Port    int            `json:"port"`
	Timeout input.Duration `json:"timeout,omitempty"` // 5s
}

// LambdaCheck asks a function of the operator's.
type LambdaCheck struct {
	Function string `json:"function"`
}

// Mute names what must not fire while the run works.
type Mute struct {
	AlarmPrefixes []string `json:"alarmPrefixes,omitempty"`
	AlarmNames    []string `json:"alarmNames,omitempty"`
	RulePrefixes  []string `json:"rulePrefixes,omitempty"`
	RuleNames     []string `json:"ruleNames,omitempty"`
	EventBus      string   `json:"eventBus,omitempty"` // default
}

// Empty says that nothing is to be muted.
func (m Mute) Empty() bool { return !m.Alarms() && !m.Rules() }

// Alarms says whether alarms are to be muted.
func (m Mute) Alarms() bool { return len(m.AlarmPrefixes)+len(m.AlarmNames) > 0 }

// Rules says whether EventBridge rules are to be disabled.
func (m Mute) Rules() bool { return len(m.RulePrefixes)+len(m.RuleNames) > 0 }

// Defaults are the settings that nobody has to give: one instance at a time, one healthy target
// left at least, no error allowed, and times that suit a Linux server behind an Application Load
// Balancer.
func Defaults() Request {
	return Request{
		MaxConcurrency: input.Amount{N: 1},
		MinHealthy:     input.Amount{N: 1},
		BootWait:       input.Duration(time.Minute),
		CheckInterval:  input.Duration(20 * time.Second),
		MaxChecks:      30,
		RejoinTimeout:  input.Duration(10 * time.Minute),
		GateTimeout:    input.Duration(2 * time.Hour),
		MaxPause:       input.Duration(24 * time.Hour),
		Check:          Check{EC2: true},
		Proof:          ProofWhenManaged,
		Mute:           Mute{EventBus: "default"},
	}
}

// RunID is the id of the run that a request's id stands for: the id itself where it can be read,
// else (a schedule's ARN and time) the fleet's name and a hash.
func RunID(fleet, id string) string {
	if runID.MatchString(id) {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	return strings.Trim(fleet[:min(len(fleet), 40)], ".-_") + "-" + hex.EncodeToString(sum[:6])
}
