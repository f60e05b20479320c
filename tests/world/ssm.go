package world

import (
	"context"
	"fmt"
	"time"

	"quickstep/shared/run"
)

// How Systems Manager takes its time.
const (
	commandTime  = 2 * time.Second  // from the request, or from the boot, to the answer
	commandLimit = 30 * time.Second // TimeoutSeconds: a command that hasn't reached its instance by then is given up
	pingTail     = 5 * time.Minute  // how long an instance that is down still counts as online
)

// command is a question for a machine's boot id.
type command struct {
	machine *machine
	asked   time.Time
}

// SetParameter sets a parameter of Systems Manager.
func (w *World) SetParameter(name, value string) { w.parameters[name] = value }

// SealParameter makes a parameter a SecureString whose key nobody may use.
func (w *World) SealParameter(name string) { w.sealed[name] = true }

// DeleteParameter deletes one.
func (w *World) DeleteParameter(name string) { delete(w.parameters, name) }

// SSM is the port to Systems Manager.
type SSM struct{ world *World }

// SSM is the port to Systems Manager.
func (w *World) SSM() *SSM { return &SSM{w} }

// Parameter is a parameter's value.
func (s *SSM) Parameter(ctx context.Context, name string) (value string, err error) {
	w := s.world
	err = w.effect(ctx, Op{Service: "ssm", Name: "Parameter", Subject: name}, func(*Op) error {
		var ok bool
		if value, ok = w.parameters[name]; !ok {
			return run.ErrNoParameter
		}
		if w.sealed[name] {
			return fmt.Errorf("AccessDeniedException: %w", run.ErrSealed)
		}
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("read parameter %s: %w", name, err)
	}
	return value, nil
}

// Managed says whether an instance is online in Systems Manager.
func (s *SSM) Managed(ctx context.Context, id string) (managed bool, err error) {
	w := s.world
	err = w.effect(ctx, Op{Service: "ssm", Name: "Managed", Subject: id}, func(*Op) error {
		m := w.machines[id]
		managed = m != nil && m.online(w.now)
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("read whether %s is managed: %w", id, err)
	}
	return managed, nil
}

func (m *machine) online(now time.Time) bool {
	last := m.boots[len(m.boots)-1]
	return m.spec.Managed && m.states.last() == "running" && (last.down.IsZero() || now.Sub(last.down) < pingTail)
}

// AskBoot asks a machine for its boot; the answer is to be had later under the command that it gives.
func (s *SSM) AskBoot(ctx context.Context, id string, windows bool) (name string, err error) {
	w := s.world
	op := Op{Service: "ssm", Name: "AskBoot", Subject: id, Detail: w.say("windows %t", windows)}
	err = w.effect(ctx, op, func(*Op) error {
		m := w.machines[id]
		if m == nil || !m.online(w.now) {
			return fmt.Errorf("InvalidInstanceId: %w", run.ErrUnmanaged)
		}
		name = fmt.Sprintf("c0de0000-0000-4000-8000-%012x", len(w.commands)+1)
		w.commands[id+"/"+name] = command{machine: m, asked: w.now}
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("ask %s for its boot: %w", id, err)
	}
	return name, nil
}

// BootAnswer is what a machine answered, and whether it has done so or never will.
func (s *SSM) BootAnswer(ctx context.Context, id, name string) (boot run.BootAnswer, done bool, err error) {
	w := s.world
	op := Op{Service: "ssm", Name: "BootAnswer", Subject: id}
	err = w.effect(ctx, op, func(op *Op) error {
		if c, ok := w.commands[id+"/"+name]; ok {
			boot, done = c.answer(w.now)
		}
		op.Detail = w.say("%q %t %s", boot.ID, done, boot.Uptime)
		return nil
	})
	if err != nil {
		return boot, false, fmt.Errorf("read the boot of %s: %w", id, err)
	}
	return boot, done, nil
}

// answer comes from the first boot whose agent the command could reach in time.
func (c command) answer(now time.Time) (run.BootAnswer, bool) {
	for _, b := range c.machine.boots {
		at := c.asked.Add(commandTime)
		if soon := b.up.Add(c.machine.spec.AgentTime + commandTime); soon.After(at) {
			at = soon
		}
		if b.lastsAt(at) && !at.After(c.asked.Add(commandLimit)) {
			if at.After(now) {
				return run.BootAnswer{}, false
			}
			if c.machine.spec.NoBootID {
				return run.BootAnswer{}, true
			}
			return run.BootAnswer{ID: b.id, Uptime: b.uptime(at)}, true
		}
	}
	return run.BootAnswer{}, !now.Before(c.asked.Add(commandLimit))
}

// uptime is how long the kernel has been up at a time. The first boot's is a month.
func (b boot) uptime(at time.Time) time.Duration {
	if b.up.IsZero() {
		return 30 * 24 * time.Hour
	}
	return at.Sub(b.up)
}
