package run

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"
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

	MaxConcurrency Amount `json:"maxConcurrency"`
	MinHealthy     Amount `json:"minHealthy"`
	MaxErrors      Amount `json:"maxErrors"`

	BootWait      Duration  `json:"bootWait"`
	CheckInterval Duration  `json:"checkInterval"`
	MaxChecks     int       `json:"maxChecks"`
	DrainTimeout  Duration  `json:"drainTimeout,omitempty"` // zero: the longest deregistration delay + 2m
	RejoinTimeout Duration  `json:"rejoinTimeout"`
	GateTimeout   Duration  `json:"gateTimeout"`
	MaxPause      Duration  `json:"maxPause"`
	NotAfter      time.Time `json:"notAfter,omitzero"`

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
	Port    int      `json:"port,omitempty"`
	Path    string   `json:"path,omitempty"`
	Codes   string   `json:"codes,omitempty"`
	Text    string   `json:"text,omitempty"`
	Timeout Duration `json:"timeout,omitempty"` // 5s
}

// TCPCheck opens a connection to the instance's private address.
type TCPCheck struct {
	Port    int      `json:"port"`
	Timeout Duration `json:"timeout,omitempty"` // 5s
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
		MaxConcurrency: Amount{N: 1},
		MinHealthy:     Amount{N: 1},
		BootWait:       Duration(time.Minute),
		CheckInterval:  Duration(20 * time.Second),
		MaxChecks:      30,
		RejoinTimeout:  Duration(10 * time.Minute),
		GateTimeout:    Duration(2 * time.Hour),
		MaxPause:       Duration(24 * time.Hour),
		Proof:          ProofWhenManaged,
		Mute:           Mute{EventBus: "default"},
	}
}

// FleetName reads no more of a request than the names that are needed to find the rest.
func FleetName(request []byte) (string, error) {
	fields, err := object(request)
	if err != nil {
		return "", bad("request", "give a JSON object such as {\"fleet\":\"web\"}", "%v", err)
	}
	var name string
	if raw, ok := fields["fleet"]; !ok || json.Unmarshal(raw, &name) != nil || !fleetName.MatchString(name) {
		return "", bad("fleet", "give a name of letters, digits, dots, dashes and underscores, 64 at most", "%s is no fleet's name", orNothing(raw))
	}
	return name, nil
}

// Parse reads a request over the fleet's parameter (nil for none): each top-level field of the request replaces the
// parameter's. now bounds notAfter. The error is a *FieldError.
func Parse(parameter, request []byte, now time.Time) (Request, error) {
	r := Defaults()
	fields, err := object(request)
	if err != nil {
		return r, bad("request", "give a JSON object such as {\"fleet\":\"web\"}", "%v", err)
	}
	if parameter != nil {
		base, err := object(parameter)
		if err != nil {
			return r, bad("fleet", "its SSM parameter must hold a JSON object with the fields of a request", "%v", err)
		}
		for _, own := range []string{"id", "scheduled"} {
			if _, ok := base[own]; ok {
				return r, bad(own, "it belongs into the request alone", "the fleet's SSM parameter sets it")
			}
		}
		for name, value := range fields {
			base[name] = value
		}
		fields = base
	}
	if err := decodeFields(fields, &r); err != nil {
		return r, err
	}
	return r, r.validate(now)
}

var (
	fleetName   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
	runID       = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
	instanceID  = regexp.MustCompile(`^i-[0-9a-f]{8,17}$`)
	groupARN    = regexp.MustCompile(`^arn:[a-z-]+:elasticloadbalancing:[a-z0-9-]+:\d{12}:targetgroup/[A-Za-z0-9-]+/[0-9a-f]+$`)
	codes       = regexp.MustCompile(`^\d{3}(-\d{3})?(,\d{3}(-\d{3})?)*$`)
	knownFields = []string{"id", "scheduled", "fleet", "targetGroupArns", "instanceIds", "tags", "maxConcurrency", "minHealthy",
		"maxErrors", "bootWait", "checkInterval", "maxChecks", "drainTimeout", "rejoinTimeout", "gateTimeout", "maxPause",
		"notAfter", "check", "proof", "mute"}
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

func object(text []byte) (map[string]json.RawMessage, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	var fields map[string]json.RawMessage
	if err := d.Decode(&fields); err != nil {
		return nil, fmt.Errorf("not a JSON object: %w", err)
	}
	if fields == nil {
		return nil, errors.New("not a JSON object: null")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("not one JSON object: more follows it")
	}
	return fields, nil
}

// decodeFields decodes one field at a time, so that each error can name its own.
func decodeFields(fields map[string]json.RawMessage, r *Request) error {
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if !slices.Contains(knownFields, name) {
			return bad(name, "the fields are "+strings.Join(knownFields, ", "), "there is no such field")
		}
		if string(fields[name]) == "null" {
			return bad(name, "leave the field out for its default", "null is no value")
		}
		one, err := json.Marshal(map[string]json.RawMessage{name: fields[name]})
		if err != nil {
			return bad(name, "", "%v", err)
		}
		d := json.NewDecoder(bytes.NewReader(one))
		d.DisallowUnknownFields()
		if name == "mute" {
			r.Mute = Mute{EventBus: "default"}
		}
		if err := d.Decode(r); err != nil {
			return decodeError(name, err)
		}
	}
	return nil
}

func decodeError(name string, err error) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		field := name
		if wrong.Field != "" {
			field = wrong.Field
		}
		return bad(field, "give a "+jsonKind(wrong.Type.Kind().String()), "a JSON %s doesn't fit", wrong.Value)
	}
	if unknown, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return bad(name+"."+strings.Trim(unknown, `"`), "see the README's table of fields", "there is no such field")
	}
	var when *time.ParseError
	if errors.As(err, &when) {
		return bad(name, "give a time such as 2026-01-05T04:00:00Z", "%s is no time", when.Value)
	}
	return bad(name, "", "%v", err)
}

func jsonKind(goKind string) string {
	switch goKind {
	case "slice":
		return "list"
	case "map", "struct", "ptr":
		return "JSON object"
	case "int":
		return "whole number"
	case "bool":
		return "true or false"
	}
	return goKind
}

func orNothing(raw json.RawMessage) string {
	if raw == nil {
		return "nothing"
	}
	return string(raw)
}
