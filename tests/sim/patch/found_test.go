package patch_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"quickstep/tests/sim/simtest"

	"quickstep/shared/report"
	"quickstep/tests/sim"
	"quickstep/tests/world"
)

// announced are patches that a first report tells as missing.
func announced(names ...string) (all []report.Patch) {
	for _, name := range names {
		all = append(all, thing(name, report.Missing, time.Time{}))
	}
	return all
}

// byHand is a fleet of two in which three of four patches were installed before the window opened: one by hand, one
// whose time Systems Manager doesn't tell, and one by another window, which left it waiting for a reboot. The window
// itself has installed the fourth.
func byHand(t *testing.T) (world.Note, form) {
	t.Helper()
	f := simtest.Patched(t, 2, simtest.ByHand(),
		func(_ int, _ *world.MachineSpec, _ *report.State, p *[]report.Patch) {
			*p = announced("bash", "curl", "kernel", "openssl")
		})
	opened := sim.Began.Add(simtest.Opens)
	note, m := secondly(t, f, func() {
		for n := 1; n <= 2; n++ {
			patchedAt(f, n, "Install", opened.Add(time.Hour),
				thing("bash", report.Installed, opened.Add(-5*time.Hour)),
				thing("curl", report.Installed, time.Time{}),
				thing("kernel", report.InstalledPendingReboot, opened.Add(-20*time.Hour)),
				thing("openssl", report.Installed, opened.Add(time.Hour)))
		}
	})
	simtest.Quiet(t, f)
	return note, m
}

func TestWhatWasInstalledBeforeTheOpeningIsNotTheWindows(t *testing.T) {
	note, m := byHand(t)
	simtest.Holds(t, note.Subject, "2 installs done, 2 done by it or earlier, ")
	simtest.Holds(t, note.Text, "web-patches has closed: 2 installations done, 2 done by it or before it opened, "+
		"0 failed, 0 still missing.", "2 installed before the window opened",
		"2 pending reboot since before the window opened",
		"whether the window has made 2 of these installations, or somebody else before it opened, can't be told")
	want := map[string]int{"installed": 2, "installedUndetermined": 2, "installedBefore": 2, "pendingBefore": 2}
	for as, n := range want {
		if m.Totals.Found[as] != n {
			t.Errorf("found %v, want %v", m.Totals.Found, want)
		}
	}
	if m.Totals.Reboot != 2 {
		t.Errorf("%d need a reboot, want both", m.Totals.Reboot)
	}
}

func TestGoldenASecondReportOfWhatWasInstalledBefore(t *testing.T) {
	note, _ := byHand(t)
	golden(t, "before-opening", []world.Note{note})
}

// What was installed by hand before a window that installed nothing isn't an installation of the window's.
func TestInstallationsByHandDoNotHideAWindowThatDidNotRun(t *testing.T) {
	f := simtest.Patched(t, 2, simtest.ByHand(),
		func(_ int, _ *world.MachineSpec, _ *report.State, p *[]report.Patch) { *p = announced("bash") })
	note, _ := secondly(t, f, func() {
		for n := 1; n <= 2; n++ {
			patchedAt(f, n, "Scan", f.Now(), thing("bash", report.Installed, f.Now().Add(-6*time.Hour)))
		}
	})
	simtest.Holds(t, note.Subject, "no installation seen")
}

// An evening window of New York, on Windows Server: its day is over in UTC when it opens, and only the day of an
// installation is known, in one of several forms.
func TestAnEveningWindowInAmericaLosesNothing(t *testing.T) {
	opens := moment(t, "2026-01-08T03:00:00Z") // 22:00 of the 7th
	for _, c := range []struct {
		name, installed, want string
	}{
		{"the day as a midnight of UTC", "2026-01-07T00:00:00Z", "installedUndetermined"},
		{"the day as a midnight of New York", "2026-01-07T05:00:00Z", "installedUndetermined"},
		{"the day as a midnight of twelve hours", "2026-01-07T12:00:00Z", "installedUndetermined"},
		{"the next day, by a clock that shows UTC", "2026-01-08T00:00:00Z", "installedUndetermined"},
		{"the day before, as a midnight of New York", "2026-01-06T05:00:00Z", "installedBefore"},
		{"two days before, as a midnight of UTC", "2026-01-05T00:00:00Z", "installedBefore"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := simtest.Patched(t, 1, simtest.ByHand(),
				func(_ int, m *world.MachineSpec, _ *report.State, p *[]report.Patch) {
					m.Windows, *p = true, announced("KB1")
				})
			f.ChangeWindow(simtest.Window, func(w *world.WindowSpec) {
				w.Zone, w.Executions = "America/New_York", []time.Time{opens}
			})
			simtest.Survey(t, f, simtest.All{"windowIds": []string{simtest.Window}, "after": true})
			f.Advance(opens.Add(time.Hour).Sub(f.Now()))
			day := moment(t, c.installed)
			patchedAt(f, 1, "Install", f.Now(),
				thing("KB1", report.Installed, day), thing("KB2", report.Installed, day)) // the second wasn't announced
			f.Advance(3 * time.Hour)
			simtest.Reported(t, f, time.Hour)
			m := parsed(t, simtest.Sent(f)[1:])
			want := map[string]int{c.want: 1}
			if c.want == "installedUndetermined" {
				want[c.want] = 2
			}
			if got := m.Totals.Found; len(got) != 1 || got[c.want] != want[c.want] {
				t.Errorf("found %v, want %v", got, want)
			}
			if strings.Contains(simtest.Sent(f)[1].Text, "no installation") {
				t.Error("it says that no installation was seen")
			}
		})
	}
}

// installed makes an instance one that was patched six days ago, by an operation that lists nothing as missing.
func installed(s *report.State, p *[]report.Patch) {
	s.Operation, s.Ended, *p = "Install", sim.Began.Add(-6*simtest.Day), nil
}

func TestNothingIsKnownOfWhatIsMissingSinceAnInstallation(t *testing.T) {
	for _, c := range []struct {
		name    string
		change  simtest.Changes
		verdict string
		unknown int
		flags   string
	}{
		{"all of them", func(_ int, _ *world.MachineSpec, s *report.State, p *[]report.Patch) { installed(s, p) },
			"nothing known of 10 instances, 10 not scanned since an installation", 10, "notRescanned"},
		{"some of them", func(n int, _ *world.MachineSpec, s *report.State, p *[]report.Patch) {
			if *p = nil; n <= 3 {
				installed(s, p)
			}
		}, "nothing to install on 7 of 10 instances, 3 not scanned since an installation", 3, "notRescanned"},
		{"some of them, and the installation failed in part", func(n int, _ *world.MachineSpec, s *report.State, p *[]report.Patch) {
			if *p = nil; n <= 3 {
				installed(s, p)
				*p = simtest.Five()[3:4]
			}
		}, "1 patch for 3 of 10 instances, 3 not scanned since an installation", 3, "notRescanned"},
		{"an installation by a list of its own, which lists what is missing", func(_ int, _ *world.MachineSpec, s *report.State, p *[]report.Patch) {
			installed(s, p)
			*p = simtest.Five()[:1]
		}, "1 patch for 10 of 10 instances", 0, ""},
		{"an installation of a minute ago", func(_ int, _ *world.MachineSpec, s *report.State, p *[]report.Patch) {
			installed(s, p)
			s.Ended = sim.Began.Add(-time.Minute)
		}, "nothing known of 10 instances, 10 not scanned since an installation", 10, "notRescanned"},
		{"a scan after the installation", func(_ int, _ *world.MachineSpec, s *report.State, p *[]report.Patch) {
			installed(s, p)
			s.Operation = "Scan"
		}, "nothing to install on 10 instances", 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := simtest.Patched(t, 10, simtest.ByHand("PatchReportBucket", "reports"), c.change)
			m := named(t, f)
			note := simtest.Only(t, f)
			simtest.Holds(t, note.Text, "web-patches opens: "+c.verdict+".")
			if got := note.Attributes["unknown"]; got != c.unknown {
				t.Errorf("unknown is %v, want %d", got, c.unknown)
			}
			if got := m.each()[sim.ID(1)]; got != c.flags {
				t.Errorf("it is flagged %q, want %q", got, c.flags)
			}
			csv := unpacked(t, f.Objects("reports")["quickstep/"+m.Report+"/report.csv.gz"])
			if n := strings.Count(csv, ",unknown,"); n != c.unknown {
				t.Errorf("%d lines of the CSV say unknown, want %d:\n%s", n, c.unknown, csv)
			}
			if says := strings.Contains(note.Text, "Found:    nothing\n"); says != (c.unknown == 0 && len(m.Rows.Patches) == 0) {
				t.Errorf("it says that nothing was found: %t\n%s", says, note.Text)
			}
			simtest.Quiet(t, f)
		})
	}
}

func TestTheHeadTellsTheAgeOfTheOldestScan(t *testing.T) {
	f := simtest.Patched(t, 4, simtest.ByHand(), func(n int, _ *world.MachineSpec, s *report.State, p *[]report.Patch) {
		switch n {
		case 1:
			s.Ended = sim.Began.Add(-5 * simtest.Day)
		case 2:
			installed(s, p)
		case 3:
			s.Baseline, *p = "", nil
		}
	})
	m := named(t, f)
	simtest.Holds(
		t,
		simtest.Only(t, f).Text,
		"Scans:    the oldest is 5 days old, of 2025-12-31T02:00:00Z; 1 instance hasn't been scanned since its last installation\n",
		"not scanned since the installation 6 days ago: what is missing isn't known",
	)
	if want := sim.Began.Add(-5 * simtest.Day); !m.OldestScan.Equal(want) || m.Totals.NotRescanned != 1 {
		t.Errorf(
			"the oldest scan is of %s, want %s; %d haven't been scanned since",
			m.OldestScan,
			want,
			m.Totals.NotRescanned,
		)
	}
}

func TestGoldenAReportSixDaysAfterAnInstallation(t *testing.T) {
	f := simtest.Patched(t, 3, simtest.ByHand(), func(_ int, _ *world.MachineSpec, s *report.State, p *[]report.Patch) {
		installed(s, p)
	})
	named(t, f)
	golden(t, "not-rescanned", simtest.Sent(f))
}

// oneLine is a text without its lines' ends and blanks.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// needingReboots is a fleet of which two wait for a reboot, the report of that, and the event in it.
func needingReboots(t *testing.T) (*sim.Fleet, form) {
	t.Helper()
	f := simtest.Patched(t, 3, simtest.ByHand(),
		func(n int, _ *world.MachineSpec, _ *report.State, p *[]report.Patch) {
			if *p = simtest.Five()[2:3]; n == 3 {
				*p = nil
			}
		})
	m := named(t, f)
	if got := m.reboots(); !slices.Equal(got, []string{sim.ID(1), sim.ID(2)}) {
		t.Fatalf("a reboot is needed by %v", got)
	}
	return f, m
}

// again asks for another report, and gives its form and its text.
func again(t *testing.T, f *sim.Fleet) (form, world.Note) {
	t.Helper()
	before := len(simtest.Sent(f))
	simtest.Survey(t, f, simtest.All{"windowIds": []string{simtest.Window}})
	simtest.Reported(t, f, time.Hour)
	notes := simtest.Sent(f)[before:]
	return parsed(t, notes), notes[0]
}

// ownRun is a fleet of which two waited for a reboot. A run that the report's event began has rebooted one, and no
// scan has seen that yet.
func ownRun(t *testing.T) *sim.Fleet {
	t.Helper()
	f, m := needingReboots(t)
	var event simtest.All
	if err := json.Unmarshal(m.Rows.Reboots[0].Event, &event); err != nil {
		t.Fatal(err)
	}
	event["id"], event["instanceIds"] = "run-1", []string{sim.ID(1)}
	if _, err := f.Call("start", event); err != nil {
		t.Fatal(err)
	}
	simtest.Until(t, f, "the run isn't over", 2*time.Hour, func() bool { return len(f.Docs("ACTIVE")) == 0 })
	simtest.Rebooted(t, f, 1, sim.ID(1))
	return f
}

func TestAfterOurOwnRunNoRebootIsAskedForAgain(t *testing.T) {
	f := ownRun(t)
	second, note := again(t, f)
	if got := second.reboots(); !slices.Equal(got, []string{sim.ID(2)}) || second.Totals.Reboot != 1 {
		t.Errorf("a reboot is needed by %v, want the other alone", got)
	}
	if got := second.each(); got[sim.ID(1)] != "rebooted" || got[sim.ID(2)] != "" {
		t.Errorf("they are flagged %v", got)
	}
	simtest.Holds(t, note.Text, "rebooted by run run-1 since the last scan: no reboot is needed")

	// A scan that ends after the reboot knows better: what it says is pending was installed since.
	patchedAt(f, 1, "Scan", f.Now(), simtest.Five()[2])
	if third, _ := again(t, f); !slices.Equal(third.reboots(), []string{sim.ID(1), sim.ID(2)}) {
		t.Errorf("after a scan a reboot is needed by %v, want both", third.reboots())
	}
}

func TestGoldenAReportAfterOurOwnRun(t *testing.T) {
	_, note := again(t, ownRun(t))
	golden(t, "rebooted", []world.Note{note})
}

// What a run hasn't rebooted is asked for again: one that was skipped, and one that a scan saw before.
func TestOnlyARebootSinceTheLastScanCounts(t *testing.T) {
	f, _ := needingReboots(t)
	event := simtest.All{"id": "run-1", "fleet": "web", "instanceIds": []string{sim.ID(1)}}
	if _, err := f.Call("start", event); err != nil {
		t.Fatal(err)
	}
	simtest.Control(t, f, "cancel", "run-1")
	simtest.Until(t, f, "the run isn't over", 2*time.Hour, func() bool { return len(f.Docs("ACTIVE")) == 0 })
	if f.Boots(sim.ID(1)) > 0 {
		t.Fatal("it was rebooted before the run was canceled")
	}
	if m, _ := again(t, f); !slices.Equal(m.reboots(), []string{sim.ID(1), sim.ID(2)}) {
		t.Errorf("a reboot is needed by %v", m.reboots())
	}
}

// Host Management of Quick Setup scans by a document that stores no patches: nobody can say that nothing ever scanned.
func TestAnInstanceWithoutAPatchStateIsNotSaidNeverToBeScanned(t *testing.T) {
	f := simtest.Patched(t, 1, simtest.ByHand(),
		func(_ int, _ *world.MachineSpec, s *report.State, p *[]report.Patch) { s.Baseline, *p = "", nil })
	m := named(t, f)
	text := simtest.Only(t, f).Text
	simtest.Holds(t, oneLine(text), "no patch state: what is missing isn't known "+
		"(AWS-RunPatchBaselineAssociation, by which Quick Setup scans, stores none)")
	if strings.Contains(text, "never scanned") || m.each()[sim.ID(1)] != "neverScanned" {
		t.Errorf("it is flagged %v:\n%s", m.each(), text)
	}
}

// A window whose document stores nothing was neither disabled nor moved because nothing was seen of it.
func TestAWindowWhoseDocumentStoresNoPatchStatesSaysSo(t *testing.T) {
	f := simtest.Patched(t, 1, simtest.ByHand(), nil)
	f.ChangeWindow(simtest.Window, func(w *world.WindowSpec) {
		w.Tasks[0].Document = "AWS-RunPatchBaselineAssociation"
	})
	note, _ := secondly(t, f, func() {})
	simtest.Holds(t, note.Text, "stores no patch states: what it installs can't be seen",
		"no installation was seen", "and none could be: its document stores no patch states")
	if strings.Contains(note.Text, "may have been disabled") {
		t.Errorf("it says\n%s", note.Text)
	}
}

func TestAStateThatCountsMoreThanIsListedIsAContradiction(t *testing.T) {
	for _, c := range []struct {
		name    string
		state   report.State
		patches []report.Patch
		says    string
		unknown int
	}{
		{"twelve are counted, and none is listed", report.State{Missing: 12}, nil, "12 missing counted, 0 listed", 1},
		{"twelve are counted, and one is listed", report.State{Missing: 12}, announced("a"), "12 missing counted, 1 listed", 1},
		{"two have failed, and none is listed", report.State{Failed: 2}, announced("a"), "2 failed counted, 0 listed", 1},
		{"what waits for a reboot isn't listed", report.State{PendingReboot: 3}, nil, "3 pending reboot counted, 0 listed", 0},
		{"an installation counts what is missing", report.State{Missing: 4, Operation: "Install"}, nil, "4 missing counted, 0 listed", 1},
		{"as many", report.State{Missing: 1}, announced("a"), "", 0},
		{"more are listed", report.State{Missing: 1}, announced("a", "b"), "", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := simtest.Patched(t, 2, simtest.ByHand(),
				func(n int, _ *world.MachineSpec, s *report.State, p *[]report.Patch) {
					if *p = nil; n == 1 {
						s.Missing, s.Failed, s.PendingReboot, *p = c.state.Missing, c.state.Failed, c.state.PendingReboot, c.patches
						if c.state.Operation != "" {
							s.Operation = c.state.Operation
						}
					}
				})
			m := named(t, f)
			note := simtest.Only(t, f)
			if got := m.each()[sim.ID(1)]; (got == "countsDiffer") != (c.says != "") ||
				note.Attributes["unknown"] != c.unknown {
				t.Errorf("it is flagged %q, %v unknown, want %d", got, note.Attributes["unknown"], c.unknown)
			}
			if c.says != "" {
				simtest.Holds(t, oneLine(note.Text), "the patch state contradicts the list of patches: "+c.says)
			}
			if c.unknown > 0 && strings.Contains(note.Subject, "nothing to install on 2") {
				t.Errorf("the subject is %q", note.Subject)
			}
		})
	}
}

// States that weren't asked for can't be listed.
func TestAStateIsComparedWithWhatWasAskedFor(t *testing.T) {
	f := simtest.Patched(t, 1, simtest.ByHand(),
		func(_ int, _ *world.MachineSpec, s *report.State, p *[]report.Patch) { s.Missing, *p = 12, nil })
	if m := named(t, f, simtest.All{"states": []string{"Failed"}}); m.each()[sim.ID(1)] != "" {
		t.Errorf("it is flagged %v", m.each())
	}
}
