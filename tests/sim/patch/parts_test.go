package patch_test

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"quickstep/shared/notify"
	"quickstep/shared/report"
	"quickstep/tests/sim"
	"quickstep/tests/sim/simtest"
	"quickstep/tests/world"
)

// size is what SNS counts of a message, by its documentation: the message and its attributes, names, types and
// values.
func size(t *testing.T, n world.Note) int {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(map[string]string{"default": n.JSON, "email": n.Text}); err != nil {
		t.Fatal(err)
	}
	total := b.Len() - 1
	for name, value := range n.Attributes {
		total += len(name) + len("String") + len(fmt.Sprint(value))
	}
	return total
}

// Each case is a fleet whose report is large in another way.
func TestALargeReportIsCutIntoPartsAndNothingElse(t *testing.T) {
	dear := func(k int) report.Patch { // of characters that JSON, and JSON in JSON, write as several
		return report.Patch{
			KB:       fmt.Sprintf("KB%05d", k),
			Title:    strings.Repeat(`<"\&`+" é漢😀", 12) + fmt.Sprint(k),
			Severity: "Critical",
			State:    report.Missing,
		}
	}
	for _, c := range simtest.Some([]struct {
		name      string
		instances int
		change    simtest.Changes
		parts     int // at least
	}{
		{"many patches", 2, func(_ int, _ *world.MachineSpec, _ *report.State, p *[]report.Patch) { *p = simtest.Numbered(3000) }, 3},
		{"many instances, no two alike", 1200, func(n int, _ *world.MachineSpec, _ *report.State, p *[]report.Patch) {
			*p = append(*p, simtest.Numbered(n)[n-1])
		}, 3},
		{"patches with hundreds of CVEs", 2, func(_ int, _ *world.MachineSpec, _ *report.State, p *[]report.Patch) {
			*p = simtest.Numbered(100)
			for k := range *p {
				for n := range 700 {
					(*p)[k].CVEs += fmt.Sprintf("CVE-2026-%02d%03d,", k, n)
				}
			}
		}, 4},
		{"titles that need many bytes", 3, func(n int, _ *world.MachineSpec, _ *report.State, p *[]report.Patch) {
			*p = nil
			for k := range 200 * n {
				*p = append(*p, dear(k))
			}
		}, 2},
		{"versions of one package, which go by their long titles", 3, func(n int, _ *world.MachineSpec, _ *report.State, p *[]report.Patch) {
			*p = simtest.Numbered(200 * n)
			for k := range *p {
				(*p)[k].KB, (*p)[k].Title = "kernel.x86_64", fmt.Sprintf("kernel.x86_64:0:6.1.%d-%s", k, strings.Repeat("long", 50))
			}
		}, 2},
		{"many that need a reboot", 3000, func(_ int, _ *world.MachineSpec, s *report.State, p *[]report.Patch) { s.PendingReboot, *p = 1, nil }, 3},
	}) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := simtest.Patched(t, c.instances, simtest.ByHand("PatchReportBucket", "reports"), c.change)
			f.KeepLog = false
			f.ChangeWindow(
				simtest.Window,
				func(w *world.WindowSpec) { w.Name = strings.Repeat("patches-of-the-week.", 7)[:128] },
			)
			m := named(t, f)
			notes := simtest.Sent(f)
			if len(notes) < c.parts {
				t.Errorf("%d parts; it was meant to be %d", len(notes), c.parts)
			}
			for n, note := range notes {
				if bytes := size(t, note); bytes > notify.MaxAnnouncement {
					t.Errorf("part %d is %d bytes", n+1, bytes)
				}
				ascii := !strings.ContainsFunc(note.Subject, func(r rune) bool { return r < ' ' || r > '~' })
				if len(note.Subject) > 99 || !ascii ||
					!strings.Contains(note.Subject, fmt.Sprintf("(%d/%d)", n+1, len(notes))) {
					t.Errorf("the subject of part %d is %q", n+1, note.Subject)
				}
				simtest.Holds(t, note.Text, fmt.Sprintf("Part %d of %d.", n+1, len(notes)))
			}
			if len(m.each()) != c.instances {
				t.Errorf("%d instances are told of", len(m.each()))
			}
			for _, n := range []int{1, c.instances / 2, c.instances} {
				if n > 0 {
					m.mustHold(t, sim.ID(n), patchesOf(n, c.change))
				}
			}
			whole(t, f, m)
			simtest.Quiet(t, f)
		})
	}
}

func patchesOf(n int, change simtest.Changes) []report.Patch {
	patches := simtest.Five()
	change(n, &world.MachineSpec{}, &report.State{}, &patches)
	return patches
}

// unpacked is what gzip has packed.
func unpacked(t *testing.T, packed []byte) string {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// whole checks that the object in the bucket holds the rows of all parts, and the CSV a line for each patch of each
// instance.
func whole(t *testing.T, f *sim.Fleet, parts form) {
	t.Helper()
	objects := f.Objects("reports")
	prefix := "quickstep/" + parts.Report + "/"
	var stored form
	if len(objects) != 2 {
		t.Fatalf("the bucket holds %v", slices.Sorted(maps.Keys(objects)))
	}
	stored = parsed(t, []world.Note{{JSON: string(objects[prefix+"report.json"])}})
	if !reflect.DeepEqual(stored.Rows, parts.Rows) || !reflect.DeepEqual(stored.Totals, parts.Totals) {
		t.Errorf(
			"the object isn't the sum of the parts: %d and %d instances, %d and %d patches",
			len(stored.Rows.Instances),
			len(parts.Rows.Instances),
			len(stored.Rows.Patches),
			len(parts.Rows.Patches),
		)
	}
	lines, err := csv.NewReader(strings.NewReader(unpacked(t, objects[prefix+"report.csv.gz"]))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]int{}
	for _, line := range lines[1:] {
		rows[line[2]]++
	}
	for id := range parts.each() {
		found := 0
		for _, all := range parts.of(id) {
			found += len(all)
		}
		if rows[id] != max(found, 1) {
			t.Fatalf("the CSV has %d lines of %s, want %d", rows[id], id, max(found, 1))
		}
	}
	if parts.Stored == nil || parts.Stored.JSON != "s3://reports/"+prefix+"report.json" ||
		parts.Stored.CSV != "s3://reports/"+prefix+"report.csv.gz" {
		t.Errorf("the parts say that it is stored at %+v", parts.Stored)
	}
}

func TestTheBucketHoldsTheWholeReport(t *testing.T) {
	f := odd(t)
	named(t, f)
	if n := len(f.Objects("reports")); n != 0 {
		t.Errorf("without a bucket in the parameters there are %d objects", n)
	}
	f = simtest.Patched(
		t,
		3,
		simtest.ByHand("PatchReportBucket", "reports", "PatchReportPrefix", "quickstep/"),
		func(n int, _ *world.MachineSpec, state *report.State, p *[]report.Patch) {
			if n == 2 {
				state.Ended, (*p)[0].Title = sim.Began.Add(-20*simtest.Day), `quotes " and, commas`
			}
		},
	)
	denied(f, sim.ID(3))
	m := named(t, f)
	whole(t, f, m)
	text := unpacked(t, f.Objects("reports")["quickstep/"+m.Report+"/report.csv.gz"])
	simtest.Holds(
		t,
		text,
		`"quotes "" and, commas"`,
		"stale",
		"unread: ",
		"AccessDenied",
		"pb-0123456789abcdef0",
		"CVE-2026-0100",
		"tzdata.noarch",
	)
	for key, want := range map[string]string{"report.json": "application/json", "report.csv.gz": "application/gzip"} {
		if got := f.ContentType("reports", "quickstep/"+m.Report+"/"+key); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	simtest.Holds(
		t,
		simtest.Only(t, f).Text,
		"s3://reports/quickstep/"+m.Report+"/report.json",
		"s3://reports/quickstep/"+m.Report+"/report.csv.gz",
	)
}

// A bucket that doesn't take the report keeps nobody from getting it.
func TestABucketThatFailsIsSaidInTheReport(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(f *sim.Fleet)
		why   string
	}{
		{"it doesn't exist", func(f *sim.Fleet) { f.DeleteBucket("reports") }, "NoSuchBucket"},
		{"it is out of order for hours", func(f *sim.Fleet) { failing(f, "s3", world.ServerError) }, "InternalError"},
		{"it throttles for hours", func(f *sim.Fleet) { failing(f, "s3", world.Throttle) }, "Throttling"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := simtest.Patched(t, 3, simtest.ByHand("PatchReportBucket", "reports"), nil)
			c.spoil(f)
			m := named(t, f)
			if len(m.each()) != 3 || m.Stored == nil || !strings.Contains(m.Stored.Failed, c.why) {
				t.Errorf("%d instances; it is stored as %+v", len(m.each()), m.Stored)
			}
			simtest.Holds(t, simtest.Only(t, f).Text, "NOT", c.why)
			if at := simtest.Only(t, f).At; at.After(sim.Began.Add(time.Hour)) {
				t.Errorf("it was sent at %s", at)
			}
		})
	}
}

// failing lets every call of a service fail.
func failing(f *sim.Fleet, service string, fault world.Fault) {
	f.Fault = func(op world.Op) world.Fault {
		if op.Service == service && op.Function != "" {
			return fault
		}
		return world.None
	}
}

// Ten attributes are the most that SNS delivers raw to a queue: a message with more is discarded.
func TestAttributesAreForTheFiltersOfSubscriptions(t *testing.T) {
	f := odd(t)
	named(t, f)
	got := simtest.Only(t, f).Attributes
	for name, want := range map[string]any{"kind": "patch-report", "unknown": 4, "phase": "before", "window": simtest.Window, "gaps": 1, "severity": "Critical"} {
		if got[name] != want {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
	if len(got) > 10 {
		t.Errorf("%d attributes: %v", len(got), got)
	}
}
