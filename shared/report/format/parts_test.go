package format

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"quickstep/shared/notify"
	"quickstep/shared/report"
)

func TestChunksHoldAllInOrder(t *testing.T) {
	for _, c := range []struct {
		name  string
		sizes []int
		want  string
	}{
		{"nothing", nil, "[]"},
		{"all that fits", []int{maxUnit / 2, maxUnit / 2}, "[2]"},
		{"one byte too much", []int{maxUnit / 2, maxUnit/2 + 1}, "[1 1]"},
		{"one that is too large by itself", []int{1, maxUnit + 1, 1}, "[1 1 1]"},
		{"many small ones", slices.Repeat([]int{maxUnit / 10}, 25), "[10 10 5]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			lengths, all := []int{}, []int(nil)
			for some := range chunks(c.sizes, func(size int) int { return size }) {
				lengths, all = append(lengths, len(some)), append(all, some...)
			}
			if got := fmt.Sprint(lengths); got != c.want || !slices.Equal(all, c.sizes) {
				t.Errorf("the chunks are %s, want %s", got, c.want)
			}
		})
	}
}

// aContent is a report that lacks n patches, each on one instance of its own; some can't be read.
func aContent(n, gaps int) *report.Content {
	c := &report.Content{Report: aReport(report.Before, true), Totals: map[string]int{}}
	for k := range n {
		s := &report.Scan{Node: report.Node{ID: fmt.Sprintf("i-%017x", k), Managed: true, Online: true}}
		p := &report.PatchSummary{
			Patch: report.Patch{KB: fmt.Sprint("KB", k), Title: strings.Repeat(`"x" `, 20)},
			Label: fmt.Sprint("KB", k), ByCategory: map[string]int{report.IsMissing: 1}, Instances: 1,
		}
		f := []report.Finding{{PatchSummary: p, Category: report.IsMissing}}
		list := fmt.Sprint("L", k+1)
		c.Patches = append(c.Patches, p)
		c.Lists = append(c.Lists, report.PatchList{Label: list, Instances: 1, Findings: f})
		c.Instances = append(c.Instances, report.Instance{
			Scan: s, Findings: f, List: list, ByCategory: p.ByCategory,
		})
		c.Totals[report.IsMissing]++
	}
	for k := range gaps {
		s := &report.Scan{Node: report.Node{ID: fmt.Sprintf("i-f%016x", k)}}
		s.Step, s.Position.Reason = report.Unread, "AccessDenied"
		c.Instances = append(c.Instances, report.Instance{Scan: s})
		c.Gaps = append(c.Gaps, s.ID)
	}
	return c
}

// TestPartsHoldEveryRowOnce: none is larger than a message can be, and each says which it is.
func TestPartsHoldEveryRowOnce(t *testing.T) {
	for _, c := range []struct{ patches, gaps, parts int }{
		{0, 0, 1}, {1, 1, 1}, {100, 0, 1}, {1500, 3, 5},
	} {
		t.Run(fmt.Sprintf("%d patches, %d gaps", c.patches, c.gaps), func(t *testing.T) {
			content := aContent(c.patches, c.gaps)
			m := Split(content, Units(content, "stack"))
			if m.Parts() != c.parts || m.Total() != c.parts+min(c.gaps, 1) || m.Mail(m.Total()) != nil {
				t.Errorf("%d parts of %d messages, want %d", m.Parts(), m.Total(), c.parts)
			}
			rows := map[string]int{}
			for n := range m.Parts() {
				mail := m.Mail(n)
				var d document
				if err := json.Unmarshal([]byte(mail.JSON), &d); err != nil {
					t.Fatal(err)
				}
				if size := len(encode(mail.Text)) + len(encode(mail.JSON)); size > notify.MaxAnnouncement {
					t.Errorf("part %d has %d bytes", n+1, size)
				}
				said := strings.HasPrefix(mail.Text, fmt.Sprintf("Part %d of %d.\n", n+1, c.parts))
				if d.Part != n+1 || d.Parts != c.parts || said != (c.parts > 1) {
					t.Errorf("part %d says %d of %d: %.40q", n+1, d.Part, d.Parts, mail.Text)
				}
				for section, some := range d.Rows {
					rows[section] += len(some)
				}
			}
			for section, want := range map[string]int{
				"patches": c.patches, "instances": c.patches, "lists": c.patches, "gaps": c.gaps,
			} {
				if rows[section] != want {
					t.Errorf("%d %s, want %d", rows[section], section, want)
				}
			}
			if c.gaps > 0 && m.Mail(c.parts).JSON != "" {
				t.Error("what the alarm topic gets has a form for machines")
			}
		})
	}
}

func TestAMessageIsTheSameWhenItIsUnpacked(t *testing.T) {
	content := aContent(2, 1)
	m := Split(content, Units(content, ""))
	for n := range m.Total() {
		want, got := m.Mail(n), &Mail{}
		text, err := json.Marshal(want)
		if err == nil {
			err = json.Unmarshal(text, got)
		}
		if err != nil || got.Subject != want.Subject || got.Text != want.Text || got.JSON != want.JSON {
			t.Errorf("message %d became %+v, %v", n, got, err)
		}
	}
}

func TestTheFingerprintTellsContentsApart(t *testing.T) {
	print := func(change func(*report.Content)) string {
		c := aContent(3, 0)
		change(c)
		return Split(c, Units(c, "")).Fingerprint()
	}
	same := print(func(*report.Content) {})
	if again := print(func(*report.Content) {}); again != same {
		t.Errorf("the same contents have the fingerprints %s and %s", same, again)
	}
	for name, change := range map[string]func(*report.Content){
		"a severity": func(c *report.Content) { c.Patches[1].Severity = "Critical" },
		"a platform": func(c *report.Content) { c.Instances[0].Platform = "Ubuntu" },
		"a remark":   func(c *report.Content) { c.Report.Remarks = []string{"a remark"} },
		"a flag":     func(c *report.Content) { c.Instances[0].Flags = []string{report.FlagOffline} },
		"an opening": func(c *report.Content) { c.Report.Window.Opens = opensAt.AddDate(0, 0, 1) },
	} {
		if print(change) == same {
			t.Errorf("%s changes nothing", name)
		}
	}
}
