package rolling

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"quickstep/shared/passing"
	"quickstep/shared/run"
)

// Targets is what the steps read of target groups.
type Targets interface {
	Groups(ctx context.Context) ([]run.Group, error)
	Targets(ctx context.Context, group string) ([]run.Target, error)
}

// Machines is what the steps read of EC2.
type Machines interface {
	Machines(ctx context.Context, s run.Selection) ([]run.Machine, error)
}

// lookFor is how long an invocation may read target groups: its timeout is a minute, and what follows takes seconds.
const lookFor = 35 * time.Second

// timely gives up reading when the time for it is over. So a throttled API costs a wait, and never a crash.
type timely struct {
	targets Targets
	now     func() time.Time
	until   time.Time
}

// Groups lists the target groups.
func (t timely) Groups(ctx context.Context) ([]run.Group, error) { return t.targets.Groups(ctx) }

// Targets reads a target group, unless it is too late for that.
func (t timely) Targets(ctx context.Context, group string) ([]run.Target, error) {
	if t.now().Before(t.until) {
		return t.targets.Targets(ctx, group)
	}
	return nil, passing.Refused(fmt.Errorf("reading the target groups takes longer than %s", run.Span(lookFor)))
}

// sweep reads every target group that could hold instances of these VPCs: a group that was created, or in which an
// instance was registered, after the run had started would otherwise go unseen (R3). One call a group: AWS can't be asked
// the other way round.
func sweep(ctx context.Context, targets Targets, vpcs map[string]bool, of map[string]bool) (map[string][]run.Target, []run.Group, error) {
	groups, err := targets.Groups(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("list target groups: %w", err)
	}
	all := map[string][]run.Target{}
	var in []run.Group
	for _, g := range groups {
		if !vpcs[g.VPC] || (g.TargetType != "instance" && g.TargetType != "ip") {
			continue
		}
		found, err := targets.Targets(ctx, g.ARN)
		if errors.Is(err, run.ErrNoGroup) {
			continue
		}
		if err != nil {
			return nil, nil, fmt.Errorf("read target group %s: %w", g.Name, err)
		}
		for _, t := range found {
			if of[t.ID] {
				all[g.ARN] = found
				in = append(in, g)
				break
			}
		}
	}
	return all, in, nil
}

// reread reads the same groups once more.
func reread(ctx context.Context, targets Targets, known map[string][]run.Target) (map[string][]run.Target, error) {
	now := make(map[string][]run.Target, len(known))
	for _, arn := range slices.Sorted(maps.Keys(known)) {
		found, err := targets.Targets(ctx, arn)
		if err != nil && !errors.Is(err, run.ErrNoGroup) {
			return nil, fmt.Errorf("read target group %s: %w", run.ShortARN(arn), err)
		}
		now[arn] = found
	}
	return now, nil
}

// names are what target groups can know an instance by.
func names(m *run.Machine) map[string]bool {
	of := map[string]bool{m.ID: true}
	if m.PrivateIP != "" {
		of[m.PrivateIP] = true
	}
	return of
}

// machine reads one instance; nil if EC2 doesn't know it.
func machine(ctx context.Context, m Machines, id string) (*run.Machine, error) {
	found, err := m.Machines(ctx, run.Selection{IDs: []string{id}})
	if err != nil {
		return nil, fmt.Errorf("describe instance %s: %w", id, err)
	}
	if len(found) == 0 {
		return nil, nil
	}
	return &found[0], nil
}
