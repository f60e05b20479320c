package world

import (
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"quickstep/shared/run"
)

// remembered is how long EC2 still shows a terminated instance.
const remembered = time.Hour

// EC2 is the port to instances.
type EC2 struct{ world *World }

// EC2 is the port to instances.
func (w *World) EC2() *EC2 { return &EC2{w} }

// Machines are the instances of a selection, sorted by id. Unknown ids are left out.
func (e *EC2) Machines(ctx context.Context, s run.Selection) (found []run.Machine, err error) {
	w := e.world
	op := Op{Service: "ec2", Name: "Machines", Detail: w.say("%v %v", s.IDs, s.Tags)}
	if len(s.IDs) == 1 {
		op.Subject = s.IDs[0]
	}
	err = w.effect(ctx, op, func(op *Op) error {
		if len(s.IDs) == 0 && len(s.Tags) == 0 {
			return fmt.Errorf("InvalidParameter: a selection needs ids or tags")
		}
		ids := slices.Compact(slices.Sorted(slices.Values(s.IDs)))
		if len(ids) == 0 {
			ids = slices.Sorted(maps.Keys(w.machines))
		}
		at := w.asOf(op)
		for _, id := range ids {
			m := w.machines[id]
			if m != nil && tagged(m.spec.Tags, s.Tags) && m.shown(at) {
				found = append(found, m.describe(at))
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list instances: %w", err)
	}
	return found, nil
}

func (m *machine) shown(at time.Time) bool {
	last := m.states[len(m.states)-1]
	return last.is != "terminated" || at.Sub(last.from) < remembered
}

func (m *machine) describe(at time.Time) run.Machine {
	return run.Machine{
		ID: m.spec.ID, State: m.states.at(at), VPC: m.spec.VPC, PrivateIP: m.spec.IP, IPv6: m.spec.IPv6,
		Windows: m.spec.Windows, Tags: maps.Clone(m.spec.Tags), Operator: m.spec.Operator, Interfaces: m.spec.interfaces(),
	}
}

// AddFleet adds an EC2 Fleet of a type: maintain, request or instant. Instances say by a tag that
// it has launched them.
func (w *World) AddFleet(id, kind string) { w.fleets[id] = kind }

// DeleteFleet deletes one; its instances stay.
func (w *World) DeleteFleet(id string) { delete(w.fleets, id) }

// Maintained are the EC2 Fleets of type maintain, sorted.
func (e *EC2) Maintained(ctx context.Context) (fleets []string, err error) {
	w := e.world
	err = w.effect(ctx, Op{Service: "ec2", Name: "Maintained"}, func(*Op) error {
		for id, kind := range w.fleets {
			if kind == "maintain" {
				fleets = append(fleets, id)
			}
		}
		slices.Sort(fleets)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list the EC2 Fleets of type maintain: %w", err)
	}
	return fleets, nil
}

// tagged says that all tags match; patterns are those of EC2's filters, * and ?.
func tagged(tags, wanted map[string]string) bool {
	for key, pattern := range wanted {
		value, ok := tags[key]
		if !ok || !like(pattern, value) {
			return false
		}
	}
	return true
}

// like matches with * and ? alone: path.Match knows more, and stops at slashes.
func like(pattern, value string) bool {
	hide := strings.NewReplacer("/", "\x00", "[", "\x01", "\\", "\x02")
	ok, err := path.Match(hide.Replace(pattern), hide.Replace(value))
	return ok && err == nil
}

// Status is what an instance's status checks say.
func (e *EC2) Status(ctx context.Context, id string) (s run.StatusChecks, err error) {
	w := e.world
	err = w.effect(ctx, Op{Service: "ec2", Name: "Status", Subject: id}, func(op *Op) error {
		m := w.machines[id]
		if m == nil {
			return fmt.Errorf("InvalidInstanceID.NotFound: %s: %w", id, run.ErrGone)
		}
		s = m.status(w.asOf(op))
		return nil
	})
	if err != nil {
		return s, fmt.Errorf("read the status of %s: %w", id, err)
	}
	return s, nil
}

func (m *machine) status(at time.Time) run.StatusChecks {
	s := run.StatusChecks{State: m.states.at(at), System: "ok", Instance: m.instanceStatus(at), EBS: "ok",
		Application: "not-applicable"}
	if s.State != "running" {
		s.System, s.Instance, s.EBS = "not-applicable", "not-applicable", "not-applicable"
	}
	return s
}

func (m *machine) instanceStatus(at time.Time) string {
	if !m.asked.IsZero() && !at.Before(m.asked) && at.Before(m.asked.Add(m.spec.NoData)) {
		return "insufficient-data"
	}
	for _, b := range slices.Backward(m.boots) {
		if at.Before(b.up) {
			continue
		}
		if !b.up.IsZero() && at.Before(b.up.Add(m.spec.StatusTime)) {
			return "initializing"
		}
		if b.lastsAt(at) || at.Before(b.down.Add(m.spec.Blind)) {
			return "ok"
		}
		break
	}
	return "impaired"
}

// Reboot queues a request to reboot. EC2 says nothing about an id that it doesn't know.
func (e *EC2) Reboot(ctx context.Context, id string) error {
	w := e.world
	err := w.effect(ctx, Op{Service: "ec2", Name: "Reboot", Subject: id}, func(op *Op) error {
		m := w.machines[id]
		if m == nil {
			return nil
		}
		op.Exposed = w.Exposed(id)
		if state := m.states.last(); state != "running" {
			return fmt.Errorf("IncorrectInstanceState: %s: %w", state, run.ErrGone)
		}
		w.askReboot(m)
		return nil
	})
	if err != nil {
		return fmt.Errorf("reboot %s: %w", id, err)
	}
	return nil
}
