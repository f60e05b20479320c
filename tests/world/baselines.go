package world

import (
	"context"
	"fmt"
	"maps"
)

// SetBaseline names a patch baseline, by its id (pb-…).
func (w *World) SetBaseline(id, name string) { w.baselines[id] = name }

// Baselines are the names of all patch baselines, by their ids.
func (s *SSM) Baselines(ctx context.Context) (names map[string]string, err error) {
	w := s.world
	err = w.effect(ctx, Op{Service: "ssm", Name: "Baselines"}, func(*Op) error {
		names = maps.Clone(w.baselines)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list the patch baselines: %w", err)
	}
	return names, nil
}
