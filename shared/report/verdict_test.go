package report_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"quickstep/shared/report"
)

var opensAt = time.Date(2026, 1, 6, 14, 0, 0, 0, time.UTC)

// Each case is what a report has found, and what its subject says of it.
func TestAVerdictSaysOfHowManyItIsKnown(t *testing.T) {
	scanned := &report.State{Ended: opensAt}
	clean := report.Instance{Scan: &report.Scan{Patched: scanned, Node: report.Node{Managed: true}}}
	old := report.Instance{Scan: clean.Scan, Flags: []string{report.FlagStale}}
	gap := report.Instance{Scan: &report.Scan{}}
	gap.Step = report.Unread
	lost := report.Instance{Scan: &report.Scan{}, Flags: []string{report.FlagNotManaged}}
	some := func(all ...any) (instances []report.Instance) {
		for n := 0; n < len(all); n += 2 {
			for range all[n].(int) {
				instances = append(instances, all[n+1].(report.Instance))
			}
		}
		return instances
	}
	for _, c := range []struct {
		instances []report.Instance
		states    []string
		want      string
	}{
		{some(10, clean), nil, "nothing to install on 10 instances"},
		{some(1, clean, 19, gap), nil, "19 GAPS, nothing to install on 1 of 20 instances"},
		{some(3, old), nil, "nothing known for sure of 3 instances, 3 scans too old"},
		{some(2, clean, 1, old, 1, lost), nil, "nothing to install on 2 of 4 instances, 1 not known, 1 scan too old"},
		{some(2, lost, 1, gap), nil, "1 GAP, nothing known of 3 instances"},
		{some(2, clean), []string{report.Installed}, "nothing Installed on 2 instances"},
		{some(2, clean), []string{report.Installed, report.InstalledOther, report.NotApplicable},
			"nothing in the states asked for on 2 instances"},
		{nil, nil, "no instance to patch"},
	} {
		k := &report.Content{Report: &report.Report{States: c.states}, Instances: c.instances}
		if c.states == nil {
			k.Report.States = []string{report.Failed, report.Missing}
		}
		for n := range k.Instances {
			i := &k.Instances[n]
			switch {
			case i.Step == report.Unread:
				k.Gaps = append(k.Gaps, fmt.Sprint(n))
			case i.Unknown():
				k.Unknown++
			case len(i.Flags) > 0:
				k.Stale++
			}
		}
		if got := strings.Join(k.Verdict(false), ", "); got != c.want {
			t.Errorf("it says %q, want %q", got, c.want)
		}
	}
}
