package patch

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"quickstep/shared/run"
)

// section is a part of a report's text; its rows are those of the JSON form.
type section struct{ title, rows string }

var (
	gapSection      = section{"Not read", "gaps"}
	flagSection     = section{"Look at these", ""}
	severitySection = section{"By severity", ""}
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
}

const (
	// atOnce is how many names a unit of a list holds, how many CVEs one of a patch, and how many instances one of those that
	// need a reboot: far below what one message can hold.
	atOnce = 200
	// wide is where the text wraps, in characters.
	wide = 110
)

// units are all of a report below its head.
func units(c *content, stack string) (all []unit) {
	for _, i := range c.instances {
		if i.Step == Unread {
			all = append(all, unit{gapSection, wrap(i.label()+": ", i.Position.Reason), encode(gapRow{i.ID, i.Name, i.Position.Reason})})
		}
	}
	for _, f := range c.flags {
		all = append(all, unit{flagSection, wrap("", f), nil})
	}
	for _, s := range c.severities {
		all = append(all, unit{severitySection, fmt.Sprintf("%-12s %s on %s\n", orNone(s.Severity), count(s.Patches, "patch", "es"), count(s.Instances, "instance", "s")), nil})
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

// units are a patch, its CVEs a piece at a time.
func (p *counted) units() (all []unit) {
	text := fmt.Sprintf("%-12s %s", orNone(p.Severity), p.name)
	if p.Title != "" && p.Title != p.name {
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
	cves := strings.FieldsFunc(p.CVEs, func(r rune) bool { return r == ',' || r == ' ' })
	for piece := 1; piece == 1 || len(cves) > 0; piece++ {
		some := cves[:min(len(cves), atOnce)]
		cves = cves[len(some):]
		row := patchRow{p.name, p.KB, p.Title, p.Classification, p.Severity, piece, strings.Join(some, ","), p.instances, p.counts}
		if piece > 1 {
			text = fmt.Sprintf("%-12s %s, more:\n", orNone(p.Severity), p.name)
		}
		if len(some) > 0 {
			text += wrap("             ", strings.Join(some, ", "))
		}
		all = append(all, unit{patchSection, text, encode(row)})
	}
	return all
}

func (c *content) instance(i instance) unit {
	row := instanceRow{i.ID, i.Name, i.Platform, i.counts, i.list, i.flags, i.Patched}
	text := i.label() + "\n"
	if i.list != "" {
		text += "    " + tallied(i.counts) + ": list " + i.list + "\n"
	} else if len(i.flags) == 0 {
		text += "    nothing\n"
	}
	if len(i.flags) > 0 {
		text += wrap("    ", explain(c, &i))
	}
	if i.Patched != nil {
		text += fmt.Sprintf("    baseline %s, %s %s (%s ago)\n", i.Patched.Baseline, strings.ToLower(i.Patched.Operation), clock(i.Patched.Ended), span(c.age(&i)))
	}
	return unit{instanceSection, text, encode(row)}
}

// units are a list's findings, a piece at a time.
func (l *list) units() (all []unit) {
	for some := range slices.Chunk(l.findings, atOnce) {
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
		all = append(all, unit{listSection, text, encode(row)})
	}
	return all
}

var notInName = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// reboots are the instances that need one, and the events that start runs for them. Machines outside of EC2 can't be rebooted
// by a run.
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
	after := ""
	for some := range slices.Chunk(ours, atOnce) {
		event := encode(struct {
			Fleet string   `json:"fleet"`
			IDs   []string `json:"instanceIds"`
		}{fleet, some})
		text := count(len(some), "instance", "s") + ". To reboot them without downtime, " + after + "invoke the start function (" + orStart(stack) + ") with\n    " + string(event) + "\n"
		after = "once the run before has ended, "
		all = append(all, unit{rebootSection, text, encode(rebootRow{some, event})})
	}
	for some := range slices.Chunk(others, atOnce) {
		all = append(all, unit{rebootSection, wrap("outside of EC2, to be rebooted there: ", strings.Join(some, ", ")), encode(rebootRow{Instances: some})})
	}
	return all
}

func orStart(stack string) string {
	if stack == "" {
		return "start"
	}
	return stack + "-start"
}

func orNone(severity string) string {
	if severity == "" {
		return "(none)"
	}
	return severity
}

// spoken is a category in words.
func spoken(as string) string {
	switch as {
	case isPending:
		return "pending reboot"
	case isStill:
		return "pending reboot as before"
	case isUnlisted:
		return "announced and not listed any more"
	case isSurprise:
		return "installed without being announced"
	}
	return as
}

func count(n int, thing, more string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %s%s", n, thing, more)
}

func clock(t time.Time) string { return t.UTC().Format(time.RFC3339) }
func span(d time.Duration) string {
	if d >= 48*time.Hour {
		return fmt.Sprintf("%d days", int(d/(24*time.Hour)))
	}
	return run.Span(d.Truncate(time.Minute))
}

// wrap breaks a text at blanks, so that lines are no wider than wide; those after the first are indented as far as the first
// one's head.
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
