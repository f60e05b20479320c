package report

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"time"
)

// tally counts what was found, in every way in which it is reported. Which findings there are is known
// by now, and so is the severity of each patch.
func (c *Content) tally() {
	same := map[[sha256.Size]byte]int{} // instances' findings, to the list that holds them
	lacking := map[string]int{}         // instances that lack something, by severity
	for n := range c.Instances {
		i := &c.Instances[n]
		slices.SortFunc(i.Findings, func(a, b Finding) int {
			return comparePatches(a.Patch, b.Patch)
		})
		for severity := range c.tallyFindings(i) {
			lacking[severity]++
		}
		c.flag(i)
		c.noteScan(i)
		c.shareList(i, same)
	}
	c.noteNoInstall()
	c.noteUndetermined()
	c.Patches = slices.DeleteFunc(c.Patches, func(p *PatchSummary) bool { return p.Instances == 0 })
	slices.SortFunc(c.Patches, func(a, b *PatchSummary) int {
		return comparePatches(a.Patch, b.Patch)
	})
	c.labelPatches()
	c.tallySeverities(lacking)
}

// tallyFindings counts an instance's findings, and gives the severities of what it lacks.
func (c *Content) tallyFindings(i *Instance) map[string]bool {
	lacks := map[string]bool{}
	for _, f := range i.Findings {
		i.ByCategory[f.Category]++
		c.Totals[f.Category]++
		f.PatchSummary.ByCategory[f.Category]++
		f.PatchSummary.Instances++
		if f.Category == IsMissing || f.Category == IsFailed {
			lacks[f.Severity] = true
		}
	}
	return lacks
}

// noteScan notes the oldest scan. An installation looks for patches as well, and lists none as
// missing.
func (c *Content) noteScan(i *Instance) {
	last := i.LastState()
	if last != nil && last.Operation != "Install" &&
		(c.OldestScan.IsZero() || last.Ended.Before(c.OldestScan)) {
		c.OldestScan = last.Ended
	}
}

// noteUndetermined says why it can't be told of some patches whether the window has installed them.
func (c *Content) noteUndetermined() {
	if n := c.Totals[IsUndetermined]; n > 0 {
		remark := fmt.Sprintf("whether the window has made %d of these installations, or somebody "+
			"else before it opened, can't be told: Systems Manager knows the day of them at most", n)
		c.Report.Remarks = append(slices.Clone(c.Report.Remarks), remark)
	}
}

// noteNoInstall notes whether anything was installed since the window of a second report was to
// open. Of instances of which nothing is known, nobody can say.
func (c *Content) noteNoInstall() {
	if c.Report.Phase != After {
		return
	}
	opens := c.Report.Window.Opens
	installed := func(i Instance) bool {
		last := i.LastState()
		return i.sawInstall ||
			(last != nil && last.Operation == "Install" && !last.Ended.Before(opens))
	}
	known := func(i Instance) bool { return i.Step != Unread && !i.Unknown() }
	if slices.ContainsFunc(c.Instances, known) && !slices.ContainsFunc(c.Instances, installed) {
		c.NoInstall = true
		c.Report.Remarks = append(slices.Clone(c.Report.Remarks), c.Report.noInstallRemarks()...)
	}
}

// noInstallRemarks are what a second report says that saw no installation.
func (r *Report) noInstallRemarks() []string {
	remark := "no installation was seen since the window was to open (at " +
		r.Window.Opens.UTC().Format(time.RFC3339) + ")"
	if unseen(r.Tasks) {
		return []string{remark + ", and none could be: its document stores no patch states"}
	}
	if r.Execution == nil || r.Execution.Status == ExecutionNone {
		return []string{remark + "; the window may have been disabled, moved or deleted"}
	}
	return append([]string{remark}, r.Execution.Remarks(r.Tasks)...)
}

// unseen says that no task that installs leaves patch states.
func unseen(tasks []WindowTask) bool {
	installs := false
	for _, t := range tasks {
		if t.Does == DoesInstall && !documents[t.Document].stateless {
			return false
		}
		installs = installs || t.Does == DoesInstall
	}
	return installs
}

// shareList finds the list that holds an instance's findings, or makes it. Fleets are alike: a few
// lists serve thousands.
func (c *Content) shareList(i *Instance, same map[[sha256.Size]byte]int) {
	if len(i.Findings) == 0 {
		return
	}
	sum := sha256.New()
	for _, f := range i.Findings {
		fmt.Fprintf(sum, "%s\x00%s\x01", f.key(), f.Category)
	}
	key := [sha256.Size]byte(sum.Sum(nil))
	n, ok := same[key]
	if !ok {
		n = len(c.Lists)
		same[key] = n
		c.Lists = append(c.Lists, PatchList{Label: fmt.Sprintf("L%d", n+1), Findings: i.Findings})
	}
	c.Lists[n].Instances++
	i.List, i.Findings = c.Lists[n].Label, c.Lists[n].Findings
}

// tallySeverities counts the patches that some instance lacks.
func (c *Content) tallySeverities(instances map[string]int) {
	patches := map[string]int{}
	for _, p := range c.Patches {
		if p.ByCategory[IsMissing]+p.ByCategory[IsFailed] > 0 {
			patches[p.Severity]++
		}
	}
	for severity, n := range patches {
		c.Severities = append(c.Severities, SeverityCount{severity, n, instances[severity]})
	}
	slices.SortFunc(c.Severities, func(a, b SeverityCount) int {
		return comparePatches(Patch{Severity: a.Severity}, Patch{Severity: b.Severity})
	})
}
