package standin_test

import (
	"fmt"
	"testing"

	"quickstep/shared/cloud/ec2"
	"quickstep/shared/cloud/ssm"
	"quickstep/shared/report"
	"quickstep/tests/contract"
	"quickstep/tests/sim"
	"quickstep/tests/world"
)

// elsewhere is the id of a machine that isn't EC2's.
func elsewhere(n int) string { return fmt.Sprintf("mi-%017x", n) }

// suite are a web server and a database, the one as an instance that is managed or not, and others.
func suite(w *world.World, managed bool) {
	for n, role := range []string{"web", "db"} {
		w.AddMachine(
			world.MachineSpec{ID: sim.ID(n), IP: fmt.Sprint("10.0.0.", n), Managed: managed, Windows: role == "db",
				Tags: map[string]string{"Suite": "contract", "Role": role, "Name": role + "/" + sim.ID(n)}},
		)
	}
	w.AddMachine(
		world.MachineSpec{ID: sim.ID(7), Managed: managed, Tags: map[string]string{"Role": "web", "Owner": "them"}},
	)
	w.AddMachine(world.MachineSpec{ID: sim.ID(8)})
}

func TestWindowsOverTheWire(t *testing.T) {
	contract.ExerciseWindows(t, func(t *testing.T) contract.WindowsFixture {
		w, cfg := open(t)
		n := 0
		add := func(_ *testing.T, spec contract.NewWindow) string {
			n++
			id := fmt.Sprintf("mw-%017x", 1000-n) // against the order in which they are made
			w.AddWindow(
				world.WindowSpec{ID: id, Name: spec.Name, Zone: spec.Zone, Hours: spec.Hours, Disabled: spec.Disabled,
					Executions: spec.Opens, Tasks: spec.Tasks, Targets: spec.Targets},
			)
			return id
		}
		return contract.WindowsFixture{
			Port:    ssm.New(cfg),
			Add:     add,
			Missing: "mw-00000000000000000",
			Now:     w.Now,
			Wait:    w.Advance,
			Delete:  func(_ *testing.T, id string) { w.DeleteWindow(id) },
		}
	})
}

func TestInstancesAsNodesOverTheWire(t *testing.T) {
	contract.ExerciseNodes(t, func(t *testing.T) contract.NodesFixture {
		w, cfg := open(t)
		suite(w, false)
		return contract.NodesFixture{Port: ec2.New(cfg), Suite: "contract", Unknown: []string{sim.ID(99), elsewhere(1)},
			Web: report.Node{ID: sim.ID(0), Name: "web/" + sim.ID(0), State: "running"},
			DB:  report.Node{ID: sim.ID(1), Name: "db/" + sim.ID(1), State: "running"}}
	})
}

func TestManagedNodesOverTheWire(t *testing.T) {
	windows := report.Node{ID: sim.ID(1), Name: "ip-10-0-0-1.ec2.internal", Managed: true, Online: true,
		Platform: "Microsoft Windows Server 2022 Datacenter 10.0.20348"}
	linux := report.Node{
		ID:       sim.ID(0),
		Name:     "ip-10-0-0-0.ec2.internal",
		Managed:  true,
		Online:   true,
		Platform: "Amazon Linux 2023",
	}
	contract.ExerciseNodes(t, func(t *testing.T) contract.NodesFixture {
		w, cfg := open(t)
		suite(w, true)
		return contract.NodesFixture{
			Port:    ssm.New(cfg),
			Suite:   "contract",
			Unknown: []string{sim.ID(99), elsewhere(1), sim.ID(8)},
			Web:     linux,
			DB:      windows,
		}
	})
}

func TestMachinesElsewhereOverTheWire(t *testing.T) {
	contract.ExerciseNodes(t, func(t *testing.T) contract.NodesFixture {
		w, cfg := open(t)
		suite(w, true)
		f := contract.NodesFixture{Port: ssm.New(cfg), Suite: "elsewhere", Unknown: []string{elsewhere(99)},
			Web: report.Node{
				ID:       elsewhere(2),
				Name:     "web.example.org",
				Platform: "Ubuntu 24.04",
				Managed:  true,
				Online:   true,
			},
			DB: report.Node{ID: elsewhere(1), Name: "db.example.org", Managed: true}}
		w.AddNode(f.Web, map[string]string{"Suite": "elsewhere", "Role": "web"})
		w.AddNode(f.DB, map[string]string{"Suite": "elsewhere", "Role": "db"})
		return f
	})
}

func TestPatchesOverTheWire(t *testing.T) {
	contract.ExercisePatches(t, func(t *testing.T) contract.PatchesFixture {
		w, cfg := open(t)
		f := contract.PatchesFixture{Port: ssm.New(cfg), Unmanaged: sim.ID(200), Unknown: sim.ID(201),
			Scan: func(_ *testing.T, id string, s report.State, patches []report.Patch) { w.SetPatches(id, &s, patches) },
			Name: func(_ *testing.T, id, name string) { w.SetBaseline(id, name) }}
		for n := range 60 {
			w.AddMachine(world.MachineSpec{ID: sim.ID(n), Managed: true})
			w.AddNode(report.Node{ID: elsewhere(n)}, nil)
			f.Nodes = append(f.Nodes, elsewhere(n), sim.ID(n))
		}
		w.AddMachine(world.MachineSpec{ID: f.Unmanaged})
		return f
	})
}
