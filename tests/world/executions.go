package world

import (
	"context"
	"fmt"
	"slices"
	"time"

	"quickstep/shared/report"
)

// executions are those that a window has had, the newest first: of each opening that has passed one,
// SUCCESS with all of its tasks, unless Outcomes says otherwise. Those of a window that was disabled
// at their time, its Outcomes must leave out, by the status NONE. One that begins while the one
// before still runs is skipped.
func (s WindowSpec) executions(now time.Time) (all []report.Execution) {
	var busy time.Time // until then the last one that ran does
	for n, at := range s.Executions {
		if at.After(now) {
			break
		}
		e := s.outcome(at)
		if e.Status == report.ExecutionNone {
			continue
		}
		e.ID, e.Started = executionID(s.ID, n), at.Add(7*time.Second)
		ends := e.Ended
		if ends.IsZero() {
			ends = at.Add(s.takes())
		}
		e.Ended = ends
		switch {
		case e.Started.Before(busy):
			e = report.Execution{ID: e.ID, Status: report.ExecutionSkipped, Started: e.Started, Ended: e.Started}
		case ends.After(now):
			e.Status, e.Ended, busy = report.ExecutionInProgress, time.Time{}, ends
		default:
			busy = ends
		}
		if !at.Add(s.Unlisted).After(now) {
			all = append(all, e)
		}
	}
	slices.Reverse(all)
	return all
}

// outcome is what becomes of the execution of an opening.
func (s WindowSpec) outcome(at time.Time) report.Execution {
	e, ok := s.Outcomes[at]
	if ok {
		return e
	}
	e = report.Execution{Status: report.ExecutionSuccess}
	for _, t := range s.Tasks {
		done := report.TaskExecution{Document: t.Document, Status: report.ExecutionSuccess}
		e.Tasks = append(e.Tasks, done)
	}
	return e
}

func (s WindowSpec) takes() time.Duration {
	if s.Takes > 0 {
		return s.Takes
	}
	return time.Duration(s.Hours) * time.Hour / 2
}

// executionID is the ID of a window's nth execution.
func executionID(window string, n int) string {
	return fmt.Sprintf("%08d-0000-4000-8000-%.12s", n, window[max(0, len(window)-12):])
}

// Executions lists a window's executions that began from one time to another, none if there is no
// such window; one effect, however many pages AWS would take.
func (s *SSM) Executions(
	ctx context.Context, window string, from, to time.Time,
) (found []report.Execution, err error) {
	w := s.world
	err = w.effect(ctx, Op{Service: "ssm", Name: "Executions", Subject: window}, func(*Op) error {
		for _, e := range w.windows[window].executions(w.now) {
			if e.Started.After(from) && e.Started.Before(to) {
				e.Tasks = nil
				found = append(found, e)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list the executions of %s: %w", window, err)
	}
	return found, nil
}

// ExecutionTasks lists the tasks that an execution began; one effect, as Executions.
func (s *SSM) ExecutionTasks(
	ctx context.Context, execution string,
) (found []report.TaskExecution, err error) {
	w := s.world
	err = w.effect(ctx, Op{Service: "ssm", Name: "ExecutionTasks", Subject: execution}, func(*Op) error {
		for _, spec := range w.windows {
			for _, e := range spec.executions(w.now) {
				if e.ID == execution {
					found = slices.Clone(e.Tasks)
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list the tasks of execution %s: %w", execution, err)
	}
	return found, nil
}
