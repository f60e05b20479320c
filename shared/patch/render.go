package patch

import (
	"fmt"
	"slices"
	"strings"

	"quickstep/shared/notify"
)

// section is a part of a report's text; its rows are those of the JSON form.
type section struct{ title, rows string }

var (
	gapSection      = section{"Not read", "gaps"}
	flagSection     = section{"Look at these", ""}
	severitySection = section{"By severity (missing or failed)", ""}
	patchSection    = section{"By patch", "patches"}
	instanceSection = section{"By instance", "instances"}
	listSection     = section{"Lists of patches", "lists"}
	rebootSection   = section{"Need a reboot", "reboots"}
)

// unit is what is never torn apart: some lines of text, and a row.
type unit struct {
	section section
	text    string
	row     []byte
	size    int // what it takes of a message
}

func newUnit(s section, text string, row any) unit {
	u := unit{section: s, text: text}
	if row != nil {
		u.row = encode(row)
	}
	u.size = length(u.text, u.row)
	return u
}

// wide is where the text wraps, in characters.
const wide = 110

// units are all of a report below its head. They are made once, for the bucket and for the messages.
func units(c *content, stack string) (all []unit) {
	for _, i := range c.instances {
		if i.Step == Unread {
			all = append(all, c.gap(i))
		}
	}
	for _, f := range c.flags {
		all = append(all, newUnit(flagSection, wrap("", f), nil))
	}
	for _, s := range c.severities {
		text := fmt.Sprintf("%-12s %s on %s\n", orNone(s.Severity),
			count(s.Patches, "patch", "es"), count(s.Instances, "instance", "s"))
		all = append(all, newUnit(severitySection, text, nil))
	}
	for _, p := range c.patches {
		all = append(all, p.units()...)
	}
	for _, i := range c.instances {
		if i.Step != Unread {
			all = append(all, c.instance(i))
		}
	}
	for _, l := range c.lists {
		all = append(all, l.units()...)
	}
	return append(all, c.reboots(stack)...)
}

func (c *content) gap(i instance) unit {
	text := wrap(i.label()+": ", i.Position.Reason)
	if len(i.flags) > 0 {
		text += wrap("    ", explain(c, &i))
	}
	return newUnit(gapSection, text+c.scan(i), gapRow{i.ID, i.Name, i.Position.Reason, i.flags, i.scan()})
}

// units are a patch, its CVEs a piece at a time.
func (p *counted) units() (all []unit) {
	text := fmt.Sprintf("%-12s %s", orNone(p.Severity), p.name)
	if !strings.Contains(p.name, p.Title) {
		text += "  " + p.Title
	}
	if p.Classification != "" {
		text += "  (" + p.Classification + ")"
	}
	text += "\n             on " + count(p.instances, "instance", "s")
	if c := used(p.counts); len(c) > 1 || c[0] != isMissing {
		text += ": " + tallied(p.counts)
	}
	text += "\n"
	row := patchRow{p.name, p.KB, p.Title, p.Classification, p.Severity, 1, "", p.instances, p.counts}
	for some := range pieces(cves(p.CVEs), named) {
		row.CVEs = strings.Join(some, ",")
		all = append(all, newUnit(patchSection, text+wrap("             ", strings.Join(some, ", ")), row))
		row.Piece++
		text = fmt.Sprintf("%-12s %s, more:\n", orNone(p.Severity), p.name)
	}
	if len(all) == 0 {
		return []unit{newUnit(patchSection, text, row)}
	}
	return all
}

func (c *content) instance(i instance) unit {
	row := instanceRow{i.ID, i.Name, i.Platform, i.counts, i.list, i.flags, i.scan()}
	text := i.label() + "\n"
	switch {
	case i.list != "":
		text += "    " + tallied(i.counts) + ": list " + i.list + "\n"
	case slices.Contains(i.flags, "stale"):
		text += "    nothing, when it was scanned\n"
	case !i.unsure():
		text += "    nothing\n"
	}
	if len(i.flags) > 0 {
		text += wrap("    ", explain(c, &i))
	}
	return newUnit(instanceSection, text+c.scan(i), row)
}

// scan is the patch state of an instance in words, if it has one.
func (c *content) scan(i instance) string {
	if !i.scanned() {
		return ""
	}
	return wrap("    ", fmt.Sprintf("baseline %s, %s %s (%s ago)", i.Patched.Baseline,
		strings.ToLower(i.Patched.Operation), notify.Time(i.Patched.Ended), span(c.age(&i))))
}

// units are a list's findings, a piece at a time.
func (l *list) units() (all []unit) {
	for some := range pieces(l.findings, func(f finding) int { return named(f.name) }) {
		row := listRow{List: l.name, Piece: len(all) + 1, Instances: l.instances, Patches: map[string][]string{}}
		counts := map[string]int{}
		for _, f := range some {
			row.Patches[f.as] = append(row.Patches[f.as], f.name)
			counts[f.as]++
		}
		text := fmt.Sprintf("%s, %s:\n", l.name, count(l.instances, "instance", "s"))
		if row.Piece > 1 {
			text = l.name + ", more:\n"
		}
		for _, as := range used(counts) {
			text += wrap("    "+spoken(as)+": ", strings.Join(row.Patches[as], ", "))
		}
		all = append(all, newUnit(listSection, text, row))
	}
	return all
}

// wrap breaks a text at blanks, so that lines are no wider than wide; those after the first are
// indented as far as the first one's head.
func wrap(head, text string) string {
	var b strings.Builder
	indent := strings.Repeat(" ", min(len(head), 14))
	line := head
	for n, word := range strings.Fields(text) {
		if n > 0 && len(line)+1+len(word) > wide {
			b.WriteString(strings.TrimRight(line, " ") + "\n")
			line = indent
		} else if n > 0 {
			line += " "
		}
		line += word
	}
	b.WriteString(strings.TrimRight(line, " ") + "\n")
	return b.String()
}
