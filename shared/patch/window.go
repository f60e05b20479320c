package patch

import (
	"fmt"
	"strings"
	"time"
)

// Window is a maintenance window of Systems Manager.
type Window struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Enabled bool   `json:"enabled"`
	// Next is NextExecutionTime as Systems Manager writes it; empty if it won't open again.
	Next string `json:"next,omitempty"`
	// Zone is the time zone of its schedule, a name of the IANA database; empty for UTC.
	Zone string `json:"zone,omitempty"`
	// Hours is how long it stays open.
	Hours int `json:"hours"`
}

// layouts are the forms in which Systems Manager has been seen to write an execution time, RFC 3339
// with seconds or without; the API calls it a string and promises no more. Those without an offset
// are in the schedule's time zone.
var layouts = []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05", "2006-01-02T15:04"}

// Opens is when the window opens next, in UTC; zero if it won't.
func (w Window) Opens() (time.Time, error) {
	if w.Next == "" {
		return time.Time{}, nil
	}
	for _, layout := range layouts {
		t, err := time.Parse(layout, w.Next)
		if err != nil {
			continue
		}
		if strings.Contains(layout, "Z07") {
			return t.UTC(), nil
		}
		zone, err := time.LoadLocation(w.Zone)
		if err != nil {
			return time.Time{}, fmt.Errorf("window %s (%s): its time zone %q is none that is known, "+
				"and its next execution time %q has no offset", w.ID, w.Name, w.Zone, w.Next)
		}
		t, err = time.ParseInLocation(layout, w.Next, zone)
		return t.UTC(), err
	}
	return time.Time{}, fmt.Errorf("window %s (%s): its next execution time %q is in no form that is known",
		w.ID, w.Name, w.Next)
}

// Task is what a window does when it opens: a command or an automation.
type Task struct {
	// Document is its name, without version and ARN, such as AWS-RunPatchBaseline.
	Document string
	// Operation is the document's parameter of that name, Scan or Install; empty if there is none.
	Operation string
	Targets   []Target
}

// Target names instances as Systems Manager does: Key is InstanceIds, WindowTargetIds, tag:<key>,
// tag-key, resource-groups:Name or resource-groups:ResourceTypeFilters, in any case. An instance
// must fit all of a task's targets, and one of the values of each.
type Target struct {
	Key    string   `json:"key"`
	Values []string `json:"values"`
}

// Registered are targets that are registered with a window, under an id by which tasks name them.
type Registered struct {
	ID      string
	Targets []Target
}

// patchDocuments install patches: those of AWS that windows run, and of whose Operation the value
// Scan installs nothing.
var patchDocuments = []string{
	"AWS-RunPatchBaseline", "AWS-RunPatchBaselineAssociation", "AWS-RunPatchBaselineWithHooks",
	"AWS-ApplyPatchBaseline", "AWS-InstallMissingWindowsUpdates", "AWS-InstallWindowsUpdates",
	"AWS-PatchInstanceWithRollback", "AWS-PatchAsgInstance",
}
