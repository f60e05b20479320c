package report

import (
	"fmt"
	"strings"
)

// labelPatches gives each patch a name that no other has, by which lists refer to it: its id if it
// is the only patch with that id, else what tells it from the others, and in the end a number.
func (c *Content) labelPatches() {
	titles, labels := map[string]int{}, map[string]int{}
	for _, p := range c.Patches {
		titles[p.KB]++
	}
	for _, p := range c.Patches {
		p.Label = p.shortName(titles[p.KB] == 1)
		labels[p.Label]++
	}
	used := map[string]bool{}
	for _, p := range c.Patches {
		if labels[p.Label] > 1 {
			p.Label = p.longName()
		}
		for n, label := 2, p.Label; used[p.Label]; n++ {
			p.Label = fmt.Sprintf("%s #%d", label, n)
		}
		used[p.Label] = true
	}
}

// shortName is a patch's id, or, where several share that (a package in two versions), its title,
// with the id unless the title holds it, as in most systems.
func (p Patch) shortName(onlyOfItsID bool) string {
	switch {
	case p.KB == "" && p.Title == "":
		return "(no name)"
	case p.KB != "" && (onlyOfItsID || p.Title == ""):
		return p.KB
	case strings.Contains(p.Title, p.KB):
		return p.Title
	}
	return p.KB + " " + p.Title
}

// longName also says what a patch lacks of its name.
func (p Patch) longName() string {
	switch {
	case p.KB == "" && p.Title == "":
		return "(no name)"
	case p.KB == "":
		return p.Title + " (no id)"
	case p.Title == "":
		return p.KB + " (no title)"
	case strings.Contains(p.Title, p.KB):
		return p.Title
	}
	return p.KB + " " + p.Title
}
