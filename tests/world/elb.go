package world

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"time"

	"quickstep/shared/input"
	"quickstep/shared/run"
)

// Targets is the port to target groups.
type Targets struct{ world *World }

// Targets is the port to target groups.
func (w *World) Targets() *Targets { return &Targets{w} }

// Groups are all target groups, sorted by ARN.
func (t *Targets) Groups(ctx context.Context) (all []run.Group, err error) {
	w := t.world
	err = w.effect(ctx, Op{Service: "elb", Name: "Groups"}, func(*Op) error {
		for _, arn := range slices.Sorted(maps.Keys(w.groups)) {
			g := w.groups[arn]
			health := g.Health
			health.Interval, health.Healthy = input.Duration(g.Interval), g.HealthyThreshold
			all = append(all, run.Group{
				ARN: g.ARN, Name: g.Name, VPC: g.VPC, TargetType: g.TargetType, Protocol: g.Protocol, Health: health,
			})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list target groups: %w", err)
	}
	return all, nil
}

// Targets are a group's registered and draining targets, sorted by id and port.
func (t *Targets) Targets(ctx context.Context, arn string) (all []run.Target, err error) {
	err = t.on(ctx, Op{Name: "Targets", Subject: arn}, func(op *Op, g *group) error {
		all = g.at(t.world.asOf(op))
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list the targets of %s: %w", run.ShortARN(arn), err)
	}
	return all, nil
}

// Delay is a group's deregistration delay.
func (t *Targets) Delay(ctx context.Context, arn string) (delay time.Duration, err error) {
	err = t.on(ctx, Op{Name: "Delay", Subject: arn}, func(_ *Op, g *group) error {
		delay = g.Delay
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("read the deregistration delay of %s: %w", run.ShortARN(arn), err)
	}
	return delay, nil
}

// Deregister takes targets out of a group; those that aren't there stay away.
func (t *Targets) Deregister(ctx context.Context, arn string, targets []run.Description) error {
	op := Op{Name: "Deregister", Subject: arn, Detail: t.world.say("%v", targets)}
	err := t.on(ctx, op, func(_ *Op, g *group) error {
		if err := check(targets); err != nil {
			return err
		}
		for _, a := range targets {
			g.deregister(a.Address, t.world.now)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("deregister %v from %s: %w", targets, run.ShortARN(arn), err)
	}
	return nil
}

// Register puts targets into a group: all of them, or none if one isn't a running instance of the group's
// VPC, or hasn't the server id that a QUIC group needs, and no other takes.
func (t *Targets) Register(ctx context.Context, arn string, targets []run.Description) error {
	op := Op{Name: "Register", Subject: arn, Detail: t.world.say("%v", targets)}
	err := t.on(ctx, op, func(_ *Op, g *group) error {
		if err := check(targets); err != nil {
			return err
		}
		w := t.world
		for _, a := range targets {
			m := w.whose(g, a.ID)
			if m == nil || m.states.last() != "running" || (m.spec.VPC != g.VPC && g.TargetType != "ip") {
				return fmt.Errorf("InvalidTarget: %s isn't running in %s: %w", a.ID, g.VPC, run.ErrGone)
			}
			if err := g.takes(a, w.now); err != nil {
				return err
			}
		}
		for _, a := range targets {
			g.target(w.whose(g, a.ID), a.Address).register(w.now, a.QUICServerID)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("register %v in %s: %w", targets, run.ShortARN(arn), err)
	}
	return nil
}

// on does something to a group that exists.
func (t *Targets) on(ctx context.Context, op Op, do func(*Op, *group) error) error {
	op.Service = "elb"
	return t.world.effect(ctx, op, func(op *Op) error {
		g := t.world.groups[op.Subject]
		if g == nil {
			return fmt.Errorf("TargetGroupNotFound: %w", run.ErrNoGroup)
		}
		return do(op, g)
	})
}

var serverIDs = regexp.MustCompile(`^0x[0-9a-f]{16}$`)

// takes says whether the group takes the server id, or its absence.
func (g *group) takes(a run.Description, now time.Time) error {
	switch id := a.QUICServerID; {
	case !g.QUIC() && id != "":
		return fmt.Errorf("ValidationError: %s has a QuicServerId, and the protocol is %s", a, g.Protocol)
	case !g.QUIC():
		return nil
	case !serverIDs.MatchString(id):
		return fmt.Errorf("ValidationError: %s needs a QuicServerId, not %q", a, id)
	}
	for _, t := range g.targets {
		if !t.registered(now) {
			continue
		}
		own := t.Address == a.Address
		if same := t.stayAt(now).quic == a.QUICServerID; own != same {
			return fmt.Errorf("ValidationError: the QuicServerId of %s is taken, or another than it has", a)
		}
	}
	return nil
}

func check(targets []run.Description) error {
	if len(targets) == 0 {
		return fmt.Errorf("ValidationError: no targets")
	}
	for _, a := range targets {
		if a.Port < 1 || a.Port > 65535 {
			return fmt.Errorf("ValidationError: port %d of %s", a.Port, a.ID)
		}
	}
	return nil
}
