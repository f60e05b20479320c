package format

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	"quickstep/shared/report"
)

var notInFleetName = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// aboutRuns is what a reader should know of a run that is started by the events below.
const aboutRuns = `A run by one of these events takes one instance at a time, with EC2's status checks,
and mutes nothing. With the name of a fleet of your own as "fleet", the settings of that fleet (its
SSM parameter) hold. The instances need the tag that allows reboots.`

// rebootUnits are the instances that need a reboot, and the events that start runs for them.
// Machines outside of EC2 can't be rebooted by a run.
func rebootUnits(c *report.Content, stack string) (all []Unit) {
	ours, others := []string{}, []string{}
	for _, id := range c.Reboots {
		if strings.HasPrefix(id, "i-") {
			ours = append(ours, id)
		} else {
			others = append(others, id)
		}
	}
	if text := aboutReboots(c.Report); text != "" && len(c.Reboots) > 0 {
		all = append(all, newUnit(rebootSection, wrap("", text), nil))
	}
	if len(ours) > 0 {
		all = append(all, newUnit(rebootSection, wrap("", aboutRuns), nil))
	}
	fleet, after := fleetName(c.Report.Window), ""
	for ids := range chunks(ours, labelSize) {
		event := encode(struct {
			Fleet string   `json:"fleet"`
			IDs   []string `json:"instanceIds"`
		}{fleet, ids})
		them := "them"
		if len(ids) == 1 {
			them = "it"
		}
		text := fmt.Sprintf("%s. To reboot %s without downtime, %sinvoke the start function (%s) "+
			"with\n    %s\n", instances(len(ids)), them, after, startFunction(stack), event)
		after = "once the run before has ended, "
		all = append(all, newUnit(rebootSection, text, rebootRow{ids, event}))
	}
	for ids := range chunks(others, labelSize) {
		text := wrap("outside of EC2, to be rebooted there: ", strings.Join(ids, ", "))
		all = append(all, newUnit(rebootSection, text, rebootRow{Instances: ids}))
	}
	return all
}

// fleetName is a name for a fleet that a window has patched.
func fleetName(w *report.Opening) string {
	name := ""
	if w != nil {
		name = strings.Trim(notInFleetName.ReplaceAllString(w.Name, "-"), "._-")
	}
	return cmp.Or(name[:min(len(name), 56)], "patched") + "-reboot"
}

func startFunction(stack string) string {
	if stack == "" {
		return "start"
	}
	return stack + "-start"
}
