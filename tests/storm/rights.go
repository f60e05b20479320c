package storm

import (
	"math/rand/v2"
	"strings"
	"sync"

	"quickstep/tests/sim"
	"quickstep/tests/template"
	"quickstep/tests/world"
)

// otherBus is an event bus whose name begins as the names do that may be muted.
const otherBus = "web-orders"

// stacks are the template with each AlarmPrefix and RulePrefix that is drawn.
var stacks = map[string]func() (*template.Stack, error){"": prefixed(""), "web-": prefixed("web-"), "*": prefixed("*")}

func prefixed(prefix string) func() (*template.Stack, error) {
	return sync.OnceValues(func() (*template.Stack, error) {
		return sim.StackWith(map[string]string{"PatchScheduleState": "DISABLED", "CheckIPv6": "true",
			"AlarmPrefix": prefix, "RulePrefix": prefix})
	})
}

// drawRights draws what the stack allows to be muted, mostly all of it, from a chance of its own.
func (s *Scenario) drawRights() {
	s.Prefix = "*"
	own := rand.New(rand.NewPCG(s.Seed, 13))
	if own.IntN(16) > 0 {
		return
	}
	s.Prefix = []string{"", "web-"}[own.IntN(2)]
	mute, _ := s.Request["mute"].(map[string]any)
	if own.IntN(2) == 0 && mute["rulePrefixes"] != nil {
		mute["eventBus"] = otherBus
	}
}

// rights checks that a function's role allows what it mutes, restores and disables, by IAM's rules.
func (j *judge) rights(op world.Op) {
	const alarms, rules = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:", "arn:aws:events:us-east-1:123456789012:rule/"
	var action string
	var resources []string
	switch op.Service + "." + op.Name {
	case "alarms.Mute":
		list, _, _ := strings.Cut(strings.TrimPrefix(op.Detail, "["), "]")
		for _, name := range strings.Fields(list) {
			resources = append(resources, alarms+name)
		}
		action = "cloudwatch:PutAlarmMuteRule"
	case "events.Disable", "events.Enable":
		bus := op.Detail + "/"
		if op.Detail == "default" {
			bus = ""
		}
		action, resources = "events:"+op.Name+"Rule", []string{rules + bus + op.Subject}
	}
	for _, r := range resources {
		if !j.fleet.Stack.Functions[op.Function].Role.Permits(action, r) {
			j.broken("R6", "%s may not %s on %s, and the request was accepted", op.Function, action, r)
		}
	}
}
