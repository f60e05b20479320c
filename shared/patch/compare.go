package patch

import "strings"

// findings puts each patch of an instance into its category. Compared with what a first report
// announced, what was installed then already, or before the window was to open, is none of the
// window's.
func (c *content) findings(i *instance, patches, announced []read) (all []finding, installed bool) {
	if i.apart != "" || c.First == "" {
		announced = nil
	}
	was, other := announcedAs(patches, announced)
	compared := i.apart == "" && c.First != ""
	seen := map[*counted]bool{}
	for _, p := range patches {
		before := was[p.counted]
		if o := other[p.counted]; o != nil && p.Title == "" { // the other says more of the same
			before, p.counted = was[o], o
		} else if o != nil {
			before, seen[o] = was[o], true
		}
		as := c.came(p, before, compared)
		if !seen[p.counted] && as != "" { // SSM's pages may overlap if a scan comes in between
			all = append(all, finding{p.counted, as})
		}
		installed = installed || p.since || (!p.dated && compared && before != "" && as == isInstalled)
		seen[p.counted] = true
	}
	for _, p := range announced {
		before := was[p.counted]
		if i.Managed && i.scanned() && !seen[p.counted] && before != isPending && before != isInstalled {
			seen[p.counted] = true
			all = append(all, finding{p.counted, isUnlisted})
		}
	}
	return all, installed
}

// came is what came of a patch: its category.
func (c *content) came(p read, before string, compared bool) string {
	as := category(p.state)
	switch {
	case c.Phase != After:
	case as == isInstalled && before == isInstalled:
		return ""
	case as == isInstalled && before == "" && !p.since:
		return ""
	case as == isInstalled && before == "" && compared:
		return isSurprise
	case as == isPending && before == isPending:
		return isStill
	}
	return as
}

// announcedAs is how each patch of an instance was announced, by category, and of those that now go
// by another title, as what. Systems Manager may tell the title of an installed patch differently,
// or not at all: its id is the same.
func announcedAs(patches, announced []read) (was map[*counted]string, other map[*counted]*counted) {
	was, other = map[*counted]string{}, map[*counted]*counted{}
	for _, p := range announced {
		was[p.counted] = category(p.state)
	}
	if len(announced) == 0 {
		return was, other
	}
	now, then := byKB(patches), byKB(announced)
	taken := map[*counted]bool{}
	for _, p := range patches {
		taken[p.counted] = true
	}
	for _, p := range patches {
		if _, same := was[p.counted]; same || p.KB == "" || other[p.counted] != nil {
			continue
		}
		for _, a := range then[p.KB] {
			alone := len(then[p.KB]) == 1 && len(now[p.KB]) == 1
			if !taken[a] && (alone || p.Title == "" || a.Title == "") {
				other[p.counted], taken[a] = a, true
				break
			}
		}
	}
	return was, other
}

// byKB are the patches of an instance by their ids, each title once.
func byKB(all []read) map[string][]*counted {
	of, seen := map[string][]*counted{}, map[*counted]bool{}
	for _, p := range all {
		if !seen[p.counted] {
			seen[p.counted] = true
			of[p.KB] = append(of[p.KB], p.counted)
		}
	}
	return of
}

// category is how a state is told; one that a report doesn't ask for of itself goes by its own name.
func category(state string) string {
	switch state {
	case Missing:
		return isMissing
	case Failed:
		return isFailed
	case InstalledPendingReboot:
		return isPending
	case Installed, InstalledOther, InstalledRejected:
		return isInstalled
	}
	return strings.ToLower(state[:min(1, len(state))]) + state[min(1, len(state)):]
}

// apart is why an instance can't be compared with what a first report has found; empty if it can.
func (f found) apart(id string) string {
	switch s := f.of[id]; {
	case s == nil:
		return "it wasn't in the first report"
	case s.Step != Done:
		return "the first report couldn't read it"
	case !s.Managed:
		return "Systems Manager didn't manage it when the first report was made"
	case !s.scanned():
		return "it had never been scanned when the first report was made"
	}
	return ""
}
