package run

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"time"

	"quickstep/shared/input"
)

// Bounds of a run.
const (
	// MaxTokens is the most instances that may be out at once: their items, the run's and its locks must fit into
	// one transaction of ledger.MaxWrites documents.
	MaxTokens = 90
	// MaxGroups is the most target groups that one run can lock, for the same reason.
	MaxGroups = 90
	// MaxWait bounds every duration of a request but maxPause: nothing that is waited for takes longer than a day.
	MaxWait = 24 * time.Hour
)

// Proof says how sure a run must be that an instance has booted.
const (
	ProofRequired    = "required"    // a new boot id, read through Systems Manager, or the instance fails
	ProofWhenManaged = "whenManaged" // a new boot id where Systems Manager reaches the instance
	ProofOff         = "off"         // a check that was seen to fail, or five minutes
)

// Request is what an operator asks for: which instances to reboot and how carefully. Fields that it leaves out come from
// the fleet's SSM parameter, then from Defaults.
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

// HTTPCheck is an HTTP request to the instance's private address. What is left out comes from the health check of each
// target group in which the instance stood.
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

// Defaults are the settings that nobody has to give: one instance at a time, one healthy target left at least, no error
// allowed, and times that suit a Linux server behind an Application Load Balancer.
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

const requestForm = `give a JSON object such as {"fleet":"web"}`

// FleetName reads no more of a request than the name that is needed to find the rest.
func FleetName(request []byte) (string, error) {
	fields, err := input.ParseObject("request", request, requestForm)
	if err != nil {
		return "", err
	}
	var name string
	if raw, ok := fields["fleet"]; !ok || json.Unmarshal(raw, &name) != nil || !fleetName.MatchString(name) {
		return "", badFleet(orNothing(raw))
	}
	return name, nil
}

func badFleet(given string) error {
	return input.Refuse("fleet", "give a name of letters, digits, dots, dashes and underscores, 64 at most", "%s is no fleet's name", given)
}

// Parse reads a request over the fleet's parameter (nil for none): each top-level field of the request replaces the
// parameter's. now bounds notAfter. The error is a *input.FieldError.
func Parse(parameter, request []byte, now time.Time) (Request, error) {
	r := Defaults()
	fields, err := input.ParseObject("request", request, requestForm)
	if err != nil {
		return r, err
	}
	if parameter != nil {
		if err := r.decodeParameter(parameter, fields); err != nil {
			return r, inParameter(err)
		}
	}
	if err := fields.Decode("", r.fields()); err != nil {
		return r, err
	}
	err = r.validate(now)
	var f *input.FieldError
	if errors.As(err, &f) && parameter != nil {
		if name, _, _ := strings.Cut(f.Field, "."); fields[name] == nil {
			return r, inParameter(err)
		}
	}
	return r, err
}

// decodeParameter reads those of the parameter's fields that the request doesn't replace.
func (r *Request) decodeParameter(parameter []byte, request input.Object) error {
	base, err := input.ParseObject("parameter", parameter, "give a JSON object with the fields of a request")
	if err != nil {
		return err
	}
	for _, own := range []string{"id", "scheduled"} {
		if _, ok := base[own]; ok {
			return input.Refuse(own, "leave it out: each request has its own", "it can't be the same for every run")
		}
	}
	for name := range request {
		delete(base, name)
	}
	return base.Decode("", r.fields())
}

// InParameter is where a wrong field stands that the request itself doesn't have.
const InParameter = "in the fleet's SSM parameter"

func inParameter(err error) error {
	var f *input.FieldError
	if errors.As(err, &f) {
		f.Where = InParameter
	}
	return err
}

// fields is where each field of a request goes. One that is given replaces the default as a whole.
func (r *Request) fields() map[string]any {
	return map[string]any{
		"id": &r.ID, "scheduled": &r.Scheduled, "fleet": &r.Fleet,
		"targetGroupArns": &r.TargetGroupARNs, "instanceIds": &r.InstanceIDs, "tags": &r.Tags, "notOurs": &r.NotOurs,
		"maxConcurrency": &r.MaxConcurrency, "minHealthy": &r.MinHealthy, "maxErrors": &r.MaxErrors,
		"bootWait": &r.BootWait, "checkInterval": &r.CheckInterval, "maxChecks": &r.MaxChecks, "drainTimeout": &r.DrainTimeout,
		"rejoinTimeout": &r.RejoinTimeout, "gateTimeout": &r.GateTimeout, "maxPause": &r.MaxPause, "notAfter": &r.NotAfter,
		"proof": &r.Proof, "check": r.decodeCheck, "mute": r.decodeMute,
	}
}

func (r *Request) decodeCheck(field string, raw json.RawMessage) error {
	r.Check = Check{}
	var h HTTPCheck
	var t TCPCheck
	var l LambdaCheck
	given := func(set func(), into map[string]any) func(string, json.RawMessage) error {
		return func(field string, raw json.RawMessage) error {
			set()
			return input.Within(into)(field, raw)
		}
	}
	err := input.Within(map[string]any{
		"ec2":    &r.Check.EC2,
		"http":   given(func() { r.Check.HTTP = &h }, map[string]any{"port": &h.Port, "path": &h.Path, "codes": &h.Codes, "text": &h.Text, "timeout": &h.Timeout}),
		"tcp":    given(func() { r.Check.TCP = &t }, map[string]any{"port": &t.Port, "timeout": &t.Timeout}),
		"lambda": given(func() { r.Check.Lambda = &l }, map[string]any{"function": &l.Function}),
	})(field, raw)
	if err == nil && r.Check == (Check{}) {
		err = input.Refuse(field, "give ec2, http, tcp or lambda, or leave the field out for ec2", "nothing is checked")
	}
	return err
}

func (r *Request) decodeMute(field string, raw json.RawMessage) error {
	r.Mute = Mute{EventBus: "default"}
	m := &r.Mute
	return input.Within(map[string]any{"alarmPrefixes": &m.AlarmPrefixes, "alarmNames": &m.AlarmNames, "rulePrefixes": &m.RulePrefixes,
		"ruleNames": &m.RuleNames, "eventBus": &m.EventBus})(field, raw)
}

var (
	fleetName  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
	runID      = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
	instanceID = regexp.MustCompile(`^i-[0-9a-f]{8,17}$`)
	groupARN   = regexp.MustCompile(`^arn:[a-z-]+:elasticloadbalancing:[a-z0-9-]+:\d{12}:targetgroup/[A-Za-z0-9-]+/[0-9a-f]+$`)
	urlPath    = regexp.MustCompile(`^/[!-~]*$`)
)

// RunID is the id of the run that a request's id stands for: the id itself where it can be read, else (a schedule's ARN
// and time) the fleet's name and a hash.
func RunID(fleet, id string) string {
	if runID.MatchString(id) {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	return strings.Trim(fleet[:min(len(fleet), 40)], ".-_") + "-" + hex.EncodeToString(sum[:6])
}

func orNothing(raw json.RawMessage) string {
	if raw == nil {
		return "nothing"
	}
	return string(raw)
}
