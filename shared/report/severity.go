package report

import (
	"cmp"
	"slices"
	"strings"

	"quickstep/shared/sanitize"
)

// severities from the worst; others follow by name.
var severities = []string{
	"Critical", "Important", "High", "Required", "Moderate", "Medium", "Standard", "Low",
	"Optional", "Extra", "Unspecified", "None", "",
}

func severityRank(severity string) int {
	n := slices.IndexFunc(severities, func(s string) bool { return strings.EqualFold(s, severity) })
	if n < 0 {
		return len(severities)
	}
	return n
}

// spelledSeverity is a severity as it is spelled here, whatever the case in which a system writes
// it.
func spelledSeverity(severity string) string {
	severity = sanitize.Middle(sanitize.Text(severity), 40, " … ")
	if n := severityRank(severity); n < len(severities) {
		return severities[n]
	}
	return severity
}

// worse is the worse of two severities.
func worse(a, b string) string {
	if a == "" {
		return b
	}
	order := cmp.Or(cmp.Compare(severityRank(b), severityRank(a)), strings.Compare(b, a))
	if b != "" && order < 0 {
		return b
	}
	return a
}

// comparePatches sorts patches: the worst first, then by id and title.
func comparePatches(a, b Patch) int {
	return cmp.Or(
		cmp.Compare(severityRank(a.Severity), severityRank(b.Severity)),
		strings.Compare(a.Severity, b.Severity),
		strings.Compare(a.KB, b.KB),
		strings.Compare(a.Title, b.Title),
	)
}
