package run

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"quickstep/shared/input"
)

const requestForm = `give a JSON object such as {"fleet":"web"}`

// Settings are what a request is read over.
type Settings struct {
	Parameter Parameter // the fleet's
	Buses     string    // what the ARNs of the account's and Region's event buses begin with; empty: not known
	Now       time.Time // bounds notAfter
}

// Parameter is the SSM parameter of a fleet. Without a name, none was looked for.
type Parameter struct {
	Name string
	Text []byte // nil: it doesn't exist
}

func (p Parameter) exists() bool { return p.Text != nil }

// where is where the fields stand that the request itself doesn't have.
func (p Parameter) where() string {
	if p.Name == "" {
		return "in the fleet's SSM parameter"
	}
	return "in the SSM parameter " + p.Name
}

// FleetName reads no more of a request than the name that is needed to find the rest: empty, if
// there is none, and then Parse says why.
func FleetName(request []byte) string {
	if name := input.Peek(request).Text("fleet"); fleetName.MatchString(name) {
		return name
	}
	return ""
}

// Parse reads a request over the fleet's parameter: each top-level field of the request replaces
// the parameter's. The error holds all mistakes that can be seen without asking AWS; it is a
// *input.FieldError or input.Several.
func Parse(s Settings, request []byte) (Request, error) {
	p := &parsing{Settings: s, Request: Defaults()}
	given, err := input.ParseObject("request", request, requestForm)
	p.mistakes.Add(err)
	if given == nil {
		return p.Request, p.mistakes.Err()
	}
	p.given = given
	if s.Parameter.exists() {
		p.mistakes.Where = s.Parameter.where()
		p.readParameter()
		p.mistakes.Where = ""
	}
	given.Read(&p.mistakes, "", p.fields())
	p.validate()
	return p.Request, p.mistakes.Err()
}

// parsing is a request that is being read.
type parsing struct {
	Settings
	Request
	given    input.Object // the request's own fields
	mistakes input.Mistakes
}

// readParameter reads those of the parameter's fields that the request doesn't replace.
func (p *parsing) readParameter() {
	base, err := input.ParseObjectIn("parameter", p.Parameter.where(), p.Parameter.Text,
		"give a JSON object with the fields of a request")
	p.mistakes.Add(err)
	for _, own := range []string{"id", "scheduled"} {
		if _, ok := base[own]; ok {
			p.mistakes.Refuse(own, "leave it out: each request has its own",
				"it can't be the same for every run")
			delete(base, own)
		}
	}
	for name := range p.given {
		delete(base, name)
	}
	base.Read(&p.mistakes, "", p.fields())
}

// bounds of a request's durations.
var (
	bootWait      = input.Bounds{Least: 0, Most: MaxWait}
	checkInterval = input.Bounds{Least: time.Second, Most: time.Hour}
	drainTimeout  = input.Bounds{Least: 10 * time.Second, Most: MaxWait, Zero: true}
	rejoinTimeout = input.Bounds{Least: time.Minute, Most: MaxWait}
	gateTimeout   = input.Bounds{Least: time.Minute, Most: 7 * MaxWait}
	maxPause      = input.Bounds{Least: time.Minute, Most: 14 * MaxWait}
	probeTimeout  = input.Bounds{Least: 100 * time.Millisecond, Most: 10 * time.Second, Zero: true}
)

// The most that lists of a request hold.
const (
	maxInstances = 1000
	maxNotOurs   = 100
	maxNames     = 100 // of alarms, rules, and what they begin with: each
	maxAmount    = 1_000_000
)

// fields is how each field of a request is read. One that is given replaces the default as a whole.
func (p *parsing) fields() map[string]input.Reader {
	r, groups := &p.Request, groupForm(p.home())
	return map[string]input.Reader{
		"id":              input.Text(&r.ID, input.RequestID),
		"scheduled":       input.Time(&r.Scheduled),
		"fleet":           input.Text(&r.Fleet, fleetForm),
		"targetGroupArns": input.Set(&r.TargetGroupARNs, MaxGroups, groups),
		"instanceIds":     input.Set(&r.InstanceIDs, maxInstances, InstanceForm),
		"tags":            input.Tags(&r.Tags),
		"notOurs":         input.Set(&r.NotOurs, maxNotOurs, groups),
		"maxConcurrency":  input.Share(&r.MaxConcurrency, 1, MaxTokens, "instances"),
		"minHealthy":      input.Share(&r.MinHealthy, 0, maxAmount, "targets"),
		"maxErrors":       input.Share(&r.MaxErrors, 0, maxAmount, "instances"),
		"bootWait":        input.Length(&r.BootWait, bootWait),
		"checkInterval":   input.Length(&r.CheckInterval, checkInterval),
		"maxChecks":       input.Whole(&r.MaxChecks, 1, 1000, " checks"),
		"drainTimeout":    input.Length(&r.DrainTimeout, drainTimeout),
		"rejoinTimeout":   input.Length(&r.RejoinTimeout, rejoinTimeout),
		"gateTimeout":     input.Length(&r.GateTimeout, gateTimeout),
		"maxPause":        input.Length(&r.MaxPause, maxPause),
		"notAfter":        p.readNotAfter,
		"proof": input.Word(&r.Proof, "kind of proof", ProofRequired, ProofWhenManaged,
			ProofOff),
		"check": p.readCheck,
		"mute":  p.readMute,
	}
}

func (p *parsing) readNotAfter(m *input.Mistakes, field string, raw json.RawMessage) {
	input.Time(&p.NotAfter)(m, field, raw)
	if !m.In(field) && !p.NotAfter.After(p.Now) {
		m.Refuse(field, "give a time in the future", "%s has passed",
			p.NotAfter.UTC().Format(time.RFC3339))
	}
}

func (p *parsing) readCheck(m *input.Mistakes, field string, raw json.RawMessage) {
	p.Check = Check{}
	h, t, l := HTTPCheck{Timeout: probeDefault}, TCPCheck{Timeout: probeDefault}, LambdaCheck{}
	given := func(set func(), fields map[string]input.Reader) input.Reader {
		return func(m *input.Mistakes, field string, raw json.RawMessage) {
			set()
			input.Within(fields)(m, field, raw)
		}
	}
	input.Within(map[string]input.Reader{
		"ec2": input.Flag(&p.Check.EC2),
		"http": given(func() { p.Check.HTTP = &h }, map[string]input.Reader{
			"port": input.OrZero(
				input.Whole(&h.Port, 1, 65535, ", or leave it out for the target group's")),
			"path":    input.Text(&h.Path, pathForm),
			"codes":   input.Text(&h.Codes, codesForm),
			"text":    input.Text(&h.Text, bodyForm),
			"timeout": input.Length(&h.Timeout, probeTimeout),
		}),
		"tcp": given(func() { p.Check.TCP = &t }, map[string]input.Reader{
			"port":    input.Whole(&t.Port, 1, 65535, ""),
			"timeout": input.Length(&t.Timeout, probeTimeout),
		}),
		"lambda": given(func() { p.Check.Lambda = &l }, map[string]input.Reader{
			"function": input.Text(&l.Function, functionForm),
		}),
	})(m, field, raw)
	switch {
	case m.In(field):
	case p.Check == (Check{}):
		m.Refuse(field, "give ec2, http, tcp or lambda, or leave the field out for ec2",
			"nothing is checked")
	case p.Check.TCP != nil && t.Port == 0:
		m.Refuse(field+".tcp.port", "give 1 to 65535", "it is missing")
	case p.Check.Lambda != nil && l.Function == "":
		m.Refuse(field+".lambda.function", "give "+functionForm.Want, "it is missing")
	}
}

func (p *parsing) readMute(m *input.Mistakes, field string, raw json.RawMessage) {
	p.Mute = Mute{EventBus: defaultBus}
	q := &p.Mute
	input.Within(map[string]input.Reader{
		"alarmPrefixes": input.List(&q.AlarmPrefixes, maxNames, alarmForm),
		"alarmNames":    input.List(&q.AlarmNames, maxNames, alarmForm),
		"rulePrefixes":  input.List(&q.RulePrefixes, maxNames, ruleForm),
		"ruleNames":     input.List(&q.RuleNames, maxNames, ruleForm),
		"eventBus":      input.Text(&q.EventBus, busForm),
	})(m, field, raw)
	if p.Buses == "" || m.In(field+".eventBus") {
		return
	}
	bus, err := BusName(q.EventBus, p.Buses)
	var foreign *input.FieldError
	if errors.As(err, &foreign) {
		if where := elsewhere(q.EventBus, p.home()); where != "" {
			foreign.Problem += ": it is " + where
		}
		m.Refuse(foreign.Field, foreign.Want, "%s", foreign.Problem)
		return
	}
	q.EventBus = bus
}

// validate finds what is wrong with fields that are right one by one.
func (p *parsing) validate() {
	m, r := &p.mistakes, &p.Request
	if _, ok := p.given["fleet"]; !ok {
		m.Refuse("fleet", "give the fleet's name: "+fleetForm.Want, "it is missing")
	}
	for _, arn := range r.NotOurs {
		if !m.In("notOurs", "targetGroupArns") && slices.Contains(r.TargetGroupARNs, arn) {
			m.Where = p.where("notOurs")
			m.Refuse("notOurs", "name it in one of the two", "%s is also in targetGroupArns", arn)
			m.Where = ""
		}
	}
	if len(r.TargetGroupARNs)+len(r.InstanceIDs)+len(r.Tags) > 0 ||
		m.In("parameter", "fleet", "targetGroupArns", "instanceIds", "tags") {
		return
	}
	if p.Parameter.Name != "" && !p.Parameter.exists() {
		m.Refuse("fleet", "correct the name, create the parameter, or give targetGroupArns, "+
			"instanceIds or tags in the request",
			"there is no SSM parameter %s, and the request itself doesn't say which instances "+
				"fleet %s is made of", p.Parameter.Name, r.Fleet)
		return
	}
	here := strings.TrimPrefix(p.Parameter.where(), "in ")
	m.Refuse("targetGroupArns", fmt.Sprintf("give targetGroupArns, instanceIds, tags or several "+
		"of them, here or in %s", here),
		"nothing says which instances fleet %s is made of", r.Fleet)
}

// where says where a field stands.
func (p *parsing) where(field string) string {
	if _, ok := p.given[field]; ok || !p.Parameter.exists() {
		return ""
	}
	return p.Parameter.where()
}
