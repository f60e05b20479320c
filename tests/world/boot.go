package world

import (
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"time"
)

// How long EC2 takes.
const (
	forcedReboot = 4 * time.Minute // of an instance that doesn't react to the request
	stopTime     = 30 * time.Second
	pendingTime  = 10 * time.Second
)

// inLife is After for something that belongs to the machine's present life.
func (w *World) inLife(m *machine, d time.Duration, do func()) {
	life := m.life
	w.After(d, func() {
		if m.life == life {
			do()
		}
	})
}

// askReboot takes a request to reboot; each is carried out, also one in the middle of a boot.
func (w *World) askReboot(m *machine) {
	lag := m.spec.RebootLag
	m.asked = w.now
	m.asks++
	ask := m.asks
	if m.spec.IgnoresReboot {
		lag = forcedReboot
	}
	w.After(lag, func() {
		if m.states.last() == "running" && ask > m.settled {
			m.again, m.settled = false, ask
			w.reboot(m)
		}
	})
}

// RebootInside reboots a running machine from the inside, as another agent on it might, and so fast that nobody sees it down:
// its next boot has begun when the call returns. What EC2 had been asked for before is thereby done: it forces a reboot only
// of what doesn't shut down.
func (w *World) RebootInside(id string) {
	m := w.machine(id)
	w.happen(Op{Service: "hand", Name: "RebootInside", Subject: id})
	if m.states.last() != "running" || !m.boots[len(m.boots)-1].down.IsZero() {
		return
	}
	w.goDown(m)
	if m.asks > m.settled {
		m.settled = m.asks
		m.reboots++
		w.happen(Op{Service: "world", Name: "reboots", Subject: m.spec.ID, Exposed: w.Exposed(m.spec.ID)})
	}
	w.comeUp(m)
}

func (w *World) reboot(m *machine) {
	w.goDown(m)
	m.reboots++
	w.happen(Op{Service: "world", Name: "reboots", Subject: m.spec.ID, Exposed: w.Exposed(m.spec.ID)})
	if !m.spec.NeverReturns {
		w.inLife(m, m.spec.BootTime, func() { w.comeUp(m) })
	}
}

// goDown ends the present life: operating system and application.
func (w *World) goDown(m *machine) {
	m.life++
	if last := &m.boots[len(m.boots)-1]; last.down.IsZero() {
		last.down = w.now
	}
	m.started = false
	w.refresh(m)
}

func (w *World) comeUp(m *machine) {
	m.boots = append(m.boots, boot{id: w.bootID(m, w.now), up: w.now})
	w.happen(Op{Service: "world", Name: "is up", Subject: m.spec.ID})
	w.inLife(m, m.spec.AppTime, func() {
		m.started = true
		w.refresh(m)
	})
	if m.spec.BootsTwice > 0 && !m.again {
		m.again = true
		w.inLife(m, m.spec.BootsTwice, func() { w.reboot(m) })
	}
}

// bootID is a uuid on Linux and the time of the boot on Windows.
func (w *World) bootID(m *machine, at time.Time) string {
	if m.spec.Windows {
		return at.UTC().Format("2006-01-02T15:04:05.0000000Z")
	}
	h := fnv.New128a()
	fmt.Fprintf(h, "%d %s %d", w.seed, m.spec.ID, len(m.boots))
	sum := h.Sum(nil)
	return fmt.Sprintf("%x-%x-4%s-8%s-%x", sum[:4], sum[4:6], hex.EncodeToString(sum[6:8])[1:], hex.EncodeToString(sum[8:10])[1:], sum[10:])
}

// Terminate ends a machine for good; it leaves its target groups once it is terminated.
func (w *World) Terminate(id string) { w.shut(id, "Terminate", "shutting-down", "terminated") }

// Stop shuts a machine down.
func (w *World) Stop(id string) { w.shut(id, "Stop", "stopping", "stopped") }

func (w *World) shut(id, name, during, then string) {
	m := w.machine(id)
	w.happen(Op{Service: "hand", Name: name, Subject: id})
	w.setState(m, during)
	w.goDown(m)
	w.inLife(m, stopTime, func() {
		w.setState(m, then)
		if then == "terminated" {
			for _, t := range m.targets {
				t.remove(w.now)
			}
		}
	})
}

// StartAgain starts a stopped machine.
func (w *World) StartAgain(id string) {
	m := w.machine(id)
	w.happen(Op{Service: "hand", Name: "Start", Subject: id})
	m.life++
	w.setState(m, "pending")
	w.inLife(m, pendingTime, func() {
		w.setState(m, "running")
		w.inLife(m, m.spec.BootTime, func() { w.comeUp(m) })
	})
}

func (w *World) setState(m *machine, state string) {
	m.version++
	m.states.add(w.now, state)
	w.happen(Op{Service: "world", Name: state, Subject: m.spec.ID})
}
