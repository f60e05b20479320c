package patch_test

import (
	"maps"
	"testing"
	"time"

	"quickstep/shared/report"
	"quickstep/tests/sim"
	"quickstep/tests/sim/simtest"
	"quickstep/tests/world"
)

// The nodes of these tests.
var (
	web1, web2, db, stopped, gone, unmanaged, never = sim.ID(
		1,
	), sim.ID(
		2,
	), sim.ID(
		3,
	), sim.ID(
		4,
	), sim.ID(
		5,
	), sim.ID(
		6,
	), sim.ID(
		7,
	)
	elsewhere, offline = "mi-0123456789abcdef0", "mi-0123456789abcdef1"
	nowhere            = "i-0fffffffffffffff9"
)

func tags(role, stage string) map[string]string {
	return map[string]string{"Function": role, "Stage": stage, "Patch Group": ""}
}

// mixed is a fleet of nodes of all kinds.
func mixed(t *testing.T) *sim.Fleet {
	f := simtest.Patched(
		t,
		7,
		simtest.ByHand(),
		func(n int, spec *world.MachineSpec, state *report.State, _ *[]report.Patch) {
			spec.Tags = tags("web", "prod")
			switch spec.ID {
			case web2:
				spec.Tags["Stage"] = "test"
			case db:
				spec.Tags["Function"], spec.Tags["Special"] = "db", ""
			case unmanaged:
				spec.Managed = false
			case never:
				state.Baseline = ""
				spec.Tags = tags("new", "dev")
			}
		},
	)
	f.AddNode(report.Node{ID: elsewhere, Name: "till-1", Platform: "Ubuntu", Online: true}, tags("web", "shop"))
	f.SetPatches(elsewhere, &report.State{Baseline: "pb-1", Operation: "Scan", Ended: sim.Began}, simtest.Five())
	f.AddNode(report.Node{ID: offline, Name: "till-2", Platform: "Ubuntu"}, tags("till", "shop"))
	f.SetPatches(offline, &report.State{Baseline: "pb-1", Operation: "Scan", Ended: sim.Began}, simtest.Five())
	f.AddResourceGroup("shops", elsewhere, offline)
	f.AddResourceGroup("front", web1, web2, elsewhere)
	f.AddResourceGroup("nobody")
	f.Stop(stopped)
	f.Terminate(gone)
	f.Advance(20 * time.Minute)
	return f
}

func chosen(key string, values ...string) report.Target {
	return report.Target{Key: key, Values: values}
}

func TestTheReportIsAboutTheWindowsInstances(t *testing.T) {
	set := func(targets ...report.Target) [][]report.Target { return [][]report.Target{targets} }
	ordinary := map[string]string{web1: "", stopped: "offline stopped", unmanaged: "notManaged"}
	for _, c := range []struct {
		name string
		sets [][]report.Target // each of a task of its own
		want map[string]string
	}{
		{"ids name instances and machines elsewhere, of every kind", set(chosen("InstanceIds", web1, stopped, gone, unmanaged, never, nowhere, elsewhere, offline)),
			map[string]string{web1: "", stopped: "offline stopped", gone: "offline terminated", unmanaged: "notManaged", never: "neverScanned", nowhere: "notFound", elsewhere: "", offline: "offline"}},
		{"the key's letters may be of any case", set(chosen("instanceids", web1)), map[string]string{web1: ""}},
		{"an id twice is one instance", set(chosen("InstanceIds", web1, web1)), map[string]string{web1: ""}},
		{"a tag; what is terminated isn't patched any more", set(chosen("tag:Function", "web")),
			map[string]string{web1: "", web2: "", stopped: "offline stopped", unmanaged: "notManaged", elsewhere: ""}},
		{"several values of a tag", set(chosen("tag:Function", "db", "till")), map[string]string{db: "", offline: "offline"}},
		{"several tags", set(chosen("tag:Function", "web"), chosen("tag:Stage", "prod")), ordinary},
		{"several tags with several values", set(chosen("tag:Function", "web", "db"), chosen("tag:Stage", "test", "shop")), map[string]string{web2: "", elsewhere: ""}},
		{"a tag's key", set(chosen("tag-key", "Special")), map[string]string{db: ""}},
		{"a tag without a value", set(chosen("tag:Special", "")), map[string]string{db: ""}},
		{"a tag that nobody has", set(chosen("tag:Function", "mail")), map[string]string{}},
		{"a resource group", set(chosen("resource-groups:Name", "front")), map[string]string{web1: "", web2: "", elsewhere: ""}},
		{"two resource groups", set(chosen("resource-groups:Name", "front", "shops")), map[string]string{web1: "", web2: "", elsewhere: "", offline: "offline"}},
		{"a resource group's instances alone", set(chosen("resource-groups:Name", "front"), chosen("resource-groups:ResourceTypeFilters", "AWS::EC2::INSTANCE")),
			map[string]string{web1: "", web2: ""}},
		{"a resource group without anybody", set(chosen("resource-groups:Name", "nobody")), map[string]string{}},
		{"ids and tags in one set: who fits both", set(chosen("InstanceIds", web1, db, elsewhere), chosen("tag:Function", "web")), map[string]string{web1: "", elsewhere: ""}},
		{"a resource group and ids: who is in both", set(chosen("resource-groups:Name", "front"), chosen("InstanceIds", web1, db)), map[string]string{web1: ""}},
		{"a resource group and tags: who fits both", set(chosen("resource-groups:Name", "front"), chosen("tag:Stage", "prod")), map[string]string{web1: ""}},
		{"two tasks about one instance: it is told once", [][]report.Target{{chosen("InstanceIds", web1, db)}, {chosen("tag:Function", "web"), chosen("tag:Stage", "prod")}},
			map[string]string{web1: "", db: "", stopped: "offline stopped", unmanaged: "notManaged"}},
		{"nobody at all", nil, map[string]string{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := mixed(t)
			f.ChangeWindow(simtest.Window, func(w *world.WindowSpec) {
				w.Tasks, w.Targets = nil, nil
				for _, targets := range c.sets {
					w.Tasks = append(w.Tasks, simtest.Install(targets...))
				}
			})
			tells(t, f, c.want)
			f = mixed(t) // registered with the window, it is the same
			f.ChangeWindow(simtest.Window, func(w *world.WindowSpec) {
				w.Tasks, w.Targets = nil, []report.Registered{
					{ID: "unused", Targets: []report.Target{chosen("tag:Stage", "dev")}},
				}
				for n, targets := range c.sets {
					id := string(rune('a' + n))
					w.Targets = append(w.Targets, report.Registered{ID: id, Targets: targets})
					w.Tasks = append(w.Tasks, simtest.Install(chosen("WindowTargetIds", id)))
				}
				if c.sets == nil {
					w.Targets = nil
				}
			})
			tells(t, f, c.want)
		})
	}
}

func tells(t *testing.T, f *sim.Fleet, want map[string]string) {
	t.Helper()
	m := named(t, f)
	if got := m.each(); !maps.Equal(got, want) {
		t.Errorf("the report tells of %q, want %q", got, want)
	}
	for id := range want {
		if f := m.of(id); want[id] == "" && (len(f["missing"]) != 3 || len(f["failed"]) != 1) {
			t.Errorf("%s has %v", id, f)
		}
	}
	if len(want) == 0 {
		simtest.Holds(t, simtest.Only(t, f).Subject, "no instance to patch")
	}
	simtest.Quiet(t, f)
}

func TestAResourceGroupThatDoesntExistIsSaidInTheReport(t *testing.T) {
	f := mixed(t)
	f.ChangeWindow(simtest.Window, func(w *world.WindowSpec) {
		w.Tasks = []report.Task{
			simtest.Install(chosen("resource-groups:Name", "front", "lost")),
			simtest.Install(chosen("tag:Function", "db")),
		}
	})
	tells(t, f, map[string]string{web1: "", web2: "", elsewhere: "", db: ""})
	simtest.Holds(t, simtest.Only(t, f).Text, "resource group lost doesn't exist")
}

func TestAReportByHandIsAboutWhoItNames(t *testing.T) {
	for _, c := range []struct {
		name  string
		event simtest.All
		want  map[string]string
	}{
		{"ids", simtest.All{"instanceIds": []string{web1, elsewhere, nowhere, gone}}, map[string]string{web1: "", elsewhere: "", nowhere: "notFound", gone: "offline terminated"}},
		{"a tag", simtest.All{"tags": simtest.All{"Function": "web"}}, map[string]string{web1: "", web2: "", stopped: "offline stopped", unmanaged: "notManaged", elsewhere: ""}},
		{"several tags", simtest.All{"tags": simtest.All{"Function": "web", "Stage": "prod"}}, map[string]string{web1: "", stopped: "offline stopped", unmanaged: "notManaged"}},
		{"a tag that nobody has", simtest.All{"tags": simtest.All{"Function": "mail"}}, map[string]string{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := mixed(t)
			simtest.Survey(t, f, c.event)
			simtest.Reported(t, f, 2*time.Hour)
			m := parsed(t, simtest.Sent(f))
			if got := m.each(); !maps.Equal(got, c.want) || m.Phase != "now" || m.Window != nil {
				t.Errorf("the report (%s, %v) tells of %q, want %q", m.Phase, m.Window, got, c.want)
			}
			simtest.Quiet(t, f)
		})
	}
}
