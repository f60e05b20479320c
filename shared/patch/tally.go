package patch

import (
	"fmt"
	"slices"
	"strings"
)

// count counts what was collected, in every way in which it is told.
func (c *content) count() {
	patches := map[string]*counted{}
	same := map[string]int{} // instances' findings, to the list that holds them
	worstOf := map[string]map[string]bool{}
	for n := range c.instances {
		i := &c.instances[n]
		if i.flags = c.odd(i); len(i.flags) > 0 && i.Step != Unread {
			c.flags = append(c.flags, i.label()+": "+explain(c, i))
		}
		for _, f := range i.findings {
			i.counts[f.as]++
			c.totals[f.as]++
			p := patches[f.key()]
			if p == nil {
				p = &counted{Patch: f.Patch, counts: map[string]int{}}
				patches[f.key()] = p
			}
			p.CVEs = longer(p.CVEs, f.CVEs) // Systems Manager names them only of what isn't installed
			p.counts[f.as]++
			p.instances++
			if f.as == isMissing || f.as == isFailed {
				if worstOf[f.Severity] == nil {
					worstOf[f.Severity] = map[string]bool{}
				}
				worstOf[f.Severity][i.ID] = true
			}
		}
		pending := i.counts[isPending] > 0 || (i.Patched != nil && i.Patched.PendingReboot > 0)
		if pending && (i.State == "" || i.State == "running") { // who is down comes up on a new boot anyway
			c.reboot = append(c.reboot, i.ID)
		}
		c.share(i, same)
	}
	for _, p := range patches {
		c.patches = append(c.patches, *p)
	}
	slices.SortFunc(c.patches, func(a, b counted) int { return compare(a.Patch, b.Patch) })
	c.name()
	c.bySeverity(worstOf)
}

func longer(a, b string) string {
	if len(b) > len(a) {
		return b
	}
	return a
}

// share finds the list that holds an instance's findings, or makes it. Fleets are alike: a few lists serve thousands.
func (c *content) share(i *instance, same map[string]int) {
	if len(i.findings) == 0 {
		return
	}
	var key strings.Builder
	for _, f := range i.findings {
		fmt.Fprintf(&key, "%s\x00%s\x01", f.key(), f.as)
	}
	n, ok := same[key.String()]
	if !ok {
		n = len(c.lists)
		same[key.String()] = n
		c.lists = append(c.lists, list{name: fmt.Sprintf("L%d", n+1), findings: i.findings})
	}
	c.lists[n].instances++
	i.list = c.lists[n].name
}

// name gives each patch its shortest name that is its own: the id, or, where several share that (a package in two versions),
// the title, which begins with it in most systems.
func (c *content) name() {
	titles := map[string]int{}
	for _, p := range c.patches {
		titles[p.KB]++
	}
	for n := range c.patches {
		p := &c.patches[n]
		switch {
		case titles[p.KB] == 1 && p.KB != "":
			p.name = p.KB
		case strings.HasPrefix(p.Title, p.KB):
			p.name = p.Title
		default:
			p.name = p.KB + " " + p.Title
		}
	}
}

// names are the names of all patches, by key.
func (c *content) names() map[string]string {
	names := make(map[string]string, len(c.patches))
	for _, p := range c.patches {
		names[p.key()] = p.name
	}
	return names
}

func (c *content) bySeverity(instances map[string]map[string]bool) {
	patches := map[string]int{}
	for _, p := range c.patches {
		if p.counts[isMissing]+p.counts[isFailed] > 0 {
			patches[p.Severity]++
		}
	}
	for name, n := range patches {
		c.severities = append(c.severities, severity{name, n, len(instances[name])})
	}
	slices.SortFunc(c.severities, func(a, b severity) int { return compare(Patch{Severity: a.Severity}, Patch{Severity: b.Severity}) })
}

// explain writes an instance's flags for people.
func explain(c *content, i *instance) string {
	var all []string
	for _, f := range i.flags {
		switch f {
		case "notFound":
			f = "neither EC2 nor Systems Manager knows it"
		case "notManaged":
			f = "Systems Manager doesn't manage it: nothing can be installed"
		case "offline":
			f = "its agent is offline"
		case "neverScanned":
			f = "it was never scanned: what is missing isn't known"
		case "stale":
			f = "its last scan is " + span(c.age(i)) + " old"
		case "notPatched":
			f = "nothing was heard of it since the window opened; its last scan is of " + clock(i.Patched.Ended)
		default:
			f = "it is " + f
		}
		all = append(all, f)
	}
	return strings.Join(all, "; ")
}

// pending counts what is still to be installed.
func (c *content) pending() int { return c.totals[isMissing] + c.totals[isFailed] }
