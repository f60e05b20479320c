package world

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"quickstep/shared/run"
)

// MachineSpec is an EC2 instance and its habits.
type MachineSpec struct {
	ID, IP, VPC string
	IPv6        string // of its primary network interface
	// More are its further network interfaces, and further addresses of the primary one: those without a VPC.
	More    []run.Interface
	Tags    map[string]string
	Windows bool
	Managed bool // by Systems Manager
	// Operator is the AWS service that manages the instance; empty for none.
	Operator string

	RebootLag  time.Duration // from the request to going down; 2 s if zero
	BootTime   time.Duration // from going down to the running operating system; 30 s if zero
	AppTime    time.Duration // from then to the answering application
	StatusTime time.Duration // from then to status checks that are ok
	Blind      time.Duration // how long after going down the status checks still say ok
	AgentTime  time.Duration // from the running operating system to the agent that answers commands
	NoData     time.Duration // how long after a request to reboot the status checks have insufficient data

	NeverReturns  bool          // it goes down and stays there
	BootsTwice    time.Duration // it goes down once more, that long after the operating system came up; zero: it doesn't
	IgnoresReboot bool          // it hangs: EC2 forces the reboot after four minutes
	NoBootID      bool          // the command that asks for its boot answers nothing

	Status int    // of its answer to HTTP; 200 if zero
	Body   string // of its answer to HTTP
}

// machine is an instance at work.
type machine struct {
	spec    MachineSpec
	states  history[string] // as EC2 shows them
	answers history[bool]   // the application's
	boots   []boot
	asked   time.Time // when it was last asked to reboot
	asks    int       // how often it was
	settled int       // how many of these are carried out, or need not be any more
	life    int       // what was planned in an earlier one doesn't happen
	reboots int
	started bool // the application
	broken  bool
	again   bool // the second of two boots has been planned
	version int  // grows with every change that its targets' health depends on
	targets []*target
}

// BootedAt is when the kernel of a machine's latest boot started; zero: it has been up since ever.
func (w *World) BootedAt(id string) time.Time {
	m := w.machine(id)
	return m.boots[len(m.boots)-1].up
}

// boot is the time from one start of the operating system to its end.
type boot struct {
	id       string
	up, down time.Time // down is zero while it lasts; the first has been up since ever
}

func (b boot) lastsAt(t time.Time) bool {
	return !t.Before(b.up) && (b.down.IsZero() || t.Before(b.down))
}

// AddMachine adds a running instance whose application answers.
func (w *World) AddMachine(spec MachineSpec) {
	if w.machines[spec.ID] != nil {
		panic(fmt.Sprintf("world: there is a machine %s already", spec.ID))
	}
	spec.RebootLag = cmp.Or(spec.RebootLag, 2*time.Second)
	spec.BootTime = cmp.Or(spec.BootTime, 30*time.Second)
	spec.Status = cmp.Or(spec.Status, 200)
	m := &machine{spec: spec, started: true}
	m.states.add(time.Time{}, "running")
	m.answers.add(time.Time{}, true)
	m.boots = []boot{{id: w.bootID(m, w.now.AddDate(0, -1, 0))}}
	w.machines[spec.ID] = m
	for _, i := range spec.interfaces() {
		for _, p := range i.Addresses {
			n := network{i.VPC, p, m}
			if p.IsSingleIP() {
				w.addresses[p.Addr()] = append(w.addresses[p.Addr()], n)
			} else {
				w.delegated = append(w.delegated, n)
			}
		}
	}
}

// network is an address in a VPC, or a delegated prefix, and whose it is.
type network struct {
	vpc  string
	of   netip.Prefix
	whom *machine
}

// interfaces are the machine's network interfaces, as EC2 shows them: the primary one first.
func (s MachineSpec) interfaces() []run.Interface {
	primary := run.Interface{VPC: s.VPC}
	for _, text := range []string{s.IP, s.IPv6} {
		if text != "" {
			ip := netip.MustParseAddr(text)
			primary.Addresses = append(primary.Addresses, netip.PrefixFrom(ip, ip.BitLen()))
		}
	}
	all := []run.Interface{{}}
	for _, i := range s.More {
		if i.VPC == "" {
			primary.Addresses = append(primary.Addresses, i.Addresses...)
		} else {
			all = append(all, i)
		}
	}
	all[0] = primary
	return all
}

// owner is the machine that has an address, as it is seen from a VPC: its own machines first, then those
// of other VPCs, for they may be peered.
func (w *World) owner(vpc, address string) *machine {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return nil
	}
	var found *machine
	for _, n := range append(slices.Clip(w.addresses[ip]), w.delegated...) {
		if !n.of.Contains(ip) {
			continue
		}
		if n.vpc == vpc {
			return n.whom
		}
		if found == nil {
			found = n.whom
		}
	}
	return found
}

// ChangeMachine changes a machine's habits from now on; its id and addresses stay.
func (w *World) ChangeMachine(id string, change func(*MachineSpec)) { change(&w.machine(id).spec) }

func (w *World) machine(id string) *machine {
	m, ok := w.machines[id]
	if !ok {
		panic(fmt.Sprintf("world: there is no machine %s", id))
	}
	return m
}

// Boots is how often a machine has gone down and begun to boot again.
func (w *World) Boots(id string) int { return w.machine(id).reboots }

// MachineState is a machine's state as EC2 will show it: running, stopped, terminated and those between.
func (w *World) MachineState(id string) string { return w.machine(id).states.last() }

// Answers says whether a machine's application answers.
func (w *World) Answers(id string) bool { return w.machine(id).answers.last() }

// BootID is what the machine would answer if asked for its boot, empty while it is down.
func (w *World) BootID(id string) string {
	m := w.machine(id)
	if b := m.boots[len(m.boots)-1]; b.lastsAt(w.now) {
		return b.id
	}
	return ""
}

// Break makes a machine's application fail until Mend, or for as long as it lives.
func (w *World) Break(id string) { w.setBroken(id, true, "Break") }

// Mend ends Break.
func (w *World) Mend(id string) { w.setBroken(id, false, "Mend") }

func (w *World) setBroken(id string, broken bool, name string) {
	m := w.machine(id)
	w.happen(Op{Service: "hand", Name: name, Subject: id})
	m.broken = broken
	w.refresh(m)
}

// refresh notes whether the application answers, and tells who asked to be told.
func (w *World) refresh(m *machine) {
	m.version++
	answers := m.started && !m.broken
	if !m.answers.add(w.now, answers) {
		return
	}
	name := "stops answering"
	if answers {
		name = "answers"
	}
	w.happen(Op{Service: "world", Name: name, Subject: m.spec.ID})
	if w.MachineChanged != nil {
		w.MachineChanged(m.spec.ID, answers)
	}
}
