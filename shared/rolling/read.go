package rolling

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"quickstep/shared/run"
	"quickstep/shared/transient"
)

// readTimeLimit is how long an invocation may read target groups: its timeout is a minute, and what
// follows takes seconds.
const readTimeLimit = 35 * time.Second

// timeLimited gives up reading when the time for it is over. So a throttled API costs a wait, and
// never a crash.
type timeLimited struct {
	targets  Targets
	now      func() time.Time
	deadline time.Time
}

// Groups lists the target groups.
func (t timeLimited) Groups(ctx context.Context) ([]run.Group, error) { return t.targets.Groups(ctx) }

// Targets reads a target group, unless it is too late for that.
func (t timeLimited) Targets(ctx context.Context, group string) ([]run.Target, error) {
	if t.now().Before(t.deadline) {
		return t.targets.Targets(ctx, group)
	}
	return nil, transient.NotApplied(
		fmt.Errorf("reading the target groups takes longer than %s", run.Span(readTimeLimit)),
	)
}

// groupReadings is what a reading of all target groups has found.
type groupReadings struct {
	region  []run.Group             // all that there are
	groups  []run.Group             // that hold one of the instances
	targets map[string][]run.Target // of these, all targets, by ARN
}

// readGroups reads every target group of the Region that could hold one of the instances: a group
// that was created, or in which an instance was registered, after the run had started would
// otherwise go unseen (R3). One call a group: AWS can't be asked the other way round.
func readGroups(ctx context.Context, targets Targets, finder *run.Finder) (*groupReadings, error) {
	region, err := targets.Groups(ctx)
	if err != nil {
		return nil, fmt.Errorf("list target groups: %w", err)
	}
	s := &groupReadings{region: region, targets: map[string][]run.Target{}}
	for _, g := range region {
		if !finder.Holds(g) {
			continue
		}
		found, err := targets.Targets(ctx, g.ARN)
		if errors.Is(err, run.ErrNoGroup) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read target group %s: %w", g.Name, err)
		}
		if slices.ContainsFunc(found, func(t run.Target) bool { return len(finder.Find(g, t.ID)) > 0 }) {
			s.groups = append(s.groups, g)
			s.targets[g.ARN] = found
		}
	}
	return s, nil
}

// rereadGroups reads the same groups once more.
func rereadGroups(
	ctx context.Context, targets Targets, known map[string][]run.Target,
) (map[string][]run.Target, error) {
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
