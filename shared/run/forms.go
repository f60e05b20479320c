package run

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"quickstep/shared/input"
)

const exampleGroup = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/0123456789abcdef"

// defaultBus is the event bus that every account has.
const defaultBus = "default"

// probeDefault is the timeout of a probe: the default of a target group's health check.
const probeDefault = input.Duration(5 * time.Second)

var (
	fleetName  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
	runID      = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
	instanceID = regexp.MustCompile(`^i-[0-9a-f]{8,17}$`)
	groupARN   = regexp.MustCompile(
		`^arn:[a-z-]+:elasticloadbalancing:[a-z0-9-]+:\d{12}:targetgroup/[A-Za-z0-9-]+/[0-9a-f]+$`,
	)
)

// Forms of what a request names. Lengths and characters of AWS's names are those of its API
// references: PutRule and CreateEventBus of EventBridge, PutMetricAlarm and PutCompositeAlarm of
// CloudWatch, CreateFunction of Lambda, CreateTargetGroup of Elastic Load Balancing
// (HealthCheckPath has 1,024 characters).
var (
	fleetForm = input.Form{Most: 64, Match: fleetName,
		Want: "1 to 64 letters, digits, dots, dashes and underscores, the first one a letter or " +
			"a digit",
		Fault: input.Fault{One: "is no fleet's name", Many: "are no fleets' names"}}
	// IDForm is what ids of runs look like.
	IDForm = input.Form{Most: 64, Match: runID,
		Want: "a run's id, 1 to 64 letters, digits, dots, dashes and underscores; status lists " +
			"the runs that are under way",
		Fault: input.Fault{One: "is no run's id", Many: "are no runs' ids"}}
	// InstanceForm is what ids of instances look like.
	InstanceForm = input.Form{Most: 19, Match: instanceID, Want: "ids such as i-0123456789abcdef0",
		Fault: input.Fault{One: "is no instance id", Many: "are no instance ids"}}
	alarmForm = input.Form{Most: 255, Want: "names of alarms, or what they begin with: 1 to 255 " +
		"characters, no control characters"}
	ruleForm = input.Form{Most: 64, Match: regexp.MustCompile(`^[.\-_A-Za-z0-9]+$`),
		Want: "names of EventBridge rules, or what they begin with: 1 to 64 letters, digits, " +
			"dots, dashes and underscores",
		Fault: input.Fault{One: "is no rule's name", Many: "are no rules' names"}}
	busForm = input.Form{Most: 1600, Match: regexp.MustCompile(
		`^(arn:[a-z-]+:[a-z]+:[a-z0-9-]*:\d*:event-bus/)?[/.\-_A-Za-z0-9]{1,256}$`),
		Want: "a bus's name (letters, digits, dots, dashes, underscores and slashes, 256 at " +
			"most) or ARN, or leave it out for the default bus",
		Fault: input.Fault{One: "is no event bus's name or ARN",
			Many: "are no event buses' names or ARNs"}}
	functionForm = input.Form{Most: 140,
		Match: regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}(:[$A-Za-z0-9_-]+)?$`),
		Want: "the name of a Lambda function, not its ARN: up to 64 letters, digits, dashes and " +
			"underscores",
		Fault: input.Fault{One: "is no function's name", Many: "are no functions' names"}}
	pathForm = input.Form{Most: 1024, Match: regexp.MustCompile(`^/[!-~]*$`),
		Want: "a path of up to 1024 characters that begins with / and escapes what a URL can't " +
			"hold, such as /health",
		Fault: input.Fault{One: "is no path", Many: "are no paths"}, Empty: true}
	codesForm = input.Form{Most: 100, Match: regexp.MustCompile(`^.*$`), Check: wrongCodes,
		Want: `status codes of 200 to 599, such as "200", "200,302" or "200-299"`, Empty: true}
	bodyForm = input.Form{Most: 1024, Match: regexp.MustCompile(`(?s).`),
		Want: "a text of up to 1024 characters that the answer's body holds", Empty: true}
)

func wrongCodes(s string) (input.Fault, bool) {
	_, err := input.ParseCodes(s)
	return input.Fault{One: "are no status codes of 200 to 599",
		Many: "are no status codes of 200 to 599"}, err != nil
}

// groupForm is what target groups' ARNs look like, in the account and Region where they must be.
func groupForm(h home) input.Form {
	return input.Form{Most: 256, Match: groupARN,
		Want: "ARNs, not names, of target groups of this account and Region, such as " +
			exampleGroup,
		Fault: input.Fault{One: "is no target group's ARN", Many: "are no target groups' ARNs"},
		Check: func(arn string) (input.Fault, bool) {
			why := elsewhere(arn, h)
			return input.Fault{One: "is " + why, Many: "are " + why}, why != ""
		}}
}

// home is where the stack works. Empty parts aren't known.
type home struct{ partition, region, account string }

// home is what the ARNs of the stack's own event buses have in common.
func (s Settings) home() home {
	parts := strings.Split(s.Buses, ":")
	if len(parts) < 6 {
		return home{}
	}
	return home{partition: parts[1], region: parts[3], account: parts[4]}
}

// elsewhere says in which other partition, Region or account an ARN is; empty if in none.
func elsewhere(arn string, h home) string {
	parts := strings.Split(arn, ":")
	if h.region == "" || len(parts) < 6 {
		return ""
	}
	var all []string
	for _, p := range []struct{ what, own, other string }{
		{"partition", h.partition, parts[1]}, {"Region", h.region, parts[3]}, {"account", h.account,
			parts[4]},
	} {
		if p.own != p.other {
			all = append(all, fmt.Sprintf("in %s %s, not %s", p.what, p.other, p.own))
		}
	}
	return strings.Join(all, ", and ")
}
