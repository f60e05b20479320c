package report

import "quickstep/shared/sanitize"

// Compile puts together what a report says of the results of its scans, and of those of the first
// report if it is a second one. Without any of the first there is nothing to compare with.
func Compile(r *Report, catalog Catalog, first, own *Results) *Content {
	says := *r // what the report says of itself may be more than the ledger does
	if w := r.Window; w != nil {
		window := *w
		window.Name, window.Zone = sanitize.Text(w.Name), sanitize.Text(w.Zone)
		says.Window = &window
	}
	if len(first.scans) == 0 {
		says.First = ""
	}
	c := &Content{Report: &says, Totals: map[string]int{}}
	c.addInstances(first, own)
	c.Patches = catalog.patches()
	c.tally()
	return c
}

// addInstances takes each instance as it is now, with what came of what a first report has found on
// it.
func (c *Content) addInstances(first, own *Results) {
	for _, s := range own.scans {
		i := Instance{Scan: s, ByCategory: map[string]int{}}
		if c.Report.First != "" {
			i.NotCompared = first.notComparable(s.ID)
		}
		if s.Step != Unread {
			i.listed = count(own.observed[s.ID])
			i.Findings, i.sawInstall = c.categorize(&i, own.observed[s.ID], first.observed[s.ID])
		}
		c.Instances = append(c.Instances, i)
	}
}
