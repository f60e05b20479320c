package patch

import (
	"fmt"

	"quickstep/shared/notify"
)

// head is what a report begins with: what is wrong with it first.
func head(c *content) (lines []string) {
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	switch {
	case c.Phase == After:
		add("What maintenance window %s has installed: %s.", c.Window.Name, verdict(c))
	case c.Window != nil:
		add("What maintenance window %s is going to install: %s.", c.Window.Name, verdict(c))
	default:
		add("What is missing on the instances that were named: %s.", verdict(c))
	}
	if n := len(c.gaps); n > 0 {
		add("")
		add("GAPS: %d of %s couldn't be read, so that this isn't all. See \"Not read\".",
			n, count(len(c.instances), "instance", "s"))
	}
	add("")
	if w := c.Window; w != nil {
		add("Window:   %s (%s)", w.Name, w.ID)
		add("Opens:    %s", notify.LocalTime(w.Opens, w.Zone))
		if !w.Closes.IsZero() {
			add("Closes:   %s", notify.LocalTime(w.Closes, w.Zone))
		}
	}
	add("Report:   %s, read %s to %s", c.ID, notify.Time(c.Began), notify.Time(c.Closed))
	if c.First != "" {
		add("Compared: with report %s", c.First)
	}
	add("Found:    %s", c.tallied())
	if c.Stored != nil && c.Stored.Failed != "" {
		add("Stored:   NOT: %s", c.Stored.Failed)
	} else if c.Stored != nil {
		add("Stored:   %s", c.Stored.JSON)
		add("          %s", c.Stored.CSV)
		add("          %s", c.Stored.Link)
	}
	for _, r := range c.remarks() {
		add("Note:     %s", r)
	}
	return lines
}

// tallied is what was found on all instances. "Nothing" alone is said only where all is known.
func (c *content) tallied() string {
	if text := tallied(c.totals); text != "nothing" || len(c.gaps)+c.unknown+c.stale == 0 {
		return text
	}
	return "nothing, as far as is known"
}
