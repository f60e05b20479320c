// Package reports is the storm for patch reports: from one seed it draws a fleet, who is to be reported, the rates of every
// fault and what others do meanwhile, runs the product on it, and judges from AWS's side and the effects alone whether what was
// announced is right.
package reports

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"quickstep/shared/report"
	"quickstep/tests/sim"
	"quickstep/tests/world"
)

// Scenario is what a seed draws.
type Scenario struct {
	Seed     uint64
	Nodes    []Node
	Windows  []Window // none: the nodes themselves are named
	Request  map[string]any
	Again    time.Duration // when the same request comes once more; zero: it doesn't
	After    bool          // a second report of each window
	Bucket   bool
	Rates    map[world.Fault]float64
	Pace     time.Duration // the longest time a call takes; negative: none
	Twice    float64       // how often SQS delivers twice
	Rate     float64       // of DescribeInstancePatches, in calls a second; 0: any
	Acts     []Act
	Calm     time.Duration              // when the faults end
	Watch    func(line string)          // sees every effect, if set
	Hook     func(world.Op) world.Fault // decides about faults instead of Rates, if set
	Deliver  func() bool                // decides about deliveries instead of Twice, if set
	OneFault bool                       // there is one at most: it may cost neither a report nor an instance
	chance   *rand.Rand
}

// Kinds of nodes.
const (
	ordinary  = "ordinary"
	unmanaged = "unmanaged" // EC2 knows it, Systems Manager doesn't
	never     = "never"     // it was never scanned
	stale     = "stale"     // it was, a month ago
	stopped   = "stopped"
	elsewhere = "elsewhere" // it isn't EC2's
	unknown   = "unknown"   // nobody knows it
	denied    = "denied"    // the role may not read it
	patched   = "patched"   // an installation was the last to look, days ago
	counted   = "counted"   // its patch state counts more than is listed
	rebooted  = "rebooted"  // a run has rebooted it since its last scan
	earlier   = "earlier"   // a run has rebooted it before its last scan
)

var kinds = []string{
	ordinary,
	ordinary,
	ordinary,
	ordinary,
	unmanaged,
	never,
	stale,
	stopped,
	elsewhere,
	unknown,
	denied,
	patched,
	counted,
	rebooted,
	earlier,
}

// Node is a node, what is found on it, and what is after its window; the same if it hasn't got one, or was left out.
type Node struct {
	ID, Kind      string
	Windows       []int // whose it is
	Before, After []report.Patch
	Installs      bool // the window changes it
}

// Window is a maintenance window, and whether it names its nodes by id or by tag.
type Window struct {
	ID      string
	Kind    string        // empty: installing
	Opens   time.Duration // after sim.Began
	Hours   int
	IDs     bool
	Reboot  string // RebootOption of its task; empty: it gives none
	Outcome string // of its execution; empty: SUCCESS
}

func (w Window) opens() time.Time  { return sim.Began.Add(w.Opens) }
func (w Window) closes() time.Time { return w.opens().Add(time.Duration(w.Hours) * time.Hour) }

// Act is what others do, or what befalls AWS, at a time.
type Act struct {
	At       time.Duration
	Kind     string
	Who      int    // of Nodes
	Function string // that is dead
	For      time.Duration
}

// acts are all kinds of these.
var acts = []string{"purge", "expire", "expire", "throttle", "dead", "vanish", "unmanage", "crowd"}

// Draw draws a scenario.
func Draw(seed uint64) *Scenario {
	s := &Scenario{Seed: seed, Rates: map[world.Fault]float64{}, chance: rand.New(rand.NewPCG(seed, 11))}
	s.drawWindows()
	s.drawNodes()
	s.drawKinds()
	s.drawRequest()
	s.drawFaults()
	return s
}

// one is true once in n times.
func (s *Scenario) one(n int) bool { return s.chance.IntN(n) == 0 }

// between is a duration of whole seconds.
func (s *Scenario) between(least, most time.Duration) time.Duration {
	return least + time.Duration(s.chance.Int64N(int64(most-least)/int64(time.Second)+1))*time.Second
}

func pick[T any](s *Scenario, of ...T) T { return of[s.chance.IntN(len(of))] }

func (s *Scenario) drawWindows() {
	for n := range pick(s, 0, 1, 1, 1, 2, 2) {
		opens := s.between(10*time.Hour, 40*time.Hour)
		if s.one(4) { // the storm is still blowing
			opens = s.between(2*time.Minute, 3*time.Hour)
		}
		s.Windows = append(
			s.Windows,
			Window{ID: fmt.Sprintf("mw-%017x", n+1), Opens: opens, Hours: 1 + s.chance.IntN(4), IDs: s.one(2)},
		)
	}
	s.After = len(s.Windows) > 0 && s.one(3)
}

func (s *Scenario) drawNodes() {
	fat := s.one(4) // reports of several parts
	for n := range 2 + s.chance.IntN(11) {
		node := Node{ID: sim.ID(n + 1), Kind: pick(s, kinds...)}
		if node.Kind == elsewhere {
			node.ID = fmt.Sprintf("mi-%017x", n+1)
		}
		for w := range s.Windows {
			if (s.After && n%len(s.Windows) == w) || (!s.After && !s.one(4)) { // no two windows change one node
				node.Windows = append(node.Windows, w)
			}
		}
		if node.Kind != unmanaged && node.Kind != never && node.Kind != unknown {
			node.Before = s.drawPatches(pick(s, 0, 3, 49, 50, 51, 100, 160), n, fat)
		}
		if node.Kind == patched { // an installation lists nothing as missing
			node.Before = slices.DeleteFunc(node.Before, func(p report.Patch) bool { return p.State == report.Missing })
		}
		node.After = node.Before
		if s.After && !s.one(5) {
			s.install(&node)
		}
		s.Nodes = append(s.Nodes, node)
	}
}

func (s *Scenario) drawPatches(n, owner int, fat bool) (all []report.Patch) {
	for k := range n {
		p := report.Patch{
			KB:       fmt.Sprintf("KB%05d", k),
			Title:    fmt.Sprintf("Update %d", k),
			Severity: pick(s, "Critical", "Important", "Low", ""),
			State: pick(
				s,
				report.Missing,
				report.Missing,
				report.Failed,
				report.InstalledPendingReboot,
				report.Installed,
			),
		}
		if fat {
			p.Title = fmt.Sprintf("Update %d of %d %0300d", k, owner, k)
		}
		if p.State == report.Installed || p.State == report.InstalledPendingReboot {
			p.Installed = sim.Began.AddDate(0, -1, 0)
		}
		all = append(all, p)
	}
	s.chance.Shuffle(n, func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

// install lets the window make something of a node's patches.
func (s *Scenario) install(n *Node) {
	if len(n.Before) == 0 || len(n.Windows) == 0 || n.Kind == stopped {
		return
	}
	at := s.Windows[n.Windows[0]].opens().Add(30 * time.Minute)
	n.Installs, n.After = true, nil
	for _, p := range n.Before {
		was := p.State
		if was == report.Missing || was == report.Failed {
			p.State = pick(
				s,
				report.Installed,
				report.Installed,
				report.InstalledPendingReboot,
				report.Failed,
				report.Missing,
				"",
			)
		}
		if was == report.InstalledPendingReboot {
			p.State = pick(s, report.InstalledPendingReboot, report.Installed)
		}
		if p.State != was && (p.State == report.Installed || p.State == report.InstalledPendingReboot) &&
			was != report.InstalledPendingReboot {
			p.Installed = s.installed(at)
		}
		if p.State != "" { // else it isn't listed any more
			n.After = append(n.After, p)
		}
	}
	for k := range pick(s, 0, 0, 1, 3) {
		name := fmt.Sprint("surprise ", k)
		n.After = append(
			n.After,
			report.Patch{KB: name, Title: name, State: report.Installed, Installed: s.installed(at)},
		)
	}
}

// installed is when a patch was installed that a window may have installed at a time: by it as a rule, by hand before it opened,
// or nobody knows more than the day, or nothing.
func (s *Scenario) installed(at time.Time) time.Time {
	day := at.Truncate(24 * time.Hour)
	return pick(
		s,
		at,
		at,
		at,
		at,
		at.Add(-31*time.Minute),
		at.Add(-9*time.Hour),
		day,
		day.AddDate(0, 0, -4),
		time.Time{},
	)
}

func (s *Scenario) drawRequest() {
	var ids, windows []string
	for _, n := range s.Nodes {
		ids = append(ids, n.ID)
	}
	for _, w := range s.Windows {
		windows = append(windows, w.ID)
	}
	s.Request = map[string]any{"id": "storm", "deadline": pick(s, "10m", "1h", "2h")}
	switch {
	case len(windows) > 0 && s.one(2):
		s.Request["windowIds"] = windows
	case len(windows) > 0:
		s.Request["scheduled"], s.Request["lead"] = sim.Began, "48h"
	case s.one(2):
		s.Request["instanceIds"] = ids
	default:
		s.Request["tags"] = map[string]string{"All": "yes"}
	}
	if s.After {
		s.Request["after"] = true
	}
	if s.one(3) {
		s.Again = s.between(time.Second, 20*time.Minute)
	}
	s.Bucket = s.one(2)
}

// drawFaults draws how often what goes wrong; one seed in eight has fine weather.
func (s *Scenario) drawFaults() {
	s.Calm = s.between(10*time.Minute, 5*time.Hour)
	s.Pace = pick(s, -1, -1, 0, 200*time.Millisecond, 3*time.Second)
	if s.one(8) {
		return
	}
	for _, f := range world.Faults {
		if s.one(2) {
			s.Rates[f] = pick(s, 0.002, 0.02, 0.1)
		}
	}
	s.Twice = pick(s, 0, 0, 0.05, 0.5)
	s.Rate = pick(s, 0, 0, 0, 0.2, 2)
	for range s.chance.IntN(6) {
		s.Acts = append(s.Acts, Act{At: s.soon(), Kind: pick(s, acts...), Who: s.chance.IntN(len(s.Nodes)),
			Function: pick(
				s,
				"survey",
				"scan",
				"report",
				"triage",
				"watchdog",
			), For: s.between(time.Minute, 9*time.Hour)})
	}
	slices.SortStableFunc(s.Acts, func(a, b Act) int { return int(a.At - b.At) })
}

// soon is a time that is more often in the first seconds than later: without trouble a report takes no longer.
func (s *Scenario) soon() time.Duration {
	return min(s.Calm, s.between(0, pick(s, 5*time.Second, time.Minute, 20*time.Minute, s.Calm)))
}
