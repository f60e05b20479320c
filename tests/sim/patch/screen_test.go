package patch_test

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"quickstep/shared/report"
	"quickstep/shared/transient"
	"quickstep/tests/sim/simtest"
	"quickstep/tests/world"
)

var instanceID = regexp.MustCompile(`i-[0-9a-f]{17}`)

// body splits a report's text into its first screen and what follows, and counts the lines of the rest that name no
// instance.
func body(t *testing.T, text string) (screen []string, others int) {
	t.Helper()
	head, rest, found := strings.Cut(text, "\nPatches:\n")
	if !found {
		t.Fatalf("the report names no patches:\n%.2000s", text)
	}
	rest, _, _ = strings.Cut(rest, "\nNeed a reboot:\n")
	for line := range strings.Lines(rest) {
		if !instanceID.MatchString(line) {
			others++
		}
	}
	return strings.Split(head, "\n"), others
}

// of writes what all instances of one kind have in common.
func of(platform, group, baseline string, missing int) simtest.Changes {
	return func(_ int, spec *world.MachineSpec, state *report.State, patches *[]report.Patch) {
		spec.Windows = platform == "Windows"
		state.Group, state.Baseline = group, baseline
		*patches = simtest.Five()[:missing]
	}
}

// TestThousandsOfInstancesOfThreeKindsAreOneScreenAndLists: what is said of each instance is its name.
func TestThousandsOfInstancesOfThreeKindsAreOneScreenAndLists(t *testing.T) {
	size := 5000
	if simtest.Raced {
		size = 600
	}
	kinds := []simtest.Changes{
		of("Linux", "web", "pb-0123456789abcdef0", 5),
		of("Linux", "db", "pb-0123456789abcdef1", 2),
		of("Windows", "", "arn:aws:ssm:us-east-1:075727635805:patchbaseline/pb-0123456789abcdef2", 0),
	}
	f := simtest.Patched(t, size, simtest.ByHand(),
		func(n int, spec *world.MachineSpec, state *report.State, patches *[]report.Patch) {
			kinds[n%3](n, spec, state, patches)
		})
	f.SetBaseline("pb-0123456789abcdef1", "databases")
	f.SetBaseline("pb-0123456789abcdef2", "AWS-DefaultPatchBaseline")
	f.SetBaseline("pb-0123456789abcdef3", "another's")
	named(t, f)

	notes := simtest.Sent(f)
	screen, others := body(t, notes[0].Text)
	if len(screen) > 30 || others > 30 {
		t.Errorf(
			"%d lines come before the patches, %d others name no instance:\n%s",
			len(screen),
			others,
			strings.Join(screen, "\n"),
		)
	}
	all := ""
	for _, n := range notes {
		all += n.Text
	}
	simtest.Holds(t, strings.Join(strings.Fields(all), " "), "patch group web, baseline pb-0123456789abcdef0:",
		"patch group db, baseline databases (pb-0123456789abcdef1):",
		"baseline AWS-DefaultPatchBaseline (pb-0123456789abcdef2):",
		fmt.Sprintf("L1, %d instances:", (size+1)/3), fmt.Sprintf("%d instances, Microsoft Windows", (size+1)/3))
	names, _, _ := strings.Cut(all, "\nNeed a reboot:\n")
	seen := map[string]int{}
	for _, id := range instanceID.FindAllString(names, -1) {
		seen[id]++
	}
	if len(seen) != size {
		t.Errorf("%d of %d instances are named before the events for reboots", len(seen), size)
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("%s is named %d times", id, n)
		}
	}
	for _, n := range notes[1:] {
		if !strings.Contains(n.Text, "rows for machines alone") && !instanceID.MatchString(n.Text) {
			t.Errorf("a part says nothing: %s", n.Text)
		}
	}
	simtest.Quiet(t, f)
}

// TestWhatIsOddAboutAllStandsInTheSubject, and in one line below.
func TestWhatIsOddAboutAllStandsInTheSubject(t *testing.T) {
	f := simtest.Patched(t, 300, simtest.ByHand(), nil)
	for _, id := range f.IDs {
		f.Stop(id)
	}
	f.Advance(10 * time.Minute)
	named(t, f)
	note := simtest.Sent(f)[0]
	simtest.Holds(t, note.Subject, "300 of 300 stopped")
	simtest.Holds(t, note.Text, "300 of 300 instances stopped", "Look at:  300 instances: 300 offline, 300 stopped",
		"300 of 300 instances: agent offline; stopped:")
	if n := strings.Count(note.Text, "agent offline"); n != 1 {
		t.Errorf("it is said %d times", n)
	}
}

// TestWhatOnlyWaitsForARebootIsntToBeInstalled: it has a heading of its own, and isn't counted.
func TestWhatOnlyWaitsForARebootIsntToBeInstalled(t *testing.T) {
	f := simtest.Patched(t, 2, simtest.ByHand(),
		func(n int, _ *world.MachineSpec, _ *report.State, patches *[]report.Patch) {
			*patches = []report.Patch{
				{KB: "kernel", Title: "kernel:6.1", State: report.InstalledPendingReboot},
				{KB: "openssl", Title: "openssl:3.0", State: report.Missing},
				{KB: "curl", Title: "curl:8", State: report.Missing},
			}
			if n == 2 {
				(*patches)[2].State = report.InstalledPendingReboot
			}
		})
	named(t, f)
	note := simtest.Only(t, f)
	simtest.Holds(t, note.Subject, "2 patches for 2 of 2")
	_, rest, _ := strings.Cut(note.Text, "\nPatches:\n")
	install, waiting, found := strings.Cut(rest, "\nPatches that only wait for a reboot:\n")
	if !found || strings.Contains(install, "kernel") || !strings.Contains(waiting, "kernel") {
		t.Errorf("got\n%s", note.Text)
	}
	simtest.Holds(t, install, "openssl", "on 2 instances: 1 missing, 1 pending reboot")
}

// TestAReportComesWithoutTheNamesOfItsBaselines: they are worth no report less, whatever keeps them from being read.
func TestAReportComesWithoutTheNamesOfItsBaselines(t *testing.T) {
	for name, why := range map[string]error{
		"denied":    errDenied,
		"throttled": transient.NotApplied(errors.New("ThrottlingException: rate exceeded")),
	} {
		t.Run(name, func(t *testing.T) {
			f := simtest.Patched(t, 2, simtest.ByHand(), nil)
			f.SetBaseline("pb-0123456789abcdef0", "web servers")
			f.Refuse = func(op world.Op) error {
				if op.Name == "Baselines" {
					return why
				}
				return nil
			}
			named(t, f)
			note := simtest.Only(t, f)
			simtest.Holds(t, note.Text, "patch group web, baseline pb-0123456789abcdef0:")
			if strings.Contains(note.Text+note.JSON, "web servers") {
				t.Errorf("it knows the name:\n%s", note.Text)
			}
			simtest.Quiet(t, f)
		})
	}
}
