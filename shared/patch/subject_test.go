package patch

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"quickstep/shared/notify"
)

var opensAt = time.Date(2026, 1, 6, 14, 0, 0, 0, time.UTC)

// Whatever there is to say, a subject fits, also if it is sent again, and ends with the opening.
func TestASubjectKeepsGapsAndOpening(t *testing.T) {
	gaps := make([]string, 5000)
	for _, name := range []string{"web", "prod-eu-central-1-web-patches", strings.Repeat("patches-of-the-week.", 7)[:128], "żółw\n"} {
		for _, parts := range []int{1, 857} {
			for n, c := range []*content{
				{gaps: gaps, unknown: 123, stale: 77},
				{gaps: gaps, totals: map[string]int{isInstalled: 1e6, isFailed: 12345, isMissing: 54321, isPending: 99999, isSurprise: 1234}, unheard: 512},
				{unknown: 1},
			} {
				c.Report = &Report{
					Phase:  []string{Before, After, Before}[n],
					States: []string{Missing, Failed},
					Window: &Opening{ID: "mw-1", Name: name, Opens: opensAt},
				}
				c.instances = make([]instance, 9999)
				for k := range c.instances {
					c.instances[k] = instance{Scan: &Scan{}}
				}
				c.verdicts = [2][]string{c.verdict(false), c.verdict(true)}
				got := (&part{content: c, number: parts, of: parts}).subject()
				end := []string{" opens 2026-01-06T14:00Z", " closed", " opens 2026-01-06T14:00Z"}[n]
				if len(notify.Repeated+got) > 99 || !strings.HasSuffix(got, end) ||
					strings.ContainsFunc(got, func(r rune) bool { return r < ' ' || r > '~' }) {
					t.Errorf("%d characters: %q", len(got), got)
				}
				if len(c.gaps) > 0 && !strings.Contains(got, ": 5000 GAPS") {
					t.Errorf("it has lost its gaps: %q", got)
				}
			}
		}
	}
}

// Each case is what a report has found, and what its subject says of it.
func TestAVerdictSaysOfHowManyItIsKnown(t *testing.T) {
	clean, old := instance{
		Scan: &Scan{Patched: &State{Ended: opensAt}},
	}, instance{
		Scan:  &Scan{Patched: &State{Ended: opensAt}},
		flags: []string{"stale"},
	}
	clean.Managed, old.Managed = true, true
	gap, lost := instance{Scan: &Scan{}}, instance{Scan: &Scan{}, flags: []string{"notManaged"}}
	gap.Step = Unread
	some := func(all ...any) (is []instance) {
		for n := 0; n < len(all); n += 2 {
			for range all[n].(int) {
				is = append(is, all[n+1].(instance))
			}
		}
		return is
	}
	for _, c := range []struct {
		instances []instance
		states    []string
		want      string
	}{
		{some(10, clean), nil, "nothing to install on 10 instances"},
		{some(1, clean, 19, gap), nil, "19 GAPS, nothing to install on 1 of 20 instances"},
		{some(3, old), nil, "nothing known for sure of 3 instances, 3 scans too old"},
		{some(2, clean, 1, old, 1, lost), nil, "nothing to install on 2 of 4 instances, 1 not known, 1 scan too old"},
		{some(2, lost, 1, gap), nil, "1 GAP, nothing known of 3 instances"},
		{some(2, clean), []string{Installed}, "nothing Installed on 2 instances"},
		{some(2, clean), []string{Installed, InstalledOther, NotApplicable}, "nothing in the states asked for on 2 instances"},
		{nil, nil, "no instance to patch"},
	} {
		k := &content{
			Report:    &Report{States: append([]string{}, c.states...)},
			instances: c.instances,
			totals:    map[string]int{},
		}
		if c.states == nil {
			k.States = []string{Failed, Missing}
		}
		for n := range k.instances {
			i := &k.instances[n]
			switch {
			case i.Step == Unread:
				k.gaps = append(k.gaps, fmt.Sprint(n))
			case i.unsure():
				k.unknown++
			case len(i.flags) > 0:
				k.stale++
			}
		}
		if got := strings.Join(k.verdict(false), ", "); got != c.want {
			t.Errorf("it says %q, want %q", got, c.want)
		}
	}
}
