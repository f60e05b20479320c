package report

// categorize puts each patch of an instance into its category. Compared with what a first report
// announced, what was installed then already, or before the window was to open, is none of the
// window's.
func (c *Content) categorize(
	i *Instance, now, announced []observation,
) (all []Finding, sawInstall bool) {
	if i.NotCompared != "" || c.Report.First == "" {
		announced = nil
	}
	was, renamed := match(now, announced)
	compared := i.NotCompared == "" && c.Report.First != ""
	seen := map[*PatchSummary]bool{}
	for _, o := range now {
		before := was[o.PatchSummary]
		if old := renamed[o.PatchSummary]; old != nil && o.Title == "" {
			// the old one says more of the same
			before, o.PatchSummary = was[old], old
		} else if old != nil {
			before, seen[old] = was[old], true
		}
		as := c.change(o, before, compared)
		if !seen[o.PatchSummary] && as != "" { // SSM's pages may overlap if a scan comes in between
			all = append(all, Finding{o.PatchSummary, as})
		}
		sawInstall = sawInstall || o.installed == SinceOpening || as == IsUndetermined
		seen[o.PatchSummary] = true
	}
	for _, o := range announced {
		before := was[o.PatchSummary]
		if i.Managed && i.LastState() != nil && !seen[o.PatchSummary] &&
			before != IsPending && before != IsInstalled {
			seen[o.PatchSummary] = true
			all = append(all, Finding{o.PatchSummary, IsNotListed})
		}
	}
	return all, sawInstall
}

// change is what came of a patch: its category; empty if it is none of the report's. What waited
// for a reboot at the first report was installed then.
func (c *Content) change(o observation, before string, compared bool) string {
	as := category(o.state)
	switch {
	case c.Report.Phase != After:
	case as == IsPending && before == IsPending:
		return IsStillPending
	case as == IsPending && o.installed == BeforeOpening:
		return IsPendingBefore
	case as != IsInstalled:
	case before == IsInstalled:
		return ""
	case o.installed == SinceOpening && before == "" && compared:
		return IsNotAnnounced
	case o.installed == SinceOpening:
	case before == IsPending:
		return IsInstalledBefore
	case before == "" && o.installed != OnTheDay: // any system is full of such patches
		return ""
	case o.installed == BeforeOpening:
		return IsInstalledBefore
	default:
		return IsUndetermined
	}
	return as
}

// match is how each patch of an instance was announced, by category, and of those that now go by
// another title, as what. Systems Manager may tell the title of an installed patch differently, or
// not at all: its id is the same.
func match(now, announced []observation) (
	was map[*PatchSummary]string, renamed map[*PatchSummary]*PatchSummary,
) {
	was, renamed = map[*PatchSummary]string{}, map[*PatchSummary]*PatchSummary{}
	for _, o := range announced {
		was[o.PatchSummary] = category(o.state)
	}
	if len(announced) == 0 {
		return was, renamed
	}
	nowByKB, thenByKB := byKB(now), byKB(announced)
	taken := map[*PatchSummary]bool{}
	for _, o := range now {
		taken[o.PatchSummary] = true
	}
	for _, o := range now {
		if _, same := was[o.PatchSummary]; same || o.KB == "" || renamed[o.PatchSummary] != nil {
			continue
		}
		for _, old := range thenByKB[o.KB] {
			alone := len(thenByKB[o.KB]) == 1 && len(nowByKB[o.KB]) == 1
			if !taken[old] && (alone || o.Title == "" || old.Title == "") {
				renamed[o.PatchSummary], taken[old] = old, true
				break
			}
		}
	}
	return was, renamed
}

// byKB are the patches of an instance by their ids, each title once.
func byKB(observed []observation) map[string][]*PatchSummary {
	of, seen := map[string][]*PatchSummary{}, map[*PatchSummary]bool{}
	for _, o := range observed {
		if !seen[o.PatchSummary] {
			seen[o.PatchSummary] = true
			of[o.KB] = append(of[o.KB], o.PatchSummary)
		}
	}
	return of
}

// notComparable is why an instance can't be compared with what a first report has found; empty if
// it can.
func (f *Results) notComparable(id string) string {
	switch s := f.byID[id]; {
	case s == nil:
		return "it wasn't in the first report"
	case s.Step != Done:
		return "the first report couldn't read it"
	case !s.Managed:
		return "Systems Manager didn't manage it when the first report was made"
	case s.LastState() == nil:
		return "it had never been scanned when the first report was made"
	}
	return ""
}
