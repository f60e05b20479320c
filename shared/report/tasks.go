package report

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"quickstep/shared/sanitize"
)

// Types of tasks, as Systems Manager names them.
const (
	RunCommand    = "RUN_COMMAND"
	Automation    = "AUTOMATION"
	Lambda        = "LAMBDA"
	StepFunctions = "STEP_FUNCTIONS"
)

// What a task does, and, of all its tasks together, a window.
const (
	DoesInstall = "install"
	DoesScan    = "scan"    // it installs nothing
	DoesUnknown = "unknown" // its document isn't known
	DoesNothing = "nothing" // nothing that has to do with patches
	// DoesRestart is of tasks alone: it starts, stops or restarts instances.
	DoesRestart = "restart"
)

// What a task does about reboots: the values of the parameter RebootOption.
const (
	RebootIfNeeded = "RebootIfNeeded"
	NoReboot       = "NoReboot"
)

// Task is what a maintenance window does when it opens.
type Task struct {
	ID, Name string // people needn't give it a name
	// Type is one of those above; empty for a command.
	Type string
	// Document is its name, without version and ARN, such as AWS-RunPatchBaseline; of other types
	// the name or ARN of what they run.
	Document string
	// Operation is the document's parameter of that name, Scan or Install; empty if there is none.
	Operation string
	// Parameters are all that it gives its document.
	Parameters map[string][]string
	// MaxConcurrency and MaxErrors are numbers or percentages; empty for a task without targets.
	MaxConcurrency, MaxErrors string
	Targets                   []Target
}

// WindowTask is what a report says of a task of its window.
type WindowTask struct {
	Task           string   `json:"task"` // its name, or its ID
	Document       string   `json:"document"`
	Does           string   `json:"does"`             // install, scan, restart, unknown
	Reboot         string   `json:"reboot,omitempty"` // RebootIfNeeded, NoReboot; empty: not known
	MaxConcurrency string   `json:"maxConcurrency,omitempty"`
	MaxErrors      string   `json:"maxErrors,omitempty"`
	Overrides      []string `json:"overrides,omitempty"` // parameters in place of the baseline
	// InstancesUnknown says that its instances come from where they can't be read.
	InstancesUnknown bool `json:"instancesUnknown,omitempty"`
}

// Work is what a maintenance window does, as far as its tasks say.
type Work struct {
	Does    string
	Tasks   []WindowTask // but for those that do nothing
	Targets [][]Target   // sets: an instance must fit all targets of one of them
	Remarks []string
}

// WorkOf puts together what a window's tasks say. own are documents that install patches, beside
// those of AWS. A window that was chosen by ID or by name, and none of whose tasks is known to
// install patches, is about all that any of its tasks is aimed at, and about all that is registered
// with it.
func WorkOf(tasks []Task, registered []Registered, own []string, chosen bool) Work {
	w := Work{Does: Does(tasks, own)}
	aimed := slices.DeleteFunc(slices.Clone(tasks), func(t Task) bool {
		return t.does(own) != DoesInstall
	})
	if len(aimed) == 0 && chosen {
		aimed = tasks
		for _, g := range registered {
			w.Targets = append(w.Targets, g.Targets)
		}
	}
	for _, t := range aimed {
		w.Targets = append(w.Targets, t.targetSets(registered)...)
	}
	for _, t := range tasks {
		if t.does(own) != DoesNothing {
			w.Tasks = append(w.Tasks, t.outline(own))
			w.Remarks = append(w.Remarks, t.remarks(own, w.Does)...)
		}
	}
	return w
}

// Does is what a window's tasks do together.
func Does(tasks []Task, own []string) string {
	found := map[string]bool{}
	for _, t := range tasks {
		found[t.does(own)] = true
	}
	for _, does := range []string{DoesInstall, DoesUnknown, DoesScan} {
		if found[does] {
			return does
		}
	}
	return DoesNothing
}

// UnknownTasks are those of which nobody knows whether they install patches, one of each document.
func UnknownTasks(tasks []Task, own []string) (some []Task) {
	for _, t := range tasks {
		same := func(other Task) bool { return other.Document == t.Document }
		if t.does(own) == DoesUnknown && !slices.ContainsFunc(some, same) {
			some = append(some, t)
		}
	}
	return some
}

// Reboot is what those tasks do about reboots that install; empty if that differs, or isn't known.
// That none reboots isn't said of a window with other tasks that do, or may.
func Reboot(tasks []WindowTask) (option string) {
	first, others := true, false
	for _, t := range tasks {
		others = others || t.Does == DoesRestart || t.Does == DoesUnknown
		if t.Does != DoesInstall {
			continue
		}
		if !first && t.Reboot != option {
			return ""
		}
		option, first = t.Reboot, false
	}
	if others && option == NoReboot {
		return ""
	}
	return option
}

// Label is how people know the task.
func (t Task) Label() string { return sanitize.Text(cmp.Or(t.Name, t.ID, t.Document)) }

// document is one of AWS of which it is known what it does to patches.
type document struct {
	does   string
	reboot string // unless the task says otherwise; empty: it isn't known
	// free says that it doesn't install by a patch baseline.
	free bool
	// stateless says that it stores no patch states and no patches: nobody sees what it has done.
	stateless bool
}

// documents are those of AWS, by the User Guide ("SSM Command documents for patching managed nodes")
// and the runbook reference. A document that is in neither can do anything.
var documents = map[string]document{
	"AWS-RunPatchBaseline":              {does: DoesInstall, reboot: RebootIfNeeded},
	"AWS-RunPatchBaselineAssociation":   {does: DoesInstall, reboot: RebootIfNeeded, stateless: true},
	"AWS-RunPatchBaselineWithHooks":     {does: DoesInstall, reboot: RebootIfNeeded},
	"AWS-ApplyPatchBaseline":            {does: DoesInstall},
	"AWS-InstallWindowsUpdates":         {does: DoesInstall, free: true},
	"AWS-InstallMissingWindowsUpdates":  {does: DoesInstall, free: true, reboot: RebootIfNeeded},
	"AWS-InstallSpecificWindowsUpdates": {does: DoesInstall, free: true, reboot: RebootIfNeeded},
	"AWS-PatchInstanceWithRollback":     {does: DoesInstall},
	"AWS-PatchAsgInstance":              {does: DoesInstall},
	"AWSEC2-PatchLoadBalancerInstance":  {does: DoesInstall},
	"AWS-FindWindowsUpdates":            {does: DoesScan},
	"AWS-RestartEC2Instance":            {does: DoesRestart},
	"AWS-StartEC2Instance":              {does: DoesRestart},
	"AWS-StopEC2Instance":               {does: DoesRestart},

	// These are run by many windows, and leave a system's packages alone.
	"AWS-ConfigureAWSPackage":      {does: DoesNothing},
	"AWS-ConfigureCloudWatch":      {does: DoesNothing},
	"AWS-CreateImage":              {does: DoesNothing},
	"AWS-CreateSnapshot":           {does: DoesNothing},
	"AWS-GatherSoftwareInventory":  {does: DoesNothing},
	"AWS-RebootRdsInstance":        {does: DoesNothing},
	"AWS-UpdateSSMAgent":           {does: DoesNothing},
	"AmazonCloudWatch-ManageAgent": {does: DoesNothing},
}

// MayInstall says that a document installs patches unless its task says otherwise. Only of such a
// document's tasks it matters what they give it.
func MayInstall(document string, own []string) bool {
	return documents[document].does == DoesInstall || slices.Contains(own, document)
}

// does is what the task does to patches.
func (t Task) does(own []string) string {
	known, ok := documents[t.Document]
	switch {
	case t.Type == Lambda || t.Type == StepFunctions:
		return DoesUnknown
	case slices.Contains(own, t.Document):
		known.does = DoesInstall
	case !ok:
		return DoesUnknown
	}
	if known.does == DoesInstall && strings.EqualFold(t.Operation, "Scan") {
		return DoesScan
	}
	return known.does
}

// parameter is the first value that the task gives a parameter, whatever its case; empty if none.
func (t Task) parameter(name string) string {
	if values := t.values(name); len(values) > 0 {
		return strings.TrimSpace(values[0])
	}
	return ""
}

// reboot is what the task does about reboots; empty if that isn't known.
func (t Task) reboot(own []string) string {
	if t.does(own) != DoesInstall {
		return ""
	}
	option, allowed := t.parameter("RebootOption"), t.parameter("AllowReboot")
	switch {
	case strings.EqualFold(option, NoReboot), strings.EqualFold(allowed, "False"):
		return NoReboot
	case strings.EqualFold(option, RebootIfNeeded), strings.EqualFold(allowed, "True"):
		return RebootIfNeeded
	case option+allowed != "":
		return ""
	}
	return documents[t.Document].reboot
}

// outline is what a report says of the task.
func (t Task) outline(own []string) WindowTask {
	_, _, unknown := t.named()
	w := WindowTask{
		Task:             t.Label(),
		Document:         sanitize.Text(t.Document),
		Does:             t.does(own),
		Reboot:           t.reboot(own),
		InstancesUnknown: unknown != "" && t.does(own) != DoesRestart,
	}
	if len(t.Targets) > 0 { // without, Systems Manager puts a 1 there that means nothing
		w.MaxConcurrency, w.MaxErrors = sanitize.Text(t.MaxConcurrency), sanitize.Text(t.MaxErrors)
	}
	if w.Does == DoesInstall {
		w.Overrides = t.overrides()
	}
	return w
}

// overrides are the parameters by which the task installs something else than the baseline says.
func (t Task) overrides() (all []string) {
	for _, name := range []string{"InstallOverrideList", "BaselineOverride"} {
		if t.parameter(name) != "" {
			all = append(all, name)
		}
	}
	return all
}

// remarks are what the readers of a report should know of the task of a window.
func (t Task) remarks(own []string, window string) (all []string) {
	add := func(format string, args ...any) {
		all = append(all, fmt.Sprintf("task %s ", t.Label())+fmt.Sprintf(format, args...))
	}
	const differs = "what it installs isn't what is listed here"
	switch does := t.does(own); {
	case does == DoesUnknown && window == DoesInstall:
		return []string{t.Unknown() + "; of its instances, this report has those alone that another " +
			"task patches"}
	case does == DoesUnknown:
		return []string{t.Unknown()}
	case does == DoesRestart:
		return nil
	case does == DoesInstall && documents[t.Document].free:
		add("runs %s, which goes by no patch baseline: %s", t.Document, differs)
	case does == DoesInstall && documents[t.Document].stateless:
		add("runs %s, which stores no patch states: what it installs can't be seen", t.Document)
	}
	if t.does(own) == DoesInstall {
		for _, name := range t.overrides() {
			list, _, _ := strings.Cut(t.parameter(name), "?") // of a signed URL the rest is a secret
			add("gives %s (%s): %s", name, sanitize.Middle(list, 200, "…"), differs)
		}
	}
	if _, _, unknown := t.named(); unknown != "" {
		add("%s: its instances aren't known", unknown)
	}
	return all
}

// Unknown says that nobody knows whether the task installs patches.
func (t Task) Unknown() string {
	switch t.Type {
	case Lambda:
		return fmt.Sprintf("task %s runs the Lambda function %s; what that does isn't known",
			t.Label(), sanitize.Text(t.Document))
	case StepFunctions:
		return fmt.Sprintf("task %s runs the state machine %s; what that does isn't known",
			t.Label(), sanitize.Text(t.Document))
	}
	return fmt.Sprintf("task %s runs document %s, which isn't known (if it installs patches, name it in the "+
		"stack's parameter PatchDocuments)", t.Label(), sanitize.Text(t.Document))
}

// targetSets are the sets of targets of the task, each naming instances that fit all of its targets.
func (t Task) targetSets(registered []Registered) (sets [][]Target) {
	ids, aimed, _ := t.named()
	if len(ids) > 0 {
		sets = append(sets, []Target{{Key: "InstanceIds", Values: ids}})
	}
	if !aimed {
		return sets
	}
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

var (
	// pseudo is a value that Systems Manager puts in when the task runs; those of aimedAt are the ID
	// of the target for which it runs.
	pseudo  = regexp.MustCompile(`\{\{\s*([^{}]*?)\s*\}\}`)
	aimedAt = []string{"{{TARGET_ID}}", "{{RESOURCE_ID}}"}
	// betweenIDs is what may stand beside the IDs in one value: it may be a list.
	betweenIDs = regexp.MustCompile(`[\s,"'\[\]]+`)
)

// named are the IDs that an automation takes from its parameter for instances; aimed says that it
// runs for each of its targets. unknown is why its instances can't be known.
func (t Task) named() (ids []string, aimed bool, unknown string) {
	if t.Type != Automation {
		return nil, true, ""
	}
	given := strings.Join(slices.Concat(t.values("InstanceId"), t.values("InstanceIds")), ",")
	given = pseudo.ReplaceAllString(given, "{{$1}}")
	for _, value := range betweenIDs.Split(given, -1) {
		switch {
		case value == "":
		case instanceForm.Match.MatchString(value):
			ids = append(ids, value)
		case slices.Contains(aimedAt, value) && len(t.Targets) > 0:
			aimed = true
		default:
			from := sanitize.Text(sanitize.Middle(given, 200, "…"))
			return nil, false, "takes its instances from " + from
		}
	}
	switch {
	case len(ids) > 0 || aimed:
	case len(t.Targets) == 0:
		return nil, false, "has no targets and names no instances"
	default: // it may have a parameter of another name for them
		aimed = true
	}
	return ids, aimed, ""
}

// values are those that the task gives a parameter, whatever its case.
func (t Task) values(name string) (values []string) {
	for _, given := range slices.Sorted(maps.Keys(t.Parameters)) {
		if strings.EqualFold(given, name) {
			values = append(values, t.Parameters[given]...)
		}
	}
	return values
}
