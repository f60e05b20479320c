package format

import (
	"fmt"
	"strings"

	"quickstep/shared/report"
)

// flagUnits name the instances about which something is odd: those of which the same is to be said
// under one line.
func flagUnits(c *report.Content) (all []Unit) {
	odd := groupBy(c, func(i *report.Instance) string {
		if i.Step == report.Unread {
			return ""
		}
		return flagsText(c, i)
	})
	for _, g := range odd {
		all = append(all, commonUnits(flagSection, g, len(c.Instances))...)
	}
	return all
}

// group is some instances of which the same is to be said.
type group struct {
	text      string
	instances []*report.Instance
}

// groupBy groups instances by what is to be said of them, in their order; nothing of some.
func groupBy(c *report.Content, say func(*report.Instance) string) (all []*group) {
	byText := map[string]*group{}
	for n := range c.Instances {
		i := &c.Instances[n]
		text := say(i)
		if text == "" {
			continue
		}
		g := byText[text]
		if g == nil {
			g = &group{text: text}
			byText[text] = g
			all = append(all, g)
		}
		g.instances = append(g.instances, i)
	}
	return all
}

// commonUnits say the same of some instances.
func commonUnits(s section, g *group, of int) []Unit {
	if len(g.instances) == 1 {
		return []Unit{newUnit(s, wrap(label(g.instances[0].Node)+": ", g.text), nil)}
	}
	head := wrap("", fmt.Sprintf("%d of %s: %s:", len(g.instances), instances(of), g.text))
	return labelUnits(s, head, "    ", g.instances)
}

// attention counts the instances about which something is odd, for the first screen.
func attention(c *report.Content) string {
	var flags []string
	counts, odd := map[string]int{}, 0
	for _, i := range c.Instances {
		odd += min(len(i.Flags), 1)
		for _, f := range i.Flags {
			if counts[f] == 0 {
				flags = append(flags, f)
			}
			counts[f]++
		}
	}
	var all []string
	for _, f := range flags {
		all = append(all, fmt.Sprintf("%d %s", counts[f], flagName(f)))
	}
	switch len(all) {
	case 0:
		return ""
	case 1:
		return instances(odd) + " " + flagName(flags[0])
	}
	return instances(odd) + ": " + strings.Join(all, ", ")
}
