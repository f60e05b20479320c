package patch

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"quickstep/shared/input"
	"quickstep/shared/run"
)

// Settings are what a report is made by where its request doesn't say otherwise: the stack's parameters.
type Settings struct {
	WindowIDs    []string `env:"PATCH_WINDOW_IDS"`
	WindowPrefix string   `env:"PATCH_WINDOW_PREFIX"`
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
	ID           string            `json:"id,omitempty"`
	Scheduled    time.Time         `json:"scheduled,omitzero"` // when the schedule fired: only windows that open within lead are reported, once each
	WindowIDs    []string          `json:"windowIds,omitempty"`
	WindowPrefix string            `json:"windowPrefix,omitempty"`
	InstanceIDs  []string          `json:"instanceIds,omitempty"`
	Tags         map[string]string `json:"tags,omitempty"`
	States       []string          `json:"states"`
	Lead         input.Duration    `json:"lead"`
	StaleAfter   input.Duration    `json:"staleAfter"`
	Deadline     input.Duration    `json:"deadline"`
	After        bool              `json:"after"`

	stacks bool   // which windows are meant say the stack's parameters
	asked  string // tells it from another that was given its id
}

// instances says that the request names instances, not windows.
func (q *Request) instances() bool { return len(q.InstanceIDs)+len(q.Tags) > 0 }

const (
	requestForm = `give a JSON object such as {"windowIds":["mw-0123456789abcdef0"]} or {}`
	maxNamed    = 1000 // ids in one request
	maxTag      = 256  // the longest value of a tag
	maxKey      = 128  // the longest key of a tag
)

var (
	windowID   = regexp.MustCompile(`^mw-[0-9a-f]{17}$`)
	instanceID = regexp.MustCompile(`^(i-[0-9a-f]{8,17}|mi-[0-9a-f]{17})$`)
	windowName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,128}$`)

	known = []string{Missing, Failed, Installed, InstalledOther, InstalledPendingReboot, InstalledRejected, NotApplicable, AvailableSecurity}
)

// Parse reads a request over the settings. The error is a *input.FieldError; one that isn't the request's fault says so.
func Parse(s Settings, text []byte) (Request, error) {
	q := Request{WindowIDs: s.WindowIDs, WindowPrefix: s.WindowPrefix, States: s.States, Lead: input.Duration(s.Lead),
		StaleAfter: input.Duration(s.StaleAfter), Deadline: input.Duration(s.Deadline), After: s.After}
	fields, err := input.ParseObject("request", text, requestForm)
	if err != nil {
		return q, err
	}
	_, ids := fields["windowIds"]
	_, prefix := fields["windowPrefix"]
	_, instances := fields["instanceIds"]
	_, tags := fields["tags"]
	q.stacks = !(ids || prefix || instances || tags) // they say together what is meant
	if !q.stacks {
		q.WindowIDs, q.WindowPrefix = nil, ""
	}
	err = fields.Decode("", map[string]any{"id": &q.ID, "scheduled": &q.Scheduled, "windowIds": &q.WindowIDs, "windowPrefix": &q.WindowPrefix,
		"instanceIds": &q.InstanceIDs, "tags": &q.Tags, "states": &q.States, "lead": &q.Lead, "staleAfter": &q.StaleAfter,
		"deadline": &q.Deadline, "after": &q.After})
	if err == nil {
		err = q.validate(fields)
	}
	q.asked = q.contents(fields)
	var f *input.FieldError
	if errors.As(err, &f) && fields[f.Field] == nil {
		f.Where = inStack(f.Field)
	}
	return q, err
}

func (q *Request) validate(given input.Object) error {
	for _, check := range []func(input.Object) error{q.validateWho, q.validateNames, q.validateHow} {
		if err := check(given); err != nil {
			return err
		}
	}
	return nil
}

// validateWho refuses a request that means nothing, or more than one thing.
func (q *Request) validateWho(given input.Object) error {
	for _, list := range []struct {
		field string
		n     int
	}{{"windowIds", len(q.WindowIDs)}, {"instanceIds", len(q.InstanceIDs)}, {"tags", len(q.Tags)}} {
		if _, ok := given[list.field]; ok && list.n == 0 {
			return input.Refuse(list.field, "name one at least, or leave the field out", "it is empty")
		}
		if list.n > maxNamed {
			return input.Refuse(list.field, fmt.Sprintf("name %d at most", maxNamed), "%d are too many", list.n)
		}
	}
	if _, ok := given["windowPrefix"]; ok && q.WindowPrefix == "" {
		return input.Refuse("windowPrefix", "give the beginning of maintenance windows' names, or leave the field out", "it is empty")
	}
	switch {
	case q.instances() && (len(q.WindowIDs) > 0 || q.WindowPrefix != ""):
		field := "instanceIds"
		if len(q.InstanceIDs) == 0 {
			field = "tags"
		}
		return input.Refuse(field, "give windowIds or windowPrefix in one request, instanceIds or tags in another", "windows and instances are named together")
	case len(q.InstanceIDs) > 0 && len(q.Tags) > 0:
		return input.Refuse("tags", "give instanceIds or tags", "both are given")
	case len(q.WindowIDs) > 0 && q.WindowPrefix != "":
		return input.Refuse("windowPrefix", "give windowIds or windowPrefix", "both are given")
	}
	if _, ok := given["after"]; ok && q.instances() && q.After {
		return input.Refuse("after", "leave it out: only a window has an after", "instances are named")
	}
	return nil
}

func (q *Request) validateNames(input.Object) error {
	if len(q.ID) > 1024 {
		return input.Refuse("id", "1024 characters at most", "%d characters are too long", len(q.ID))
	}
	for _, id := range q.WindowIDs {
		if !windowID.MatchString(id) {
			return input.Refuse("windowIds", "give ids such as mw-0123456789abcdef0", "%q is no maintenance window's id", id)
		}
	}
	if q.WindowPrefix != "" && !windowName.MatchString(q.WindowPrefix) {
		return input.Refuse("windowPrefix", "give the beginning of maintenance windows' names: letters, digits, - _ .", "%q is none", q.WindowPrefix)
	}
	for _, id := range q.InstanceIDs {
		if !instanceID.MatchString(id) {
			return input.Refuse("instanceIds", "give ids such as i-0123456789abcdef0 or mi-0123456789abcdef0", "%q is no instance id", id)
		}
	}
	for key, value := range q.Tags {
		if len(key) > maxKey || len(value) > maxTag {
			return input.Refuse("tags", fmt.Sprintf("give keys of %d characters at most, and values of %d", maxKey, maxTag), "%.40q is too long", key+"="+value)
		}
		if key == "" || strings.Trim(value, "*? ") == "" {
			return input.Refuse("tags", `give a key and a value, such as {"Role":"web"}`, "{%q:%q} chooses nothing, or nearly every instance", key, value)
		}
	}
	slices.Sort(q.WindowIDs)
	slices.Sort(q.InstanceIDs)
	q.WindowIDs, q.InstanceIDs = slices.Compact(q.WindowIDs), slices.Compact(q.InstanceIDs)
	return nil
}

func (q *Request) validateHow(input.Object) error {
	if len(q.States) == 0 {
		return input.Refuse("states", "give states such as Missing and Failed", "it is empty")
	}
	for _, s := range q.States {
		if !slices.Contains(known, s) {
			return input.Refuse("states", "the states are "+strings.Join(known, ", "), "%q is no state of a patch", s)
		}
	}
	slices.Sort(q.States)
	q.States = slices.Compact(q.States)
	for _, d := range []struct {
		field    string
		value    input.Duration
		min, max time.Duration
	}{
		{"lead", q.Lead, 2 * time.Hour, 14 * 24 * time.Hour}, // twice the schedule's hour: a survey that fails has another chance
		{"staleAfter", q.StaleAfter, time.Hour, 365 * 24 * time.Hour},
		{"deadline", q.Deadline, 5 * time.Minute, 24 * time.Hour},
	} {
		if v := time.Duration(d.value); v < d.min || v > d.max {
			return input.Refuse(d.field, fmt.Sprintf("give %s to %s", run.Span(d.min), run.Span(d.max)), "%s is out of bounds", d.value)
		}
	}
	return nil
}

// inStack says which parameter of the stack a field's value came from.
func inStack(field string) string {
	name := "Patch" + strings.ToUpper(field[:1]) + field[1:]
	return "in the stack's parameter " + name
}

// scheduled says whether a request, which may be wrong in any way, was sent by a schedule: nobody waits for the answer.
func scheduled(text []byte) bool {
	var o map[string]json.RawMessage
	_ = json.Unmarshal(text, &o) // what is no object wasn't
	_, ok := o["scheduled"]
	return ok
}
