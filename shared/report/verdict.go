package report

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Verdict is what a report comes to, the most important first. What isn't known is never told as
// "nothing". A brief one leaves out zeros, and that instances are instances.
func (c *Content) Verdict(brief bool) (all []string) {
	total := Quantity(len(c.Instances), "instance", "s")
	if brief {
		total = strconv.Itoa(len(c.Instances))
	}
	if n := len(c.Gaps); n > 0 {
		all = append(all, Quantity(n, "GAP", "S"))
	}
	switch {
	case len(c.Instances) == 0 && c.InstancesUnknown() > 0:
		return []string{"its tasks' instances aren't known"}
	case len(c.Instances) == 0:
		return []string{"no instance to patch"}
	case len(c.Gaps)+c.Unknown == len(c.Instances) && len(c.Patches) == 0:
		return append(append(all, "nothing known of "+total), c.notRescanned(brief)...)
	case c.Report.Phase == After:
		all = append(all, c.outcomes(brief)...)
	default:
		all = append(all, c.toInstall(total))
		if down, everyone := c.unreachable(total); everyone {
			all = slices.Insert(all, len(all)-1, down...)
		} else {
			all = append(all, down...)
		}
	}
	if n := c.Unknown - c.NotRescanned; n > 0 {
		all = append(all, fmt.Sprintf("%d not known", n))
	}
	all = append(all, c.notRescanned(brief)...)
	if c.Stale > 0 {
		all = append(all, Quantity(c.Stale, "scan", "s")+" too old")
	}
	if n := c.InstancesUnknown(); n > 0 {
		all = append(all, tasksNotKnown(n, brief))
	}
	return all
}

// tasksNotKnown counts the tasks of which nobody knows the instances.
func tasksNotKnown(n int, brief bool) string {
	switch {
	case brief:
		return Quantity(n, "task", "s") + " not known"
	case n == 1:
		return "the instances of 1 task aren't known"
	}
	return fmt.Sprintf("the instances of %d tasks aren't known", n)
}

// InstancesUnknown is of how many of the window's tasks nobody knows the instances. Those of a
// document that isn't known count if they are all that the window has.
func (c *Content) InstancesUnknown() (n int) {
	window := c.Report.Window
	for _, t := range c.Report.Tasks {
		if t.InstancesUnknown || (len(c.Instances) == 0 && window.Does == DoesUnknown) {
			n++
		}
	}
	return n
}

// Installs says that the window installs what is missing. What isn't known of a window is taken for
// that.
func (r *Report) Installs() bool {
	w := r.Window
	return w == nil || (!w.Disabled && !w.Opens.IsZero() && (w.Does == "" || w.Does == DoesInstall))
}

// unreachable counts the instances on which nothing can be installed as they are: by EC2's state, or
// because the agent is offline on one that runs. If they are all, that comes first.
func (c *Content) unreachable(total string) (all []string, everyone bool) {
	counts := map[string]int{}
	for _, i := range c.Instances {
		switch {
		case i.Node.State != "" && i.Node.State != "running":
			counts[i.Node.State]++
		case i.Has(FlagOffline):
			counts[FlagOffline]++
		}
	}
	for _, state := range slices.Sorted(maps.Keys(counts)) {
		of := ""
		if counts[state] == len(c.Instances) {
			of, everyone = " of "+total, true
		}
		all = append(all, fmt.Sprintf("%d%s %s", counts[state], of, state))
	}
	return all, everyone
}

// notRescanned counts the instances at which an installation was the last to look, if there are
// any.
func (c *Content) notRescanned(brief bool) []string {
	switch {
	case c.NotRescanned == 0:
		return nil
	case brief:
		return []string{fmt.Sprintf("%d not rescanned", c.NotRescanned)}
	}
	return []string{fmt.Sprintf("%d not scanned since an installation", c.NotRescanned)}
}

// toInstall is what was found in the states that were asked for, and on how many instances. That
// there is nothing is said of those alone of which it is known.
func (c *Content) toInstall(total string) string {
	patches, instances, clean := c.countAsked()
	states := c.Report.States
	lacking := len(states) == 2 && slices.Contains(states, Missing) && slices.Contains(states, Failed)
	install := lacking && c.Report.Installs()
	of := total
	if clean < len(c.Instances) {
		of = fmt.Sprintf("%d of %s", clean, total)
	}
	asked := c.statesAsked()
	if lacking {
		asked = "missing or failed"
	}
	switch {
	case patches == 0 && clean == 0:
		return "nothing known for sure of " + total
	case patches == 0 && install:
		return "nothing to install on " + of
	case patches == 0:
		return "nothing " + asked + " on " + of
	case install:
		return fmt.Sprintf("%s for %d of %s", Quantity(patches, "patch", "es"), instances, total)
	}
	return fmt.Sprintf("%s %s on %d of %s",
		Quantity(patches, "patch", "es"), asked, instances, total)
}

// countAsked counts the patches in states that were asked for, the instances that have any, and
// those that are known to have none.
func (c *Content) countAsked() (patches, instances, clean int) {
	asked := map[string]bool{}
	for _, s := range c.Report.States {
		asked[category(s)] = true
	}
	for _, i := range c.Instances {
		switch {
		case hasAny(i.ByCategory, asked):
			instances++
		case i.Step != Unread && i.LastState() != nil && !i.Unknown() && !i.Has(FlagStale):
			clean++
		}
	}
	for _, p := range c.Patches {
		if hasAny(p.ByCategory, asked) {
			patches++
		}
	}
	return patches, instances, clean
}

func hasAny(counts map[string]int, asked map[string]bool) bool {
	for category, n := range counts {
		if n > 0 && asked[category] {
			return true
		}
	}
	return false
}

// statesAsked are the states that were asked for, in words.
func (c *Content) statesAsked() string {
	if len(c.Report.States) > 2 {
		return "in the states asked for"
	}
	return strings.Join(c.Report.States, " or ")
}

// outcomes are what came of what was announced. They count installations, as Totals do: a patch on
// an instance is one. The first to be told says so.
func (c *Content) outcomes(brief bool) (all []string) {
	t := c.Totals
	if c.NoInstall {
		if e := c.Report.Execution; brief && e.Brief() != "" {
			all = append(all, e.Brief())
		} else if !brief && e != nil {
			all = append(all, e.Said())
		}
		all = append(all, "no installation seen")
	}
	unit := "installation"
	if brief {
		unit = "install"
	}
	failed := "failed"
	if c.NoInstall { // what failed had done so before
		failed = "still failed"
	}
	for _, o := range []struct {
		n            int
		words, brief string
		always       bool
	}{
		{t[IsInstalled], "done", "done", !c.NoInstall},
		{t[IsUndetermined], "done by it or before it opened", "done by it or earlier", false},
		{t[IsPending], "waiting for a reboot", "to reboot", !c.NoInstall && t[IsPendingBefore] == 0},
		{t[IsFailed], failed, failed, true},
		{t[IsMissing], "still missing", "still missing", true},
		{c.NotPatched, notHeardOf, "not heard of", false},
		{t[IsNotAnnounced], "done without being announced", "not announced", false},
		{t[IsStillPending], "waiting for a reboot as before", "to reboot as before", false},
		{t[IsNotListed], "not listed any more", "not listed", false},
	} {
		if o.n == 0 && (brief || !o.always) {
			continue
		}
		text := fmt.Sprintf("%d %s", o.n, o.words)
		switch {
		case o.words == notHeardOf:
			text = Quantity(o.n, "instance", "s") + " " + notHeardOf
		case unit != "":
			text, unit = Quantity(o.n, unit, "s")+" "+o.words, ""
		}
		if brief {
			text = strings.TrimSuffix(text, o.words) + o.brief
		}
		all = append(all, text)
	}
	if len(all) == 0 {
		all = append(all, "nothing installed")
	}
	return all
}

const notHeardOf = "not heard of"

// Quantity writes a number of things: "1 patch", "2 patches".
func Quantity(n int, thing, plural string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %s%s", n, thing, plural)
}
