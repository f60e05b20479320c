package simtest

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"quickstep/shared/report"
	"quickstep/tests/sim"
	"quickstep/tests/template"
	"quickstep/tests/world"
)

// Window is the maintenance window of the tests, target is what is registered with it.
const (
	Window = "mw-0123456789abcdef0"
	Target = "e32eecb2-646c-4f4b-8ed1-205fbc35fc66"
)

// Opens is when it opens, after sim.Began.
const Opens = 36 * time.Hour

// Changes make of an ordinary instance, the nth, one of another kind.
type Changes func(n int, spec *world.MachineSpec, state *report.State, patches *[]report.Patch)

// Stacks are the stacks that were loaded,
var Stacks sync.Map // by their parameters: loading the template takes a while

// Loaded is the stack with parameters.
func Loaded(t testing.TB, parameters map[string]string) *template.Stack {
	t.Helper()
	key := fmt.Sprint(parameters)
	if s, ok := Stacks.Load(key); ok {
		return Copied(s.(*template.Stack))
	}
	s, err := sim.StackWith(parameters)
	if err != nil {
		t.Fatal(err)
	}
	Stacks.Store(key, s)
	return Copied(s)
}

// ByHand are the parameters of a stack whose schedule is off, so that there are only reports that a test asks for.
func ByHand(more ...string) map[string]string {
	all := map[string]string{"PatchScheduleState": "DISABLED"}
	for n := 0; n < len(more); n += 2 {
		all[more[n]] = more[n+1]
	}
	return all
}

// Patched is a fleet of size instances in a maintenance window that opens a day and a half after sim.Began, each
// with the same five patches but for what change makes of it. Without parameters the schedule is on, as it is by
// default.
func Patched(t testing.TB, size int, parameters map[string]string, change Changes) *sim.Fleet {
	t.Helper()
	return PatchedBy(t, 1, size, parameters, change)
}

// PatchedBy is Patched in a world of a seed.
func PatchedBy(t testing.TB, seed uint64, size int, parameters map[string]string, change Changes) *sim.Fleet {
	t.Helper()
	f := sim.On(Loaded(t, parameters), seed)
	t.Cleanup(f.Close)
	for n := 1; n <= size; n++ {
		spec := world.MachineSpec{ID: sim.ID(n), IP: fmt.Sprintf("10.%d.%d.%d", n>>16, n>>8&255, n&255), Managed: true,
			Tags: map[string]string{"Name": fmt.Sprintf("web-%d", n), "Patch Group": "web"}}
		state := &report.State{
			Baseline:  "pb-0123456789abcdef0",
			Group:     "web",
			Operation: "Scan",
			Ended:     sim.Began.Add(-3 * time.Hour),
		}
		patches := Five()
		if change != nil {
			change(n, &spec, state, &patches)
		}
		f.Add(spec)
		if state.Baseline == "" {
			state = nil
		}
		f.SetPatches(spec.ID, state, patches)
	}
	f.AddWindow(Ordinary())
	return f
}

// Ordinary is a window that installs patches on all that have the tag Patch Group, once a week.
func Ordinary() world.WindowSpec {
	return world.WindowSpec{ID: Window, Name: "web-patches", Zone: "Europe/Berlin", Hours: 3,
		Executions: []time.Time{sim.Began.Add(Opens), sim.Began.Add(Opens + 7*24*time.Hour)},
		Tasks:      []report.Task{Install(report.Target{Key: "WindowTargetIds", Values: []string{Target}})},
		Targets: []report.Registered{
			{ID: Target, Targets: []report.Target{{Key: "tag:Patch Group", Values: []string{"web"}}}},
		}}
}

// Install is the task of a maintenance window that installs patches on its targets.
func Install(targets ...report.Target) report.Task {
	return report.Task{Document: "AWS-RunPatchBaseline", Operation: "Install", Targets: targets}
}

// Five are patches of Amazon Linux: two severe, one that failed before, one that waits for a reboot, and one in two
// versions.
func Five() []report.Patch {
	return []report.Patch{
		{
			KB:             "openssl.x86_64",
			Title:          "openssl.x86_64:1:3.0.8-1.amzn2023.0.20",
			Classification: "Security",
			Severity:       "Critical",
			State:          report.Missing,
			CVEs:           "CVE-2026-0001,CVE-2026-0002",
		},
		{
			KB:             "kernel.x86_64",
			Title:          "kernel.x86_64:0:6.1.161-183.298.amzn2023",
			Classification: "Security",
			Severity:       "Important",
			State:          report.Missing,
			CVEs:           "CVE-2026-0100",
		},
		{
			KB:             "kernel.x86_64",
			Title:          "kernel.x86_64:0:6.1.159-182.297.amzn2023",
			Classification: "Security",
			Severity:       "Important",
			State:          report.InstalledPendingReboot,
			Installed:      sim.Began.Add(-7 * 24 * time.Hour),
		},
		{
			KB:             "curl-minimal.x86_64",
			Title:          "curl-minimal.x86_64:0:8.15.0-1.amzn2023",
			Classification: "Security",
			Severity:       "Medium",
			State:          report.Failed,
			CVEs:           "CVE-2026-0200",
		},
		{
			KB:             "tzdata.noarch",
			Title:          "tzdata.noarch:0:2026a-1.amzn2023",
			Classification: "Bugfix",
			State:          report.Missing,
		},
	}
}

// Numbered are n patches that are missing, no two alike.
func Numbered(n int) (all []report.Patch) {
	for k := range n {
		all = append(
			all,
			report.Patch{
				KB:             fmt.Sprintf("KB%07d", k+1),
				Title:          fmt.Sprintf("%04d-%02d Cumulative Update (KB%07d)", 2020+k%6, k%12+1, k+1),
				Classification: "SecurityUpdates",
				Severity:       "Important",
				State:          report.Missing,
			},
		)
	}
	return all
}

// Survey invokes the function and gives its answer.
func Survey(t testing.TB, f *sim.Fleet, event All) map[string]any {
	t.Helper()
	answer, err := f.Call("survey", event)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// Reported runs until no report is under way any more.
func Reported(t testing.TB, f *sim.Fleet, limit time.Duration) {
	t.Helper()
	if err := f.Run(func() bool { return len(f.Docs("REPORTS")) == 0 }, limit); err != nil {
		t.Fatalf("the report isn't over: %v", err)
	}
}

// Sent are the announcements of the report topic; what is said there of runs is left out.
func Sent(f *sim.Fleet) (notes []world.Note) {
	for _, n := range f.Published("report") {
		if n.JSON != "" {
			notes = append(notes, n)
		}
	}
	return notes
}

// Only checks that there was one message, and gives it.
func Only(t testing.TB, f *sim.Fleet) world.Note {
	t.Helper()
	notes := Sent(f)
	if len(notes) != 1 {
		t.Fatalf("%d messages were sent, want one", len(notes))
	}
	return notes[0]
}

// Quiet checks that nobody was alarmed, and that no message is left.
func Quiet(t testing.TB, f *sim.Fleet) {
	t.Helper()
	for _, n := range f.Published("alarm") {
		t.Errorf("somebody was alarmed: %s\n%s", n.Subject, n.Text)
	}
	Settled(t, f)
}

// Settled checks that no message is left in any queue.
func Settled(t testing.TB, f *sim.Fleet) {
	t.Helper()
	f.Advance(2 * time.Hour) // for messages that were on their way, or of invocations that crashed
	for name := range f.Stack.Queues {
		if n := f.Depth(name); n > 0 {
			t.Errorf("%d messages are left in queue %s: %v", n, name, f.Peek(name))
		}
	}
}

// Holds checks that a text has all the parts.
func Holds(t testing.TB, text string, parts ...string) {
	t.Helper()
	squeezed := func(s string) string { return strings.Join(strings.Fields(s), " ") } // wherever lines end
	for _, p := range parts {
		if !strings.Contains(squeezed(text), squeezed(p)) {
			t.Errorf("%q isn't in\n%s", p, text)
		}
	}
}
