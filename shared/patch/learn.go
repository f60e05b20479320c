package patch

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"quickstep/shared/sanitize"
)

// tidy makes all that a scan has from others fit to stand in a line.
func (s *Scan) tidy() {
	all := []*string{&s.Name, &s.Platform, &s.State, &s.Position.Reason}
	if s.Patched != nil {
		all = append(all, &s.Patched.Baseline, &s.Patched.Group, &s.Patched.Snapshot, &s.Patched.Operation)
	}
	for _, field := range all {
		*field = sanitize.Text(*field)
	}
}

// learn gives the one patch that stands for all that are the same. A thousand instances tell the
// same of it: what was told last needs no second look.
func learn(known map[string]*counted, p Patch) *counted {
	k := known[p.key()]
	if k == nil {
		k = &counted{Patch: Patch{KB: sanitize.Text(p.KB), Title: sanitize.Text(p.Title)}, counts: map[string]int{}}
		same := known[k.key()]
		if same != nil {
			k = same
		}
		known[k.key()], known[p.key()] = k, k
	}
	if p.Severity != k.Severity {
		k.Severity = worse(k.Severity, severe(p.Severity))
	}
	if k.Classification == "" {
		k.Classification = sanitize.Text(p.Classification)
	}
	if p.CVEs != k.raw && p.CVEs != "" { // Systems Manager names them only of what isn't installed
		k.raw, k.CVEs = p.CVEs, union(k.CVEs, p.CVEs)
	}
	return k
}

// key is what makes a patch the same on two instances.
func (p Patch) key() string { return p.KB + "\x00" + p.Title }

// since says that a patch was installed after a time. Some systems know only the day of an installation.
func (p Patch) since(t time.Time) bool {
	const day = 24 * time.Hour
	if p.Installed.Equal(p.Installed.Truncate(day)) {
		t = t.Truncate(day)
	}
	return !p.Installed.IsZero() && !p.Installed.Before(t)
}

// union are the CVEs of both, each once, sorted.
func union(a, b string) string {
	all := cves(a)
	for _, cve := range cves(b) {
		all = append(all, sanitize.Text(cve))
	}
	slices.Sort(all)
	return strings.Join(slices.Compact(all), ",")
}

func cves(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
}

// severities from the worst; others follow by name.
var worst = []string{
	"Critical", "Important", "High", "Required", "Moderate", "Medium", "Standard", "Low",
	"Optional", "Extra", "Unspecified", "None", "",
}

func rank(severity string) int {
	n := slices.IndexFunc(worst, func(w string) bool { return strings.EqualFold(w, severity) })
	if n < 0 {
		return len(worst)
	}
	return n
}

// severe is a severity as it is spelled here, whatever the case in which a system writes it.
func severe(severity string) string {
	severity = sanitize.Middle(sanitize.Text(severity), 40, " … ")
	if n := rank(severity); n < len(worst) {
		return worst[n]
	}
	return severity
}

func worse(a, b string) string {
	if a == "" || (b != "" && cmp.Or(cmp.Compare(rank(b), rank(a)), strings.Compare(b, a)) < 0) {
		return b
	}
	return a
}

// compare sorts patches: the worst first, then by id and title.
func compare(a, b Patch) int {
	return cmp.Or(
		cmp.Compare(rank(a.Severity), rank(b.Severity)),
		strings.Compare(a.Severity, b.Severity),
		strings.Compare(a.KB, b.KB),
		strings.Compare(a.Title, b.Title),
	)
}
