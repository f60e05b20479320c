package patch

import (
	"fmt"
	"strings"
)

// name gives each patch a name that no other has, by which lists refer to it: its id if it is the
// only patch with that id, else what tells it from the others, and in the end a number.
func (c *content) name() {
	titles, names := map[string]int{}, map[string]int{}
	for _, p := range c.patches {
		titles[p.KB]++
	}
	for _, p := range c.patches {
		p.name = p.called(titles[p.KB] == 1)
		names[p.name]++
	}
	used := map[string]bool{}
	for _, p := range c.patches {
		if names[p.name] > 1 {
			p.name = p.spelled()
		}
		for n, name := 2, p.name; used[p.name]; n++ {
			p.name = fmt.Sprintf("%s #%d", name, n)
		}
		used[p.name] = true
	}
}

// called is a patch's short name: its id, or, where several share that (a package in two versions),
// its title, with the id unless the title holds it, as in most systems.
func (p Patch) called(alone bool) string {
	switch {
	case p.KB == "" && p.Title == "":
		return "(no name)"
	case p.KB != "" && (alone || p.Title == ""):
		return p.KB
	case strings.Contains(p.Title, p.KB):
		return p.Title
	}
	return p.KB + " " + p.Title
}

// spelled is its long name, which also says what it lacks.
func (p Patch) spelled() string {
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

// label is an instance's id, with its name if it has one.
func (s *Scan) label() string {
	if s.Name == "" {
		return s.ID
	}
	return s.ID + " (" + s.Name + ")"
}
