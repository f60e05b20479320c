package reports

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"

	"quickstep/shared/notify"
	"quickstep/shared/report"
	"quickstep/tests/sim"
	"quickstep/tests/world"
)

// judge sees every effect, and says what is wrong. It knows what the scenario set and what AWS was asked for.
type judge struct {
	*Scenario
	fleet   *sim.Fleet
	seen    map[string]int
	found   []string
	touched map[string]bool // nodes that vanished meanwhile
	faults  int
	node    map[string]string // by invocation of scan: the node that it reads
	trouble map[string]int    // by node: faults that met its scan
	expired int               // how often tokens were made invalid
	begun   map[string]bool   // parts whose sending has been tried, by report and part
	last    map[string]string // by invocation: the part that it has sent, and not noted yet
	noted   map[string]bool   // parts whose sending was written down
	first   map[string]document
}

func newJudge(s *Scenario, f *sim.Fleet) *judge {
	return &judge{
		Scenario: s,
		fleet:    f,
		seen:     map[string]int{},
		touched:  map[string]bool{},
		node:     map[string]string{},
		trouble:  map[string]int{},
		begun:    map[string]bool{},
		last:     map[string]string{},
		noted:    map[string]bool{},
		first:    map[string]document{},
	}
}

func (j *judge) saw(what string, yes bool) {
	if yes {
		j.seen[what]++
	}
}

func (j *judge) broken(rule, format string, args ...any) {
	if len(j.found) < 10 {
		j.found = append(
			j.found,
			fmt.Sprintf("%s, %s: %s", rule, j.fleet.Now().Format("02 15:04:05.000"), fmt.Sprintf(format, args...)),
		)
	}
}

// document is a part of a report as its subscribers read it.
type document struct {
	subject              string
	Report, Phase, First string
	Part, Parts          int
	Repeated             bool
	Window               struct {
		ID            string
		Opens, Closes time.Time
		Does          string
	}
	Remarks   []string
	Execution *struct{ Status string }
	Totals    struct{ Instances, Gaps, Patches, Reboot, Unknown int }
	Stored    *struct{ JSON, CSV, Failed string }
	Rows      struct {
		Gaps      []struct{ Instance, Reason string }
		Patches   []struct{ Patch, KB, Title string }
		Instances []struct {
			Instance, List string
			Flags          []string
		}
		Lists []struct {
			List    string
			Patches map[string][]string
		}
		Reboots []struct{ Instances []string }
	}
}

var claimed = regexp.MustCompile(`put REPORT#[^/ ]+/I#([^ @]+)@`)

func (j *judge) after(op world.Op) {
	if j.Watch != nil {
		j.Watch(op.String())
	}
	if op.Function == "" {
		j.expired += map[bool]int{true: 1}[op.Name == "Purge"]
		return
	}
	if m := claimed.FindStringSubmatch(op.Detail); m != nil && op.Function == "scan" {
		j.node[op.Invocation] = m[1]
	}
	if op.Fault != world.None {
		j.faults++
		j.trouble[j.node[op.Invocation]]++
	}
	switch {
	case op.Service == "sns" && op.Name == "Announce":
		j.announced(op)
	case op.Service == "dynamodb" && op.Name == "Write" && op.Happened && j.last[op.Invocation] != "":
		j.noted[j.last[op.Invocation]] = true
		delete(j.last, op.Invocation)
	}
}

// announced checks a message to the report topic when it is sent.
func (j *judge) announced(op world.Op) {
	if !op.Happened {
		return
	}
	notes := j.fleet.Published("report")
	note := notes[len(notes)-1]
	a := notify.Announcement{
		Subject:    note.Subject,
		Text:       note.Text,
		JSON:       []byte(note.JSON),
		Attributes: note.Attributes,
	}
	if n := a.Size(); n > notify.MaxAnnouncement {
		j.broken("size", "%s is %d bytes", note.Subject, n)
	}
	d := document{subject: note.Subject}
	if err := json.Unmarshal([]byte(note.JSON), &d); err != nil {
		j.broken("form", "%s: %v", note.Subject, err)
		return
	}
	key := fmt.Sprintf("part %d of %s", d.Part, d.Report)
	before, again := j.first[key]
	switch {
	case again && j.noted[key]:
		j.broken("twice", "%s was sent again, although its sending was noted", key)
	case again && !d.Repeated:
		j.broken("twice", "%s was sent again and doesn't say so", key)
	case again && fmt.Sprint(before.Rows, before.Totals) != fmt.Sprint(d.Rows, d.Totals):
		j.broken("twice", "%s was sent again, and isn't what it was", key)
	case d.Repeated && j.faults+j.fleet.Count("lambda.Errors") == 0:
		j.broken("twice", "%s says that it is repeated, and nothing has gone wrong", key)
	case !again:
		j.first[key] = d
	}
	j.saw("repeated", again)
	j.saw("parts", d.Parts > 1)
	if d.Repeated != strings.HasPrefix(note.Subject, "Repeated: ") ||
		d.Repeated != (note.Attributes["repeated"] == true) {
		j.broken(
			"form",
			"%s: repeated is %t, its subject is %q, its attributes are %v",
			key,
			d.Repeated,
			note.Subject,
			note.Attributes,
		)
	}
	if op.Err == nil && op.Fault == world.None {
		j.last[op.Invocation] = key
	}
	j.timely(key, d)
	j.said(d, note)
}

// timely checks that a first report comes before the window opens, and a second after it has closed. The call that
// sends it may have been under way, and the write before it.
func (j *judge) timely(key string, d document) {
	now, under := j.fleet.Now(), 2*max(j.Pace, 0)
	if d.Phase == report.Before && !d.Window.Opens.IsZero() && now.After(d.Window.Opens.Add(under)) {
		j.broken("time", "%s was sent after the window opened at %s", key, d.Window.Opens.Format(time.TimeOnly))
	}
	if d.Phase == report.After && now.Before(d.Window.Closes) {
		j.broken("time", "%s was sent before the window closes at %s", key, d.Window.Closes.Format(time.TimeOnly))
	}
}
