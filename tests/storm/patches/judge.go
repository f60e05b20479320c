package patches

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"quickstep/shared/patch"
	"quickstep/tests/sim"
	"quickstep/tests/world"
)

// judge sees every effect, and in the end what was published.
type judge struct {
	*Scenario
	fleet   *sim.Fleet
	seen    map[string]int
	found   []string
	effects int
	taken   int
	unsure  bool // something befell the report function: it may have sent a part twice
	sent    map[string]int
}

func (j *judge) broken(format string, args ...any) {
	if len(j.found) < 10 {
		j.found = append(j.found, fmt.Sprintf(format, args...))
	}
}

// after looks at each announcement in the moment in which it is published.
func (j *judge) after(op world.Op) {
	if j.Watch != nil {
		j.Watch(op.String())
	}
	j.unsure = j.unsure || (op.Function == "report" && op.Fault != world.None)
	if op.Name != "Announce" || !op.Happened {
		return
	}
	notes := j.fleet.Published("report")
	n := notes[len(notes)-1]
	part := fmt.Sprintf("report %v, part %v", n.Attributes["phase"], n.Attributes["part"])
	if j.sent == nil {
		j.sent = map[string]int{}
	}
	j.sent[part]++
	repeated := n.Attributes["repeated"] == true
	if repeated != strings.HasPrefix(n.Text, "REPEATED") {
		j.broken("R7: the text and the attributes of %s differ on whether it is repeated", part)
	}
	if j.sent[part] > 1 {
		j.seen["sent twice"]++
		if !repeated {
			j.broken("R7: %s was sent %d times, and doesn't say that it is repeated", part, j.sent[part])
		}
		if !j.unsure && j.Pace <= time.Second {
			j.broken("R7: %s was sent twice, and nothing had gone wrong", part)
		}
	}
	if n.Attributes["phase"] == patch.Before && n.At.After(sim.Began.Add(opens)) {
		j.broken("R7: %s was sent after the window had opened", part)
	}
	if n.Attributes["phase"] == patch.After && n.At.Before(sim.Began.Add(closes)) {
		j.broken("R7: %s was sent before the window had closed", part)
	}
}

// end checks what must hold when all is over.
func (j *judge) end() {
	f := j.fleet
	for name := range f.Stack.Queues {
		if n := f.Depth(name); n > 0 && name != "last" {
			j.broken("R8: %d messages are left in queue %s: %v", n, name, f.Peek(name))
		}
	}
	phases := []string{patch.Before}
	if j.After {
		phases = append(phases, patch.After)
	}
	for _, phase := range phases {
		rows, parts := j.published(phase)
		switch {
		case parts == 0 && !j.alarmed():
			j.broken("R7: there is no report %q, and nobody was told", phase)
		case parts == 0:
			j.seen["no report, alarm"]++
		default:
			j.seen["report "+phase]++
			j.compare(phase, rows)
		}
	}
	if n := f.Count("sqs.Messages"); n > 600+100*len(j.Nodes) {
		j.broken("R10: %d messages for %d instances", n, len(j.Nodes))
	}
}

// alarmed says whether people were told that there is no report, or that the request came to nothing.
func (j *judge) alarmed() bool {
	return slices.ContainsFunc(j.fleet.Published("alarm"), func(n world.Note) bool {
		return strings.Contains(n.Subject, "NO patch report") || n.Subject == "" // a failed invocation's destination has none
	})
}

// rows are what all parts of a report say together.
type rows struct {
	Gaps      []struct{ Instance string }
	Instances []struct{ Instance, List string }
	Lists     []struct {
		List    string
		Patches map[string][]string
	}
}

// published puts a report together from its parts, each once.
func (j *judge) published(phase string) (all rows, parts int) {
	seen := map[int]bool{}
	want := 0
	for _, n := range j.fleet.Published("report") {
		var m struct {
			Phase       string
			Part, Parts int
			Rows        rows
		}
		if n.JSON == "" || json.Unmarshal([]byte(n.JSON), &m) != nil || m.Phase != phase || seen[m.Part] {
			continue
		}
		seen[m.Part], want = true, m.Parts
		all.Gaps = append(all.Gaps, m.Rows.Gaps...)
		all.Instances = append(all.Instances, m.Rows.Instances...)
		all.Lists = append(all.Lists, m.Rows.Lists...)
	}
	if len(seen) != want && !j.alarmed() {
		j.broken("R7: %d parts of %d were sent", len(seen), want)
	}
	return all, len(seen)
}

// compare holds a report against what the instances have.
func (j *judge) compare(phase string, r rows) {
	lists := map[string]map[string][]string{}
	for _, l := range r.Lists {
		if lists[l.List] == nil {
			lists[l.List] = map[string][]string{}
		}
		for as, names := range l.Patches {
			lists[l.List][as] = append(lists[l.List][as], names...)
		}
	}
	told := map[string]int{}
	for _, i := range r.Instances {
		told[i.Instance]++
		n := slices.IndexFunc(j.Nodes, func(n Node) bool { return n.ID == i.Instance })
		if n < 0 || j.Nodes[n].Denied {
			j.broken("R5: the report %q tells the patches of %s", phase, i.Instance)
			continue
		}
		got, want := lists[i.List], expected(j.Nodes[n].Patches)
		for as := range got {
			slices.Sort(got[as])
		}
		if !maps.EqualFunc(got, want, slices.Equal[[]string]) {
			j.broken("R5: the report %q says of %s %v, it has %v", phase, i.Instance, got, want)
		}
	}
	for _, g := range r.Gaps {
		told[g.Instance]++
		j.seen["gap"]++
		n := slices.IndexFunc(j.Nodes, func(n Node) bool { return n.ID == g.Instance })
		fine := len(j.Rates)+len(j.Acts) == 0 && j.Pace <= 0 && j.Rate == 0 && j.Hook == nil
		if n < 0 || (!j.Nodes[n].Denied && fine) {
			j.broken("R5: %s is a gap for no reason", g.Instance)
		}
	}
	for _, n := range j.Nodes {
		if told[n.ID] != 1 {
			j.broken("R5: the report %q names %s %d times", phase, n.ID, told[n.ID])
		}
	}
}

// expected are the names of patches by category.
func expected(patches []patch.Patch) map[string][]string {
	as := map[string]string{patch.Missing: "missing", patch.Failed: "failed", patch.InstalledPendingReboot: "pendingReboot"}
	want := map[string][]string{}
	for _, p := range patches {
		want[as[p.State]] = append(want[as[p.State]], p.KB)
	}
	for _, names := range want {
		slices.Sort(names)
	}
	return want
}
