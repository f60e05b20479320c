package report

import (
	"slices"
	"strings"
)

// patchDocuments install patches: those of AWS that windows run, and of whose Operation the value
// Scan installs nothing.
var patchDocuments = []string{
	"AWS-RunPatchBaseline", "AWS-RunPatchBaselineAssociation", "AWS-RunPatchBaselineWithHooks",
	"AWS-ApplyPatchBaseline", "AWS-InstallMissingWindowsUpdates", "AWS-InstallWindowsUpdates",
	"AWS-PatchInstanceWithRollback", "AWS-PatchAsgInstance",
}

// Task is what a window does when it opens: a command or an automation.
type Task struct {
	// Document is its name, without version and ARN, such as AWS-RunPatchBaseline.
	Document string
	// Operation is the document's parameter of that name, Scan or Install; empty if there is none.
	Operation string
	Targets   []Target
}

// Installs says whether a task installs patches.
func (t Task) Installs() bool {
	return slices.Contains(patchDocuments, t.Document) && !strings.EqualFold(t.Operation, "Scan")
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

// The keys of targets, lower-case: Systems Manager takes them in any.
const (
	KeyIDs     = "instanceids"
	KeyGroup   = "resource-groups:name"
	KeyTypes   = "resource-groups:resourcetypefilters"
	keyTargets = "windowtargetids"
)

// TargetSets are the sets of targets of a window's patch tasks, each set naming instances that fit
// all of its targets. A window that was named by its id, and whose tasks are none that are known to
// install patches, is about all that any of its tasks is aimed at, and about all that is registered
// with it.
func TargetSets(tasks []Task, registered []Registered, named bool) (sets [][]Target) {
	installing := slices.DeleteFunc(slices.Clone(tasks), func(t Task) bool { return !t.Installs() })
	if len(installing) > 0 || !named {
		tasks = installing
	} else {
		for _, g := range registered {
			sets = append(sets, g.Targets)
		}
	}
	for _, t := range tasks {
		sets = append(sets, t.targetSets(registered)...)
	}
	return sets
}

// targetSets are those of the targets that a task names by their ids, and the task's own.
func (t Task) targetSets(registered []Registered) (sets [][]Target) {
	var own []Target
	for _, target := range t.Targets {
		if !strings.EqualFold(target.Key, keyTargets) {
			own = append(own, target)
			continue
		}
		for _, g := range registered {
			if slices.Contains(target.Values, g.ID) {
				sets = append(sets, g.Targets)
			}
		}
	}
	if len(own) > 0 {
		sets = append(sets, own)
	}
	return sets
}
