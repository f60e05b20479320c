package reports

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"quickstep/shared/choreo"
	"quickstep/shared/ledger"
	"quickstep/shared/patch"
	"quickstep/shared/report"
	"quickstep/tests/sim"
	"quickstep/tests/template"
	"quickstep/tests/world"
)

// scanned is when nodes were scanned last, and old when those were that are stale.
var (
	scanned = sim.Began.Add(-3 * time.Hour)
	old     = sim.Began.AddDate(0, -1, 0)
)

var stacks = [2]func() (*template.Stack, error){
	sync.OnceValues(sim.Stack),
	sync.OnceValues(func() (*template.Stack, error) {
		return sim.StackWith(map[string]string{"PatchScheduleState": "DISABLED", "PatchReportBucket": "reports"})
	}),
}

// fleet builds the world that the scenario describes.
func (s *Scenario) fleet() (*sim.Fleet, error) {
	load := stacks[0]
	if s.Bucket {
		load = stacks[1]
	}
	stack, err := load()
	if err != nil {
		return nil, err
	}
	own := *stack
	f := sim.On(&own, s.Seed)
	f.AfterEffect, f.KeepLog, f.PatchRate = nil, false, s.Rate
	var refused []string
	for _, n := range s.Nodes {
		s.add(f, n)
		if n.Kind == denied {
			refused = append(refused, n.ID)
		}
	}
	refuse(f, refused)
	for n, w := range s.Windows {
		spec := world.WindowSpec{
			ID:         w.ID,
			Name:       fmt.Sprint("window-", n+1),
			Hours:      w.Hours,
			Executions: []time.Time{w.opens()},
			Tasks:      s.tasks(n),
		}
		w.outcome(&spec)
		f.AddWindow(spec)
		f.At(w.opens().Add(30*time.Minute), func() { s.patch(f, n) })
	}
	f.Advance(time.Minute) // until what is stopped has stopped
	return f, nil
}

// target is how a window names its nodes.
func (s *Scenario) target(window int) report.Target {
	if !s.Windows[window].IDs {
		return report.Target{Key: fmt.Sprint("tag:Window", window), Values: []string{"yes"}}
	}
	t := report.Target{Key: "InstanceIds"}
	for _, n := range s.Nodes {
		if slices.Contains(n.Windows, window) {
			t.Values = append(t.Values, n.ID)
		}
	}
	return t
}

func (s *Scenario) add(f *sim.Fleet, n Node) {
	tags := map[string]string{"All": "yes"}
	for _, w := range n.Windows {
		tags[fmt.Sprint("Window", w)] = "yes"
	}
	switch n.Kind {
	case unknown:
		return
	case elsewhere:
		f.AddNode(report.Node{ID: n.ID, Platform: "Ubuntu", Online: true}, tags)
	default:
		f.Add(world.MachineSpec{ID: n.ID, Managed: n.Kind != unmanaged, Tags: tags})
	}
	state := n.state()
	switch n.Kind {
	case rebooted:
		s.reboot(f, n.ID, scanned.Add(time.Minute))
	case earlier:
		s.reboot(f, n.ID, scanned.Add(-time.Minute))
	}
	switch n.Kind {
	case stopped:
		f.Stop(n.ID)
	case stale:
		state.Ended = old
	case never, unmanaged:
		state = nil
	}
	f.SetPatches(n.ID, state, n.Before)
}

// state is a node's patch state before its window.
func (n Node) state() *report.State {
	state := &report.State{Baseline: "pb-1", Operation: "Scan", Ended: scanned}
	switch n.Kind {
	case patched:
		state.Operation, state.Ended = "Install", sim.Began.AddDate(0, 0, -6)
	case counted:
		state.Missing = len(n.first()["missing"]) + 12
	}
	return state
}

// reboot is what the ledger knows of a run that has rebooted a node.
func (s *Scenario) reboot(f *sim.Fleet, id string, at time.Time) {
	key := ledger.Key{PK: "REBOOT#" + id, SK: "REBOOT"}
	put := ledger.Put(key, 0, map[string]any{"instance": id, "run": "run-0", "at": at})
	if err := f.Table().Write(context.Background(), "run-0", put); err != nil {
		panic(fmt.Sprintf("reports: seed %d: %v", s.Seed, err))
	}
}

// patch is what a window does half an hour after it has opened.
func (s *Scenario) patch(f *sim.Fleet, window int) {
	for _, n := range s.Nodes {
		if n.Installs && slices.Contains(n.Windows, window) {
			f.SetPatches(n.ID, &report.State{Baseline: "pb-1", Operation: "Install", Ended: f.Now()}, n.After)
		}
	}
}

// refusing is Systems Manager for a role that may not read some nodes.
type refusing struct {
	*world.SSM
	nodes []string
}

func (r refusing) Patches(
	ctx context.Context,
	id string,
	states []string,
	token string,
) ([]report.Patch, string, error) {
	if slices.Contains(r.nodes, id) {
		return nil, "", fmt.Errorf(
			"list the patches of %s: %w",
			id,
			errors.New("AccessDeniedException: not authorized"),
		)
	}
	return r.SSM.Patches(ctx, id, states, token)
}

// refuse lets the scan function be refused some nodes.
func refuse(f *sim.Fleet, nodes []string) {
	if len(nodes) == 0 {
		return
	}
	deps := choreo.Deps{
		Ledger: f.Table(),
		Queues: f.Queues("scan"),
		Now:    choreo.Milliseconds(f.Now),
		Lease:  90 * time.Second,
	}
	f.Handle("scan", patch.Scanner{Deps: deps, Patches: refusing{f.SSM(), nodes}}.Handler())
}
