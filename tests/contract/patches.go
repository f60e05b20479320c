package contract

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"quickstep/shared/report"
	"quickstep/shared/run"
)

// Patches is what a scan reads.
type Patches interface {
	States(ctx context.Context, ids []string) ([]report.State, error)
	Patches(ctx context.Context, id string, states []string, token string) (page []report.Patch, next string, err error)
	Baselines(ctx context.Context) (map[string]string, error)
}

// PatchesFixture is a Region with managed nodes that nobody has scanned yet.
type PatchesFixture struct {
	Port               Patches
	Nodes              []string // 120 of them
	Unmanaged, Unknown string   // a node that Systems Manager doesn't know; one that never was
	// Scan is what a scan finds on a node.
	Scan func(t *testing.T, id string, s report.State, patches []report.Patch)
	// Name names a patch baseline.
	Name func(t *testing.T, id, name string)
}

// ExercisePatches tests States and Patches.
func ExercisePatches(t *testing.T, open func(t *testing.T) PatchesFixture) {
	t.Helper()
	exercise(t, open, []part[PatchesFixture]{
		{"states are in the order of the ids, each once, as they are", statesDescribed},
		{"nodes that were never scanned, or that nobody knows, have no state", statesAbsent},
		{"many states are all read", statesMany},
		{"patches are found by their states, as they are", patchesByState},
		{"without states all patches are found", patchesAll},
		{"many patches come in pages, each once", patchesPages},
		{"a node that was never scanned has no patches", patchesNone},
		{"a node that isn't managed is ErrUnmanaged", patchesUnmanaged},
		{"a token that isn't one is ErrToken", patchesBadToken},
		{"patch baselines have names, AWS's own too", baselinesNamed},
		{"a token of another node, or of other states, is ErrToken", patchesOtherToken},
	})
}

// scanned is the state that a scan leaves on a node.
func scanned(id string, missing int) report.State {
	return report.State{
		ID:            id,
		Baseline:      "pb-0123456789abcdef0",
		Group:         "web",
		Snapshot:      "521c3536-930c-4aa9-950e-01234567abcd",
		Operation:     "Scan",
		Ended:         time.Date(2026, 1, 4, 5, 6, 7, 0, time.UTC),
		Installed:     123,
		Missing:       missing,
		Failed:        2,
		PendingReboot: 1,
	}
}

// missing are patches that a node lacks.
func missing(n int) (all []report.Patch) {
	for i := range n {
		all = append(
			all,
			report.Patch{
				KB:             fmt.Sprintf("KB%07d", i),
				Title:          fmt.Sprint("Update ", i),
				Classification: "SecurityUpdates",
				Severity:       "Critical",
				State:          report.Missing,
				CVEs:           "CVE-2026-0001,CVE-2026-0002",
			},
		)
	}
	return all
}

// read reads all pages of a node's patches, and gives them sorted.
func (f PatchesFixture) read(t *testing.T, id string, states ...string) (all []report.Patch, pages int) {
	t.Helper()
	for token := ""; ; {
		page, next, err := f.Port.Patches(t.Context(), id, states, token)
		ok(t, err)
		if len(page) > 100 {
			t.Fatalf("a page of %d patches", len(page))
		}
		all = append(all, page...)
		if pages++; next == "" {
			break
		}
		token = next
	}
	slices.SortFunc(all, func(a, b report.Patch) int { return cmp.Compare(a.KB, b.KB) })
	return all, pages
}

func statesDescribed(t *testing.T, f PatchesFixture) {
	a, b := scanned(f.Nodes[0], 3), scanned(f.Nodes[1], 4)
	a.Operation, a.Group, a.Snapshot = "Install", "", ""
	f.Scan(t, a.ID, a, missing(3))
	f.Scan(t, b.ID, b, missing(4))
	want := []report.State{a, b}
	slices.SortFunc(want, func(a, b report.State) int { return cmp.Compare(a.ID, b.ID) })
	for _, ids := range [][]string{{a.ID, b.ID}, {b.ID, a.ID, b.ID}} {
		same(t, "states", must(f.Port.States(t.Context(), ids))(t), want)
	}
}

func statesAbsent(t *testing.T, f PatchesFixture) {
	f.Scan(t, f.Nodes[1], scanned(f.Nodes[1], 0), nil)
	got := must(f.Port.States(t.Context(), []string{f.Unknown, f.Nodes[0], f.Nodes[1], f.Unmanaged}))(t)
	same(t, "states", got, []report.State{scanned(f.Nodes[1], 0)})
	same(t, "of nothing", must(f.Port.States(t.Context(), nil))(t), nil)
}

func statesMany(t *testing.T, f PatchesFixture) {
	var got []string
	for _, id := range f.Nodes {
		f.Scan(t, id, scanned(id, 0), nil)
	}
	for _, s := range must(f.Port.States(t.Context(), f.Nodes))(t) {
		got = append(got, s.ID)
	}
	same(t, "states", got, slices.Sorted(slices.Values(f.Nodes)))
}

func patchesByState(t *testing.T, f PatchesFixture) {
	all := missing(4)
	all[1].State, all[1].Classification, all[1].Severity, all[1].CVEs = report.Failed, "", "", ""
	all[2].State, all[2].Installed, all[2].CVEs = report.InstalledPendingReboot, time.Date(
		2026,
		1,
		3,
		0,
		0,
		0,
		0,
		time.UTC,
	), ""
	f.Scan(t, f.Nodes[0], scanned(f.Nodes[0], 2), all)
	for want, states := range map[int][]string{2: {report.Missing}, 3: {report.Failed, report.Missing}, 1: {report.InstalledPendingReboot}, 0: {report.Installed}} {
		wanted := slices.DeleteFunc(
			slices.Clone(all),
			func(p report.Patch) bool { return !slices.Contains(states, p.State) },
		)
		got, _ := f.read(t, f.Nodes[0], states...)
		if same(t, fmt.Sprint(states), got, wanted); len(got) != want {
			t.Errorf("%v are %d, want %d", states, len(got), want)
		}
	}
}

func patchesAll(t *testing.T, f PatchesFixture) {
	all := missing(2)
	all[1].State = report.NotApplicable
	f.Scan(t, f.Nodes[0], scanned(f.Nodes[0], 1), all)
	got, _ := f.read(t, f.Nodes[0])
	same(t, "patches", got, all)
}

func patchesPages(t *testing.T, f PatchesFixture) {
	f.Scan(t, f.Nodes[0], scanned(f.Nodes[0], 230), missing(230))
	got, pages := f.read(t, f.Nodes[0], report.Missing)
	if same(t, "patches", got, missing(230)); pages < 3 {
		t.Errorf("%d pages", pages)
	}
}

func patchesNone(t *testing.T, f PatchesFixture) {
	got, _ := f.read(t, f.Nodes[0], report.Missing)
	same(t, "patches", got, nil)
}

func patchesUnmanaged(t *testing.T, f PatchesFixture) {
	for _, id := range []string{f.Unmanaged, f.Unknown} {
		_, _, err := f.Port.Patches(t.Context(), id, []string{report.Missing}, "")
		if final(t, id, err); !errors.Is(err, run.ErrUnmanaged) {
			t.Errorf("%s: %v, want ErrUnmanaged", id, err)
		}
	}
}

// badToken fails unless a token is refused.
func (f PatchesFixture) badToken(t *testing.T, what, id string, states []string, token string) {
	t.Helper()
	_, _, err := f.Port.Patches(t.Context(), id, states, token)
	if final(t, what, err); !errors.Is(err, report.ErrToken) {
		t.Errorf("%s: %v, want ErrToken", what, err)
	}
}

func patchesBadToken(t *testing.T, f PatchesFixture) {
	f.Scan(t, f.Nodes[0], scanned(f.Nodes[0], 60), missing(60))
	f.badToken(t, "nonsense", f.Nodes[0], []string{report.Missing}, "AAEnonsense")
}

func patchesOtherToken(t *testing.T, f PatchesFixture) {
	for _, id := range f.Nodes[:2] {
		f.Scan(t, id, scanned(id, 60), missing(60))
	}
	_, token, err := f.Port.Patches(t.Context(), f.Nodes[0], []string{report.Missing}, "")
	if err != nil || token == "" {
		t.Fatalf("token %q, %v", token, err)
	}
	f.badToken(t, "of another node", f.Nodes[1], []string{report.Missing}, token)
	f.badToken(t, "of other states", f.Nodes[0], []string{report.Failed}, token)
}

func baselinesNamed(t *testing.T, f PatchesFixture) {
	want := map[string]string{}
	for n := range 120 {
		want[fmt.Sprintf("pb-%017x", n)] = fmt.Sprintf("web-%d", n)
	}
	want["pb-0123456789abcdef0"] = "AWS-AmazonLinux2023DefaultPatchBaseline"
	for id, name := range want {
		f.Name(t, id, name)
	}
	got := must(f.Port.Baselines(t.Context()))(t)
	for id, name := range want {
		if got[id] != name {
			t.Errorf("%s is called %q, want %q", id, got[id], name)
		}
	}
}
