package reports

import (
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"quickstep/shared/report"
	"quickstep/tests/world"
)

// Kinds of windows, by what their tasks are.
const (
	installing = "installing" // AWS-RunPatchBaseline, on its targets
	hooked     = "hooked"     // the same, beside a document that AWS doesn't know
	literal    = "literal"    // an automation without targets, whose parameter names the nodes
	elusive    = "elusive"    // one whose parameter says nothing before it runs
	foreign    = "foreign"    // a document that AWS doesn't know, alone
	scanning   = "scanning"   // AWS-RunPatchBaseline, which scans
)

var (
	windowKinds = []string{
		installing, installing, installing, hooked, literal, elusive, foreign, scanning,
	}
	outcomes = []string{
		"", "", "", "FAILED", "TIMED_OUT", "SKIPPED_OVERLAPPING", "CANCELLED", "NONE",
	}
)

// The documents of others, and what Systems Manager names the value that it puts in.
const (
	patcher = "Acme-Patch"
	drainer = "Acme-Drain"
	later   = "{{ssm:/acme/instance}}"
)

// drawKinds draws what the windows run, whether they reboot, and what becomes of their executions. Its
// chance is its own: what else a seed draws doesn't change.
func (s *Scenario) drawKinds() {
	chance := rand.New(rand.NewPCG(s.Seed, 17))
	for n := range s.Windows {
		w := &s.Windows[n]
		w.Kind = windowKinds[chance.IntN(len(windowKinds))]
		w.Reboot = []string{"", "RebootIfNeeded", "NoReboot"}[chance.IntN(3)]
		w.Outcome = outcomes[chance.IntN(len(outcomes))]
		if w.Kind == literal && len(s.nodesOf(n)) == 0 {
			w.Kind = installing
		}
		w.IDs = w.IDs || w.Kind == literal
		if w.Kind == scanning || w.Outcome != "" {
			s.spare(n)
		}
	}
}

// spare lets a window install nothing.
func (s *Scenario) spare(window int) {
	for n := range s.Nodes {
		if node := &s.Nodes[n]; slices.Contains(node.Windows, window) {
			node.Installs, node.After = false, node.Before
		}
	}
}

// nodesOf are the IDs of a window's nodes.
func (s *Scenario) nodesOf(window int) (ids []string) {
	for _, n := range s.Nodes {
		if slices.Contains(n.Windows, window) {
			ids = append(ids, n.ID)
		}
	}
	return ids
}

// tasks are what a window runs.
func (s *Scenario) tasks(window int) []report.Task {
	w, targets := s.Windows[window], []report.Target{s.target(window)}
	baseline := report.Task{
		Name: "task", Document: "AWS-RunPatchBaseline", Operation: "Install", Targets: targets,
	}
	if w.Reboot != "" {
		baseline.Parameters = map[string][]string{"RebootOption": {w.Reboot}}
	}
	automation := report.Task{
		Name: "task", Type: "AUTOMATION", Document: "AWSEC2-PatchLoadBalancerInstance",
	}
	switch w.Kind {
	case hooked:
		hook := report.Task{Name: "hook", Document: drainer,
			Targets: []report.Target{{Key: "tag:All", Values: []string{"yes"}}}}
		return []report.Task{hook, baseline}
	case literal:
		automation.Parameters = map[string][]string{"InstanceId": s.nodesOf(window)}
		return []report.Task{automation}
	case elusive:
		automation.Parameters = map[string][]string{"InstanceId": {later}}
		return []report.Task{automation}
	case foreign:
		return []report.Task{{Name: "task", Document: patcher, Targets: targets}}
	case scanning:
		baseline.Operation = "Scan"
	}
	return []report.Task{baseline}
}

// outcome is what becomes of a window's execution: nothing is said of one that succeeds.
func (w Window) outcome(spec *world.WindowSpec) {
	if w.Outcome != "" {
		spec.Outcomes = map[time.Time]report.Execution{w.opens(): {Status: w.Outcome}}
	}
}

// reports says which reports there are of a window.
func (s *Scenario) reports(w Window) (before, after bool) {
	switch scheduled := s.Request["scheduled"] != nil; w.Kind {
	case foreign:
		return !scheduled, !scheduled && s.After
	case scanning:
		return !scheduled, false
	}
	return true, s.After
}

// reboots says that the window reboots instances that need it: by AWS's words, AWS-RunPatchBaseline
// does unless it is told not to.
func (w Window) reboots() bool {
	return w.Reboot != "NoReboot" && (w.Kind == installing || w.Kind == hooked || w.Kind == "")
}

// said checks what a report says of its window.
func (j *judge) said(d document, note world.Note) {
	n := slices.IndexFunc(j.Windows, func(w Window) bool { return w.ID == d.Window.ID })
	if n < 0 || j.Windows[n].Kind == "" || d.Part > 1 {
		return
	}
	w, remarks := j.Windows[n], strings.Join(d.Remarks, "\n")
	unread := strings.Contains(remarks, "tasks do couldn't be read")
	if d.Phase == report.After && j.faults >= enough && unread {
		return
	}
	does := map[string]string{foreign: "unknown", scanning: "scan"}[w.Kind]
	if does == "" {
		does = "install"
	}
	if d.Window.Does != does {
		j.broken("tasks", "%s says that window %s (%s) does %q", d.Report, w.ID, w.Kind, d.Window.Does)
	}
	for kind, holds := range map[string]string{hooked: drainer, foreign: patcher, elusive: later} {
		if strings.Contains(remarks, holds) != (w.Kind == kind) {
			j.broken("tasks", "%s of a window that is %s remarks %q", d.Report, w.Kind, remarks)
		}
	}
	if said := note.Subject + note.Text; w.Kind == elusive && strings.Contains(said, "no instance") {
		j.broken("tasks", "%s says %q, and nobody knows", d.Report, "no instance")
	}
	installs := does == "install" && d.Phase == report.Before && !d.Window.Opens.IsZero()
	if strings.Contains(note.Text, "Before maintenance window") != installs {
		j.broken("tasks", "%s of a window that is %s begins %.100q", d.Report, w.Kind, note.Text)
	}
	j.saw("window "+w.Kind, true)
	if d.Phase == report.After {
		j.executed(d, w, note)
	}
}

// executed checks what a second report says of the window's execution.
func (j *judge) executed(d document, w Window, note world.Note) {
	want := w.Outcome
	if want == "" {
		want = "SUCCESS"
	}
	switch {
	case d.Execution == nil && j.faults == 0 && len(j.Acts) == 0:
		j.broken("execution", "%s says nothing of the execution, which is %s", d.Report, want)
	case d.Execution == nil:
		return
	case d.Execution.Status != want:
		j.broken("execution", "%s says that the execution is %s, want %s",
			d.Report, d.Execution.Status, want)
	case w.Outcome == "" || !strings.Contains(note.Subject, "no installation seen"):
		return
	}
	// a message of several parts says which it is before its first line
	_, first, _ := strings.Cut(note.Text, "After maintenance window")
	first, _, _ = strings.Cut(first, "\n\n")
	if !strings.Contains(note.Subject, "execution") || !strings.Contains(first, "execution") {
		j.broken("execution", "%s saw nothing, and begins %q, %q", d.Report, note.Subject, first)
	}
	j.saw("execution "+want, true)
}

// unreported checks that a window that isn't reported, for nobody knows what it runs, was named to people.
func (j *judge) unreported() {
	for _, w := range j.Windows {
		if before, _ := j.reports(w); before || w.Kind != foreign || j.faults > 0 || len(j.Acts) > 0 {
			continue
		}
		if !j.told(patcher, "isn't known") {
			j.broken("tasks", "window %s isn't reported, and nobody was told of %s", w.ID, patcher)
		}
		j.saw("told of a document", true)
	}
}
