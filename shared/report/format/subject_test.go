package format

import (
	"strings"
	"testing"
	"time"

	"quickstep/shared/notify"
	"quickstep/shared/report"
)

var opensAt = time.Date(2026, 1, 6, 14, 0, 0, 0, time.UTC)

// Whatever there is to say, a subject fits, also if it is sent again, and ends with the opening.
func TestASubjectKeepsGapsAndOpening(t *testing.T) {
	gaps := make([]string, 5000)
	names := []string{
		"web", "prod-eu-central-1-web-patches", strings.Repeat("patches-of-the-week.", 7)[:128], "żółw\n",
	}
	for _, name := range names {
		for _, parts := range []int{1, 857} {
			for n, c := range []*report.Content{
				{Gaps: gaps, Unknown: 123, Stale: 77},
				{Gaps: gaps, NotPatched: 512, Totals: map[string]int{
					report.IsInstalled: 1e6, report.IsFailed: 12345, report.IsMissing: 54321,
					report.IsPending: 99999, report.IsNotAnnounced: 1234,
				}},
				{Unknown: 1},
			} {
				c.Report = &report.Report{
					Phase:  []string{report.Before, report.After, report.Before}[n],
					States: []string{report.Missing, report.Failed},
					Window: &report.Opening{ID: "mw-1", Name: name, Opens: opensAt},
				}
				c.Instances = make([]report.Instance, 9999)
				for k := range c.Instances {
					c.Instances[k] = report.Instance{Scan: &report.Scan{}}
				}
				m := Split(c, nil)
				m.parts = make([]*part, parts)
				got := (&part{Messages: m, number: parts}).subject()
				end := []string{" opens 2026-01-06T14:00Z", " closed", " opens 2026-01-06T14:00Z"}[n]
				if len(notify.Repeated+got) > 99 || !strings.HasSuffix(got, end) ||
					strings.ContainsFunc(got, func(r rune) bool { return r < ' ' || r > '~' }) {
					t.Errorf("%d characters: %q", len(got), got)
				}
				if len(c.Gaps) > 0 && !strings.Contains(got, ": 5000 GAPS") {
					t.Errorf("it has lost its gaps: %q", got)
				}
			}
		}
	}
}
