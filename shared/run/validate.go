package run

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"quickstep/shared/input"
)

// HungReboot is how long EC2 waits for an operating system to shut down before it forces the reboot: "about four
// minutes" in its documentation, five to be safe. Past it, an instance that was asked to reboot has done so.
const HungReboot = 5 * time.Minute

const exampleGroup = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/0123456789abcdef"

// validate finds what is wrong with a request on its own, before anybody asks AWS.
func (r *Request) validate(now time.Time) error {
	checks := []func() error{r.validateWho, r.validateHowMany, r.validateHowLong, r.validateCheck, r.validateMute}
	if !fleetName.MatchString(r.Fleet) {
		return badFleet(strconv.Quote(r.Fleet))
	}
	if len(r.ID) > 1024 {
		return input.Refuse("id", "1024 characters at most", "%d characters are too long", len(r.ID))
	}
	for _, check := range checks {
		if err := check(); err != nil {
			return err
		}
	}
	if !r.NotAfter.IsZero() && !r.NotAfter.After(now) {
		return input.Refuse("notAfter", "give a time in the future", "%s has passed", r.NotAfter.UTC().Format(time.RFC3339))
	}
	return nil
}

func (r *Request) validateWho() error {
	if len(r.TargetGroupARNs)+len(r.InstanceIDs)+len(r.Tags) == 0 {
		return input.Refuse("targetGroupArns", "give targetGroupArns, instanceIds, tags or several of them, here or in the fleet's SSM parameter",
			"nothing says which instances fleet %s is made of", r.Fleet)
	}
	if most := 1000; len(r.InstanceIDs) > most {
		return input.Refuse("instanceIds", fmt.Sprintf("name %d at most, or choose by tags or targetGroupArns", most), "%d are too many", len(r.InstanceIDs))
	}
	for _, id := range r.InstanceIDs {
		if !instanceID.MatchString(id) {
			return input.Refuse("instanceIds", "give ids such as i-0123456789abcdef0", "%q is no instance id", id)
		}
	}
	for _, arn := range r.TargetGroupARNs {
		if !groupARN.MatchString(arn) {
			return input.Refuse("targetGroupArns", "give ARNs such as "+exampleGroup, "%q is no target group's ARN", arn)
		}
	}
	if err := r.validateNotOurs(); err != nil {
		return err
	}
	for key, value := range r.Tags {
		if key == "" || strings.Trim(value, "*? ") == "" {
			return input.Refuse("tags", `give a key and a value, such as {"Role":"web"}`, "{%q:%q} would choose nearly every instance", key, value)
		}
	}
	slices.Sort(r.InstanceIDs)
	slices.Sort(r.TargetGroupARNs)
	r.InstanceIDs, r.TargetGroupARNs = slices.Compact(r.InstanceIDs), slices.Compact(r.TargetGroupARNs)
	return nil
}

// validateNotOurs takes ARNs only: a name would also mean the group that somebody makes of that name later.
func (r *Request) validateNotOurs() error {
	if most := 100; len(r.NotOurs) > most {
		return input.Refuse("notOurs", fmt.Sprintf("name %d at most", most), "%d are too many", len(r.NotOurs))
	}
	for _, arn := range r.NotOurs {
		if !groupARN.MatchString(arn) {
			return input.Refuse("notOurs", "give ARNs, not names, such as "+exampleGroup, "%q is no target group's ARN", arn)
		}
		if slices.Contains(r.TargetGroupARNs, arn) {
			return input.Refuse("notOurs", "name it in one of the two", "%s is also in targetGroupArns", arn)
		}
	}
	slices.Sort(r.NotOurs)
	r.NotOurs = slices.Compact(r.NotOurs)
	return nil
}

func (r *Request) validateHowMany() error {
	if c := r.MaxConcurrency; c.N == 0 || (!c.Percent && c.N > MaxTokens) {
		return input.Refuse("maxConcurrency", fmt.Sprintf(`give 1 to %d, or "1%%" to "100%%"`, MaxTokens), "%s isn't how many instances can be out at once", c)
	}
	if r.MaxChecks < 1 || r.MaxChecks > 1000 {
		return input.Refuse("maxChecks", "give 1 to 1000", "%d is out of bounds", r.MaxChecks)
	}
	return nil
}

func (r *Request) validateHowLong() error {
	for _, d := range []struct {
		field    string
		value    input.Duration
		min, max time.Duration
		optional bool
	}{
		{"bootWait", r.BootWait, 0, MaxWait, false},
		{"checkInterval", r.CheckInterval, time.Second, time.Hour, false},
		{"drainTimeout", r.DrainTimeout, 10 * time.Second, MaxWait, true},
		{"rejoinTimeout", r.RejoinTimeout, time.Minute, MaxWait, false},
		{"gateTimeout", r.GateTimeout, time.Minute, 7 * MaxWait, false},
		{"maxPause", r.MaxPause, time.Minute, 14 * MaxWait, false},
	} {
		if v := time.Duration(d.value); (v < d.min || v > d.max) && !(d.optional && v == 0) {
			return input.Refuse(d.field, fmt.Sprintf("give %s to %s", Span(d.min), Span(d.max)), "%s is out of bounds", d.value)
		}
	}
	return nil
}

func (r *Request) validateCheck() error {
	c := &r.Check
	if h := c.HTTP; h != nil {
		if h.Port < 0 || h.Port > 65535 {
			return input.Refuse("check.http.port", "give 1 to 65535, or leave it out for the target group's", "%d is no port", h.Port)
		}
		if h.Path != "" && !urlPath.MatchString(h.Path) {
			return input.Refuse("check.http.path", "begin it with / and escape what a URL can't hold", "%q is no path", h.Path)
		}
		if h.Codes != "" {
			if _, err := input.ParseCodes(h.Codes); err != nil {
				return input.Refuse("check.http.codes", `give "200", "200,302" or "200-299"`, "%v", err)
			}
		}
		if err := probeTimeout("check.http.timeout", &h.Timeout); err != nil {
			return err
		}
	}
	if t := c.TCP; t != nil {
		if t.Port < 1 || t.Port > 65535 {
			return input.Refuse("check.tcp.port", "give 1 to 65535", "%d is no port", t.Port)
		}
		if err := probeTimeout("check.tcp.timeout", &t.Timeout); err != nil {
			return err
		}
	}
	if c.Lambda != nil && c.Lambda.Function == "" {
		return input.Refuse("check.lambda.function", "give the function's name", "it is empty")
	}
	if r.Proof != ProofRequired && r.Proof != ProofWhenManaged && r.Proof != ProofOff {
		return input.Refuse("proof", "give required, whenManaged or off", "%q is no kind of proof", r.Proof)
	}
	return nil
}

func probeTimeout(field string, d *input.Duration) error {
	if *d == 0 {
		*d = input.Duration(5 * time.Second)
	}
	if v := time.Duration(*d); v < 100*time.Millisecond || v > 10*time.Second {
		return input.Refuse(field, "give 100ms to 10s", "%s is out of bounds", *d)
	}
	return nil
}

func (r *Request) validateMute() error {
	for _, f := range []struct {
		field string
		names []string
	}{
		{"mute.alarmPrefixes", r.Mute.AlarmPrefixes}, {"mute.alarmNames", r.Mute.AlarmNames},
		{"mute.rulePrefixes", r.Mute.RulePrefixes}, {"mute.ruleNames", r.Mute.RuleNames},
	} {
		if slices.Contains(f.names, "") {
			return input.Refuse(f.field, "give names; an empty one would mean all of the account's", "it holds an empty name")
		}
		if len(f.names) > 100 {
			return input.Refuse(f.field, "give 100 at most", "%d are too many", len(f.names))
		}
	}
	if r.Mute.EventBus == "" {
		return input.Refuse("mute.eventBus", "leave it out for the default bus", "it is empty")
	}
	return nil
}
