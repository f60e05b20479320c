package report

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"strings"
	"time"

	"quickstep/shared/input"
	"quickstep/shared/run"
)

// Settings are what a report is made by where its request doesn't say otherwise: the stack's
// parameters.
type Settings struct {
	WindowIDs    []string `env:"PATCH_WINDOW_IDS"`
	WindowPrefix string   `env:"PATCH_WINDOW_PREFIX"`
	// Documents are one's own that install patches.
	Documents []string `env:"PATCH_DOCUMENTS"`
	// States are those of patches, as Systems Manager names them.
	States []string `env:"PATCH_STATES"`
	// Lead is the time from the report to the opening of the window.
	Lead time.Duration `env:"PATCH_LEAD"`
	// StaleAfter is the age from which a scan is flagged.
	StaleAfter time.Duration `env:"PATCH_STALE_AFTER"`
	// Deadline is how long the instances may take to be read.
	Deadline time.Duration `env:"PATCH_DEADLINE"`
	// After asks for a second report, after the window has closed.
	After bool `env:"PATCH_AFTER"`
}

// Request is what is asked of survey.
type Request struct {
	ID string `json:"id,omitempty"`
	// Scheduled is when the schedule fired: only windows that open within lead are reported, once
	// each.
	Scheduled    time.Time         `json:"scheduled,omitzero"`
	WindowIDs    []string          `json:"windowIds,omitempty"`
	WindowPrefix string            `json:"windowPrefix,omitempty"`
	InstanceIDs  []string          `json:"instanceIds,omitempty"`
	Tags         map[string]string `json:"tags,omitempty"`
	// First is the first report whose second one is wanted.
	First      string         `json:"first,omitempty"`
	States     []string       `json:"states"`
	Lead       input.Duration `json:"lead"`
	StaleAfter input.Duration `json:"staleAfter"`
	Deadline   input.Duration `json:"deadline"`
	After      bool           `json:"after"`

	documents []string
	fromStack bool   // which windows are meant say the stack's parameters
	digest    string // tells it from another that was given its id
}

// NamesInstances says that the request names instances, not windows.
func (q *Request) NamesInstances() bool { return len(q.InstanceIDs)+len(q.Tags) > 0 }

// Digest tells it from another request that was given its id.
func (q *Request) Digest() string { return q.digest }

const (
	requestForm = `give a JSON object such as {"windowIds":["mw-0123456789abcdef0"]} or {}`
	maxNamed    = 1000 // ids in one request
)

// Forms of what a request names, as in the API references of Systems Manager and EC2.
var (
	windowForm = input.Form{Most: 20, Match: regexp.MustCompile(`^mw-[0-9a-f]{17}$`),
		Want: "ids such as mw-0123456789abcdef0",
		Fault: input.Fault{One: "is no maintenance window's id",
			Many: "are no maintenance windows' ids"}}
	instanceForm = input.Form{Most: 20,
		Match: regexp.MustCompile(`^(i-[0-9a-f]{8,17}|mi-[0-9a-f]{17})$`),
		Want:  "ids such as i-0123456789abcdef0 or mi-0123456789abcdef0",
		Fault: input.Fault{One: "is no instance id", Many: "are no instance ids"}}
	prefixForm = input.Form{Most: 128, Match: regexp.MustCompile(`^[A-Za-z0-9_.-]{1,128}$`),
		Want: "the beginning of maintenance windows' names: 1 to 128 letters, digits, - _ .",
		Fault: input.Fault{One: "is no beginning of a maintenance window's name",
			Many: "are no beginnings of maintenance windows' names"}}
	documentForm = input.Form{Most: 128, Match: regexp.MustCompile(`^[A-Za-z0-9_.-]{3,128}$`),
		Want: "the names alone, without ARN and version, such as Acme-Patch",
		Fault: input.Fault{One: "is no name of a Systems Manager document",
			Many: "are no names of Systems Manager documents"}}
	firstForm = input.Form{Most: run.IDForm.Most, Match: run.IDForm.Match,
		Want:  "the id of a first report, as its mail names it: 1 to 64 letters, digits, - _ .",
		Fault: input.Fault{One: "is no report's id", Many: "are no reports' ids"}}
	stateFault = input.Fault{One: "is no state of a patch", Many: "are no states of a patch"}

	patchStates = []string{
		Missing,
		Failed,
		Installed,
		InstalledOther,
		InstalledPendingReboot,
		InstalledRejected,
		NotApplicable,
		AvailableSecurity,
	}
)

// Bounds of a request's durations.
var (
	// twice the schedule's hour at least: a survey that fails has another chance
	lead       = input.Bounds{Least: 2 * time.Hour, Most: 14 * 24 * time.Hour}
	staleAfter = input.Bounds{Least: time.Hour, Most: 365 * 24 * time.Hour}
	deadline   = input.Bounds{Least: 5 * time.Minute, Most: 24 * time.Hour}
)

// Parse reads a request over the settings. The error holds all mistakes, a *input.FieldError or
// input.Several; those that aren't the request's fault say so.
func Parse(s Settings, text []byte) (Request, error) {
	q := Request{WindowIDs: s.WindowIDs, WindowPrefix: s.WindowPrefix, States: s.States,
		documents: s.Documents,
		Lead:      input.Duration(s.Lead), StaleAfter: input.Duration(s.StaleAfter),
		Deadline: input.Duration(s.Deadline), After: s.After}
	m := &input.Mistakes{}
	given, err := input.ParseObject("request", text, requestForm)
	m.Add(err)
	if given == nil {
		return q, m.Err()
	}
	_, ids := given["windowIds"]
	_, prefix := given["windowPrefix"]
	_, instances := given["instanceIds"]
	_, tags := given["tags"]
	_, first := given["first"]
	q.fromStack = !(ids || prefix || instances || tags || first) // they say together what is meant
	if !q.fromStack {
		q.WindowIDs, q.WindowPrefix = nil, ""
	}
	given.Read(m, "", map[string]input.Reader{
		"id":           input.Text(&q.ID, input.RequestID),
		"scheduled":    input.Time(&q.Scheduled),
		"windowIds":    input.Set(&q.WindowIDs, maxNamed, windowForm),
		"windowPrefix": input.Text(&q.WindowPrefix, prefixForm),
		"instanceIds":  input.Set(&q.InstanceIDs, maxNamed, instanceForm),
		"tags":         input.Tags(&q.Tags),
		"first":        input.Text(&q.First, firstForm),
		"states":       input.Words(&q.States, stateFault, patchStates...),
		"lead":         input.Length(&q.Lead, lead),
		"staleAfter":   input.Length(&q.StaleAfter, staleAfter),
		"deadline":     input.Length(&q.Deadline, deadline),
		"after":        input.Flag(&q.After),
	})
	q.checkSettings(m, given)
	q.validate(m, given)
	q.digest = q.digestOf(given)
	return q, m.Err()
}

// checkSettings reads what the request leaves to the stack's parameters as if it stood in the
// request.
func (q *Request) checkSettings(m *input.Mistakes, given input.Object) {
	for _, read := range []struct {
		field  string
		value  any
		given  bool
		reader input.Reader
	}{
		{"windowIds", q.WindowIDs, len(q.WindowIDs) > 0,
			input.Set(&q.WindowIDs, maxNamed, windowForm)},
		{"windowPrefix", q.WindowPrefix, q.WindowPrefix != "",
			input.Text(&q.WindowPrefix, prefixForm)},
		{"documents", q.documents, len(q.documents) > 0,
			input.Set(&q.documents, maxNamed, documentForm)},
		{"states", q.States, true, input.Words(&q.States, stateFault, patchStates...)},
		{"lead", q.Lead, true, input.Length(&q.Lead, lead)},
		{"staleAfter", q.StaleAfter, true, input.Length(&q.StaleAfter, staleAfter)},
		{"deadline", q.Deadline, true, input.Length(&q.Deadline, deadline)},
	} {
		if _, ok := given[read.field]; ok || !read.given {
			continue
		}
		raw, err := json.Marshal(read.value)
		if err != nil {
			// they are texts and numbers
			panic(fmt.Sprintf("report: a setting can't be written as JSON: %v", err))
		}
		m.Where = inStack(read.field)
		read.reader(m, read.field, raw)
		m.Where = ""
	}
}

// validate refuses a request that means nothing, or more than one thing.
func (q *Request) validate(m *input.Mistakes, given input.Object) {
	for _, list := range []struct {
		field string
		n     int
	}{{"windowIds", len(q.WindowIDs)}, {"instanceIds", len(q.InstanceIDs)}, {"tags", len(q.Tags)}} {
		if _, ok := given[list.field]; ok && list.n == 0 && !m.In(list.field) {
			m.Refuse(list.field, "name one at least, or leave the field out", "it is empty")
		}
	}
	if len(q.States) == 0 && !m.In("states") {
		if _, ok := given["states"]; !ok {
			m.Where = inStack("states")
		}
		m.Refuse("states", "give states such as Missing and Failed", "it is empty")
		m.Where = ""
	}
	switch {
	case q.NamesInstances() && (len(q.WindowIDs) > 0 || q.WindowPrefix != ""):
		field := "instanceIds"
		if len(q.InstanceIDs) == 0 {
			field = "tags"
		}
		m.Refuse(field, "give windowIds or windowPrefix in one request, instanceIds or tags in "+
			"another", "windows and instances are named together")
	case len(q.InstanceIDs) > 0 && len(q.Tags) > 0:
		m.Refuse("tags", "give instanceIds or tags", "both are given")
	case len(q.WindowIDs) > 0 && q.WindowPrefix != "":
		m.Where = q.where("windowPrefix")
		m.Refuse("windowPrefix", "give windowIds or windowPrefix", "both are given")
		m.Where = ""
	}
	q.validateFirst(m, given)
	if _, ok := given["after"]; ok && q.NamesInstances() && q.After {
		m.Refuse("after", "leave it out: only a window has an after", "instances are named")
	}
}

// validateFirst refuses what means nothing beside the first report whose second one is wanted.
func (q *Request) validateFirst(m *input.Mistakes, given input.Object) {
	if _, ok := given["first"]; !ok {
		return
	}
	if q.NamesInstances() || len(q.WindowIDs) > 0 || q.WindowPrefix != "" {
		m.Refuse("first", "give first in one request, windows or instances in another",
			"it is named together with windows or instances")
	}
	for _, field := range []string{"after", "lead", "scheduled"} {
		if _, ok := given[field]; ok && !m.In(field) {
			m.Refuse(field, "leave it out: a second report is made half an hour after its window has closed, "+
				"or now", "first is given")
		}
	}
}

// where says where a field stands that says which windows are meant.
func (q *Request) where(field string) string {
	if q.fromStack {
		return inStack(field)
	}
	return ""
}

// inStack says which parameter of the stack a field's value came from.
func inStack(field string) string {
	name := "Patch" + strings.ToUpper(field[:1]) + field[1:]
	return "in the stack's parameter " + name
}

// FromSchedule says whether a request, which may be wrong in any way, was sent by a schedule:
// nobody waits for the answer.
func FromSchedule(text []byte) bool {
	var o map[string]json.RawMessage
	_ = json.Unmarshal(text, &o) // what is no object wasn't
	_, ok := o["scheduled"]
	return ok
}

// bySchedule stands for what a schedule asks of windows, each hour in other words: a report goes
// by its opening.
const bySchedule = "schedule"

// digestOf tells requests apart that were given the same id, by what they give beside it: the
// stack's parameters may have changed between.
func (q *Request) digestOf(given input.Object) string {
	if given["scheduled"] != nil && !q.NamesInstances() {
		return bySchedule
	}
	named := maps.Clone(given)
	delete(named, "id")
	return named.Digest()[:16]
}
