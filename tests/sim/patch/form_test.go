package patch_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"quickstep/shared/report"
	"quickstep/shared/report/format"
	"quickstep/tests/sim"
	"quickstep/tests/sim/simtest"
	"quickstep/tests/world"
)

// form is the JSON form of a report, put together from its parts: what a subscriber of the topic can know.
type form struct {
	Schema, Report, Phase, First string
	Part, Parts                  int
	Repeated                     bool
	Window                       *struct {
		ID, Name, Zone string
		Opens, Closes  time.Time
		Disabled       bool
		Does           string
	}
	Previous *struct {
		Started, Ends time.Time
		Over          bool
	}
	Tasks     []report.WindowTask
	Execution *report.Execution
	Totals    struct {
		Instances, Gaps, Flagged, Patches, Reboot int
		NotRescanned                              int
		Found                                     map[string]int
	}
	OldestScan time.Time
	Stored     *struct{ JSON, CSV, Failed string }
	Remarks    []string
	Severities []struct {
		Severity           string
		Patches, Instances int
	}
	Rows rows
}

type rows struct {
	Gaps []struct {
		Instance, Reason string
		Flags            []string
		Scan             *struct{ Baseline string }
	}
	Patches []struct {
		Patch, KB, Title, Classification, Severity, CVEs string
		Piece, Instances                                 int
		Found                                            map[string]int
	}
	Instances []struct {
		Instance, List string
		Found          map[string]int
		Flags          []string
		Scan           *struct{ Baseline string }
	}
	Lists []struct {
		List             string
		Piece, Instances int
		Patches          map[string][]string
	}
	Reboots []struct {
		Instances []string
		Event     json.RawMessage
	}
}

// parsedOne is one message by itself.
func parsedOne(t testing.TB, note world.Note) (m form) {
	t.Helper()
	if err := json.Unmarshal([]byte(note.JSON), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// partOf is which part of its report a message is.
func partOf(note world.Note) int {
	var m struct{ Part int }
	_ = json.Unmarshal([]byte(note.JSON), &m) // of what is no JSON it is none
	return m.Part
}

// parsed puts the parts of one report together.
func parsed(t testing.TB, notes []world.Note) (whole form) {
	t.Helper()
	if len(notes) == 0 {
		t.Fatal("no report was sent")
	}
	for n, note := range notes {
		var m form
		if err := json.Unmarshal([]byte(note.JSON), &m); err != nil {
			t.Fatalf("part %d: %v", n+1, err)
		}
		if m.Part != n+1 || m.Parts != len(notes) || m.Schema != format.Schema {
			t.Errorf("message %d of %d is part %d of %d, schema %s", n+1, len(notes), m.Part, m.Parts, m.Schema)
		}
		rows := whole.Rows
		rows.Gaps = append(rows.Gaps, m.Rows.Gaps...)
		for _, p := range m.Rows.Patches {
			if last := len(rows.Patches) - 1; p.Piece > 1 && rows.Patches[last].Patch == p.Patch {
				rows.Patches[last].CVEs += "," + p.CVEs
			} else {
				rows.Patches = append(rows.Patches, p)
			}
		}
		rows.Instances = append(rows.Instances, m.Rows.Instances...)
		rows.Lists = append(rows.Lists, m.Rows.Lists...)
		rows.Reboots = append(rows.Reboots, m.Rows.Reboots...)
		whole, whole.Rows = m, rows
	}
	if n, r := whole.Totals, whole.Rows; n.Instances != len(r.Instances)+len(r.Gaps) || n.Gaps != len(r.Gaps) ||
		n.Patches != len(r.Patches) {
		t.Errorf(
			"its totals are %+v; there are %d instances, %d gaps, %d patches",
			n,
			len(r.Instances),
			len(r.Gaps),
			len(r.Patches),
		)
	}
	return whole
}

// each is what the report says of each instance: its flags, or "gap".
func (m form) each() map[string]string {
	all := map[string]string{}
	add := func(id, what string) {
		if before, ok := all[id]; ok {
			what = "TWICE: " + before + " and " + what
		}
		all[id] = what
	}
	for _, g := range m.Rows.Gaps {
		add(g.Instance, "gap")
	}
	for _, i := range m.Rows.Instances {
		add(i.Instance, strings.Join(i.Flags, " "))
	}
	return all
}

// of are the patches of an instance, KB and title, by category, each as often as it stands in the instance's list.
func (m form) of(id string) map[string][]string {
	names := map[string]string{}
	for _, p := range m.Rows.Patches {
		names[p.Patch] = p.KB + " " + p.Title
	}
	found := map[string][]string{}
	for _, i := range m.Rows.Instances {
		if i.Instance != id {
			continue
		}
		for _, l := range m.Rows.Lists {
			if l.List != i.List {
				continue
			}
			for as, patches := range l.Patches {
				for _, p := range patches {
					found[as] = append(found[as], names[p])
				}
			}
		}
	}
	for _, all := range found {
		slices.Sort(all)
	}
	return found
}

// reboots are the instances that need one, in the order in which they are told.
func (m form) reboots() (ids []string) {
	for _, r := range m.Rows.Reboots {
		ids = append(ids, r.Instances...)
	}
	return ids
}

// mustHold checks that an instance has exactly these patches, given by state, in the report.
func (m form) mustHold(t testing.TB, id string, patches []report.Patch) {
	t.Helper()
	want := map[string][]string{}
	for _, p := range patches {
		as := map[string]string{report.Missing: "missing", report.Failed: "failed", report.InstalledPendingReboot: "pendingReboot", report.Installed: "installed",
			report.InstalledOther: "installed", report.InstalledRejected: "installed", report.NotApplicable: "notApplicable", report.AvailableSecurity: "availableSecurityUpdate"}[p.State]
		want[as] = append(want[as], p.KB+" "+p.Title)
	}
	got := m.of(id)
	for _, as := range slices.Sorted(maps.Keys(want)) {
		slices.Sort(want[as])
		if !slices.Equal(got[as], want[as]) {
			t.Errorf(
				"%s has %d patches that are %s, want %d: %.300v, want %.300v",
				id,
				len(got[as]),
				as,
				len(want[as]),
				got[as],
				want[as],
			)
		}
		delete(got, as)
	}
	if len(got) > 0 {
		t.Errorf("%s has also %.300v", id, got)
	}
}

// named asks for a report of the window by hand, and gives it.
func named(t testing.TB, f *sim.Fleet, more ...simtest.All) form {
	t.Helper()
	event := simtest.All{"windowIds": []string{simtest.Window}}
	for _, m := range more {
		for name, value := range m {
			event[name] = value
		}
	}
	simtest.Survey(t, f, event)
	simtest.Reported(t, f, 3*time.Hour)
	return parsed(t, simtest.Sent(f))
}
