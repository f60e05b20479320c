package patch

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"quickstep/shared/notify"
)

// count counts what was collected, in every way in which it is told. Which findings there are is
// known by now, and so is the severity of each patch.
func (c *content) count() {
	same := map[[sha256.Size]byte]int{} // instances' findings, to the list that holds them
	instances := map[string]int{}       // by severity, those that lack something
	for n := range c.instances {
		i := &c.instances[n]
		slices.SortFunc(i.findings, func(a, b finding) int { return compare(a.Patch, b.Patch) })
		lacks := map[string]bool{}
		for _, f := range i.findings {
			i.counts[f.as]++
			c.totals[f.as]++
			f.counted.counts[f.as]++
			f.counted.instances++
			if f.as == isMissing || f.as == isFailed {
				lacks[f.Severity] = true
			}
		}
		for name := range lacks {
			instances[name]++
		}
		c.flag(i)
		c.share(i, same)
	}
	c.listen()
	c.patches = slices.DeleteFunc(c.patches, func(p *counted) bool { return p.instances == 0 })
	slices.SortFunc(c.patches, func(a, b *counted) int { return compare(a.Patch, b.Patch) })
	c.name()
	c.bySeverity(instances)
	c.verdicts = [2][]string{c.verdict(false), c.verdict(true)}
}

// flag notes what a reader should look at, and who needs a reboot.
func (c *content) flag(i *instance) {
	i.flags = c.odd(i)
	pending := i.counts[isPending]+i.counts[isStill] > 0 || (i.Patched != nil && i.Patched.PendingReboot > 0)
	if pending && (i.State == "" || i.State == "running") { // who is down comes up on a new boot anyway
		c.reboot = append(c.reboot, i.ID)
	}
	if i.Step == Unread {
		c.gaps = append(c.gaps, i.ID)
		return
	}
	if len(i.flags) > 0 {
		c.flags = append(c.flags, i.label()+": "+explain(c, i))
	}
	switch {
	case i.unsure():
		c.unknown++
	case slices.Contains(i.flags, "stale"):
		c.stale++
	case slices.Contains(i.flags, "notPatched"):
		c.unheard++
	}
}

// listen notes whether anything was installed since the window of a second report was to open. Of
// instances of which nothing is known, nobody can say.
func (c *content) listen() {
	if c.Phase != After {
		return
	}
	heard := func(i instance) bool {
		return i.patched || (i.scanned() && i.Patched.Operation == "Install" && !i.Patched.Ended.Before(c.Window.Opens))
	}
	known := func(i instance) bool { return i.Step != Unread && !i.unsure() }
	if slices.ContainsFunc(c.instances, known) && !slices.ContainsFunc(c.instances, heard) {
		c.silent = true
		remark := "no installation was seen since the window was to open (at " + notify.Time(c.Window.Opens) +
			"); it may have been disabled, moved or deleted"
		c.Remarks = append(slices.Clone(c.Remarks), remark)
	}
}

// share finds the list that holds an instance's findings, or makes it. Fleets are alike: a few lists serve
// thousands.
func (c *content) share(i *instance, same map[[sha256.Size]byte]int) {
	if len(i.findings) == 0 {
		return
	}
	sum := sha256.New()
	for _, f := range i.findings {
		fmt.Fprintf(sum, "%s\x00%s\x01", f.key(), f.as)
	}
	key := [sha256.Size]byte(sum.Sum(nil))
	n, ok := same[key]
	if !ok {
		n = len(c.lists)
		same[key] = n
		c.lists = append(c.lists, list{name: fmt.Sprintf("L%d", n+1), findings: i.findings})
	}
	c.lists[n].instances++
	i.list, i.findings = c.lists[n].name, c.lists[n].findings
}

func (c *content) bySeverity(instances map[string]int) {
	patches := map[string]int{}
	for _, p := range c.patches {
		if p.counts[isMissing]+p.counts[isFailed] > 0 {
			patches[p.Severity]++
		}
	}
	for name, n := range patches {
		c.severities = append(c.severities, severity{name, n, instances[name]})
	}
	slices.SortFunc(c.severities, func(a, b severity) int {
		return compare(Patch{Severity: a.Severity}, Patch{Severity: b.Severity})
	})
}

// explain writes an instance's flags for people.
func explain(c *content, i *instance) string {
	var all []string
	for _, f := range i.flags {
		switch f {
		case "notCompared":
			f = i.apart + ": what was announced isn't known"
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
			f = "nothing was heard of it since the window opened; its last scan is of " + notify.Time(i.Patched.Ended)
		default:
			f = "it is " + f
		}
		all = append(all, f)
	}
	return strings.Join(all, "; ")
}
