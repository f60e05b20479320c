package report

import (
	"slices"
	"strings"
	"time"

	"quickstep/shared/sanitize"
)

// Results are what the scans of a report have found.
type Results struct {
	catalog  Catalog
	opened   time.Time // of a second report: when the window was to open
	scans    []*Scan
	byID     map[string]*Scan
	observed map[string][]observation // by instance; of those alone that were read to their end
}

// observation is a patch as it was found on an instance.
type observation struct {
	*PatchSummary
	state     string
	installed Installation // of a second report: compared with the opening
}

// NewResults are those of a report that nothing was added to yet. Those of a first and a second
// report that are compared share a catalog.
func NewResults(catalog Catalog, r *Report) *Results {
	f := &Results{catalog: catalog, byID: map[string]*Scan{}, observed: map[string][]observation{}}
	if r.Phase == After {
		f.opened = r.Window.Opens
	}
	return f
}

// AddScan adds a scan; they come in the order of their ids, before their pages.
func (f *Results) AddScan(s *Scan) {
	s.sanitize()
	f.scans, f.byID[s.ID] = append(f.scans, s), s
	if s.Step == Done {
		f.observed[s.ID] = []observation{}
	}
}

// AddPage adds a page of an instance's patches. Those of a scan that began anew don't count.
func (f *Results) AddPage(instance string, restarts int, patches []Patch) {
	seen, ok := f.observed[instance]
	if !ok || restarts != f.byID[instance].Restarts {
		return
	}
	scan := f.byID[instance]
	for _, p := range patches {
		o := observation{PatchSummary: f.catalog.intern(p), state: sanitize.Text(p.State)}
		if !f.opened.IsZero() {
			o.installed = scan.installation(p, f.opened)
		}
		seen = append(seen, o)
	}
	f.observed[instance] = seen
}

// Catalog holds the one summary that stands for all patches that are the same, by their keys.
type Catalog map[string]*PatchSummary

// intern gives the one summary of a patch. A thousand instances say the same of it: what was said
// last needs no second look.
func (c Catalog) intern(p Patch) *PatchSummary {
	s := c[p.key()]
	if s == nil {
		s = &PatchSummary{
			Patch:      Patch{KB: sanitize.Text(p.KB), Title: sanitize.Text(p.Title)},
			ByCategory: map[string]int{},
		}
		if same := c[s.key()]; same != nil {
			s = same
		}
		c[s.key()], c[p.key()] = s, s
	}
	if p.Severity != s.Severity {
		s.Severity = worse(s.Severity, spelledSeverity(p.Severity))
	}
	if s.Classification == "" {
		s.Classification = sanitize.Text(p.Classification)
	}
	// Systems Manager names them only of what isn't installed.
	if p.CVEs != s.lastCVEs && p.CVEs != "" {
		s.lastCVEs, s.CVEs = p.CVEs, unionOfCVEs(s.CVEs, p.CVEs)
	}
	return s
}

// patches are all in the catalog, each once: one may stand under other keys as well (with a blank
// at the end, say).
func (c Catalog) patches() (all []*PatchSummary) {
	for key, s := range c {
		if key == s.key() {
			all = append(all, s)
		}
	}
	return all
}

// unionOfCVEs are those of both, each once, sorted.
func unionOfCVEs(a, b string) string {
	all := SplitCVEs(a)
	for _, cve := range SplitCVEs(b) {
		all = append(all, sanitize.Text(cve))
	}
	slices.Sort(all)
	return strings.Join(slices.Compact(all), ",")
}

// SplitCVEs are the CVEs of a patch, one by one.
func SplitCVEs(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
}
