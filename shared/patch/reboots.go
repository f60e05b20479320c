package patch

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
)

var notInName = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// runs is what a reader should know of a run that is started by the events below.
const runs = `A run by one of these events takes one instance at a time, with EC2's status checks,
and mutes nothing. With the name of a fleet of your own as "fleet", the settings of that fleet (its
SSM parameter) hold. The instances need the tag that allows reboots.`

// reboots are the instances that need one, and the events that start runs for them. Machines
// outside of EC2 can't be rebooted by a run.
func (c *content) reboots(stack string) (all []unit) {
	fleet := ""
	if c.Window != nil {
		fleet = strings.Trim(notInName.ReplaceAllString(c.Window.Name, "-"), "._-")
	}
	fleet = cmp.Or(fleet[:min(len(fleet), 56)], "patched") + "-reboot"
	ours, others := []string{}, []string{}
	for _, id := range c.reboot {
		if strings.HasPrefix(id, "i-") {
			ours = append(ours, id)
		} else {
			others = append(others, id)
		}
	}
	if len(ours) > 0 {
		all = append(all, newUnit(rebootSection, wrap("", runs), nil))
	}
	after := ""
	for some := range pieces(ours, named) {
		event := encode(struct {
			Fleet string   `json:"fleet"`
			IDs   []string `json:"instanceIds"`
		}{fleet, some})
		text := fmt.Sprintf("%s. To reboot them without downtime, %sinvoke the start function (%s) with\n    %s\n",
			count(len(some), "instance", "s"), after, orStart(stack), event)
		after = "once the run before has ended, "
		all = append(all, newUnit(rebootSection, text, rebootRow{some, event}))
	}
	for some := range pieces(others, named) {
		text := wrap("outside of EC2, to be rebooted there: ", strings.Join(some, ", "))
		all = append(all, newUnit(rebootSection, text, rebootRow{Instances: some}))
	}
	return all
}

func orStart(stack string) string {
	if stack == "" {
		return "start"
	}
	return stack + "-start"
}
