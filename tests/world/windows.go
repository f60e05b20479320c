package world

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"quickstep/shared/report"
)

// WindowSpec is a maintenance window of Systems Manager.
type WindowSpec struct {
	ID, Name   string
	Zone       string // of its schedule, a name of the IANA database; UTC if empty
	Hours      int    // that it stays open
	Disabled   bool
	Executions []time.Time // when it opens, in order
	Layout     string      // of its next execution, as Systems Manager writes it in the window's zone; RFC 3339 if empty
	Tasks      []report.Task
	Targets    []report.Registered
	// Outcomes are what became of executions, by their openings; of others that they succeeded.
	Outcomes map[time.Time]report.Execution
	// Takes is how long an execution runs whose outcome doesn't say when it ended, longer than the
	// window is open perhaps; half of Hours if zero.
	Takes time.Duration
	// Unlisted is how long an execution has begun before it is listed.
	Unlisted time.Duration
}

// AddWindow adds a maintenance window. Nothing happens when it opens: what it installs is for SetPatches.
func (w *World) AddWindow(spec WindowSpec) {
	if _, ok := w.windows[spec.ID]; ok {
		panic(fmt.Sprintf("world: there is a maintenance window %s already", spec.ID))
	}
	w.windows[spec.ID] = spec
}

// ChangeWindow changes a maintenance window by hand; its id stays.
func (w *World) ChangeWindow(id string, change func(*WindowSpec)) {
	spec, ok := w.windows[id]
	if !ok {
		panic(fmt.Sprintf("world: there is no maintenance window %s", id))
	}
	w.happen(Op{Service: "hand", Name: "ChangeWindow", Subject: id})
	change(&spec)
	w.windows[id] = spec
}

// DeleteWindow deletes a maintenance window by hand.
func (w *World) DeleteWindow(id string) {
	w.happen(Op{Service: "hand", Name: "DeleteWindow", Subject: id})
	delete(w.windows, id)
}

// describe is how Systems Manager lists a window. A disabled one has no next execution.
func (s WindowSpec) describe(now time.Time) report.Window {
	found := report.Window{ID: s.ID, Name: s.Name, Enabled: !s.Disabled, Zone: s.Zone, Hours: s.Hours}
	i := slices.IndexFunc(s.Executions, func(t time.Time) bool { return t.After(now) })
	if i < 0 || s.Disabled {
		return found
	}
	zone, err := time.LoadLocation(s.Zone)
	if err != nil {
		zone = time.UTC // a zone that only AWS knows
	}
	found.Next = s.Executions[i].In(zone).Format(cmp.Or(s.Layout, time.RFC3339))
	return found
}

// Windows are all maintenance windows, sorted by id; one effect, however many pages AWS would take.
func (s *SSM) Windows(ctx context.Context) (found []report.Window, err error) {
	w := s.world
	err = w.effect(ctx, Op{Service: "ssm", Name: "Windows"}, func(*Op) error {
		for _, id := range slices.Sorted(maps.Keys(w.windows)) {
			found = append(found, w.windows[id].describe(w.now))
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list maintenance windows: %w", err)
	}
	return found, nil
}

// Tasks are a window's, none if there is no such window, with what they give their documents of those that read
// chooses; one effect, as Windows.
func (s *SSM) Tasks(
	ctx context.Context, window string, read func(document string) bool,
) (found []report.Task, err error) {
	err = s.world.effect(ctx, Op{Service: "ssm", Name: "Tasks", Subject: window}, func(*Op) error {
		for n, t := range s.world.windows[window].Tasks {
			t.ID = cmp.Or(t.ID, fmt.Sprintf("%08d-0000-4000-8000-000000000000", n))
			if t.Type = cmp.Or(t.Type, report.RunCommand); !read(t.Document) {
				t.Operation, t.Parameters = "", nil
			}
			found = append(found, t)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list the tasks of %s: %w", window, err)
	}
	return found, nil
}

// Targets are registered with a window, none if there is no such window; one effect, as Windows.
func (s *SSM) Targets(ctx context.Context, window string) (found []report.Registered, err error) {
	err = s.world.effect(ctx, Op{Service: "ssm", Name: "Targets", Subject: window}, func(*Op) error {
		found = slices.Clone(s.world.windows[window].Targets)
		slices.SortFunc(found, func(a, b report.Registered) int { return cmp.Compare(a.ID, b.ID) })
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list the targets of %s: %w", window, err)
	}
	return found, nil
}
