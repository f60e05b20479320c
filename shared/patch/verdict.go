package patch

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// verdict is a report in one line. What isn't known is never told as "nothing".
func verdict(c *content) string { return strings.Join(c.verdicts[0], ", ") }

// verdict is what a report comes to, the most important first. A brief one leaves out zeros, and that
// instances are instances.
func (c *content) verdict(brief bool) (all []string) {
	total := count(len(c.instances), "instance", "s")
	if brief {
		total = strconv.Itoa(len(c.instances))
	}
	if n := len(c.gaps); n > 0 {
		all = append(all, count(n, "GAP", "S"))
	}
	switch {
	case len(c.instances) == 0:
		return []string{"no instance to patch"}
	case len(c.gaps)+c.unknown == len(c.instances):
		return append(all, "nothing known of "+total)
	case c.Phase == After:
		all = append(all, c.done(brief)...)
	default:
		all = append(all, c.due(total))
	}
	if c.unknown > 0 {
		all = append(all, fmt.Sprintf("%d not known", c.unknown))
	}
	if c.stale > 0 {
		all = append(all, count(c.stale, "scan", "s")+" too old")
	}
	return all
}

// due is what was found in the states that were asked for, and on how many instances. That there is
// nothing is said of those alone of which it is known.
func (c *content) due(total string) string {
	patched, on, sure := c.found()
	install := slices.Contains(c.States, Missing) && slices.Contains(c.States, Failed) && len(c.States) == 2
	of := total
	if sure < len(c.instances) {
		of = fmt.Sprintf("%d of %s", sure, total)
	}
	switch {
	case patched == 0 && sure == 0:
		return "nothing known for sure of " + total
	case patched == 0 && install:
		return "nothing to install on " + of
	case patched == 0:
		return "nothing " + c.asked() + " on " + of
	case install:
		return fmt.Sprintf("%s for %d of %s", count(patched, "patch", "es"), on, total)
	}
	return fmt.Sprintf("%s %s on %d of %s", count(patched, "patch", "es"), c.asked(), on, total)
}

// found are the patches in states that were asked for, the instances that have any, and those that
// are known to have none.
func (c *content) found() (patched, on, sure int) {
	asked := map[string]bool{}
	for _, s := range c.States {
		asked[category(s)] = true
	}
	for _, i := range c.instances {
		switch {
		case has(i.counts, asked):
			on++
		case i.Step != Unread && i.scanned() && !i.unsure() && !slices.Contains(i.flags, "stale"):
			sure++
		}
	}
	for _, p := range c.patches {
		if has(p.counts, asked) {
			patched++
		}
	}
	return patched, on, sure
}

func has(counts map[string]int, asked map[string]bool) bool {
	for as, n := range counts {
		if n > 0 && asked[as] {
			return true
		}
	}
	return false
}

// asked are the states that were asked for, in words.
func (c *content) asked() string {
	if len(c.States) > 2 {
		return "in the states asked for"
	}
	return strings.Join(c.States, " or ")
}

// done is what came of what was announced, in patches times instances, as under "Found:".
func (c *content) done(brief bool) (all []string) {
	t := c.totals
	if c.silent {
		all = append(all, "no installation seen")
	}
	for _, part := range []struct {
		n                  int
		one, several, word string // word is the brief one
		always             bool
	}{
		{t[isInstalled], "installed", "installed", "installed", !c.silent},
		{t[isPending], "waits for a reboot", "wait for a reboot", "to reboot", !c.silent},
		{t[isFailed], "failed", "failed", "failed", true},
		{t[isMissing], "still missing", "still missing", "still missing", true},
		{c.unheard, "instance not heard of", "instances not heard of", "not heard of", false},
		{t[isSurprise], "installed without being announced", "installed without being announced",
			"not announced", false},
		{t[isStill], "waits for a reboot as before", "wait for a reboot as before", "to reboot as before", false},
		{t[isUnlisted], "not listed any more", "not listed any more", "not listed", false},
	} {
		words := part.several
		switch {
		case brief:
			words = part.word
		case part.n == 1:
			words = part.one
		}
		if part.n > 0 || (part.always && !brief) {
			all = append(all, fmt.Sprintf("%d %s", part.n, words))
		}
	}
	if len(all) == 0 {
		all = append(all, "nothing installed")
	}
	return all
}
