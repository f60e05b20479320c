package reports

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"quickstep/shared/report"
)

// record is what the ledger keeps of a report.
type record struct {
	ID, Phase, Failed string
	Window            *struct{ ID string }
	Instances, Gaps   int
}

// end checks what must hold when all is over.
func (j *judge) end() {
	f := j.fleet
	for name := range f.Stack.Queues {
		if n := f.Depth(name); n > 0 && name != "last" {
			j.broken("end", "%d messages are left in queue %s: %v", n, name, f.Peek(name))
		}
	}
	for _, d := range f.Docs("REPORTS") {
		j.broken("end", "%s is still under way: %s", d.SK, d.Body)
	}
	all, sent := j.records(), map[string]document{}
	for id, r := range all {
		if d, ok := j.complete(id); ok {
			sent[id] = d
		} else if !j.told("NO patch report", "Report: "+id+"\n") && !j.told("NO second patch report", "Report: "+id+"\n") && !j.told("INCOMPLETE", "Report: "+id+"\n") {
			j.broken("lost", "%s was begun, not sent, and nobody was told: %+v", id, r)
		} else if j.OneFault {
			j.broken("lost", "one fault cost the report %s", id)
		}
		j.saw("failed", r.Failed != "")
	}
	for _, d := range j.first {
		if _, ok := all[d.Report]; !ok {
			j.broken("record", "%s was sent, and the ledger has no record of it", d.Report)
		}
	}
	j.asked(all)
	j.unreported()
	for _, d := range sent {
		j.saw("sent "+d.Phase, true)
		j.contents(d, sent[d.First])
		if d.Totals.Gaps > 0 && !j.told("gap", d.Report) && j.faults == 0 {
			j.broken("told", "%s has gaps, and nobody was told on the alarm topic", d.Report)
		}
	}
	j.bounded(len(all))
}

// records are the reports that were begun, by id.
func (j *judge) records() map[string]record {
	all := map[string]record{}
	for _, pk := range j.fleet.Partitions() {
		id, ok := strings.CutPrefix(pk, "REPORT#")
		doc, found := j.fleet.Doc(pk, "REPORT")
		if !ok {
			continue
		}
		var r record
		if !found || json.Unmarshal(doc.Body, &r) != nil {
			j.broken("record", "%s has no record", id)
			continue
		}
		all[id] = r
	}
	return all
}

// complete puts the parts of a report together, if all were sent.
func (j *judge) complete(id string) (whole document, ok bool) {
	for n := 1; ; n++ {
		d, found := j.first[fmt.Sprintf("part %d of %s", n, id)]
		if !found {
			return whole, false
		}
		rows := whole.Rows
		rows.Gaps = append(rows.Gaps, d.Rows.Gaps...)
		rows.Patches = append(rows.Patches, d.Rows.Patches...)
		rows.Instances = append(rows.Instances, d.Rows.Instances...)
		rows.Lists = append(rows.Lists, d.Rows.Lists...)
		rows.Reboots = append(rows.Reboots, d.Rows.Reboots...)
		whole, whole.Rows = d, rows
		if n == d.Parts {
			return whole, true
		}
	}
}

// asked checks that what was asked for was begun, once, or that there is an alarm, or that it came too late.
func (j *judge) asked(all map[string]record) {
	begun := map[string]int{}
	for _, r := range all {
		window := ""
		if r.Window != nil {
			window = r.Window.ID
		}
		begun[window+" "+r.Phase]++
	}
	want := []string{" " + report.ByHand}
	for n, w := range j.Windows {
		if n == 0 {
			want = nil
		}
		before, after := j.reports(w)
		if before {
			want = append(want, w.ID+" "+report.Before)
		}
		if after {
			want = append(want, w.ID+" "+report.After)
		}
	}
	for _, what := range want {
		if begun[what] > 1 {
			j.broken("twice", "%d reports were begun of one request: %s", begun[what], what)
		}
		if begun[what] == 0 && !j.told("RetriesExhausted", "") && !j.told("EventAgeExceeded", "") && !j.late(what) {
			j.broken("lost", "no report was begun, and nobody was told: %s", what)
		}
		j.saw("never begun", begun[what] == 0)
	}
	if len(all) > len(want) {
		j.broken("twice", "%d reports were begun, %d were asked for", len(all), len(want))
	}
}

// late says that the window may have opened while the survey was in trouble: there is no opening left to report.
func (j *judge) late(what string) bool {
	for _, w := range j.Windows {
		if strings.HasPrefix(what, w.ID) {
			return w.Opens < j.Calm+9*time.Hour && !j.OneFault && (j.faults > 0 || len(j.Acts) > 0)
		}
	}
	return false
}

// told says that a message on the alarm topic holds both texts.
func (j *judge) told(a, b string) bool {
	for _, n := range j.fleet.Published("alarm") {
		if text := n.Subject + "\n" + n.Text + "\n"; strings.Contains(text, a) && strings.Contains(text, b) {
			return true
		}
	}
	return false
}

// bounded checks that what a report costs grows with its instances and their pages alone, times what the protocol allows of
// tries; a message that waits comes again every quarter of an hour.
func (j *judge) bounded(reports int) {
	pages := 0
	for _, n := range j.Nodes {
		pages += len(n.Before)/50 + 1
	}
	most := 60 + reports*(60+12*(len(j.Nodes)+pages))
	if j.faults == 0 && len(j.Acts) == 0 && j.Rate == 0 {
		most = 20 + reports*(20+3*(len(j.Nodes)+pages)+len(j.first))
	}
	if n := j.fleet.Count("dynamodb.Write"); n > most {
		j.broken("cost", "%d writes, want %d at most for %d reports of %d nodes", n, most, reports, len(j.Nodes))
	}
	most += reports * int(j.lasts()/(10*time.Minute))
	if n := j.fleet.Count("sqs.Messages"); n > most {
		j.broken("cost", "%d messages, want %d at most", n, most)
	}
}
