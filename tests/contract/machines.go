package contract

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	"quickstep/shared/run"
)

// Machines is what the steps see of EC2.
type Machines interface {
	Machines(ctx context.Context, s run.Selection) ([]run.Machine, error)
	Status(ctx context.Context, instance string) (run.StatusChecks, error)
	Reboot(ctx context.Context, instance string) error
	Maintained(ctx context.Context) (fleets []string, err error)
}

// MachinesFixture is a Region with four instances, and others perhaps. They have the tag Suite, which is like no
// other's.
type MachinesFixture struct {
	Port Machines
	// Web1 and Web2 run, with the tags Role web-1 and web-2. Windows runs, has Role db and is one. Stopped is stopped.
	Web1, Web2, Windows, Stopped string
	Suite                        string // the value of the tag Suite
	Unknown                      string // an instance that never was
	// Boots is how often an instance has gone down and begun to boot again.
	Boots func(instance string) int
	// Networked is another instance that runs, with network interfaces in several VPCs.
	Networked run.Machine
	// Maintained are the Region's EC2 Fleets of type maintain; it has others too.
	Maintained []string
	Wait       Wait
}

// ExerciseMachines tests instances.
func ExerciseMachines(t *testing.T, open func(t *testing.T) MachinesFixture) {
	t.Helper()
	exercise(t, open, []part[MachinesFixture]{
		{"instances are found by their ids, in order", machinesByID},
		{"an id that never was is absent", machinesUnknown},
		{"instances are found by their tags, with wildcards", machinesByTag},
		{"all of several tags must match", machinesByTags},
		{"ids and tags narrow one another", machinesByBoth},
		{"an instance is described", machinesDescribed},
		{"every address of every network interface is known", machinesNetworked},
		{"a selection of nothing is an error", machinesOfNothing},
		{"of the EC2 Fleets those of type maintain are listed", func(t *testing.T, f MachinesFixture) {
			same(t, "listed", must(f.Port.Maintained(t.Context()))(t), f.Maintained)
		}},
		{"the status checks of a running instance are ok", machinesStatus},
		{"those of one that is stopped aren't, and it is said why", machinesNoStatus},
		{"a reboot is a new boot, once", machinesReboot},
		{"rebooting a stopped instance is ErrGone", machinesRebootStopped},
	})
}

func (f MachinesFixture) find(t *testing.T, s run.Selection) (ids []string) {
	t.Helper()
	for _, m := range must(f.Port.Machines(t.Context(), s))(t) {
		ids = append(ids, m.ID)
	}
	return ids
}

func machinesByID(t *testing.T, f MachinesFixture) {
	want := []string{min(f.Web1, f.Web2), max(f.Web1, f.Web2)}
	same(t, "found", f.find(t, run.Selection{IDs: []string{f.Web1, f.Web2}}), want)
	same(t, "found the other way round", f.find(t, run.Selection{IDs: []string{f.Web2, f.Web1}}), want)
	same(t, "found when named twice", f.find(t, run.Selection{IDs: []string{f.Web1, f.Web1}}), []string{f.Web1})
}

func machinesUnknown(t *testing.T, f MachinesFixture) {
	same(t, "found", f.find(t, run.Selection{IDs: []string{f.Unknown, f.Web1}}), []string{f.Web1})
	same(t, "found alone", f.find(t, run.Selection{IDs: []string{f.Unknown}}), nil)
}

func machinesByTag(t *testing.T, f MachinesFixture) {
	for pattern, want := range map[string]int{"web-1": 1, "web-*": 2, "w?b-2": 1, "web": 0, "Web-1": 0, "*": 4} {
		if got := f.find(t, run.Selection{Tags: map[string]string{"Suite": f.Suite, "Role": pattern}}); len(
			got,
		) != want {
			t.Errorf("with Role %s there are %v, want %d", pattern, got, want)
		}
	}
}

func machinesByTags(t *testing.T, f MachinesFixture) {
	same(
		t,
		"found",
		f.find(t, run.Selection{Tags: map[string]string{"Suite": f.Suite, "Role": "web-1"}}),
		[]string{f.Web1},
	)
	same(
		t,
		"with another value",
		f.find(t, run.Selection{Tags: map[string]string{"Suite": f.Suite + "?", "Role": "web-1"}}),
		nil,
	)
}

func machinesByBoth(t *testing.T, f MachinesFixture) {
	ids := []string{f.Web1, f.Windows, f.Unknown}
	same(t, "found", f.find(t, run.Selection{IDs: ids, Tags: map[string]string{"Role": "web-*"}}), []string{f.Web1})
}

func machinesDescribed(t *testing.T, f MachinesFixture) {
	for id, want := range map[string]struct {
		state   string
		windows bool
	}{f.Web1: {"running", false}, f.Windows: {"running", true}, f.Stopped: {"stopped", false}} {
		m := must(f.Port.Machines(t.Context(), run.Selection{IDs: []string{id}}))(t)
		if len(m) != 1 || m[0].State != want.state || m[0].Windows != want.windows || m[0].VPC == "" ||
			m[0].PrivateIP == "" ||
			m[0].Tags["Suite"] != f.Suite {
			t.Errorf("%s is %+v, want %v", id, m, want)
		}
	}
}

func machinesNetworked(t *testing.T, f MachinesFixture) {
	want := f.Networked
	m := must(f.Port.Machines(t.Context(), run.Selection{IDs: []string{want.ID}}))(t)
	if len(m) != 1 || m[0].PrivateIP != want.PrivateIP || m[0].IPv6 != want.IPv6 {
		t.Fatalf("it is %+v, want %+v", m, want)
	}
	if len(m[0].Interfaces) != len(want.Interfaces) {
		t.Fatalf("the interfaces are %v, want %v", m[0].Interfaces, want.Interfaces)
	}
	for n, w := range want.Interfaces {
		got := m[0].Interfaces[n]
		slices.SortFunc(got.Addresses, netip.Prefix.Compare)
		slices.SortFunc(w.Addresses, netip.Prefix.Compare)
		if got.VPC != w.VPC || !slices.Equal(got.Addresses, w.Addresses) {
			t.Errorf("interface %d is %v, want %v", n, got, w)
		}
	}
}

func machinesOfNothing(t *testing.T, f MachinesFixture) {
	_, err := f.Port.Machines(t.Context(), run.Selection{})
	final(t, "a selection of nothing", err)
}

func machinesStatus(t *testing.T, f MachinesFixture) {
	s, err := f.Port.Status(t.Context(), f.Web1)
	if found := s.Finding(); !found.OK || s.State != "running" || s.System != "ok" || s.Instance != "ok" || err != nil {
		t.Errorf("%+v, %v", s, err)
	}
}

func machinesNoStatus(t *testing.T, f MachinesFixture) {
	s, err := f.Port.Status(t.Context(), f.Stopped)
	if found := s.Finding(); found.OK || found.Down || found.Why == "" || s.State != "stopped" || err != nil {
		t.Errorf("%+v, %v", s, err)
	}
}

func machinesReboot(t *testing.T, f MachinesFixture) {
	ok(t, f.Port.Reboot(t.Context(), f.Web1))
	f.Wait.until(t, "it goes down", 6*time.Minute, func() bool { return f.Boots(f.Web1) == 1 })
	f.Wait.until(t, "it is well again", 15*time.Minute, func() bool {
		s, err := f.Port.Status(t.Context(), f.Web1)
		return s.Finding().OK && err == nil
	})
	if f.Boots(f.Web1) != 1 || f.Boots(f.Web2) != 0 {
		t.Errorf("it was rebooted %d times, the other %d times", f.Boots(f.Web1), f.Boots(f.Web2))
	}
}

func machinesRebootStopped(t *testing.T, f MachinesFixture) {
	err := f.Port.Reboot(t.Context(), f.Stopped)
	if final(t, "a stopped instance", err); !errors.Is(err, run.ErrGone) {
		t.Errorf("the error is %v", err)
	}
}
